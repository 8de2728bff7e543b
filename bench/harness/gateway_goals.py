"""What the gateway benchmark measures, what lamd is to reach, and what is drawn of it."""

from .goals import Against, Goal
from .plot import Bars, Plot
from .proxies import CHAIN, HAPROXY, NGINX
from .series import Metric

DIRECT, LAMD = "direct", "lamd"
STREAMS = (1, 64)


def streams(count: int) -> str:
    return "1 stream" if count == 1 else f"{count} streams"


def metrics() -> dict[str, Metric]:
    result = {}
    for count in STREAMS:
        for name, title in (("first", "first token"), ("delay", "delay of a token"), ("gap", "between tokens")):
            for part in ("p50", "p99"):
                result[f"{name}_{count}_{part}"] = Metric(f"{streams(count)}: {title} {part}", "ms", 3)
        result[f"cpu_{count}"] = Metric(f"{streams(count)}: CPU per 10,000 tokens", "s", 3)
        result[f"wakeups_{count}"] = Metric(f"{streams(count)}: wake-ups per 10,000 tokens", "", 0)
    short = "answers of one token without a pause between"
    result["first_warm_p50"] = Metric(f"{short}: first token p50", "ms", 3)
    result["first_warm_p99"] = Metric(f"{short}: first token p99", "ms", 3)
    result["cpu_warm"] = Metric(f"{short}: CPU per 10,000 requests", "s", 3)
    flood = "as fast as it goes, on one core"
    result["flood_rate"] = Metric(flood, "tokens/s", 0)
    result["flood_cpu"] = Metric(f"{flood}: CPU per 10,000 tokens", "s", 3)
    result["memory_idle"] = Metric("resident memory at the beginning", "MB", 1)
    result["memory"] = Metric("resident memory afterwards", "MB", 1)
    return result


def goals() -> list[Goal]:
    result = []
    for count in STREAMS:
        result += [
            Goal(f"first_{count}_p50", 0.15, Against.ADDED, DIRECT),
            Goal(f"first_{count}_p99", 0.5, Against.ADDED, DIRECT),
            Goal(f"gap_{count}_p99", 0.1, Against.ADDED, DIRECT),
        ]
        result += [Goal(f"first_{count}_p99", 1, Against.RATIO, other) for other in (NGINX, HAPROXY)]
    return [
        *result,
        Goal("cpu_warm", 1, Against.RATIO, CHAIN),
        Goal("flood_rate", 20000, is_at_least=True),
        Goal("memory_idle", 15),
    ]


def plots() -> list[Plot]:
    def bars(name: str, title: str, unit: str, metric: str, parts: dict[str, str]) -> Bars:
        return Bars(name, title, unit, {
            metric.format(count=count, part=part): f"{streams(count)}{label}"
            for count in STREAMS for part, label in parts.items()
        })

    percentiles = {"p50": ", p50", "p99": ", p99"}
    return [
        bars("first", "The gateway: first token", "ms", "first_{count}_{part}", percentiles),
        bars("delay", "The gateway: delay of a token", "ms", "delay_{count}_{part}", percentiles),
        bars("cpu", "The gateway: CPU per 10,000 tokens", "s", "cpu_{count}", {"": ""}),
        bars("wakeups", "The gateway: wake-ups per 10,000 tokens", "times", "wakeups_{count}", {"": ""}),
    ]
