"""A goal is a limit on one metric: of its value, of its ratio to another kind, or of what is added to another kind."""

from dataclasses import dataclass
from enum import Enum

from .series import Metric, Series, Spread


class Against(Enum):
    NOTHING = "value"
    RATIO = "ratio"
    ADDED = "added"


@dataclass(frozen=True)
class Goal:
    metric: str
    limit: float
    against: Against = Against.NOTHING
    base: str = ""
    is_at_least: bool = False


@dataclass(frozen=True)
class Verdict:
    text: str
    measured: str
    is_met: bool | None  # None: not measured

    @property
    def word(self) -> str:
        return {True: "met", False: "NOT MET", None: "not measured"}[self.is_met]


def judge(goal: Goal, metrics: dict[str, Metric], titles: dict[str, str], series: Series, kind: str) -> Verdict:
    metric = metrics[goal.metric]
    spread = _spread(goal, series, kind)
    decimals = 2 if goal.against is Against.RATIO else metric.decimals
    text = f"{metric.title} {'≥' if goal.is_at_least else '≤'} {_limit(goal, metric, titles)}"
    if spread is None:
        return Verdict(text, "", None)
    is_met = spread.median >= goal.limit if goal.is_at_least else spread.median <= goal.limit
    return Verdict(text, spread.text(decimals), is_met)


def _limit(goal: Goal, metric: Metric, titles: dict[str, str]) -> str:
    match goal.against:
        case Against.NOTHING:
            return f"{goal.limit:g} {metric.unit}"
        case Against.RATIO:
            return f"{goal.limit:g} × {titles[goal.base]}"
        case Against.ADDED:
            return f"{titles[goal.base]} + {goal.limit:g} {metric.unit}"


def _spread(goal: Goal, series: Series, kind: str) -> Spread | None:
    match goal.against:
        case Against.NOTHING:
            return series.spread(goal.metric, kind)
        case Against.RATIO:
            return series.ratio(goal.metric, kind, goal.base)
        case Against.ADDED:
            return series.difference(goal.metric, kind, goal.base)
