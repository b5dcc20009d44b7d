"""The path beside the model asked plainly: what is counted, and answers that are replayed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from benchmarks.plain import BlockStop, plain_prompt, without_rest
from benchmarks.quality import Compared, ends_open, ratio, shown, worse, worse_cells
from benchmarks.recorded import RecordedModel, Recordings
from slm_lsp.evaluation.cases import Case
from slm_lsp.evaluation.metrics import judged
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.prompts.fim import Layout
from slm_lsp.inference.protocol import (
    BranchFinished,
    Generate,
    Prompt,
    Token,
    next_id,
)
from slm_lsp.inference.worker.fake import FakeModel, Reply, Script
from slm_lsp.inference.worker.model_thread import Background
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.settings.schema import Settings

if TYPE_CHECKING:
    from slm_lsp.inference.llama.model import LlamaModel


def compared(
    number: int, plain: str, asked: str, unasked: str | None = None, **case: str
) -> Compared:
    about = {"language": "python", "prefix": "x = ", "suffix": "\n", "expected": "f(1)"} | case
    hole = Case(id=str(number), **about)
    results = [
        judged(hole, text, confidence=0.5, dropped="", latency_ms=0, asked=True)
        for text in (plain, asked, unasked)
    ]
    return Compared(hole, *results)


def test_a_hole_is_lost_where_only_plain_is_right_and_won_where_only_the_path_is() -> None:
    lost, won = compared(1, "f(1)", "f(2)"), compared(2, "f(2)", "f(1)")
    same = compared(3, "f(1)", "f(1)")
    assert [(it.lost, it.won) for it in (lost, won, same)] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_the_ratio_is_of_exact_matches_and_lies_in_its_interval() -> None:
    holes = [compared(n, "f(1)" if n % 4 == 0 else "", "f(1)" if n % 2 else "") for n in range(40)]
    value, low, high = ratio(holes)
    assert value == 2
    assert low < 2 < high


def test_a_cell_is_worse_only_beyond_chance_over_all_cells() -> None:
    few = [compared(n, "f(1)", "") for n in range(5)]
    assert worse(few) == pytest.approx(1 / 32)
    many_cells = [compared(n, "f(1)", "f(1)", hole=f"kind {n}") for n in range(100, 110)]
    assert worse_cells([*few, *many_cells]) == []
    many = [compared(n, "f(1)", "") for n in range(14)]
    assert worse_cells(many) == ["given", "python", "python, given"]


def test_characters_are_counted_by_the_hole() -> None:
    holes = [
        compared(1, "", "", "f(1)"),
        compared(2, "", "", "g(12)"),
        compared(3, "", "", None),
        compared(4, "", "", None),
    ]
    figures = shown(holes, lambda it: it.unasked)
    assert figures["shown"] == 0.5
    assert figures["right_when_shown"] == 0.5
    assert (figures["chars_saved"], figures["chars_wrong"]) == (1.0, 1.25)


def test_a_hole_with_text_on_its_line_is_in_the_midst() -> None:
    assert compared(1, "", "").place == "midst"
    assert compared(1, "", "", prefix="def f():\n    ").place == "own"
    assert compared(1, "", "", prefix="f(\n", suffix=")").place == "midst"


@pytest.mark.parametrize(
    ("text", "rest", "left"),
    [
        ("a, b)\n", ")", "a, b"),
        ("a)) {", "))", "a)) {"),
        ("a))", "))", "a"),
        ("a\nb", "", "a\nb"),
        ("a\nb", ";", "a"),
    ],
)
def test_what_stands_behind_the_cursor_is_no_part_of_a_plain_answer(
    text: str, rest: str, left: str
) -> None:
    assert without_rest(text, rest) == left


def test_a_plain_block_ends_at_the_first_line_outside_it() -> None:
    stop = BlockStop((), "    ")
    assert stop.end("a\n    b\n\n    c\n") is None
    assert stop.end("a\n    b\n}\n") == len("a\n    b")
    assert stop.end("a") is None


def test_a_plain_prompt_has_whole_lines_and_fits_the_window() -> None:
    line = "x" * 99 + "\n"
    prefix, suffix = line * 50 + "y", "z\n" + line * 50
    case = Case(id="1", language="python", prefix=prefix, suffix=suffix, expected="a")
    prompt = plain_prompt(case, Settings())
    assert prompt.prefix == line * 30 + "y"
    assert prompt.suffix.startswith("z\nx")
    assert set(map(len, prompt.suffix.split("\n"))) == {1, 99}


class Weights(FakeModel):
    """A scripted model that counts how often it is asked."""

    asked = 0

    def lay_out(self, prompt: Prompt) -> Layout:
        return Layout(tuple(prompt.prefix.encode()), ())

    def prefill(self, prompt, budget_s, abort):
        self.asked += 1
        return super().prefill(prompt, budget_s, abort)


def answer(model: RecordedModel, stop: tuple[str, ...] = (), tokens: int = 64) -> tuple[str, str]:
    async def asked() -> tuple[str, str]:
        abort = AbortFlag()
        engine = Scheduler(model, abort, Background(share=0))
        prompt = Prompt("a.py", "python", "x = ", "")
        text, reason = "", ""
        async for event in engine.generate(Generate(next_id(), "", prompt, tokens, stop)):
            if isinstance(event, Token):
                text += event.text
            if isinstance(event, BranchFinished):
                reason = event.reason
        return text, reason

    return asyncio.run(asked())


@pytest.mark.parametrize("first", [1, 2, 3, 64])
def test_a_replayed_answer_is_the_model_s_own_however_far_it_was_written(tmp_path, first) -> None:
    script = Script((Reply("x = ", "one two three four\n"),))
    weights = Weights(script)
    model = RecordedModel(cast("LlamaModel", weights), "sum", Recordings(str(tmp_path / "answers")))
    model.close = lambda: None  # type: ignore[method-assign]  # the scheduler closes it each time
    answer(model, tokens=first)
    whole = answer(model)
    asked = weights.asked
    assert whole == answer(model) == ("one two three four\n", "end")
    assert answer(model, tokens=2) == ("one two", "length")
    assert weights.asked == asked


@pytest.mark.parametrize(
    ("text", "open_"),
    [("f(", True), ("f(1", False), ("f", False), ("g(", True), ("return", True), ("f(1)", False)],
)
def test_an_end_is_open_where_the_line_goes_on(text: str, open_: bool):
    it = compared(1, "", text)
    assert ends_open(it.case, it.asked) == open_


def test_an_end_is_not_open_where_the_line_ends_there_in_the_file():
    it = compared(1, "", "f(", expected="f(\n    1\n)")
    assert not ends_open(it.case, it.asked)
