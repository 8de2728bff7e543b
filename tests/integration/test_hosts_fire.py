"""A hundred answers of a real server at once, between two hosts: tunnel and broker are killed and black-holed in turn, at
random moments. Each answer is, byte by byte, what the server said, and the server said it once."""

import random
import signal
import time

import pytest
from lamdtest.callers import gaps_around, longest_gaps
from lamdtest.limits import within
from lamdtest.process import send_signal
from lamdtest.two_host_site import TwoHostSite
from lamdtest.wait import wait_until

pytestmark = pytest.mark.root

_DETECTION = 3.5  # a way on which nothing was heard for so long is lost: docs/protocol.md
_RESUMPTION = 1.0


class Site(TwoHostSite):
    """Its faults. Each returns when it is over."""

    def kill_session(self, _):
        for pid in self.sshd.session_processes():
            send_signal(pid, signal.SIGKILL)

    def kill_broker(self, lasts):
        self.broker.kill()
        time.sleep(lasts / 4)
        self.broker.start()

    def black_hole_tunnel(self, lasts):
        self._black_hole(self.sshd.port, lasts)

    def black_hole_broker(self, lasts):
        self._black_hole(self.broker.port, lasts)

    def _black_hole(self, port, lasts):
        self.hosts.black_hole_port(port)
        time.sleep(lasts)
        self.hosts.heal()


@pytest.fixture
def make_site(hosts, make_llama, make_sshd, make_broker, make_lamd):
    return lambda slots: Site(hosts, make_llama, make_sshd, make_broker, make_lamd, slots)


FAULTS = ["kill_session", "kill_broker", "black_hole_tunnel", "black_hole_broker"]


def fire(site, callers, count, rng):
    """`count` faults, each when all is well again after the one before: their names and moments."""
    struck = []
    for number in range(count):
        time.sleep(rng.uniform(0.2, 1.0))
        name = FAULTS[number % len(FAULTS)]
        struck.append((name, time.monotonic()))
        assert callers.is_running()
        getattr(site, name)(rng.uniform(0.5, 6.0))
        mended = time.monotonic()
        site.wait_whole()
        wait_until(lambda: callers.have_heard_since(mended), 10.0, "every answer to go on")
    return struck


def check(site, callers, expected, struck, before):
    answers = callers.finish(300.0)
    wrong = [text for text in (answer.text() for answer in answers) if text != expected]
    usual, gaps = longest_gaps(answers, [moment for _, moment in struck])
    hops = site.hop_gaps()
    print(f"{len(answers)} answers, {len(struck)} faults; the longest gap without a fault {usual:.2f} s; "
          + ", ".join(f"{name} {gap:.2f}" for (name, _), gap in zip(struck, gaps))
          + f"; {len(hops)} hops, the longest {max(hops, default=0):.2f} s by lamd's own clock; "
          f"{site.gateway.metric('lamd_gateway_twice_total'):.0f} events came twice and were passed on once")
    assert not wrong, f"{len(wrong)} of {len(answers)} answers differ, such as {wrong[0][:300]!r}"
    assert site.predicted() - before == len(answers) * 500, "an answer was generated again, or not to its end"
    assert site.gateway.metric("lamd_gateway_hops_total") >= len(hops) > 0
    for (name, _), gap in zip(struck, gaps):
        limit = _RESUMPTION + (_DETECTION if "hole" in name else 0.0)
        assert gap <= within(limit) + usual, f"{name}: {gap:.2f} s without anything"


def run(site, count, faults, seed):
    expected = site.ask(500).finish(60.0)[0].text()
    before = site.predicted()
    callers = site.ask(500, count, goes_on=True)
    wait_until(lambda: site.gateway.status()["streams"]["running"] == count, 30.0, "all answers to run")
    struck = fire(site, callers, faults, random.Random(seed))
    check(site, callers, expected, struck, before)


def test_answers_survive_each_fault(make_site):
    run(make_site(10), count=10, faults=4, seed=1)


def test_a_worker_that_is_killed_is_told_within_three_seconds(make_site):
    """Tunnel and worker are one process, as on most machines: no way is left, and no answer looks complete."""
    site = make_site(4)
    callers = site.ask(600, 4)
    wait_until(lambda: callers.have_heard_since(0), 20.0, "every answer to begin")
    site.worker.kill()
    killed = time.monotonic()
    answers = callers.finish(60.0)
    late = max(answer.ended - killed for answer in answers)
    print(f"told after {late:.2f} s")
    assert all(b"[DONE]" not in answer.received() for answer in answers) and late <= within(3.0)


@pytest.mark.slow
def test_a_hundred_answers_survive_twenty_faults(make_site):
    seed = int(time.time())
    print(f"seed {seed}")
    run(make_site(100), count=100, faults=20, seed=seed)


@pytest.mark.slow
def test_the_mode_is_switched_under_load(make_site):
    """Without an error, and without a gap that a reader would see."""
    site = make_site(20)
    expected = site.ask(500).finish(60.0)[0].text()
    before = site.predicted()
    callers = site.ask(500, 20, goes_on=True)
    wait_until(lambda: site.gateway.status()["streams"]["running"] == 20, 30.0, "all answers to run")
    switched = []
    for mode in ["mqtt", "sse"] * 5:
        time.sleep(1.0)
        switched.append(time.monotonic())
        site.switch(mode)
    time.sleep(1.0)
    usual, gaps = gaps_around(callers.finish(300.0), switched)
    print(f"the longest gap without a switch {usual * 1e3:.0f} ms, at the switches "
          + ", ".join(f"{gap * 1e3:.0f}" for gap in gaps))
    assert {answer.text() for answer in callers.done} == {expected}
    assert site.predicted() - before == len(callers.done) * 500
    assert max(gaps) <= within(0.2) + usual
