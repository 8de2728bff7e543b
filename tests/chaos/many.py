#!/usr/bin/python3
"""Many seeds, some at a time, and what came of them: `./dev chaos --seeds N` or `--hours H`.

Each seed is a pytest of its own (its hosts are its own namespaces), so that one which crashes costs the others nothing. Its
output is in build/chaos/seed-N.log where it failed; build/chaos/summary.json has all figures.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_SUMS = ("answers", "complete", "refused", "failed honestly", "failed", "lost", "twice")


def _parse():
    parser = argparse.ArgumentParser(prog="./dev chaos", description="Answers between two hosts while everything fails at "
                                     "random, from a seed. Needs root.")
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1000 % 10**9, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="so many, one after the other")
    parser.add_argument("--hours", type=float, help="as many as there is time for, instead")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long faults strike in each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds at a time")
    parser.add_argument("--into", type=Path, default=_HERE.parents[1] / "build" / "chaos", help="where results go")
    return parser.parse_args()


class Many:
    def __init__(self, options):
        self._options = options
        self._end = time.monotonic() + options.hours * 3600 if options.hours else None
        self.results, self.failures = [], []

    def _seeds(self):
        seed = self._options.seed
        while seed < self._options.seed + self._options.seeds if self._end is None else time.monotonic() < self._end:
            yield seed
            seed += 1

    def run(self):
        self._options.into.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(self._options.jobs) as pool:
            running = set()
            for seed in self._seeds():
                running.add(pool.submit(self._run_one, seed))
                if len(running) >= self._options.jobs:
                    _, running = wait(running, return_when=FIRST_COMPLETED)
            for one in running:
                one.result()

    def _run_one(self, seed):
        log, result = (self._options.into / f"seed-{seed}.{kind}" for kind in ("log", "json"))
        result.unlink(missing_ok=True)
        with open(log, "wb") as output:
            ended = subprocess.run([sys.executable, "-B", "-m", "pytest", "-q", "-s", "--seed", str(seed), "--seconds",
                                    str(self._options.seconds), "--result", result], cwd=_HERE, stdout=output,
                                   stderr=subprocess.STDOUT, check=False)
        found = json.loads(result.read_text()) if result.exists() else {"seed": seed, "faults": {}}
        result.unlink(missing_ok=True)
        self.results.append(found)
        if ended.returncode == 0:
            log.unlink()
        else:
            self.failures.append(seed)
        print(f"seed {seed} ({found.get('variant', 'it did not come up')}): "
              f"{found.get('complete', 0)} of {found.get('answers', 0)} answers complete, "
              f"{sum(found['faults'].values())} faults{'' if ended.returncode == 0 else f', FAILED: {log}'}", flush=True)

    def summary(self):
        faults = Counter()
        for result in self.results:
            faults.update(result["faults"])
        return {"seeds": len(self.results), "seconds_each": self._options.seconds, "failed_seeds": sorted(self.failures),
                **{kind: sum(result.get(kind, 0) for result in self.results) for kind in _SUMS},
                "longest_gap_s": max((result.get("longest_gap_s", 0.0) for result in self.results), default=0.0),
                "faults": dict(sorted(faults.items()))}


def _print(summary):
    print(f"\n{summary['seeds']} seeds of {summary['seconds_each']:g} s, {sum(summary['faults'].values())} faults")
    for kind in _SUMS:
        print(f"{summary[kind]:8}  {kind}")
    print(f"{summary['longest_gap_s']:8.1f}  seconds, the longest gap in a complete answer")
    print("faults: " + ", ".join(f"{kind} {count}" for kind, count in summary["faults"].items()))
    print(f"failed seeds: {' '.join(map(str, summary['failed_seeds'])) or 'none'}")


def main():
    options = _parse()
    many = Many(options)
    try:
        many.run()
    finally:
        summary = many.summary()
        (options.into / "summary.json").write_text(json.dumps({**summary, "results": many.results}, indent=1) + "\n")
        _print(summary)
    return 1 if many.failures else 0


if __name__ == "__main__":
    sys.exit(main())
