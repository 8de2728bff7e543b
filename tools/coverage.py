#!/usr/bin/env python3
"""How much of the code runs in the unit tests: the tables of docs/coverage.md, from what llvm-cov says.

  coverage.py SUMMARY OUTPUT     SUMMARY: llvm-cov export --summary-only; OUTPUT: the document that is written

A machine (tools/machines.toml) of which fewer lines run than LEAST is named, and the exit status is 1.
"""
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST = 90  # per cent
HEAD = f"""# Coverage

Written by `./dev coverage`: the lines that run in the unit tests, by llvm-cov. What is made of machines (no I/O, decides what others do)
must reach {LEAST} %. The coroutines that do it, and the programs, are driven by `tests/integration` with real peers, which are not counted here.
"""


@dataclass
class Lines:
    count: int = 0
    covered: int = 0

    def add(self, other):
        self.count += other.count
        self.covered += other.covered

    def percent(self):
        return 100 * self.covered / self.count if self.count else 100.0


def read_summary(text):
    """file, from the root -> Lines; only ours that are shipped."""
    found = {}
    for entry in json.loads(text)["data"][0]["files"]:
        name = entry["filename"].removeprefix(f"{ROOT}/").removeprefix("./")
        lines = entry["summary"]["lines"]
        found[name] = Lines(lines["count"], lines["covered"])
    return found


def sum_of(files, chosen):
    total = Lines()
    for name, lines in files.items():
        if chosen(name):
            total.add(lines)
    return total


def by_folder(files):
    folders = sorted({name.split("/")[0] for name in files})
    return {f"{folder}/": sum_of(files, lambda name, folder=folder: name.startswith(f"{folder}/")) for folder in folders}


def by_machine(files, machines):
    """A machine that is not there, under any of its names, is a mistake in the list."""
    found = {}
    for folder, names in machines.items():
        for name in names:
            stem = f"{folder}/{name}"
            found[stem] = sum_of(files, lambda file, stem=stem: file in (f"{stem}.h", f"{stem}.cpp"))
            if found[stem].count == 0:
                raise SystemExit(f"coverage: nothing is known of {stem}; is it still in tools/machines.toml by its right name?")
    return found


def table(title, rows):
    yield f"\n| {title} | lines | run | |\n|---|---:|---:|---:|\n"
    for name, lines in rows.items():
        yield f"| {name} | {lines.count} | {lines.covered} | {lines.percent():.1f} % |\n"


def main(summary, output):
    files = read_summary(Path(summary).read_text())
    machines = by_machine(files, tomllib.loads((ROOT / "tools" / "machines.toml").read_text()))
    folders = by_folder(files)
    folders["all"] = sum_of(files, lambda name: True)
    Path(output).write_text("".join([HEAD, *table("folder", folders), *table("machine", machines)]))
    below = [name for name, lines in machines.items() if lines.percent() < LEAST]
    for name in below:
        print(f"{name}: {machines[name].percent():.1f} % of its lines run in the unit tests; {LEAST} % are wanted")
    return 1 if below else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
