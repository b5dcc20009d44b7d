"""The page: one file, right figures in it, well-formed, nothing loaded."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.evaluation.metrics import Result
from slm_lsp.evaluation.report import coverage_curve, latency_chart, page, precision_chart


def result(confidence: float | None, *, right: bool = True, latency_ms: float = 5.0) -> Result:
    parts: dict[str, Any] = {"id": "a", "language": "c++<", "hole": "line", "dropped": ""}
    return Result(
        **parts,
        completion=None if confidence is None else "secret",
        shown=confidence is not None,
        confidence=confidence,
        latency_ms=latency_ms,
        asked=True,
        exact_match=right,
        right=right,
        edit_similarity=0.5,
        syntax_error_added=False,
        suffix_repeated=False,
    )


results = st.lists(
    st.builds(
        lambda confidence, right: result(confidence, right=right),
        st.none() | st.floats(0, 1),
        st.booleans(),
    ),
    max_size=20,
)


def test_the_curve():
    curve = coverage_curve(
        [result(0.9), result(0.5, right=False), result(0.5), result(None, right=False)]
    )
    assert curve == [(0.9, 0.25, 1.0), (0.5, 0.75, pytest.approx(2 / 3))]


@given(results)
def test_the_curve_ends_with_everything_that_was_shown(made):
    curve = coverage_curve(made)
    shown = [one for one in made if one.shown]
    assert bool(curve) == bool(shown)
    if curve:
        assert curve[-1][1] == pytest.approx(len(shown) / len(made))
        assert curve[-1][2] == pytest.approx(sum(one.right for one in shown) / len(shown))
        assert [point[0] for point in curve] == sorted({one.confidence for one in shown})[::-1]


@given(results)
def test_charts_are_well_formed_and_stay_inside(made):
    latencies = [one.latency_ms for one in made]
    for chart in (precision_chart(made), latency_chart(latencies)):
        root = ET.fromstring(chart)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for line in root.iter("polyline"):
            for pair in line.attrib["points"].split():
                x, y = map(float, pair.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height


def test_every_answer_is_in_a_bar():
    root = ET.fromstring(latency_chart([1.0, 1.0, 50.0, 1000.0]))
    heights = [float(bar.attrib["height"]) for bar in root.iter("rect")]
    assert sum(height > 0 for height in heights) == 3


def test_the_page_loads_nothing_and_holds_no_code():
    text = page([result(0.9), result(0.4, right=False)], "a <model>")
    assert "a &lt;model&gt;" in text
    assert "c++&lt;" in text
    assert "50.0%" in text
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"<script|<link|src=|href=|url\(|@import|://", text)
    assert "secret" not in text
