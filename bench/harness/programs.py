"""Where the built programs are."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Programs:
    client: Path
    server: Path
    lamd: Path | None  # None: not built; the others can still be compared


def find_programs(build: Path | None, lamd: Path | None) -> Programs:
    """Throws FileNotFoundError."""
    build = build or ROOT / "build" / "release"
    load = build / "bench" / "load"
    for program in ("lamd-bench-client", "lamd-bench-server"):
        if not (load / program).exists():
            raise FileNotFoundError(f"{load / program} is not there: build it with ./dev build")
    lamd = lamd or build / "daemon" / "lamd"
    return Programs(load / "lamd-bench-client", load / "lamd-bench-server", lamd if lamd.exists() else None)
