"""An evaluation as one page of HTML that loads nothing and needs no script.

The charts of the report, as SVG whose colours come from the page around it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.evaluation.metrics import percentile, summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slm_lsp.evaluation.metrics import Figures, Result

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 28, 12, 36
"""Units of the drawing; the page scales it."""

BARS = 24
"""Bars of the latency chart, from 0 to the 95th percentile; what is slower is in the last."""


def coverage_curve(results: Sequence[Result]) -> list[tuple[float, float, float]]:
    """Return (threshold, coverage, precision) for every confidence that was reached, falling.

    Coverage is the share of all results that are shown with at least that confidence, precision the
    share of right ones among them.
    """
    shown = sorted(
        (result for result in results if result.confidence is not None),
        key=lambda result: -(result.confidence or 0.0),
    )
    curve: list[tuple[float, float, float]] = []
    right = 0
    for count, result in enumerate(shown, 1):
        right += result.right
        threshold = result.confidence or 0.0
        point = (threshold, count / len(results), right / count)
        if curve and curve[-1][0] == threshold:
            curve.pop()
        curve.append(point)
    return curve


def precision_chart(results: Sequence[Result]) -> str:
    """Draw precision (upwards) against coverage (to the right), both from 0 to 100 %."""
    points = [(coverage, precision) for _, coverage, precision in coverage_curve(results)]
    line = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    shares = [(share / 5, f"{share * 20} %") for share in range(6)]
    return _drawing(
        "precision against coverage",
        [f'<polyline class="curve" points="{line}"/>' if points else ""],
        shares,
        shares,
    )


def latency_chart(latencies: Sequence[float]) -> str:
    """Draw how many answers (upwards) took how long (to the right, milliseconds)."""
    top = percentile(latencies, 95) or 1.0
    counts = [0] * BARS
    for latency in latencies:
        counts[min(BARS - 1, max(0, int(latency / top * BARS)))] += 1
    most = max(counts) or 1
    step = (_x(1) - _x(0)) / BARS
    bars = [
        f'<rect class="bar" x="{_x(at / BARS):.1f}" y="{_y(count / most):.1f}"'
        f' width="{step - 1:.1f}" height="{_y(0) - _y(count / most):.1f}"/>'
        for at, count in enumerate(counts)
    ]
    times = [(part / 4, f"{top * part / 4:,.0f}" + "+" * (part == 4)) for part in range(5)]
    return _drawing("latency distribution", bars, times, [(0.0, "0"), (1.0, f"{most:,}")])


def _drawing(
    title: str,
    shapes: Iterable[str],
    across: Sequence[tuple[float, str]],
    upwards: Sequence[tuple[float, str]],
) -> str:
    """Put `shapes` into a frame with labels at shares of its width and height."""
    grid = [
        f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(at):.1f}" y2="{_y(at):.1f}"/>'
        f'<text x="{LEFT - 6}" y="{_y(at) + 4:.1f}" text-anchor="end">{label}</text>'
        for at, label in upwards
    ]
    labels = [
        f'<text x="{_x(at):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{label}</text>'
        for at, label in across
    ]
    inner = "".join([*grid, *labels, *shapes])
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{inner}</svg>'


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


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
