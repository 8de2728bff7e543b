"""What came of a run: every answer is complete, or failed honestly, or is a problem; and all sums fit."""

from collections import Counter

from lamdtest.wait import wait_until
from run import TOKENS, question

_SETTLES = 60.0  # the lease of a stream that nobody reads, and some time
_AFTERMATH = 5.0  # so long may a fault that kills have its way


def _overlaps(asked, spans):
    return any(asked.begun < end + _AFTERMATH and asked.ended > begin for begin, end in spans)


class Books:
    def __init__(self, site):
        self.site = site
        self._predicted = site.predicted()
        self._descriptors = {lamd: lamd.descriptor_count() for lamd in (site.worker, site.gateway)}
        self.counts = Counter()
        self.longest_gap = 0.0
        self.problems = []

    def balance(self, run):
        for asked in run.answers:
            self._judge(run, asked)
        self.site.wait_whole()
        for lamd in self._descriptors:
            wait_until(lambda lamd=lamd: lamd.get("/healthz").status == 200, _SETTLES, "a healthy verdict")
        wait_until(lambda: self.site.llama.metric("requests_processing") == 0, _SETTLES, "free slots")
        if not run.lethal:
            self._check_tokens()
        self._check_lamds()

    def _judge(self, run, asked):
        text, is_message = asked.text(), "content" in asked.body
        is_complete = text == run.expected[question(asked.body)]
        may_fail = (_overlaps(asked, run.lethal) or _overlaps(asked, run.closed)
                    or (is_message and _overlaps(asked, run.disk_is_full)))
        self.counts["answers"] += 1
        if is_complete:
            self.counts["complete"] += 1
            self.longest_gap = max(self.longest_gap, *(end - begin for begin, end in asked.gaps()))
        elif b"[DONE]" in asked.received():
            self._blame("lost", run, asked, f"looks complete and is not what the server says: {text[:300]!r}")
        elif asked.status() in (429, 503) or b": no connection within " in asked.received():
            self.counts["refused"] += 1
        elif may_fail:
            self.counts["failed honestly"] += 1
        else:
            self._blame("failed", run, asked, f"failed: {asked.received()[-300:]!r}")
        if is_message:
            self._check_history(run, asked, is_complete, may_fail)

    def _check_history(self, run, asked, is_complete, may_fail):
        told = question(asked.body)
        full = [("user", told), ("assistant", run.expected[told])]
        history = self.site.history(asked.target.split("/")[4])
        kept = [(message["role"], message["content"]) for message in history or []]
        if kept != full if is_complete else kept and not (may_fail and kept == full):
            self._blame("lost", run, asked, f"its session has {kept!r}"[:600])

    def _blame(self, kind, run, asked, what):
        self.counts[kind] += 1
        self.problems.append(f"asked at {run.timeline.since(asked.begun):.2f} s, ended at "
                             f"{run.timeline.since(asked.ended):.2f} s, {asked.target}: {what}")

    def _check_tokens(self):
        """Each complete answer was generated once. One that could not be kept was generated, too, and did not look complete."""
        surplus = self.site.predicted() - self._predicted - self.counts["complete"] * TOKENS
        if not 0 <= surplus <= self.counts["failed honestly"] * TOKENS:
            self.counts["twice"] += max(1, surplus // TOKENS)
            self.problems.append(f"{surplus} tokens more were generated than came: again, or not to the end")

    def _check_lamds(self):
        for lamd, count in self._descriptors.items():
            wait_until(lambda lamd=lamd, count=count: lamd.descriptor_count() <= count + 8, _SETTLES, "its descriptors")
            for kind in ("lost", "twice"):
                if number := int(lamd.metric(f"lamd_failover_{kind}_total")):
                    self.counts[kind] += number
                    self.problems.append(f"lamd itself counts {number} events that were {kind}")
