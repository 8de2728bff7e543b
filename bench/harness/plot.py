"""Plots as SVG: bars side by side, and curves over a quantity that grows. They need no script, and follow the reader's
choice of light or dark. Drawn from medians, with the lowest and the highest value as a whisker."""

import math
from dataclasses import dataclass
from html import escape

from .series import Spread

WIDTH, BAR = 760, 14
LEFT, RIGHT, TOP, BOTTOM = 210, 110, 52, 46
CURVE_HEIGHT = 260

# Colours that can be told apart without seeing red and green (Okabe and Ito), in the order of the kinds.
COLOURS = ("#999999", "#e69f00", "#56b4e9", "#cc79a7", "#d55e00", "#f0e442")
SUBJECT = "#009e73"  # lamd's, in all of them

STYLE = """\
.paper{fill:#ffffff}.ink{fill:#1f2328}.faint{fill:#59636e}.line{stroke:#d1d9e0}.whisker{stroke:#1f2328}
@media (prefers-color-scheme: dark){
.paper{fill:#0d1117}.ink{fill:#f0f6fc}.faint{fill:#9198a1}.line{stroke:#3d444d}.whisker{stroke:#f0f6fc}}
text{font:12px system-ui,sans-serif}.title{font-weight:600;font-size:14px}"""


@dataclass(frozen=True)
class Bars:
    """A row of bars for each metric (its key and a label), one bar for each kind."""

    name: str
    title: str
    unit: str
    metrics: dict[str, str]


@dataclass(frozen=True)
class Curves:
    """A curve for each kind: `metrics` are the keys of one quantity, by what it grows with."""

    name: str
    title: str
    unit: str
    along: str
    metrics: dict[float, str]


Plot = Bars | Curves
Values = dict[tuple[str, str], Spread]  # by metric and kind


def draw(plot: Plot, values: Values, titles: dict[str, str], subject: str) -> str | None:
    """The SVG, or None where nothing of it was measured."""
    wanted = set(plot.metrics if isinstance(plot, Bars) else plot.metrics.values())
    known = {key: spread for key, spread in values.items() if key[0] in wanted}
    if not known:
        return None
    kinds = [kind for kind in titles if any(key[1] == kind for key in known)]
    picture = _bars if isinstance(plot, Bars) else _curves
    return picture(plot, known, kinds, {kind: titles[kind] for kind in kinds}, _colours(titles, subject))


def _colours(titles: dict[str, str], subject: str) -> dict[str, str]:
    others = [kind for kind in titles if kind != subject]
    return {kind: COLOURS[place % len(COLOURS)] for place, kind in enumerate(others)} | {subject: SUBJECT}


def _document(height: float, title: str, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
        f'role="img" aria-label="{escape(title)}"><style>{STYLE}</style>'
        f'<rect class="paper" width="{WIDTH}" height="{height:g}"/>'
    )
    return "\n".join([head, _text(12, 22, title, "ink title"), *parts, "</svg>\n"])


def _text(x: float, y: float, text: str, style: str = "ink", anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str = "line") -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def figure(value: float) -> str:
    """Three digits that matter, without an exponent."""
    if value == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(decimals, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _legend(kinds: list[str], titles: dict[str, str], colours: dict[str, str], y: float) -> list[str]:
    parts, x = [], 12.0
    for kind in kinds:
        parts += [
            f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="10" height="10" rx="2" fill="{colours[kind]}"/>',
            _text(x + 15, y, titles[kind], "faint"),
        ]
        x += 30 + 6.6 * len(titles[kind])
    return parts


def _bars(plot: Bars, values: Values, kinds: list[str], titles: dict[str, str], colours: dict[str, str]) -> str:
    metrics = [metric for metric in plot.metrics if any((metric, kind) in values for kind in kinds)]
    parts, y = _legend(kinds, titles, colours, 42), float(TOP)
    room = WIDTH - LEFT - RIGHT
    for metric in metrics:
        shown = [kind for kind in kinds if (metric, kind) in values]
        # Each row has a scale of its own: what is compared stands in one row.
        longest = max(max(values[metric, kind].highest for kind in shown), 1e-9)
        y += 8
        parts.append(_text(LEFT - 10, y + BAR * len(shown) / 2 + 4, plot.metrics[metric], "ink", "end"))
        for kind in shown:
            parts += _bar(values[metric, kind], room / longest, y, colours[kind], plot.unit)
            y += BAR + 2
    return _document(y + 14, f"{plot.title}, {plot.unit}", parts)


def _bar(spread: Spread, scale: float, y: float, colour: str, unit: str) -> list[str]:
    middle = y + BAR / 2
    low, end = LEFT + max(spread.lowest, 0) * scale, LEFT + max(spread.highest, 0) * scale
    return [
        f'<rect x="{LEFT}" y="{y:.1f}" width="{max(spread.median, 0) * scale:.1f}" height="{BAR}" fill="{colour}">'
        f"<title>{figure(spread.median)} {escape(unit)}</title></rect>",
        _line(low, middle, end, middle, "whisker"),
        _text(end + 6, y + BAR - 3, figure(spread.median), "faint"),
    ]


class Scale:
    """From values to places, by their logarithm: what grows a thousandfold is seen at both ends."""

    def __init__(self, values: list[float], start: float, end: float):
        self._low, high = math.log10(min(values)), math.log10(max(values))
        self._start = start
        self._factor = (end - start) / (high - self._low) if high > self._low else 0.0

    def __call__(self, value: float) -> float:
        return self._start + (math.log10(value) - self._low) * self._factor


def _decades(values: list[float]) -> list[float]:
    """1, 10, 100, … around all of the values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def _curves(plot: Curves, values: Values, kinds: list[str], titles: dict[str, str], colours: dict[str, str]) -> str:
    left, right = 70, WIDTH - 30
    bottom = TOP + CURVE_HEIGHT
    smallest = min((spread.median for spread in values.values() if spread.median > 0), default=1.0)
    medians = {key: max(spread.median, smallest) for key, spread in values.items()}
    ticks = _decades(list(medians.values()))
    across, up = Scale(list(plot.metrics), left, right), Scale(ticks, bottom, TOP + 10)
    parts = _legend(kinds, titles, colours, 42)
    for tick in ticks:
        parts += [_line(left, up(tick), right, up(tick)), _text(left - 8, up(tick) + 4, figure(tick), "faint", "end")]
    for place in plot.metrics:
        parts.append(_text(across(place), bottom + 18, figure(place), "faint", "middle"))
    for kind in kinds:
        points = [(across(place), up(medians[metric, kind]), medians[metric, kind])
                  for place, metric in plot.metrics.items() if (metric, kind) in medians]
        parts += _curve(points, colours[kind], titles[kind])
    parts.append(_text((left + right) / 2, bottom + 38, plot.along, "ink", "middle"))
    return _document(bottom + BOTTOM, f"{plot.title}, {plot.unit}", parts)


def _curve(points: list[tuple[float, float, float]], colour: str, title: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"><title>{escape(title)}: {figure(value)}</title></circle>'
        for x, y, value in points
    ]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]
