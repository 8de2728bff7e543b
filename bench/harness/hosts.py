"""Where programs run: here, or on one of two hosts (network namespaces) with a line of a chosen delay between them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).resolve().parents[2] / "tools" / "lab" / "netns-two-hosts.sh"
PREFIX = "bench"


@dataclass(frozen=True)
class Host:
    namespace: str | None = None
    address: str = "127.0.0.1"

    @property
    def is_here(self) -> bool:
        return self.namespace is None

    def command(self, command: list[str]) -> list[str]:
        return command if self.is_here else ["ip", "netns", "exec", self.namespace, *command]


HERE = Host()


class TwoHosts:
    """Machine A (behind the line) and machine B (public). Taken down when the with-block is left."""

    def __init__(self, rtt_ms: float):
        self._rtt_ms = rtt_ms

    def __enter__(self) -> tuple[Host, Host]:
        _lab("up", "wire")
        _lab("link", "delay", str(self._rtt_ms / 2))
        facts = dict(item.split("=") for item in _lab("env").split())
        return Host(facts["NS_A"], facts["IP_A"]), Host(facts["NS_B"], facts["IP_B"])

    def __exit__(self, *_: object) -> None:
        _lab("down")


def _lab(*arguments: str) -> str:
    done = subprocess.run([str(LAB), "-p", PREFIX, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{LAB.name} {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
