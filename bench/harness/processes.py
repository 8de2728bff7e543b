"""Processes that a benchmark starts, ends by their id, and looks at: processor time, wake-ups and memory."""

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening_ports() -> set[int]:
    """TCP ports of this network namespace that take connections."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {int(fields[1].rsplit(":", 1)[1], 16) for fields in map(str.split, lines) if fields[3] == "0A"}


def wait_until_listening(ports: list[int], patience: float = 20) -> bool:
    """Whether all of them did in time. Looks once a millisecond."""
    deadline = time.monotonic() + patience
    while not listening_ports().issuperset(ports):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def cpu_seconds(pid: int) -> float:
    """On-processor time of all threads, to the nanosecond (schedstat), or in ticks where the kernel has none."""
    try:
        tasks = [Path(f"/proc/{pid}/task/{task}") for task in os.listdir(f"/proc/{pid}/task")]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except FileNotFoundError:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def family(pid: int) -> list[int]:
    """A process and all that it has started: what a program with a supervisor or with workers costs."""
    return [pid, *(descendant for child in children(pid) for descendant in family(child))]


def wakeups(pid: int) -> int:
    """How often its threads went to sleep, and so were woken again."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                count += int(line.split()[1])
    return count


@dataclass(frozen=True)
class Usage:
    """What processes have used up to now; the difference of two is what they used in between."""

    cpu: float = 0.0
    wakeups: int = 0

    @classmethod
    def of(cls, pids: list[int]) -> "Usage":
        every = [each for pid in pids for each in family(pid)]
        return cls(sum(map(cpu_seconds, every)), sum(map(wakeups, every)))

    def __sub__(self, earlier: "Usage") -> "Usage":
        return Usage(self.cpu - earlier.cpu, self.wakeups - earlier.wakeups)


def memory(pids: list[int]) -> int:
    """Resident bytes of the processes and of all that they have started."""
    return sum(rss_bytes(each) for pid in pids for each in family(pid))


class Program:
    """A started program; ended when the with-block is left. Its output goes to `log`."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None):
        self.command = command
        self.log = log
        self.started_ns = time.monotonic_ns()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | (environment or {}),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until_listening(self, patience: float = 30) -> bool:
        """Whether it has said so, as the benchmarks' own programs do."""
        deadline = time.monotonic() + patience
        while "listening" not in self.log.read_text(errors="replace"):
            if not self.is_running() or time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, patience: float = 5) -> None:
        if not self.is_running():
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def wait_until_childless(pid: int, patience: float = 3) -> None:
    """Until a server's processes for its past clients have ended, so that they do not disturb the next measurement."""
    deadline = time.monotonic() + patience
    while children(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
