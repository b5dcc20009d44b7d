"""What accepted and rejected ghost text teaches about how sure it has to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.completion.eligibility import least_confidence
from slm_lsp.completion.request import Request
from slm_lsp.settings.schema import CompletionSettings, Settings
from slm_lsp.text.document import Document
from slm_lsp.usage.calibration import (
    Calibration,
    Record,
    event,
    place_of,
)
from slm_lsp.usage.recorder import Count
from tests.unit.marked import marked

ANYWHERE = Document.of("x = 1\n", uri="file:///a.py", language="python")


def learned(right: int, wrong: int, *, language: str = "python", place: str = "end of line"):
    return Calibration.of(
        {Count(language, f"right:{place}"): right, Count(language, f"wrong:{place}"): wrong}
    )


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("x = |\n", "end of line"),
        ("    |\n", "new line"),
        ("f(|)\n", "before code"),
        ("| = 1\n", "before code"),
    ],
)
def test_the_kind_of_a_place(source, place):
    document, _, cursor = marked(source)
    assert place_of(document, cursor) == place


@pytest.mark.parametrize("outcome", ["accepted", "partly", "typed"])
def test_what_the_user_wrote_in_the_end_was_right(outcome):
    assert event("new line", outcome) == "right:new line"
    assert event("new line", "rejected") == "wrong:new line"


def test_rejected_ghost_text_has_to_be_surer_and_accepted_less_so():
    document, _, cursor = marked("x = |\n")
    default, often, seldom = (
        calibration.threshold(0.5, document, cursor)
        for calibration in (Calibration(), learned(30, 10), learned(10, 90))
    )
    assert often < default == 0.5 < seldom


def test_other_languages_and_places_stay_as_they_were():
    document, _, cursor = marked("x = |\n")
    for other in (learned(0, 99, language="go"), learned(0, 99, place="new line")):
        assert other.threshold(0.5, document, cursor) == 0.5


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1))
def test_the_shift_is_bounded_and_knows_its_direction(right, wrong, default):
    threshold = Record(right, wrong).threshold(default)
    assert 0 <= threshold <= 1
    assert abs(threshold - default) <= 0.15
    if right and not wrong:
        assert threshold <= default
    if wrong and not right:
        assert threshold >= default


@given(st.integers(0, 200), st.integers(0, 200))
def test_one_more_rejection_never_lowers_the_threshold(right, wrong):
    assert Record(right, wrong + 1).threshold(0.5) >= Record(right, wrong).threshold(0.5)
    assert Record(right + 1, wrong).threshold(0.5) <= Record(right, wrong).threshold(0.5)


def test_counts_of_other_events_teach_nothing():
    counts = {Count("python", name): 9 for name in ("shown", "right:", "below_ms:1.0")}
    assert list(Calibration.of(counts)) == []


def test_a_request_asks_for_what_was_learned_and_one_by_hand_for_nothing():
    settings = Settings(completion=CompletionSettings(min_confidence=0.5))
    request = Request(*marked("x = |\n"), calibration=learned(0, 400))
    assert least_confidence(request, settings) == pytest.approx(0.646, abs=0.001)
    by_hand = Request(*marked("x = |\n"), True, calibration=learned(0, 400))
    assert least_confidence(by_hand, settings) == 0
