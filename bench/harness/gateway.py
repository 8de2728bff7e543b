"""The gateway benchmark: the same chat requests to the same server, directly and through lamd's Unix socket, in turns."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .facts import machine_facts
from .goals import Against, Goal
from .hosts import HERE
from .load import BenchError, LoadClient, start_server
from .processes import Program, cpu_seconds, free_port, rss_bytes
from .programs import Programs
from .report import Report
from .series import Metric, Series

DIRECT, LAMD = "direct", "lamd"
TITLES = {DIRECT: "asked directly", LAMD: "through lamd"}
STREAMS = (1, 64)

LAMD_CONFIG = """\
log: {{level: warning, format: text}}
socket: {{path: {socket}}}
servers:
  bench:
    sse: http://127.0.0.1:{port}
"""


@dataclass(frozen=True)
class Timing:
    rounds: int
    chat: float
    warm: float
    flood: float


SHORT = Timing(rounds=5, chat=5, warm=1, flood=3)
LONG = Timing(rounds=11, chat=15, warm=3, flood=6)


@dataclass(frozen=True)
class Pace:
    """How the server answers: more and shorter answers for one stream, so that there are first tokens to count."""

    rate: int
    tokens: int


PACES = {1: Pace(rate=200, tokens=5), 64: Pace(rate=50, tokens=25)}


def metrics() -> dict[str, Metric]:
    result = {}
    for count in STREAMS:
        streams = "1 stream" if count == 1 else f"{count} streams"
        result[f"first_{count}_p50"] = Metric(f"{streams}: first token p50", "ms", 3)
        result[f"first_{count}_p99"] = Metric(f"{streams}: first token p99", "ms", 3)
        result[f"delay_{count}_p50"] = Metric(f"{streams}: delay of a token p50", "ms", 3)
        result[f"delay_{count}_p99"] = Metric(f"{streams}: delay of a token p99", "ms", 3)
        result[f"gap_{count}_p99"] = Metric(f"{streams}: between tokens p99", "ms", 3)
        result[f"cpu_{count}"] = Metric(f"{streams}: lamd's CPU per 10,000 tokens", "s", 3)
    result["first_warm_p50"] = Metric("answers of one token without a pause between: first token p50", "ms", 3)
    result["flood_rate"] = Metric("as fast as it goes, lamd on one core", "tokens/s", 0)
    result["flood_cpu"] = Metric("the same: lamd's CPU per 10,000 tokens", "s", 3)
    result["memory"] = Metric("lamd's resident memory afterwards", "MB", 1)
    return result


def goals() -> list[Goal]:
    result = []
    for count in STREAMS:
        result += [
            Goal(f"first_{count}_p50", 0.3, Against.ADDED, DIRECT),
            Goal(f"first_{count}_p99", 1, Against.ADDED, DIRECT),
            Goal(f"gap_{count}_p99", 0.2, Against.ADDED, DIRECT),
        ]
    return result


class GatewayBench:
    def __init__(self, programs: Programs, directory: Path, timing: Timing):
        if not programs.lamd:
            raise BenchError("lamd is not built: ./dev build lamd")
        self._programs = programs
        self._directory = directory
        self._timing = timing
        self._series = Series()
        self._facts = machine_facts(programs.lamd)
        self._lamd: Program | None = None
        self._endpoints: dict[str, str] = {}

    def run(self, wanted: list[str]) -> Report:
        port = free_port()
        with start_server(self._programs.server, HERE, port, self._directory / "server.log") as server:
            with self._gateway(port):
                if not wanted or "chat" in wanted:
                    self._in_turns("chat", self._chat)
                if not wanted or "flood" in wanted:
                    self._share_cores(server)
                    self._in_turns("flood", self._flood)
        return self._report()

    @contextmanager
    def _gateway(self, port: int) -> Iterator[None]:
        path = self._directory / "lamd.sock"
        config = self._directory / "lamd.yaml"
        config.write_text(LAMD_CONFIG.format(socket=path, port=port))
        config.chmod(0o600)
        self._endpoints = {DIRECT: f"127.0.0.1:{port}", LAMD: f"unix:{path}"}
        with Program([str(self._programs.lamd), "--config", str(config)], self._directory / "lamd.log") as lamd:
            self._lamd = lamd
            self._wait_until_ready(path)
            yield

    def _wait_until_ready(self, path: Path, patience: float = 15) -> None:
        deadline = time.monotonic() + patience
        while not _is_ready(path):
            if not self._lamd.is_running() or time.monotonic() > deadline:
                raise BenchError(f"lamd did not become ready: {self._lamd.log_tail()}")
            time.sleep(0.02)

    def _in_turns(self, name: str, measure) -> None:
        for number in range(self._timing.rounds):
            for kind in (DIRECT, LAMD):
                print(f"{name}, round {number + 1}: {TITLES[kind]}", file=sys.stderr)
                self._series.add(kind, number, measure(kind))

    def _chat(self, kind: str) -> dict[str, float]:
        values = {}
        for count in STREAMS:
            result, cpu = self._load(kind, count, PACES[count], self._timing.chat)
            for sample, name in (("first", "first"), ("latency", "delay")):
                values[f"{name}_{count}_p50"] = result[sample]["p50_us"] / 1e3
                values[f"{name}_{count}_p99"] = result[sample]["p99_us"] / 1e3
            values[f"gap_{count}_p99"] = result["gap"]["p99_us"] / 1e3
            if kind == LAMD:
                values[f"cpu_{count}"] = cpu / result["done"] * 1e4
        result, _ = self._load(kind, 1, Pace(rate=0, tokens=1), self._timing.warm)
        values["first_warm_p50"] = result["first"]["p50_us"] / 1e3
        if kind == LAMD:
            values["memory"] = rss_bytes(self._lamd.pid) / 1e6
        return values

    def _flood(self, kind: str) -> dict[str, float]:
        result, cpu = self._load(kind, 8, Pace(rate=0, tokens=2000), self._timing.flood)
        values = {"flood_rate": result["done"] / result["seconds"]}
        if kind == LAMD:
            values["flood_cpu"] = cpu / result["done"] * 1e4
        return values

    def _load(self, kind: str, count: int, pace: Pace, duration: float) -> tuple[dict, float]:
        with LoadClient(
            self._programs.client, HERE, "chat", self._endpoints[kind], connections=count, rate=pace.rate,
            tokens=pace.tokens, warm_up=0.5, duration=duration,
        ) as load:
            load.wait_until_measuring()
            cpu = cpu_seconds(self._lamd.pid)
            result = load.result()
            cpu = cpu_seconds(self._lamd.pid) - cpu
        for what in ("errors", "wrong"):
            if result[what] or not result["done"]:
                raise BenchError(f"{TITLES[kind]}, {count} streams: {result[what]} {what}, {result['done']} tokens")
        return result, cpu

    def _share_cores(self, server: Program) -> None:
        """lamd alone on the first core; the server, and the clients that are started from here on, on the others."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            return self._series.note("one core only: lamd shares it with the load")
        os.sched_setaffinity(self._lamd.pid, cores[:1])
        for pid in (server.pid, 0):
            os.sched_setaffinity(pid, cores[1:])

    def _report(self) -> Report:
        return Report(
            name="gateway",
            facts=self._facts,
            kinds=[DIRECT, LAMD],
            titles=TITLES,
            metrics=metrics(),
            goals=goals(),
            subject=LAMD,
            bases=[DIRECT],
            series=self._series,
        )


def _is_ready(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
            caller.sendall(b"GET /readyz HTTP/1.1\r\nHost: lamd\r\nConnection: close\r\n\r\n")
            return caller.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False
