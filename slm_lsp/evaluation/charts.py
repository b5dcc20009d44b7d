"""The charts of the report, as SVG whose colours come from the page around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.evaluation.metrics import percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slm_lsp.evaluation.metrics import Result

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
