"""The gateway benchmark: the same chat requests to the same server, directly, through lamd's Unix socket, and through what
is used instead, in turns."""

import os
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import proxies
from .bench import Bench
from .gateway_goals import DIRECT, LAMD, STREAMS, goals, metrics, plots
from .hosts import HERE
from .load import BenchError, LoadClient, start_server
from .processes import Program, Usage, family, free_port, memory
from .programs import Programs
from .report import Report

TITLES = {DIRECT: "asked directly", **proxies.TITLES, LAMD: "lamd"}


@dataclass(frozen=True)
class Timing:
    rounds: int
    chat: float
    warm: float
    flood: float


SHORT = Timing(rounds=3, chat=4, warm=1, flood=2)
LONG = Timing(rounds=11, chat=10, warm=3, flood=4)


@dataclass(frozen=True)
class Pace:
    """How the server answers: more and shorter answers for one stream, so that there are first tokens to count."""

    rate: int
    tokens: int


PACES = {1: Pace(rate=200, tokens=5), 64: Pace(rate=50, tokens=25)}


def start_lamd(stack: ExitStack, lamd: Path, directory: Path, config: str, name: str = "lamd") -> proxies.Proxy:
    """A gateway on a Unix socket with `config`, which needs no socket of its own. Returns once it is ready for requests."""
    path, file = directory / f"{name}.sock", directory / f"{name}.yaml"
    file.write_text(f"log: {{level: warning, format: text}}\nsocket: {{path: {path}}}\n{config}")
    file.chmod(0o600)
    program = stack.enter_context(Program([str(lamd), "--config", str(file)], directory / f"{name}.log"))
    deadline = time.monotonic() + 20
    while not is_ready(path):
        if not program.is_running() or time.monotonic() > deadline:
            raise BenchError(f"lamd did not become ready: {program.log_tail()}")
        time.sleep(0.02)
    return proxies.Proxy(f"unix:{path}", [program.pid])


class GatewayBench(Bench):
    def __init__(self, programs: Programs, directory: Path, timing: Timing, kinds: list[str] | None = None):
        super().__init__(programs, directory, timing)
        self._kinds = [kind for kind in (DIRECT, *proxies.available(), LAMD) if not kinds or kind in kinds]
        self._ways: dict[str, proxies.Proxy] = {}

    def run(self, wanted: list[str]) -> Report:
        with ExitStack() as stack:
            server = self._start(stack)
            if not wanted or "chat" in wanted:
                self._in_turns("chat", self._chat)
            if not wanted or "flood" in wanted:
                self._share_cores(server)
                self._in_turns("flood", self._flood)
        return self._report()

    def _start(self, stack: ExitStack) -> Program:
        port = free_port()
        server = stack.enter_context(start_server(self._programs.server, HERE, port, self._directory / "server.log"))
        for kind in self._kinds:
            if kind == DIRECT:
                self._ways[kind] = proxies.Proxy(f"127.0.0.1:{port}", [])
            elif kind == LAMD:
                config = f"servers: {{bench: {{sse: 'http://127.0.0.1:{port}'}}}}\n"
                self._ways[kind] = start_lamd(stack, self._programs.lamd, self._directory, config)
            else:
                self._ways[kind] = proxies.start_proxy(stack, kind, port, self._directory)
            if kind != DIRECT:
                self._series.add(kind, 0, {"memory_idle": memory(self._ways[kind].pids) / 1e6})
        return server

    def _in_turns(self, name: str, measure) -> None:
        for number in range(self._timing.rounds):
            for kind in self._kinds:
                print(f"{name}, round {number + 1}: {TITLES[kind]}", file=sys.stderr)
                self._series.add(kind, number, measure(kind))

    def _chat(self, kind: str) -> dict[str, float]:
        values = {}
        for count in STREAMS:
            result, usage = self._load(kind, count, PACES[count], self._timing.chat)
            values |= chat_values(result, count)
            if kind != DIRECT:
                values[f"cpu_{count}"] = usage.cpu / result["done"] * 1e4
                values[f"wakeups_{count}"] = usage.wakeups / result["done"] * 1e4
        result, usage = self._load(kind, 1, Pace(rate=0, tokens=1), self._timing.warm)
        for part in ("p50", "p99"):
            values[f"first_warm_{part}"] = result["first"][f"{part}_us"] / 1e3
        if kind != DIRECT:
            values["cpu_warm"] = usage.cpu / result["done"] * 1e4
            values["memory"] = memory(self._ways[kind].pids) / 1e6
        return values

    def _flood(self, kind: str) -> dict[str, float]:
        result, usage = self._load(kind, 8, Pace(rate=0, tokens=2000), self._timing.flood)
        values = {"flood_rate": result["done"] / result["seconds"]}
        if kind != DIRECT:
            values["flood_cpu"] = usage.cpu / result["done"] * 1e4
        return values

    def _load(self, kind: str, count: int, pace: Pace, duration: float) -> tuple[dict, Usage]:
        way = self._ways[kind]
        with LoadClient(
            self._programs.client, HERE, "chat", way.endpoint, connections=count, rate=pace.rate,
            tokens=pace.tokens, warm_up=0.5, duration=duration,
        ) as load:
            result, usage = measured(load, way.pids)
        expect_whole(result, f"{TITLES[kind]}, {count} streams")
        return result, usage

    def _share_cores(self, server: Program) -> None:
        """What is compared alone on the first core; the server, and the clients started from here on, on the others."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            return self._series.note("one core only: what is compared shares it with the load")
        for way in self._ways.values():
            for pid in way.pids:
                for each in family(pid):
                    os.sched_setaffinity(each, cores[:1])
        for pid in (server.pid, 0):
            os.sched_setaffinity(pid, cores[1:])

    def _report(self) -> Report:
        return Report(
            name="gateway",
            facts=self._facts,
            kinds=self._kinds,
            titles=TITLES,
            metrics=metrics(),
            goals=goals(),
            subject=LAMD,
            bases=list(proxies.TITLES),
            plots=plots(),
            series=self._series,
        )


def measured(load: LoadClient, pids: list[int]) -> tuple[dict, Usage]:
    """The load's result, and what the processes used while it counted."""
    load.wait_until_measuring()
    before = Usage.of(pids)
    result = load.result()
    return result, Usage.of(pids) - before


def chat_values(result: dict, count: int) -> dict[str, float]:
    """The percentiles of a chat run, by the names of the metrics."""
    return {
        f"{name}_{count}_{part}": result[sample][f"{part}_us"] / 1e3
        for sample, name in (("first", "first"), ("latency", "delay"), ("gap", "gap"))
        for part in ("p50", "p99")
    }


def expect_whole(result: dict, what: str) -> None:
    for fault in ("errors", "wrong"):
        if result[fault] or not result["done"]:
            raise BenchError(f"{what}: {result[fault]} {fault}, {result['done']} tokens")


def is_ready(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
            caller.sendall(b"GET /readyz HTTP/1.1\r\nHost: lamd\r\nConnection: close\r\n\r\n")
            return caller.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False
