"""What is measured through one tunnel: each function loads it in one way and returns values by metric."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .kinds import LOOPBACK, SSH_SAME, Tunnel
from .load import BenchError
from .tunnel_goals import AT_ONCE, IDLE_CHANNELS, RTTS, STREAMS

Values = dict[str, float]


@dataclass(frozen=True)
class Timing:
    """Seconds of measuring, and how often."""

    rounds: int
    rounds_at_rtt: int
    events: float
    requests: float
    bulk: float
    bulk_at_rtt: float
    idle: float


SHORT = Timing(rounds=3, rounds_at_rtt=2, events=2, requests=0.8, bulk=1.2, bulk_at_rtt=3, idle=3)
LONG = Timing(rounds=7, rounds_at_rtt=4, events=5, requests=3, bulk=3, bulk_at_rtt=8, idle=20)


def _events(tunnel: Tunnel, timing: Timing, count: int) -> Values:
    memory = tunnel.rss_bytes()
    with tunnel.load("events", connections=count, rate=50, size=200, warm_up=5, duration=timing.events) as load:
        load.wait_until_measuring()
        before, started = tunnel.usage(), time.monotonic()
        result = load.result()
        usage, seconds = tunnel.usage() - before, time.monotonic() - started
        memory = tunnel.rss_bytes() - memory
    _expect_no(result, "wrong", f"{count} event streams")
    values = {
        f"events_{count}_delivered": 100 * result["done"] / (count * 50 * result["seconds"]),
        f"events_{count}_p50": result["latency"]["p50_us"] / 1e3,
        f"events_{count}_p99": result["latency"]["p99_us"] / 1e3,
    }
    if tunnel.has_process:
        values[f"events_{count}_cpu"] = 100 * usage.cpu / seconds
        values[f"events_{count}_wakeups"] = usage.wakeups / max(result["done"], 1) * 1e4
        values[f"events_{count}_memory"] = memory / count / 1024
    return values


def _requests(tunnel: Tunnel, timing: Timing) -> Values:
    values = {}
    for scenario in ("kept", "fresh"):
        for count in AT_ONCE:
            with tunnel.load(scenario, connections=count, warm_up=0.2, duration=timing.requests) as load:
                result = load.result()
            values[f"{scenario}_{count}_p50"] = result["latency"]["p50_us"] / 1e3
            values[f"{scenario}_{count}_p99"] = result["latency"]["p99_us"] / 1e3
            values[f"{scenario}_{count}_rate"] = result["done"] / result["seconds"]
    return values


def _bulk(tunnel: Tunnel, timing: Timing) -> Values:
    values = {}
    for direction in ("down", "up"):
        cpu = tunnel.cpu_seconds()
        with tunnel.load(direction, duration=timing.bulk) as load:
            result = load.result()
            cpu = tunnel.cpu_seconds() - cpu
        _expect_no(result, "errors", f"bulk {direction}")
        values[f"bulk_{direction}"] = result["bytes"] / result["seconds"] / 1e6
        if tunnel.has_process:
            values[f"bulk_{direction}_cpu"] = cpu / (result["bytes"] / 1e9)
    return values


def _channels(tunnel: Tunnel, timing: Timing) -> Values:
    """What each of many channels costs a byte: beside one channel of the same tunnel."""
    rates = {}
    for count in (1, IDLE_CHANNELS):
        with tunnel.load("down", connections=count, warm_up=1, duration=timing.bulk) as load:
            result = load.result()
        _expect_no(result, "errors", f"bulk over {count} channels")
        rates[count] = result["bytes"] / result["seconds"] / 1e6
        if not rates[count]:
            raise BenchError(f"bulk over {count} channels: nothing came")
    return {"bulk_many": rates[IDLE_CHANNELS], "bulk_many_cost": rates[1] / rates[IDLE_CHANNELS]}


def _setup(tunnel: Tunnel, _: Timing) -> Values:
    return {"setup": tunnel.listening_ms, "setup_answer": tunnel.answering_ms}


def _idle(tunnel: Tunnel, timing: Timing) -> Values:
    cpu, started = tunnel.cpu_seconds(), time.monotonic()
    time.sleep(timing.idle)
    cpu, seconds = tunnel.cpu_seconds() - cpu, time.monotonic() - started
    memory = tunnel.rss_bytes()
    with tunnel.load("idle", connections=IDLE_CHANNELS) as load:
        _expect_no(load.result(), "errors", f"{IDLE_CHANNELS} idle connections")
        grown = tunnel.rss_bytes() - memory
    return {
        "idle_memory": memory / 1e6,
        "idle_cpu": 100 * cpu / seconds,
        "idle_channel": grown / IDLE_CHANNELS / 1024,
    }


def _long_line(tunnel: Tunnel, timing: Timing, rtt: int) -> Values:
    values = _setup(tunnel, timing) if tunnel.has_process else {}
    for scenario, count in (("fresh", 1), ("kept", 1), ("kept", 4)):
        with tunnel.load(scenario, connections=count, warm_up=0.3, duration=max(1, rtt / 33)) as load:
            values[f"{scenario}_{count}_p50"] = load.result()["latency"]["p50_us"] / 1e3
    for direction in ("down", "up"):
        with tunnel.load(direction, duration=timing.bulk_at_rtt) as load:
            result = load.result()
        _expect_no(result, "errors", f"bulk {direction}")
        values[f"bulk_{direction}"] = result["bytes"] / result["seconds"] / 1e6
    return {f"rtt{rtt}_{name}": value for name, value in values.items()}


def _expect_no(result: dict, what: str, where: str) -> None:
    if result[what]:
        raise BenchError(f"{where}: {result[what]} {what}")


@dataclass(frozen=True)
class Group:
    name: str
    measure: Callable[[Tunnel, Timing], Values]
    repeats: int = 1  # tunnels within a round
    rtt: int = 0
    left_out: tuple[str, ...] = ()  # kinds that tell nothing here

    def rounds(self, timing: Timing) -> int:
        return self.repeats * (timing.rounds_at_rtt if self.rtt else timing.rounds)


def groups() -> list[Group]:
    result = [Group(f"events{count}", partial(_events, count=count)) for count in STREAMS]
    result += [
        Group("requests", _requests),
        Group("bulk", _bulk),
        Group("channels", _channels, left_out=(SSH_SAME,)),
        Group("setup", _setup, repeats=4, left_out=(LOOPBACK, SSH_SAME)),
        Group("idle", _idle, left_out=(LOOPBACK, SSH_SAME)),
    ]
    for rtt in RTTS:
        measure = partial(_long_line, rtt=rtt)
        result.append(Group(f"rtt{rtt}", measure, rtt=rtt, left_out=(SSH_SAME,)))
    return result
