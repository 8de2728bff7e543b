"""Measured values by metric, kind and round; ratios and differences are taken within a round, where the machine was in
the same mood, and only then is the median formed."""

import statistics
from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    title: str
    unit: str
    decimals: int = 2


@dataclass(frozen=True)
class Spread:
    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread | None":
        return cls(statistics.median(values), min(values), max(values)) if values else None

    def text(self, decimals: int) -> str:
        if self.lowest == self.highest:
            return f"{self.median:.{decimals}f}"
        return f"{self.median:.{decimals}f} [{self.lowest:.{decimals}f}–{self.highest:.{decimals}f}]"


class Series:
    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        self.notes: list[str] = []

    def add(self, kind: str, number: int, values: dict[str, float]) -> None:
        for metric, value in values.items():
            self._values[metric, kind][number] = value

    def note(self, text: str) -> None:
        self.notes.append(text)

    def has(self, metric: str) -> bool:
        return any(known == metric for known, _ in self._values)

    def spread(self, metric: str, kind: str) -> Spread | None:
        return Spread.of(list(self._rounds(metric, kind).values()))

    def spreads(self) -> dict[tuple[str, str], Spread]:
        return {key: Spread.of(list(rounds.values())) for key, rounds in self._values.items() if rounds}

    def ratio(self, metric: str, kind: str, base: str) -> Spread | None:
        return Spread.of([a / b for a, b in self._pairs(metric, kind, base) if b])

    def difference(self, metric: str, kind: str, base: str) -> Spread | None:
        return Spread.of([a - b for a, b in self._pairs(metric, kind, base)])

    def as_json(self) -> dict[str, dict[str, list[float]]]:
        result: dict[str, dict[str, list[float]]] = defaultdict(dict)
        for (metric, kind), rounds in self._values.items():
            result[metric][kind] = list(rounds.values())
        return result

    def _rounds(self, metric: str, kind: str) -> dict[int, float]:
        return self._values.get((metric, kind), {})

    def _pairs(self, metric: str, kind: str, base: str) -> list[tuple[float, float]]:
        ours, theirs = self._rounds(metric, kind), self._rounds(metric, base)
        return [(ours[number], theirs[number]) for number in ours.keys() & theirs.keys()]
