#!/usr/bin/python3
"""Whether lamd stays as it is: `./dev soak [--hours H]`.

Two hundred callers ask all the time, over both transports; some leave in the middle, and each few seconds the tunnel's session
or the broker's is killed, or the mode is switched. Every ten seconds memory, descriptors and threads of both lamds are
looked at, and the slots of llama-server. At the end each must be flat: no line through its samples may certainly grow.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lamdtest import unix_http  # noqa: E402
from lamdtest.callers import Callers  # noqa: E402
from lamdtest.process import send_signal  # noqa: E402
from lamdtest.wait import wait_until  # noqa: E402
from site_of_soak import SoakSite  # noqa: E402
from trend import Trend  # noqa: E402

_MIB = 1 << 20
_TOKENS = 100
_SETTLES = 60.0


def _parse():
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("--hours", type=float, default=1 / 30)
    parser.add_argument("--streams", type=int, default=200, help="callers, and slots of llama-server")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between samples")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, default=Path(__file__).resolve().parents[2] / "build" / "soak.json")
    return parser.parse_args()


def _allowed(name, mean, streams):
    """Noise that short runs have: buffers as large as the largest they held, and two connections that a stream has over one
    transport and not over the other. That none is left over is looked at when the streams have ended."""
    if "memory" in name:
        return max(3 * _MIB, 0.1 * mean)
    if "descriptors" in name:
        return 2.0 * streams
    return 0.5 if "threads" in name else max(16.0, 0.15 * mean)


class Soak:
    def __init__(self, site, options):
        self._site, self._options = site, options
        self._random = random.Random(options.seed)
        self._end = threading.Event()
        self.counts = {"complete": 0, "left": 0, "not complete": 0, "disconnects": 0}
        self.samples = []
        self._left = set()  # answers that their callers have left

    def run(self):
        site, streams = self._site, self._options.streams
        before = site.sample()
        body = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": _TOKENS, "seed": 1,
                "temperature": 0, "ignore_eos": True}
        leaving = random.Random(self._options.seed)
        callers = Callers([site.gateway.socket_path], body, streams, goes_on=True,
                          leaves=lambda asked: self._leaves(asked, leaving))
        breaker = threading.Thread(target=self._disconnect, daemon=True)
        breaker.start()
        self._watch(callers)
        self._end.set()
        breaker.join(60.0)
        unix_http.request(site.gateway.socket_path, "PUT", "/lam/v1/mode", {"mode": "auto"})
        callers.finish(300.0)
        self._count(callers)
        self._check_end(before)

    def _leaves(self, asked, rng):
        leaves = rng.random() < 0.001
        if leaves:
            self._left.add(asked)
        return leaves

    def _watch(self, callers):
        begun = time.monotonic()
        at = 0.0
        while at < self._options.hours * 3600:
            self._end.wait(max(0.0, begun + at - time.monotonic()))
            self.samples.append((round(time.monotonic() - begun, 1), self._site.sample()))
            self._count(callers)
            at += self._options.every

    def _count(self, callers):
        for asked in callers.take_done():
            is_left = asked in self._left
            self._left.discard(asked)
            kind = "left" if is_left else "complete" if b"data: [DONE]" in asked.received() else "not complete"
            self.counts[kind] += 1

    def _disconnect(self):
        acts = [self._kill_session, self._restart_broker, *[self._switch] * 2]
        while not self._end.wait(self._random.uniform(2.0, 12.0)):
            self._random.choice(acts)()
            self.counts["disconnects"] += 1

    def _kill_session(self):
        for pid in self._site.sshd.session_processes():
            send_signal(pid, 9)

    def _restart_broker(self):
        self._site.broker.kill()
        self._site.broker.start()

    def _switch(self):
        mode = {"mode": self._random.choice(["auto", "mqtt", "sse"]), "now": self._random.random() < 0.5}
        unix_http.request(self._site.gateway.socket_path, "PUT", "/lam/v1/mode", mode, timeout=60.0)

    def _check_end(self, before):
        """Nothing is left over."""
        wait_until(lambda: self._site.llama.metric("requests_processing") == 0, _SETTLES, "free slots")
        for name in ("gateway: descriptors", "worker: descriptors"):
            wait_until(lambda name=name: self._site.sample()[name] <= before[name] + 16, _SETTLES, name)


def _trends(samples):
    """Without the first quarter, in which all grows to its size."""
    rest = samples[len(samples) // 4:]
    return {name: Trend.of([(at, values[name]) for at, values in rest]) for name in rest[0][1]}


def _report(soak, options):
    trends = _trends(soak.samples)
    bad = [name for name, trend in trends.items() if not trend.is_flat(_allowed(name, trend.mean, options.streams))]
    print(f"{len(soak.samples)} samples in {options.hours * 60:.0f} min, {options.streams} streams: "
          + ", ".join(f"{count} {kind}" for kind, count in soak.counts.items()))
    print(f"{'':24}{'mean':>12}{'slope an hour':>16}{'± its error':>14}")
    for name, trend in trends.items():
        unit = _MIB if "memory" in name else 1
        print(f"{name:24}{trend.mean / unit:12.1f}{trend.slope * 3600 / unit:16.2f}{trend.error * 3600 / unit:14.2f}"
              f"{' MiB' if unit == _MIB else ''}{'  GROWS' if name in bad else ''}")
    options.into.parent.mkdir(parents=True, exist_ok=True)
    options.into.write_text(json.dumps({
        "hours": options.hours, "streams": options.streams, **soak.counts, "grows": bad,
        "trends": {name: {"mean": trend.mean, "slope_per_hour": trend.slope * 3600, "error_per_hour": trend.error * 3600}
                   for name, trend in trends.items()}, "samples": soak.samples}, indent=1) + "\n")
    return bad


def main():
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="lamd-") as directory:
        site = SoakSite(Path(directory), options.streams)
        try:
            soak = Soak(site, options)
            soak.run()
        finally:
            site.close()
    return 1 if _report(soak, options) else 0


if __name__ == "__main__":
    sys.exit(main())
