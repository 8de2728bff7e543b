"""What the tunnel benchmark measures, and what lamd is to reach."""

from .goals import Against, Goal
from .kinds import SSH
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
        result += [ratio(f"events_{count}_cpu", 0.8), ratio(f"events_{count}_p50", 1), ratio(f"events_{count}_p99", 1)]
    for count in AT_ONCE:
        result += [ratio(f"kept_{count}_p50", 1.05), ratio(f"kept_{count}_p99", 1.05)]
    result.append(Goal("fresh_1_p50", 0.5))
    for rtt in RTTS:
        result += [
            ratio(f"rtt{rtt}_fresh_1_p50", 0.5),
            ratio(f"rtt{rtt}_setup_answer", 0.6),
            ratio(f"rtt{rtt}_bulk_down", 1.5, is_at_least=True),
        ]
    result += [ratio("bulk_down", 0.5, is_at_least=True), ratio("bulk_up", 0.5, is_at_least=True)]
    return result + [Goal("idle_memory", 12), Goal("idle_channel", 8), Goal("idle_cpu", 0.1)]
