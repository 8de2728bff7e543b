"""A world of its own for a benchmark: network, processes and /run are private and end with it, even by SIGKILL.

Needs root. Without it the benchmarks use free ports of the machine's own loopback, and cannot delay a line.
"""

import ctypes
import os
import signal
import subprocess
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def enter() -> bool:
    """Goes on in a child process inside new namespaces; the caller's process waits for it and ends as it ends.
    False: not permitted, and nothing has changed."""
    if os.geteuid() != 0 or _libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) != 0:
        return False
    child = os.fork()
    if child:
        _wait_for(child)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for command in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "-t", "proc", "proc", "/proc"],
        ["mount", "-t", "tmpfs", "tmpfs", "/run"],
        ["ip", "link", "set", "lo", "up"],
    ):
        subprocess.run(command, check=True)
    return True


def _wait_for(child: int) -> None:
    # Ctrl-C reaches the child too, which cleans up; here it must not end the waiting.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for forwarded in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(forwarded, lambda number, _: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
