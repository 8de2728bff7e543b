"""The growth benchmark: the same thing at ever larger sizes, each with programs that were started for it."""

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import proxies
from .asking import ask, read_events
from .bench import Bench
from .gateway import expect_whole, measured, start_lamd
from .gateway_goals import DIRECT, LAMD
from .growth_goals import GROUPS, Group, goals, key, metrics, plots
from .hosts import HERE
from .kinds import SSH, lamd_tunnel_config, ssh_command
from .load import BenchError, LoadClient, start_server
from .processes import Program, Usage, free_port, memory, wait_until_listening
from .programs import Programs
from .report import Report
from .sshd import Keys, Sshd

TITLES = {DIRECT: "asked directly", SSH: "ssh -R", **proxies.TITLES, LAMD: "lamd"}
TOKENS_PER_SECOND, SLOWEST, FASTEST = 2000, 1, 200
MESSAGES = 100


@dataclass(frozen=True)
class Timing:
    rounds: int
    load: float
    idle: float


SHORT = Timing(rounds=1, load=3, idle=2)
LONG = Timing(rounds=5, load=6, idle=10)


class GrowthBench(Bench):
    def __init__(self, programs: Programs, directory: Path, timing: Timing):
        super().__init__(programs, directory, timing)
        self._port = free_port()
        there = (DIRECT, *proxies.available(), LAMD, *([SSH] if shutil.which("ssh") else []))
        self._kinds = [kind for kind in TITLES if kind in there and kind != proxies.CHAIN]

    def run(self, wanted: list[str]) -> Report:
        # On all addresses of the loopback: many servers are one program.
        endpoint = f"0.0.0.0:{self._port}"
        with start_server(self._programs.server, HERE, self._port, self._directory / "server.log", endpoint):
            for number in range(self._timing.rounds):
                for group in GROUPS:
                    if not wanted or group.name in wanted:
                        self._run_group(group, number)
        return Report(
            name="growth",
            facts=self._facts,
            kinds=self._kinds,
            titles=TITLES,
            metrics=metrics(),
            goals=goals(),
            subject=LAMD,
            bases=[proxies.NGINX, proxies.HAPROXY, SSH],
            plots=plots(),
            series=self._series,
        )

    def _run_group(self, group: Group, number: int) -> None:
        measure: Callable[[ExitStack, str, int, Path], dict[str, float]] = getattr(self, f"_{group.name}")
        for point in group.points:
            for kind in (kind for kind in self._kinds if kind in group.kinds):
                print(f"{group.name}, round {number + 1}: {point}, {TITLES[kind]}", file=sys.stderr)
                directory = Path(tempfile.mkdtemp(prefix=f"{group.name}-", dir=self._directory))
                try:
                    with ExitStack() as stack:
                        values = measure(stack, kind, point, directory)
                    self._series.add(kind, number, {key(group.name, name, point): each for name, each in values.items()})
                except (BenchError, OSError) as error:
                    self._series.note(f"{group.name}, {point}, {TITLES[kind]}: {error}")

    def _way(self, stack: ExitStack, kind: str, directory: Path, config: str | None = None) -> proxies.Proxy:
        if kind == DIRECT:
            return proxies.Proxy(f"127.0.0.1:{self._port}", [])
        if kind == LAMD:
            config = config or f"servers: {{bench: {{sse: 'http://127.0.0.1:{self._port}'}}}}\n"
            return start_lamd(stack, self._programs.lamd, directory, config)
        return proxies.start_proxy(stack, kind, self._port, directory)

    def _client(self, way: proxies.Proxy, **options: float) -> LoadClient:
        return LoadClient(self._programs.client, HERE, "chat", way.endpoint, **options)

    def _streams(self, stack: ExitStack, kind: str, count: int, directory: Path) -> dict[str, float]:
        way = self._way(stack, kind, directory)
        empty = memory(way.pids)
        rate = min(FASTEST, max(SLOWEST, TOKENS_PER_SECOND // count))
        with self._client(
            way, connections=count, rate=rate, tokens=rate * 1000, warm_up=2 + count / 2000, duration=self._timing.load
        ) as load:
            result, usage = measured(load, way.pids)
            values = {"delay": result["latency"]["p99_us"] / 1e3, "faults": result["errors"] + result["wrong"]}
            if way.pids:
                values["cpu"] = usage.cpu / max(result["done"], 1) * 1e4
                values["memory"] = (memory(way.pids) - empty) / count / 1024
        return values

    def _events(self, stack: ExitStack, kind: str, kibibytes: int, directory: Path) -> dict[str, float]:
        way = self._way(stack, kind, directory)
        with self._client(
            way, connections=2, rate=0, tokens=max(4, 16384 // kibibytes), size=kibibytes * 1024, warm_up=0.3,
            duration=self._timing.load,
        ) as load:
            result, usage = measured(load, way.pids)
        expect_whole(result, f"events of {kibibytes} KiB")
        values = {"rate": result["bytes"] / result["seconds"] / 1e6}
        return values | ({"cpu": usage.cpu / (result["bytes"] / 1e9)} if way.pids else {})

    def _forwards(self, stack: ExitStack, kind: str, count: int, directory: Path) -> dict[str, float]:
        sshd = stack.enter_context(Sshd(Keys(directory), HERE, directory))
        ports = [free_port() for _ in range(count)]
        if kind == SSH:
            command = ssh_command(sshd, [f"127.0.0.1:{port}:127.0.0.1:{self._port}" for port in ports])
        else:
            config = directory / "tunnel.yaml"
            config.write_text(lamd_tunnel_config(directory, sshd, ports, self._port))
            config.chmod(0o600)
            command = [str(self._programs.lamd), "--config", str(config)]
        program = stack.enter_context(Program(command, directory / "tunnel.log", {"HOME": str(directory)}))
        if not wait_until_listening(ports):
            raise BenchError(f"not all ports listen: {program.log_tail()}")
        return {"setup": (time.monotonic_ns() - program.started_ns) / 1e6, "memory": memory([program.pid]) / 1e6}

    def _servers(self, stack: ExitStack, kind: str, count: int, directory: Path) -> dict[str, float]:
        servers = "".join(f"  s{number}: {{sse: 'http://127.0.1.{number + 1}:{self._port}'}}\n" for number in range(count))
        way = self._way(stack, kind, directory, f"servers:\n{servers}")
        before, begun = Usage.of(way.pids), time.monotonic()
        time.sleep(self._timing.idle)
        usage, seconds = Usage.of(way.pids) - before, time.monotonic() - begun
        with self._client(way, rate=0, tokens=1, warm_up=0.3, duration=self._timing.load) as load:
            result = load.result()
        expect_whole(result, f"{count} servers")
        first = result["first"]["p50_us"] / 1e3
        return {"first": first, "cpu": 100 * usage.cpu / seconds, "memory": memory(way.pids) / 1e6}

    def _sessions(self, stack: ExitStack, kind: str, count: int, directory: Path) -> dict[str, float]:
        config = f"servers: {{bench: {{sse: 'http://127.0.0.1:{self._port}'}}}}\nsessions: {{store: memory, max: 100000}}\n"
        way = self._way(stack, kind, directory, config)
        path = "/lam/v1/sessions/s0/messages"
        message = {"content": "Hello!", "max_tokens": 4, "stream": True, "bench_rate": 0}
        ask(way.endpoint, "POST", path, json.dumps(message))
        line = json.loads(ask(way.endpoint, "GET", path))
        lines = [json.dumps(line | {"id": f"s{number}"}) for number in range(count)]
        for begin in range(0, count, 500):
            ask(way.endpoint, "POST", "/lam/v1/sessions/import", "\n".join(lines[begin:begin + 500]) + "\n")
        times = []
        for number in range(MESSAGES):
            begun = time.monotonic()
            ask(way.endpoint, "POST", f"/lam/v1/sessions/s{number % count}/messages", json.dumps(message))
            times.append((time.monotonic() - begun) * 1e3)
        return {"message": statistics.median(times), "memory": memory(way.pids) / 1e6}

    def _journal(self, stack: ExitStack, kind: str, mebibytes: int, directory: Path) -> dict[str, float]:
        listen = free_port()
        config = (f"worker: {{name: a, server: 'http://127.0.0.1:{self._port}', listen: '127.0.0.1:{listen}',"
                  " journal: {stream: 8MiB, total: 256MiB, keep: 300s}}\n")
        way = self._way(stack, kind, directory, config)
        worker, empty = f"127.0.0.1:{listen}", memory(way.pids)
        answers = [f"01932c07-209e-7b3e-9c4f-{number:012x}" for number in range(mebibytes)]
        body = json.dumps({"model": "bench", "stream": True, "max_tokens": 1024, "bench_rate": 0, "bench_size": 1024,
                           "messages": [{"role": "user", "content": "Hello!"}]})
        kept = sum(
            len(read_events(worker, "POST", "/v1/chat/completions", body, {"Lam-Stream": answer})) for answer in answers)
        grown, begun = memory(way.pids) - empty, time.monotonic()
        again = sum(len(read_events(worker, "GET", f"/lam/v1/streams/{answer}")) for answer in answers)
        if again != kept:
            raise BenchError(f"{again} bytes came again of {kept}")
        return {"memory": grown / kept, "resume": again / (time.monotonic() - begun) / 1e6}
