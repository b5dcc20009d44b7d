"""An evaluation as one page of HTML that loads nothing and needs no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.evaluation.charts import latency_chart, precision_chart
from slm_lsp.evaluation.metrics import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slm_lsp.evaluation.metrics import Figures, Result

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>slm-lsp eval: {model}</title>
<style>
:root {{ color-scheme: light dark; --ground: #fff; --text: #1c2024; --quiet: #6b7280;
  --line: #d8dce2; --mark: #1f6feb; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ground: #14171a; --text: #e6e8eb; --quiet: #9aa2ad; --line: #333a42;
    --mark: #58a6ff; }}
}}
body {{ background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
p {{ color: var(--quiet); max-width: 46rem; }}
.charts {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 2rem; }}
.scroll {{ overflow-x: auto; }}
svg {{ width: 100%; height: auto; }}
svg text {{ fill: var(--quiet); font-size: 11px; }}
svg .grid {{ stroke: var(--line); }}
svg .curve {{ fill: none; stroke: var(--mark); stroke-width: 2; }}
svg .bar {{ fill: var(--mark); }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }}
th, td {{ padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }}
th:first-child, td:first-child {{ text-align: left; }}
thead th {{ color: var(--quiet); font-weight: 500; }}
tr.all {{ font-weight: 600; }}
</style>
</head>
<body>
<h1>{count} completions by {model}</h1>
<div class="charts">
<section><h2>Precision against coverage</h2>{precision}
<p>If only completions were shown whose confidence reaches a threshold: the share of holes that get
one, and how many of these are right. The threshold falls from left to right.</p></section>
<section><h2>Latency</h2>{latency}
<p>Milliseconds from the question to the answer, for the holes the model was asked about; the
slowest twentieth is in the last bar. The text around the hole was read before, as it has been where
somebody types.</p></section>
</div>
<h2>Figures</h2>
<div class="scroll"><table><thead><tr><th></th>{head}</tr></thead>
<tbody>
{rows}
</tbody></table></div>
<p>Exact: what was expected, of all holes. Similar: the mean likeness of what is shown to that.
Right: the share of the completions shown of which nothing would have to be deleted; saved: their
characters. Errors: completions that broke sound syntax. Repeats: those that end with the line that
follows anyway.</p>
</body>
</html>
"""

COLUMNS = (
    ("n", "holes", "{:,}"),
    ("exact_match", "exact", "{:.1%}"),
    ("edit_similarity", "similar", "{:.1%}"),
    ("shown_rate", "shown", "{:.1%}"),
    ("precision_shown", "right", "{:.1%}"),
    ("chars_saved", "saved", "{:,}"),
    ("syntax_errors_added", "errors", "{:,}"),
    ("suffix_repeated", "repeats", "{:,}"),
    ("latency_p50_ms", "p50 ms", "{:,.0f}"),
    ("latency_p95_ms", "p95 ms", "{:,.0f}"),
)
"""Figures as they are shown to people: the name, the head of its column, the format."""


def page(results: Sequence[Result], model: str) -> str:
    """Return the page about `results`, which were made by the model of that name."""
    every = summary(results)
    rows = [("all", every), *every.by_language.items(), *every.by_hole.items()]
    return _PAGE.format(
        model=escape(model),
        count=len(results),
        precision=precision_chart(results),
        latency=latency_chart([result.latency_ms for result in results if result.asked]),
        head="".join(f"<th>{head}</th>" for _, head, _ in COLUMNS),
        rows="\n".join(
            _row(name, figures, first=not at) for at, (name, figures) in enumerate(rows)
        ),
    )


def cells(figures: Figures) -> list[str]:
    """Return the figures as `COLUMNS` says, a dash where there was nothing to count."""
    values = msgspec.structs.asdict(figures)
    return ["–" if values[name] is None else form.format(values[name]) for name, _, form in COLUMNS]


def _row(name: str, figures: Figures, *, first: bool) -> str:
    inner = "".join(f"<td>{cell}</td>" for cell in [escape(name), *cells(figures)])
    return f'<tr class="all">{inner}</tr>' if first else f"<tr>{inner}</tr>"
