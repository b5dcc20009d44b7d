"""The quality benchmark: how doubtful text is cut, and what is counted."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality import row
from benchmarks.variants import THRESHOLDS, all_variants, joint, starts
from slm_lsp.config import Settings
from slm_lsp.engine.fake import FakeModel, Reply, Script
from slm_lsp.engine.model import AbortFlag
from slm_lsp.engine.protocol import Piece
from slm_lsp.engine.scheduler import Scheduler
from slm_lsp.evaluation.cases import Case

pieces = st.lists(
    st.builds(
        lambda text, logprob: Piece(1, text, logprob),
        st.text("ab_ .(", min_size=1, max_size=4),
        st.floats(-2, 0),
    ),
    max_size=8,
)


@given(pieces, st.sampled_from(THRESHOLDS))
def test_a_cut_keeps_what_is_likely_enough_and_whole_words(made, threshold):
    text = "".join(piece.text for piece in made)
    found = list(starts(text, made, threshold))
    assert found == sorted(found, key=len, reverse=True)
    for kept in found:
        assert text.startswith(kept)
        used, length = [], 0
        for piece in made:
            if length >= len(kept):
                break
            used.append(piece)
            length += len(piece.text)
        assert joint(used) >= threshold - 1e-9
        assert not re.match(r"\w\w", kept[-1] + text[len(kept) :])


def test_a_cut_that_takes_nothing_or_everything():
    made = [Piece(1, "value", math.log(0.9)), Piece(1, " + x", math.log(0.5))]
    assert list(starts("value + x", made, 0.4)) == ["value + x", "value"]
    assert list(starts("value + x", made, 0.6)) == ["value"]
    assert list(starts("value + x", made, 0.95)) == []
    assert list(starts("val", made, 0.4)) == ["val"]


async def test_every_variant_of_a_case():
    script = Script((Reply("x = 1\n", "value + 1\nz", math.log(0.8)),))
    engine = Scheduler(FakeModel(script), AbortFlag())
    case = Case("a", "python", "x = 1\n", "\n", "value + 2")
    found = await all_variants(case, Settings(), engine)
    await engine.close()
    assert len(found) == 4 + 4 * len(THRESHOLDS)
    assert found["raw"].completion == found["pipeline"].completion == "value + 1"
    assert found["raw-from-0.9"].completion is None
    assert found["raw-cut-0.6"].completion == "value +"
    assert found["raw-cut-0.6"].right
    assert found["pipeline-cut-0.6"].completion == "value"
    assert found["pipeline-cut-0.8"].completion == "value"
    made = row("raw-cut-0.6", [found["raw-cut-0.6"], found["raw"], found["raw-from-0.9"]])
    assert made["shown_rate"] == pytest.approx(2 / 3, abs=1e-3)
    assert made["precision_shown"] == 0.5
    assert made["chars_saved"] == pytest.approx(len("value +") / 3, abs=1e-3)
    assert made["chars_wrong"] == pytest.approx(len("value + 1") / 3, abs=1e-3)
    assert made["chars_saved_low"] <= made["chars_saved"] <= made["chars_saved_high"]


async def test_what_is_never_shown_has_no_precision():
    engine = Scheduler(FakeModel(Script()), AbortFlag())
    found = await all_variants(Case("a", "python", "y = ", "\n", "1"), Settings(), engine)
    await engine.close()
    made = row("raw", [found["raw"]])
    assert (made["shown_rate"], made["precision_shown"], made["n"]) == (0, None, 1)
