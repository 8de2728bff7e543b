"""What the tunnel benchmark measures, and what lamd is to reach."""

from .goals import Against, Goal
from .kinds import SSH
from .plot import Bars, Curves, Plot
from .series import Metric

STREAMS = (64, 256, 1000)
AT_ONCE = (1, 64)
RTTS = (20, 100)
IDLE_CHANNELS = 1000


def metrics() -> dict[str, Metric]:
    result = {}
    for count in STREAMS:
        streams = f"{count} event streams"
        result[f"events_{count}_delivered"] = Metric(f"{streams}: delivered", "%", 1)
        result[f"events_{count}_p50"] = Metric(f"{streams}: delay p50", "ms", 3)
        result[f"events_{count}_p99"] = Metric(f"{streams}: delay p99", "ms", 2)
        result[f"events_{count}_cpu"] = Metric(f"{streams}: client CPU", "%", 1)
        result[f"events_{count}_wakeups"] = Metric(f"{streams}: client wake-ups per 10,000 events", "", 0)
        result[f"events_{count}_memory"] = Metric(f"{streams}: client memory per stream", "KiB", 1)
    for scenario, title in (("kept", "request on a kept connection"), ("fresh", "request on a new connection")):
        for count in AT_ONCE:
            what = f"{title}, {count} at once"
            result[f"{scenario}_{count}_p50"] = Metric(f"{what}: p50", "ms", 3)
            result[f"{scenario}_{count}_p99"] = Metric(f"{what}: p99", "ms", 3)
            result[f"{scenario}_{count}_rate"] = Metric(f"{what}", "1/s", 0)
    for direction in ("down", "up"):
        result[f"bulk_{direction}"] = Metric(f"bulk {direction}", "MB/s", 0)
        result[f"bulk_{direction}_cpu"] = Metric(f"bulk {direction}: client CPU", "s/GB", 2)
    many = f"bulk down over {IDLE_CHANNELS} channels at once"
    result["bulk_many"] = Metric(many, "MB/s", 0)
    result["bulk_many_cost"] = Metric(f"{many}: time per byte, against one channel", "×", 2)
    result["setup"] = Metric("set-up: until the port listens", "ms", 0)
    result["setup_answer"] = Metric("set-up: until the first answer", "ms", 0)
    result["idle_memory"] = Metric("idle: resident memory", "MB", 1)
    result["idle_channel"] = Metric(f"memory per idle channel ({IDLE_CHANNELS})", "KiB", 2)
    result["idle_cpu"] = Metric("idle: CPU", "%", 3)
    for rtt in RTTS:
        result[f"rtt{rtt}_setup"] = Metric(f"RTT {rtt} ms: set-up: until the port listens", "ms", 0)
        result[f"rtt{rtt}_setup_answer"] = Metric(f"RTT {rtt} ms: set-up: until the first answer", "ms", 0)
        for scenario, count, what in (("fresh", 1, "new connection"), ("kept", 1, "kept connection"), ("kept", 4, "kept connection, 4 at once")):
            title = f"RTT {rtt} ms: request on a {what}: p50"
            result[f"rtt{rtt}_{scenario}_{count}_p50"] = Metric(title, "ms", 1)
        result[f"rtt{rtt}_bulk_down"] = Metric(f"RTT {rtt} ms: bulk down", "MB/s", 1)
        result[f"rtt{rtt}_bulk_up"] = Metric(f"RTT {rtt} ms: bulk up", "MB/s", 1)
    return result


def goals() -> list[Goal]:
    def ratio(metric: str, limit: float, is_at_least: bool = False) -> Goal:
        return Goal(metric, limit, Against.RATIO, SSH, is_at_least)

    result = []
    for count in STREAMS:
        result += [ratio(f"events_{count}_cpu", 0.6), ratio(f"events_{count}_p50", 1), ratio(f"events_{count}_p99", 0.8)]
    for count in AT_ONCE:
        result += [ratio(f"kept_{count}_p50", 1.05), ratio(f"kept_{count}_p99", 1.05)]
    result += [ratio("fresh_1_p50", 0.01), ratio("setup_answer", 0.5)]
    for rtt in RTTS:
        result += [
            ratio(f"rtt{rtt}_fresh_1_p50", 0.4),
            ratio(f"rtt{rtt}_setup_answer", 0.5),
            ratio(f"rtt{rtt}_bulk_down", 1.5, is_at_least=True),
        ]
    result += [ratio("bulk_down", 1, is_at_least=True), ratio("bulk_up", 1, is_at_least=True), Goal("bulk_many_cost", 1)]
    return result + [Goal("idle_memory", 12), Goal("idle_channel", 4), Goal("idle_cpu", 0.1)]


def plots() -> list[Plot]:
    def curves(quantity: str, title: str, unit: str) -> Curves:
        metrics = {count: f"events_{count}_{quantity}" for count in STREAMS}
        return Curves(f"events-{quantity}", f"The tunnel: {title}", unit, "event streams, 50 events a second each", metrics)

    percentiles = {f"events_{count}_{part}": f"{count} streams, {part}" for count in STREAMS for part in ("p50", "p99")}
    requests = {f"{scenario}_{count}_p50": f"{title}, {count} at once" for count in AT_ONCE
                for scenario, title in (("kept", "kept connection"), ("fresh", "new connection"))}
    return [
        Bars("events", "The tunnel: delay of an event", "ms", percentiles),
        Bars("requests", "The tunnel: a request, median", "ms", requests),
        Bars("bulk", "The tunnel: bulk", "MB/s", {"bulk_down": "down", "bulk_up": "up"}),
        Bars("setup", "The tunnel: set-up until the first answer", "ms",
             {"setup_answer": "loopback"} | {f"rtt{rtt}_setup_answer": f"RTT {rtt} ms" for rtt in RTTS}),
        curves("cpu", "CPU of the client", "%"),
        curves("memory", "memory per stream", "KiB"),
    ]
