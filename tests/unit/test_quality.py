"""The sample of holes, and how its answers are judged."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.programs import quality
from slm_lsp.inference.protocol import (
    Prefilled,
    Prompt,
    RequestFinished,
    Token,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from slm_lsp.inference.protocol import Event, Generate, Priority

HOLES = quality.sample()


class Writer:
    """An engine that answers a hole with what `answers` has for it, in pieces of two characters."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.written = 0

    async def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        yield Prefilled(0, 0.0, 0.0, 1, 0)
        assert isinstance(request.prompt, Prompt)
        text = self.answers[request.prompt.prefix]
        for at in range(0, len(text), 2):
            self.written += 1
            yield Token(0, text[at : at + 2], -0.1)
        yield (
            RequestFinished(0, "failed", "It broke.") if text == "" else RequestFinished(0, "done")
        )

    def rank(self, number: int, urgency: Priority) -> None:
        raise AssertionError("nobody waits for these answers")


def share(answers: dict[str, str]) -> float:
    return asyncio.run(quality.share(Writer(answers), HOLES))


def right_for(count: int) -> dict[str, str]:
    """Answers of which the first `count` are right."""
    return {
        hole.prompt.prefix: hole.expected if number < count else hole.expected + "!"
        for number, hole in enumerate(HOLES)
    }


def test_the_sample_is_what_its_margin_was_chosen_for():
    assert len(HOLES) == 40
    assert len({hole.prompt.prefix for hole in HOLES}) == 40
    for hole in HOLES:
        assert hole.expected.strip() == hole.expected != ""
        assert "\n" not in hole.expected
        assert "‸" not in "".join((hole.prompt.prefix, hole.prompt.suffix, hole.expected))
        assert hole.prompt.suffix == "" or hole.prompt.suffix.startswith("\n")


def test_holes_of_one_piece_continue_each_other():
    pairs = itertools.pairwise(HOLES)
    same = [(a, b) for a, b in pairs if a.prompt.path == b.prompt.path]
    assert len(same) >= 30
    for a, b in same:
        assert b.prompt.prefix.startswith(a.prompt.prefix + a.expected)


def test_the_share_is_that_of_the_right_answers():
    assert share(right_for(40)) == 1
    assert share(right_for(17)) == 17 / 40
    assert share({hole.prompt.prefix: hole.expected + "  " for hole in HOLES}) == 1
    assert share({hole.prompt.prefix: hole.expected[:-1] or "?" for hole in HOLES}) == 0


def test_a_wrong_answer_is_left_at_its_first_wrong_piece():
    writer = Writer({hole.prompt.prefix: "\0" * 1000 for hole in HOLES})
    assert asyncio.run(quality.share(writer, HOLES)) == 0
    assert writer.written == len(HOLES)


def test_an_engine_that_fails_is_reported():
    with pytest.raises(ModelUnusable, match="It broke"):
        share({hole.prompt.prefix: "" for hole in HOLES})
