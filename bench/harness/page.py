"""One page of everything that was measured last: report.html beside the JSON and the plots. It needs no script, and
follows the reader's choice of light or dark."""

import json
from html import escape
from pathlib import Path

STYLE = """\
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px}
th,td{border:1px solid #8886;padding:.2rem .5rem;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
.met{color:#1a7f37}.missed{color:#cf222e;font-weight:600}img{max-width:100%;display:block;margin:1rem 0}
@media (prefers-color-scheme:dark){.met{color:#3fb950}.missed{color:#f85149}}"""


def write_page(directory: Path) -> Path:
    """Of all NAME.json that are there."""
    reports = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    parts = [_section(report) for report in reports if "table" in report]
    path = directory / "report.html"
    path.write_text(
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>lamd: benchmarks</title><style>{STYLE}</style>\n<h1>lamd: benchmarks</h1>\n"
        "<p>Medians [lowest–highest] of the rounds; ratios are formed within a round.</p>\n" + "\n".join(parts) + "</html>\n"
    )
    return path


def _section(report: dict) -> str:
    facts = "; ".join(f"{name}: {value}" for name, value in report["facts"].items())
    notes = "".join(f"<p>Note: {escape(note)}</p>" for note in report["notes"])
    pictures = "".join(f'<img src="{escape(name)}" alt="{escape(name)}">\n' for name in report["plots"])
    table = _table(report["table"]["header"], [[escape(cell) for cell in row] for row in report["table"]["rows"]])
    return (
        f'<h2 id="{escape(report["benchmark"])}">{escape(report["benchmark"])}</h2>\n'
        f'<p>{escape(report["finished"])}. {escape(facts)}</p>\n{notes}'
        f"<h3>Goals</h3>\n{_verdicts(report['verdicts'])}\n{pictures}<h3>All figures</h3>\n{table}"
    )


def _verdicts(verdicts: list[dict]) -> str:
    rows = []
    for verdict in verdicts:
        if verdict["is_met"] is not None:
            style, word = ("met", "met") if verdict["is_met"] else ("missed", "NOT MET")
            cells = [escape(verdict["text"]), escape(verdict["measured"]), f'<span class="{style}">{word}</span>']
            rows.append(cells)
    return _table(["goal", "measured", "verdict"], rows) if rows else "<p>None was measured.</p>"


def _table(header: list[str], rows: list[list[str]]) -> str:
    """The cells are HTML already."""
    head = "".join(f"<th>{escape(cell)}" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) + "\n" for row in rows)
    return f'<div class="wide"><table><tr>{head}\n{body}</table></div>\n'
