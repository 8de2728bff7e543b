"""What the recovery benchmark measures, and what lamd is to reach."""

from .goals import Goal
from .kinds import AUTOSSH, LAMD
from .plot import Bars, Plot
from .series import Metric

LOOP = "loop"
TITLES = {LOOP: "ssh -R in a loop", AUTOSSH: "autossh", LAMD: "lamd"}


def metrics() -> dict[str, Metric]:
    return {
        "ready": Metric("from the start to READY=1, a gateway", "ms", 1),
        "ready_cpu": Metric("from the start to READY=1, a gateway: on a processor", "ms", 1),
        "ready_worker": Metric("from the start to READY=1, a worker with a tunnel", "ms", 1),
        "ready_worker_cpu": Metric("from the start to READY=1, a worker with a tunnel: on a processor", "ms", 1),
        "reconnect": Metric("tunnel's session killed: until a request is answered", "ms", 0),
        "gap_p50": Metric("path closed under answers: longest wait for a token p50", "ms", 0),
        "gap_p99": Metric("path closed under answers: longest wait for a token p99", "ms", 0),
        "gap_faults": Metric("path closed under answers: tokens lost or twice, answers cut", "", 0),
    }


def goals() -> list[Goal]:
    return [Goal("ready", 30), Goal("ready_worker", 30), Goal("gap_p99", 250), Goal("gap_faults", 0)]


def plots() -> list[Plot]:
    return [
        Bars("reconnect", "Recovery: the tunnel's session is killed", "ms", {"reconnect": "until an answer"}),
        Bars("lamd", "Recovery: lamd alone", "ms", {
            "ready": "start, gateway", "ready_worker": "start, worker", "gap_p50": "failover, p50", "gap_p99": "failover, p99",
        }),
    ]
