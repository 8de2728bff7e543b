"""The recovery benchmark: how long a start takes, how long answers stand still when their path is closed under them, and
how long nobody gets through a tunnel whose session was killed, beside ssh in a loop and autossh."""

import os
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .asking import ask
from .bench import Bench
from .gateway import start_lamd
from .hosts import HERE
from .kinds import AUTOSSH, LAMD, autossh_command, lamd_tunnel_config, ssh_command
from .load import BenchError, LoadClient, start_server
from .processes import Program, children, cpu_seconds, family, free_port, wait_until_listening
from .programs import Programs
from .recovery_goals import LOOP, TITLES, goals, metrics, plots
from .report import Report
from .sshd import Keys, Sshd

# Eight answers of 50 tokens a second, so that each of them runs while the path is closed.
ANSWERS, RATE = 8, 50

GATEWAY = """\
servers: {{bench: {{sse: "http://127.0.0.1:{port}"}}}}
"""
TWO_WAYS = """\
servers: {{bench: {{sse: ["http://127.0.0.1:{ports[0]}", "http://127.0.0.1:{ports[1]}"]}}}}
"""


@dataclass(frozen=True)
class Timing:
    rounds: int
    cuts: int


SHORT = Timing(rounds=3, cuts=10)
LONG = Timing(rounds=7, cuts=30)


