"""What every benchmark with a lamd in it has."""

from pathlib import Path
from typing import Any

from .facts import machine_facts
from .load import BenchError
from .programs import Programs
from .series import Series


class Bench:
    def __init__(self, programs: Programs, directory: Path, timing: Any):
        if not programs.lamd:
            raise BenchError("lamd is not built: ./dev build lamd")
        self._programs = programs
        self._directory = directory
        self._timing = timing
        self._series = Series()
        self._facts = machine_facts(programs.lamd)
