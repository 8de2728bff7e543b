"""How cost grows: what is measured at which sizes, the goals, and the curves."""

from dataclasses import dataclass

from .gateway_goals import DIRECT, LAMD
from .goals import Goal
from .kinds import SSH
from .plot import Curves, Plot
from .proxies import HAPROXY, NGINX
from .series import Metric


@dataclass(frozen=True)
class Group:
    name: str
    along: str
    points: tuple[int, ...]
    kinds: tuple[str, ...]
    quantities: dict[str, Metric]


GROUPS = [
    Group("streams", "streams at once, 2,000 tokens a second between them", (1, 16, 64, 256, 1000, 4000),
          (DIRECT, NGINX, HAPROXY, LAMD), {
              "delay": Metric("delay of a token p99", "ms", 2),
              "cpu": Metric("CPU per 10,000 tokens", "s", 3),
              "memory": Metric("memory per stream", "KiB", 1),
              "faults": Metric("answers refused, cut or wrong", ""),
          }),
    Group("events", "KiB of an event", (1, 16, 256, 1024, 4096), (DIRECT, NGINX, HAPROXY, LAMD), {
        "rate": Metric("as fast as it goes", "MB/s", 0),
        "cpu": Metric("CPU", "s/GB", 2),
    }),
    Group("forwards", "forwards of one tunnel", (1, 4, 16, 64), (SSH, LAMD), {
        "setup": Metric("until all of them listen", "ms", 0),
        "memory": Metric("resident memory", "MB", 1),
    }),
    Group("servers", "servers of one gateway", (1, 4, 16, 32), (LAMD,), {
        "first": Metric("first token p50", "ms", 3),
        "cpu": Metric("idle: CPU", "%", 3),
        "memory": Metric("resident memory", "MB", 1),
    }),
    Group("sessions", "sessions kept in memory", (1, 100, 1000, 10000), (LAMD,), {
        "message": Metric("a message p50", "ms", 2),
        "memory": Metric("resident memory", "MB", 1),
    }),
    Group("journal", "MiB of answers in a worker's journal", (1, 4, 16, 64), (LAMD,), {
        "memory": Metric("memory per byte kept", "bytes", 2),
        "resume": Metric("all of it read again", "MB/s", 0),
    }),
]


def key(group: str, quantity: str, point: int) -> str:
    return f"{group}_{quantity}_{point}"


def metrics() -> dict[str, Metric]:
    return {
        key(group.name, name, point): Metric(f"{point:,} {_unit(group)}: {metric.title}", metric.unit, metric.decimals)
        for group in GROUPS for name, metric in group.quantities.items() for point in group.points
    }


def _unit(group: Group) -> str:
    return {"events": "KiB an event", "journal": "MiB journal"}.get(group.name, group.name)


def goals() -> list[Goal]:
    return [
        Goal(key("streams", "faults", 4000), 0),
        Goal(key("streams", "memory", 4000), 24),
    ]


def plots() -> list[Plot]:
    return [
        Curves(f"{group.name}-{name}", f"{group.name.capitalize()}: {metric.title}", metric.unit, group.along,
               {point: key(group.name, name, point) for point in group.points})
        for group in GROUPS for name, metric in group.quantities.items() if name != "faults"
    ]
