"""What the transports benchmark measures, what lamd over a broker is to reach, and what is drawn of it."""

from .gateway_goals import STREAMS, streams
from .goals import Against, Goal
from .plot import Bars, Plot
from .series import Metric

DIRECT, PLAIN, WORKER, TUNNEL, MQTT, PAHO, RAW = "direct", "sse", "worker", "tunnel", "mqtt", "paho", "raw"
TITLES = {
    DIRECT: "asked directly",
    PLAIN: "sse, no worker",
    WORKER: "sse, worker",
    TUNNEL: "sse, worker, tunnel",
    PAHO: "paho echo",
    RAW: "mosquitto_pub/sub",
    MQTT: "mqtt",
}
LAMDS = (PLAIN, WORKER, TUNNEL, MQTT)
BROKERED = (MQTT, PAHO, RAW)
CROWD, CROWD_RATE, STEP = 500, 40, 10


def metrics(crowd_seconds: int) -> dict[str, Metric]:
    result = {}
    for count in STREAMS:
        for name, title in (("first", "first token"), ("delay", "delay of a token"), ("gap", "between tokens")):
            for part in ("p50", "p99"):
                result[f"{name}_{count}_{part}"] = Metric(f"{streams(count)}: {title} {part}", "ms", 3)
        result[f"cpu_{count}"] = Metric(f"{streams(count)}: CPU of both sides per 10,000 tokens", "s", 3)
        result[f"wakeups_{count}"] = Metric(f"{streams(count)}: wake-ups of both sides per 10,000 tokens", "", 0)
        result[f"broker_{count}"] = Metric(f"{streams(count)}: the broker's CPU per 10,000 tokens", "s", 3)
    result["flood_rate"] = Metric("as fast as it goes", "tokens/s", 0)
    result["flood_cpu"] = Metric("as fast as it goes: CPU of both sides per 10,000 tokens", "s", 3)
    result["flood_broker"] = Metric("as fast as it goes: the broker's CPU per 10,000 tokens", "s", 3)
    return result | _crowd(crowd_seconds)


def _crowd(seconds: int) -> dict[str, Metric]:
    crowd = f"{CROWD} streams of {CROWD_RATE} tokens/s"
    result = {
        "crowd_rate": Metric(f"{crowd}: tokens/s that came", "", 0),
        "crowd_faults": Metric(f"{crowd}: answers refused, cut or wrong", "", 0),
        "crowd_left": Metric(f"{crowd}: answers that still ran 5 s afterwards", "", 0),
        "crowd_delay_p50": Metric(f"{crowd}: delay of a token p50", "ms", 1),
        "crowd_delay_p99": Metric(f"{crowd}: delay of a token p99", "ms", 1),
    }
    for moment in range(STEP, seconds + 1, STEP):
        for who in ("gateway", "worker", "broker"):
            result[f"crowd_{who}_{moment}"] = Metric(f"{crowd}: {who}'s memory after {moment} s", "MB", 1)
    result["crowd_growth"] = Metric(f"{crowd}: memory of all three, second half against first", "ratio", 2)
    return result


def goals() -> list[Goal]:
    result = []
    for count in STREAMS:
        result += [
            Goal(f"first_{count}_p50", 1, Against.ADDED, DIRECT),
            Goal(f"first_{count}_p99", 5, Against.ADDED, DIRECT),
            Goal(f"gap_{count}_p99", 22, Against.ADDED, DIRECT),
        ]
    return [
        *result,
        Goal("flood_rate", 10000, is_at_least=True),
        Goal("crowd_faults", 0),
        Goal("crowd_left", 0),
        Goal("crowd_growth", 1.1),
    ]


def plots() -> list[Plot]:
    first = {f"first_{count}_{part}": f"{streams(count)}, {part}" for count in STREAMS for part in ("p50", "p99")}
    delay = {f"delay_{count}_{part}": f"{streams(count)}, {part}" for count in STREAMS for part in ("p50", "p99")}
    cpu = {f"cpu_{count}": streams(count) for count in STREAMS}
    return [
        Bars("first", "The transports: first token", "ms", first),
        Bars("delay", "The transports: delay of a token", "ms", delay),
        Bars("cpu", "The transports: CPU of both sides per 10,000 tokens", "s", cpu | {"flood_cpu": "as fast as it goes"}),
        Bars("flood", "The transports: as fast as it goes", "tokens/s", {"flood_rate": ""}),
    ]
