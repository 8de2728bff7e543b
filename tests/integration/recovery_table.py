#!/usr/bin/python3
"""Measures how long an outage lasts with lamd, `ssh` in a loop and autossh, in one run: the table of docs/recovery.md.

    recovery_table.py [--runs N] [--bound SECONDS] [--at-once N] [--clients ...] [--faults ...]

Needs root, and LAMD_BIN in the environment. Every measurement has two hosts and an sshd of its own.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))

from lamdtest import netns  # noqa: E402
from lamdtest.recovery import FAULTS, LamdClient, Scene, measure  # noqa: E402
from lamdtest.rivals import Autossh, SshLoop  # noqa: E402

CLIENTS = {"lamd": LamdClient, "loop": SshLoop, "autossh": Autossh}


def one(client, fault, bound):
    """One measurement in a thread of its own, which is the parent of every process in it."""
    with tempfile.TemporaryDirectory(prefix="lamd-") as directory:
        scene = Scene(Path(directory), CLIENTS[client])
        try:
            seconds = measure(scene, FAULTS[fault], bound)
        finally:
            scene.close()
    print(f"{client} {fault}: {seconds}", file=sys.stderr, flush=True)
    return seconds


def cell(results, bound):
    good = sorted(seconds for seconds in results if seconds is not None)
    if not good:
        return f"not in {bound:g} s"
    text = f"{statistics.median(good):.1f}"
    if len(good) > 1:
        text += f" ({good[0]:.1f}–{good[-1]:.1f})"
    missing = len(results) - len(good)
    return f"{text}; {missing} of {len(results)} not in {bound:g} s" if missing else text


def said_by(*command):
    """The first line of what a program says of itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()[0]


def setting(options):
    versions = [said_by(os.environ["LAMD_BIN"], "--version"), said_by("ssh", "-V").split(",")[0],
                said_by("autossh", "-V")]
    return (f"{date.today()}, {os.cpu_count()} cores, {'; '.join(versions)}; median (least–most) of {options.runs}, "
            f"{options.at_once} at once, given up after {options.bound:g} s.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--bound", type=float, default=150.0)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--clients", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    options = parser.parse_args()
    if why := netns.missing():
        sys.exit(f"recovery_table: {why}")
    with ThreadPoolExecutor(options.at_once) as pool:
        runs = {(client, fault): [pool.submit(one, client, fault, options.bound) for _ in range(options.runs)]
                for fault in options.faults for client in options.clients}
        print(setting(options) + "\n")
        print("| fault | " + " | ".join(CLIENTS[client].name for client in options.clients) + " |")
        print("|---|" + "---|" * len(options.clients))
        for fault in options.faults:
            cells = (cell([run.result() for run in runs[client, fault]], options.bound) for client in options.clients)
            print(f"| {FAULTS[fault].name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