class RecoveryBench(Bench):
    def __init__(self, programs: Programs, directory: Path, timing: Timing):
        super().__init__(programs, directory, timing)
        self._keys = Keys(directory)
        self._port = free_port()
        self._kinds = [kind for kind in TITLES if kind != AUTOSSH or shutil.which("autossh")]

    def run(self, wanted: list[str]) -> Report:
        with start_server(self._programs.server, HERE, self._port, self._directory / "server.log"):
            for number in range(self._timing.rounds):
                for name, measure in (("start", self._start), ("reconnect", self._reconnect)):
                    if not wanted or name in wanted:
                        print(f"{name}, round {number + 1}", file=sys.stderr)
                        try:
                            measure(number)
                        except (BenchError, OSError) as error:
                            self._series.note(f"{name}, round {number + 1}: {error}")
            if not wanted or "failover" in wanted:
                self._failover()
        return Report(
            name="recovery",
            facts=self._facts,
            kinds=self._kinds,
            titles=TITLES,
            metrics=metrics(),
            goals=goals(),
            subject=LAMD,
            bases=[kind for kind in self._kinds if kind != LAMD],
            plots=plots(),
            series=self._series,
        )

    def _new_directory(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._directory))

    def _sshd(self, directory: Path) -> Sshd:
        return Sshd(self._keys, HERE, directory)

    # From the start to READY=1.

    def _start(self, number: int) -> None:
        gateway = self._new_directory("gateway")
        config = _face(gateway) + GATEWAY.format(port=self._port)
        self._series.add(LAMD, number, self._until_ready("ready", gateway, config))
        worker = self._new_directory("worker")
        with self._sshd(worker) as sshd:
            config = lamd_tunnel_config(worker, sshd, [free_port()], self._port) + self._worker_config(free_port())
            self._series.add(LAMD, number, self._until_ready("ready_worker", worker, config))

    def _until_ready(self, name: str, directory: Path, config: str) -> dict[str, float]:
        """By the clock, and of that on a processor: on a busy machine most of a start is waiting for one."""
        file = directory / "lamd.yaml"
        file.write_text(config)
        file.chmod(0o600)
        address = directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(address))
            manager.settimeout(20)
            command = [str(self._programs.lamd), "--config", str(file)]
            with Program(command, directory / "lamd.log", {"NOTIFY_SOCKET": str(address)}) as lamd:
                while b"READY=1" not in manager.recv(4096):
                    pass
                ready = (time.monotonic_ns() - lamd.started_ns) / 1e6
                return {name: ready, f"{name}_cpu": cpu_seconds(lamd.pid) * 1e3}

    def _worker_config(self, listen: int) -> str:
        return f"worker: {{name: a, server: 'http://127.0.0.1:{self._port}', listen: '127.0.0.1:{listen}'}}\n"

    # The session of a tunnel is killed.

    def _reconnect(self, number: int) -> None:
        for kind in self._kinds:
            try:
                self._series.add(kind, number, {"reconnect": self._reconnect_ms(kind)})
            except (BenchError, OSError) as error:
                self._series.note(f"reconnect, {TITLES[kind]}: {error}")

    def _reconnect_ms(self, kind: str) -> float:
        directory = self._new_directory(kind)
        with self._sshd(directory) as sshd:
            port = free_port()
            command = self._tunnel(kind, sshd, port, directory)
            with Program(command, directory / "tunnel.log", {"HOME": str(directory)}) as tunnel:
                try:
                    self._wait_for_answer(port)
                    killed = time.monotonic_ns()
                    kill_sessions(sshd)
                    return (self._wait_for_answer(port) - killed) / 1e6
                finally:
                    end_family(tunnel)

    def _tunnel(self, kind: str, sshd: Sshd, port: int, directory: Path) -> list[str]:
        forward = f"127.0.0.1:{port}:127.0.0.1:{self._port}"
        if kind == LOOP:
            return ["bash", "-c", 'while true; do "$@"; sleep 5; done', "loop", *ssh_command(sshd, [forward])]
        if kind == AUTOSSH:
            return autossh_command(sshd, [forward])
        config = directory / "lamd.yaml"
        config.write_text(lamd_tunnel_config(directory, sshd, [port], self._port))
        config.chmod(0o600)
        return [str(self._programs.lamd), "--config", str(config)]

    def _wait_for_answer(self, port: int) -> int:
        """When it came, in the clock's nanoseconds. The probe knocks once a millisecond."""
        with LoadClient(self._programs.client, HERE, "probe", f"127.0.0.1:{port}", duration=0, patience=30) as probe:
            result = probe.result()
        if not result["done"]:
            raise BenchError("nobody answered within 30 s")
        return result["at_ns"]

    # A path is closed under running answers: one of two tunnels to the same worker.

    def _failover(self) -> None:
        gaps = []
        for cut in range(self._timing.cuts):
            print(f"failover, cut {cut + 1}", file=sys.stderr)
            try:
                result = self._cut()
            except (BenchError, OSError) as error:
                self._series.note(f"failover, cut {cut + 1}: {error}")
                continue
            gaps.append(result["gap"]["max_us"] / 1e3)
            self._series.add(LAMD, cut, {"gap_faults": result["errors"] + result["wrong"]})
        if not gaps:
            return
        self._series.add(LAMD, 0, {"gap_p50": statistics.median(gaps), "gap_p99": at_quantile(gaps, 0.99)})
        self._series.note(f"gap p50 and p99 are of the longest waits of {len(gaps)} cuts, each under {ANSWERS} answers")

    def _cut(self) -> dict:
        """The longest wait for a token of any of the answers."""
        directory, listen, ports = self._new_directory("failover"), free_port(), [free_port(), free_port()]
        with ExitStack() as stack:
            start_lamd(stack, self._programs.lamd, directory, self._worker_config(listen), "worker")
            tunnels = [self._way(stack, directory, port, listen, name) for port, name in zip(ports, ("first", "second"))]
            gateway = start_lamd(stack, self._programs.lamd, directory, TWO_WAYS.format(ports=ports), "gateway")
            wait_until_up(gateway.endpoint, 2)
            with LoadClient(
                self._programs.client, HERE, "chat", gateway.endpoint, connections=ANSWERS, rate=RATE, tokens=RATE * 2,
                warm_up=0.5, duration=2.0,
            ) as load:
                load.wait_until_measuring()
                time.sleep(0.3)
                kill_sessions(tunnels[0])
                result = load.result()
                if not failovers(gateway.endpoint):
                    raise BenchError("no answer changed its path: none ran there when it was closed")
                return result

    def _way(self, stack: ExitStack, directory: Path, port: int, listen: int, name: str) -> Sshd:
        """`ssh -R`, which stays away when its session was killed: what is measured is the gateway alone."""
        home = directory / name
        home.mkdir()
        sshd = stack.enter_context(self._sshd(home))
        stack.enter_context(Program(ssh_command(sshd, [f"127.0.0.1:{port}:127.0.0.1:{listen}"]), home / "tunnel.log"))
        if not wait_until_listening([port]):
            raise BenchError("ssh -R did not come up")
        return sshd


def at_quantile(values: list[float], quantile: float) -> float:
    return sorted(values)[min(len(values) - 1, int(quantile * len(values)))]


def _face(directory: Path) -> str:
    return f"log: {{level: warning, format: text}}\nsocket: {{path: {directory}/lamd.sock}}\n"


def kill_sessions(sshd: Sshd) -> None:
    """All that sshd has started for its clients; the connections end at once."""
    for session in children(sshd.pid):
        for pid in reversed(family(session)):
            send_signal(pid, signal.SIGKILL)


def end_family(program: Program) -> None:
    """A loop that is ended leaves its ssh behind: that one too, and the loop first."""
    everyone = family(program.pid)
    program.stop()
    for pid in everyone[1:]:
        send_signal(pid, signal.SIGTERM)


def send_signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def failovers(endpoint: str) -> float:
    lines = ask(endpoint, "GET", "/metrics").decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("lamd_failovers_total"))


def wait_until_up(endpoint: str, paths: int, patience: float = 20) -> None:
    deadline = time.monotonic() + patience
    while ask(endpoint, "GET", "/lam/v1/status").count(b'"state":"up"') < paths:
        if time.monotonic() > deadline:
            raise BenchError(f"not all of {paths} paths came up")
        time.sleep(0.02)
