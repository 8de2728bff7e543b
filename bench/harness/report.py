"""What a benchmark has measured: a table and the verdicts on the terminal; the same as JSON, and plots, in files whose names
stay the same. page.py makes one page of all of them."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from .goals import Goal, Verdict, judge
from .plot import Plot, draw
from .series import Metric, Series


@dataclass
class Report:
    name: str
    facts: dict[str, str]
    kinds: list[str]
    titles: dict[str, str]
    metrics: dict[str, Metric]
    goals: list[Goal]
    subject: str  # the kind that the goals are about
    bases: list[str]  # the kinds that it is held against: a ratio column for each
    plots: list[Plot] = field(default_factory=list)
    series: Series = field(default_factory=Series)

    def verdicts(self) -> list[Verdict]:
        return [judge(goal, self.metrics, self.titles, self.series, self.subject) for goal in self.goals]

    def print(self) -> None:
        print(f"\n{self.name}: medians [lowest–highest]; ratios within a round\n")
        width = max(len(name) for name in self.facts)
        for name, value in self.facts.items():
            print(f"  {name:{width}}  {value}")
        print()
        print_table(self._header(), self._rows())
        for note in self.series.notes:
            print(f"  note: {note}")
        print("\nGoals\n")
        verdicts = self.verdicts()
        measured = [verdict for verdict in verdicts if verdict.is_met is not None]
        print_table(["goal", "measured", "verdict"], [[each.text, each.measured, each.word] for each in measured])
        print(
            f"\n{sum(verdict.is_met for verdict in measured)} of {len(measured)} goals met, "
            f"{len(verdicts) - len(measured)} not measured"
        )

    def write(self, directory: Path) -> Path:
        """Into NAME.json and NAME-PLOT.svg, in place of those of the run before."""
        directory.mkdir(parents=True, exist_ok=True)
        pictures = self._draw(directory)
        content = {
            "benchmark": self.name,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "facts": self.facts,
            "table": {"header": self._header(), "rows": self._rows()},
            "plots": pictures,
            "values": self.series.as_json(),
            "units": {name: metric.unit for name, metric in self.metrics.items()},
            "notes": self.series.notes,
            "verdicts": [vars(verdict) for verdict in self.verdicts()],
        }
        path = directory / f"{self.name}.json"
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        return path

    def _draw(self, directory: Path) -> list[str]:
        for old in directory.glob(f"{self.name}-*.svg"):
            old.unlink()
        values = self.series.spreads()
        written = []
        for plot in self.plots:
            if picture := draw(plot, values, {kind: self.titles[kind] for kind in self.kinds}, self.subject):
                name = f"{self.name}-{plot.name}.svg"
                (directory / name).write_text(picture)
                written.append(name)
        return written

    def _ratio_bases(self) -> list[str]:
        return [base for base in self.bases if base in self.kinds and self.subject in self.kinds]

    def _header(self) -> list[str]:
        ratios = [f"{self.titles[self.subject]} / {self.titles[base]}" for base in self._ratio_bases()]
        return ["", *(self.titles[kind] for kind in self.kinds), *ratios]

    def _rows(self) -> list[list[str]]:
        rows = []
        for name, metric in self.metrics.items():
            if self.series.has(name):
                values = [self.series.spread(name, kind) for kind in self.kinds]
                ratios = [self.series.ratio(name, self.subject, base) for base in self._ratio_bases()]
                rows.append(
                    [f"{metric.title}, {metric.unit}"]
                    + [value.text(metric.decimals) if value else "–" for value in values]
                    + [ratio.text(2) if ratio else "–" for ratio in ratios]
                )
        return rows


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Markdown that also reads well on a terminal."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
