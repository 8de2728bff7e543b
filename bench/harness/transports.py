"""The transports benchmark: the same chat requests to the same server, directly and by each way that an answer can take
through lamd, in turns; then many streams at once through one broker."""

import importlib.util
import json
import shutil
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import raw_mqtt
from .bench import Bench
from .gateway import PACES, STREAMS, Pace, chat_values, expect_whole, is_ready
from .hosts import HERE
from .load import BenchError, LoadClient, start_server
from .processes import Program, Usage, free_port, rss_bytes, wait_until_listening
from .programs import Programs
from .raw_mqtt import RawMqtt
from .report import Report
from .sshd import Keys, Sshd
from .transports_goals import (BROKERED, CROWD, CROWD_RATE, DIRECT, LAMDS, MQTT, PAHO, PLAIN, RAW, STEP, TITLES, TUNNEL,
                               WORKER, goals, metrics, plots)

PAHO_ECHO = Path(__file__).resolve().parents[1] / "load" / "paho_echo.py"
# Each stream as fast as it is taken; and of the raw broker as many lines a second as the chats have tokens.
FLOOD = Pace(rate=0, tokens=2000)
RAW_RATES = {1: 200, 64: 3200}

GATEWAY = """\
log: {{level: warning, format: text}}
socket: {{path: {directory}/{kind}.sock}}
queue: {{size: 1000}}
servers:
  bench: {way}
"""
BROKERS = """\
mqtt:
  site: bench
  brokers: [{{url: "mqtt://127.0.0.1:{port}"}}]
"""
WORKER_CONFIG = """\
log: {{level: warning, format: text}}
socket: {{path: {directory}/a.sock}}
worker: {{name: a, server: "http://127.0.0.1:{server}", listen: "127.0.0.1:{listen}", journal: {{keep: 10s}}}}
tunnels:
  b:
    host: {sshd.host.address}
    port: {sshd.port}
    user: {sshd.user}
    identity: {sshd.keys.user_key}
    known_hosts: {sshd.known_hosts}
    forwards: [{{remote: "127.0.0.1:{remote}", target: worker}}]
"""
BROKER_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 100000
user root
"""


@dataclass(frozen=True)
class Timing:
    rounds: int
    chat: float
    flood: float
    crowd: int


SHORT = Timing(rounds=3, chat=4, flood=3, crowd=60)
LONG = Timing(rounds=9, chat=10, flood=6, crowd=60)


class TransportsBench(Bench):
    def __init__(self, programs: Programs, directory: Path, timing: Timing):
        super().__init__(programs, directory, timing)
        self._gateways: dict[str, Program] = {}
        self._endpoints: dict[str, str] = {}
        self._worker: Program | None = None
        self._broker: Program | None = None
        self._paho: Program | None = None
        self._broker_port = free_port()
        missing = {PAHO: not importlib.util.find_spec("paho"), RAW: not raw_mqtt.available()}
        self._kinds = [kind for kind in TITLES if not missing.get(kind)]

    def run(self, wanted: list[str]) -> Report:
        with ExitStack() as stack:
            self._start(stack)
            if not wanted or "chat" in wanted:
                self._in_turns("chat", self._kinds, self._chat)
            if not wanted or "flood" in wanted:
                self._in_turns("flood", self._kinds, self._flood)
            if not wanted or "crowd" in wanted:
                print(f"{CROWD} streams through the broker", file=sys.stderr)
                self._series.add(MQTT, 0, self._crowd())
        return Report(
            name="transports",
            facts=self._facts,
            kinds=self._kinds,
            titles=TITLES,
            metrics=metrics(self._timing.crowd),
            goals=goals(),
            subject=MQTT,
            bases=[PAHO],
            plots=plots(),
            series=self._series,
        )

    def _in_turns(self, name: str, kinds: list[str], measure) -> None:
        for number in range(self._timing.rounds):
            for kind in kinds:
                print(f"{name}, round {number + 1}: {TITLES[kind]}", file=sys.stderr)
                try:
                    self._series.add(kind, number, measure(kind))
                except BenchError as error:
                    self._series.note(str(error))

    def _start(self, stack: ExitStack) -> None:
        mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        if not mosquitto:
            raise BenchError("mosquitto is not here: it is the broker that the ways are compared over")
        server, listen, remote = (free_port() for _ in range(3))
        broker = self._broker_port
        stack.enter_context(start_server(self._programs.server, HERE, server, self._directory / "server.log"))
        sshd = stack.enter_context(Sshd(Keys(self._directory), HERE, self._directory))
        config = self._write("mosquitto.conf", BROKER_CONFIG.format(port=broker))
        self._broker = stack.enter_context(Program([mosquitto, "-c", config], self._directory / "mosquitto.log"))
        if not wait_until_listening([broker]):
            raise BenchError(f"mosquitto did not start: {self._broker.log_tail()}")
        if PAHO in self._kinds:
            command = [sys.executable, str(PAHO_ECHO), "serve", f"127.0.0.1:{broker}"]
            self._paho = stack.enter_context(Program(command, self._directory / "paho.log"))
            if not self._paho.wait_until_listening():
                raise BenchError(f"paho did not get through to the broker: {self._paho.log_tail()}")
            self._endpoints[PAHO] = f"127.0.0.1:{broker}"
        brokers = BROKERS.format(port=broker)
        text = WORKER_CONFIG.format(directory=self._directory, server=server, listen=listen, sshd=sshd, remote=remote)
        self._worker = self._start_lamd(stack, "a", text + brokers)
        ways = {
            PLAIN: f'{{sse: "http://127.0.0.1:{server}"}}',
            WORKER: f'{{sse: "http://127.0.0.1:{listen}"}}',
            TUNNEL: f'{{sse: "http://127.0.0.1:{remote}"}}',
            MQTT: "{mqtt: a}",
        }
        self._endpoints[DIRECT] = f"127.0.0.1:{server}"
        for kind, way in ways.items():
            text = GATEWAY.format(directory=self._directory, kind=kind, way=way)
            self._gateways[kind] = self._start_lamd(stack, kind, text + (brokers if kind == MQTT else ""))
            self._wait_until_ready(kind)

    def _write(self, name: str, text: str) -> str:
        path = self._directory / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def _start_lamd(self, stack: ExitStack, name: str, text: str) -> Program:
        config = self._write(f"{name}.yaml", text)
        return stack.enter_context(
            Program([str(self._programs.lamd), "--config", config], self._directory / f"{name}.log")
        )

    def _wait_until_ready(self, kind: str, patience: float = 20) -> None:
        path = self._directory / f"{kind}.sock"
        self._endpoints[kind] = f"unix:{path}"
        deadline = time.monotonic() + patience
        while not is_ready(path):
            if not self._gateways[kind].is_running() or time.monotonic() > deadline:
                logs = self._gateways[kind].log_tail() + self._worker.log_tail()
                raise BenchError(f"{TITLES[kind]}: lamd did not become ready: {logs}")
            time.sleep(0.02)

    def _usage(self, kind: str, load: LoadClient) -> Usage:
        """Of all that carries the answers: where the caller itself speaks MQTT, of the caller too."""
        if kind == PAHO:
            return Usage.of([self._paho.pid, load.pid])
        pids = [self._gateways[kind].pid] if kind in LAMDS else []
        return Usage.of(pids + ([self._worker.pid] if pids and kind != PLAIN else []))

    def _chat(self, kind: str) -> dict[str, float]:
        if kind == RAW:
            return self._raw_chat()
        values = {}
        for count in STREAMS:
            result, usage, broker = self._load(kind, count, PACES[count], self._timing.chat)
            values |= chat_values(result, count) | self._costs(kind, count, result["done"], usage, broker)
        return values

    def _flood(self, kind: str) -> dict[str, float]:
        if kind == RAW:
            return self._raw_flood()
        result, usage, broker = self._load(kind, 8, FLOOD, self._timing.flood)
        values = {"flood_rate": result["done"] / result["seconds"]}
        if kind != DIRECT:
            values["flood_cpu"] = usage.cpu / result["done"] * 1e4
        if kind in BROKERED:
            values["flood_broker"] = broker.cpu / result["done"] * 1e4
        return values

    def _costs(self, kind: str, count: int, done: int, usage: Usage, broker: Usage) -> dict[str, float]:
        values = {}
        if kind != DIRECT:
            values[f"cpu_{count}"] = usage.cpu / done * 1e4
            values[f"wakeups_{count}"] = usage.wakeups / done * 1e4
        if kind in BROKERED:
            values[f"broker_{count}"] = broker.cpu / done * 1e4
        return values

    def _load(self, kind: str, count: int, pace: Pace, duration: float) -> tuple[dict, Usage, Usage]:
        client = PAHO_ECHO if kind == PAHO else self._programs.client
        with LoadClient(
            client, HERE, "chat", self._endpoints[kind], connections=count, rate=pace.rate, tokens=pace.tokens,
            warm_up=0.5, duration=duration,
        ) as load:
            load.wait_until_measuring()
            before, broker_before = self._usage(kind, load), Usage.of([self._broker.pid])
            result = load.result()
            usage, broker = self._usage(kind, load) - before, Usage.of([self._broker.pid]) - broker_before
        expect_whole(result, f"{TITLES[kind]}, {count} streams")
        return result, usage, broker

    def _raw_chat(self) -> dict[str, float]:
        values = {}
        for count, rate in RAW_RATES.items():
            result, usage, broker = self._raw(rate, self._timing.chat)
            for name in ("delay", "gap"):
                values |= {f"{name}_{count}_{part}": result[name][part] for part in ("p50", "p99")}
            values |= self._costs(RAW, count, result["done"], usage, broker)
        return values

    def _raw_flood(self) -> dict[str, float]:
        result, usage, broker = self._raw(0, self._timing.flood)
        return {
            "flood_rate": result["done"] / result["seconds"],
            "flood_cpu": usage.cpu / result["done"] * 1e4,
            "flood_broker": broker.cpu / result["done"] * 1e4,
        }

    def _raw(self, rate: int, seconds: float) -> tuple[dict, Usage, Usage]:
        with RawMqtt(self._broker_port) as raw:
            before, broker_before = raw.usage(), Usage.of([self._broker.pid])
            result = raw.run(rate, seconds)
            usage, broker = raw.usage() - before, Usage.of([self._broker.pid]) - broker_before
        if result["lost"]:
            raise BenchError(f"{TITLES[RAW]}: {result['lost']} of {result['done']} did not come")
        return result, usage, broker

    def _crowd(self) -> dict[str, float]:
        """After a warm-up that is longer than what has ended is kept: from there on memory should stay as it is."""
        values = {}
        programs = {"gateway": self._gateways[MQTT], "worker": self._worker, "broker": self._broker}
        with LoadClient(
            self._programs.client, HERE, "chat", self._endpoints[MQTT], connections=CROWD, rate=CROWD_RATE,
            tokens=10 * CROWD_RATE, warm_up=15, duration=self._timing.crowd, patience=60,
        ) as load:
            load.wait_until_measuring()
            begun = time.monotonic()
            for moment in range(STEP, self._timing.crowd + 1, STEP):
                time.sleep(max(0.0, begun + moment - time.monotonic()))
                for who, program in programs.items():
                    values[f"crowd_{who}_{moment}"] = rss_bytes(program.pid) / 1e6
            result = load.result()
        values["crowd_rate"] = result["done"] / result["seconds"]
        values["crowd_faults"] = result["errors"] + result["wrong"]
        values["crowd_delay_p50"] = result["latency"]["p50_us"] / 1e3
        values["crowd_delay_p99"] = result["latency"]["p99_us"] / 1e3
        values["crowd_left"] = self._left()
        values["crowd_growth"] = self._growth(values, programs)
        return values

    def _growth(self, values: dict[str, float], who: object) -> float:
        """What is held in the second half, as a part of what was held in the first."""
        def most(moments: range) -> float:
            return max(sum(values[f"crowd_{name}_{moment}"] for name in who) for moment in moments)

        half = self._timing.crowd // 2
        return most(range(half + STEP, self._timing.crowd + 1, STEP)) / most(range(STEP, half + 1, STEP))

    def _left(self) -> float:
        time.sleep(5)
        status = _get(self._directory / f"{MQTT}.sock", "/lam/v1/status")
        worker = _get(self._directory / "a.sock", "/lam/v1/status")
        return status["streams"]["running"] + worker["worker"]["running"]


def _get(path: Path, target: str) -> dict:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        caller.sendall(f"GET {target} HTTP/1.1\r\nHost: lamd\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := caller.recv(1 << 16):
            answer += data
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])
