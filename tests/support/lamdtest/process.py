"""A child process with its output in a file; it is killed when pytest dies, whatever way."""

import os
import signal
import subprocess

from .limits import within
from .wait import wait_until


class Process:
    """`command` run on `host`. The pid is the program's own: every wrapper before it is an exec."""

    def __init__(self, command, output, host=None, environment=None, pass_fds=(), stdin=None):
        self.command = [str(word) for word in command]
        self.output_path = output
        wrapped = ["setpriv", "--pdeathsig", "KILL", "--", *(host.command(self.command) if host else self.command)]
        with open(output, "ab") as log:
            self._child = subprocess.Popen(wrapped, stdin=stdin or subprocess.DEVNULL, stdout=log, stderr=log,
                                           env={**os.environ, **(environment or {})}, pass_fds=pass_fds,
                                           start_new_session=True)
        self.pid = self._child.pid

    def output(self):
        with open(self.output_path, errors="replace") as log:
            return log.read()

    def is_running(self):
        return self._child.poll() is None

    def send(self, number):
        self._child.send_signal(number)

    def wait(self, timeout=10.0):
        """The exit status; negative for a signal."""
        return self._child.wait(within(timeout))

    def stop(self, number=signal.SIGTERM, timeout=10.0):
        """Ends it by a signal; what does not go in time is killed and reported."""
        if self.is_running():
            self.send(number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.command[0]} did not end within {timeout:g} s of signal {number}") from None

    def kill(self):
        """SIGKILL to it and to everything in its session's process group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self._child.wait()


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as listing:
            return [int(child) for child in listing.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def send_signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _state(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def wait_gone(pids, timeout=5.0):
    wait_until(lambda: all(_state(pid) in (None, "Z") for pid in pids), timeout, f"processes {pids} to end")


def freeze(pids):
    """SIGSTOP, and certainty that each of them has stopped."""
    for pid in pids:
        send_signal(pid, signal.SIGSTOP)
    wait_until(lambda: all(_state(pid) in ("T", "Z", None) for pid in pids), 5.0, "processes to stop")


def thaw(pids):
    for pid in pids:
        send_signal(pid, signal.SIGCONT)


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def descriptor_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9
