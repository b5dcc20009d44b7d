"""The default of a machine like a laptop: its cut vocabulary, and that it fills in and obeys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_lsp import models
from slm_lsp.errors import StoreError
from slm_lsp.inference.llama import throughput
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Chat, Prompt
from slm_lsp.syntax import languages

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "qwen2.5-coder-0.5b-instruct"

pytestmark = pytest.mark.model

BEFORE = """\
def first_or(items, default):
    if items:
        return items[0]
    return default


def last_or(items, default):
    if items:
        return items["""
AFTER = "]\n    return default\n"


@pytest.fixture(scope="module")
def model() -> Iterator[LlamaModel]:
    try:
        found = models.resolve(NAME)
        models.check(found)
    except StoreError as error:
        pytest.fail(f"These tests need {NAME}; `make test-models` installs it. {error}")
    loaded = LlamaModel(found.path, threads=2, context_tokens=1024, abort=AbortFlag())
    yield loaded
    loaded.close()


def check_roundtrip(model: LlamaModel, text: str) -> None:
    pieces = model._vocabulary.pieces
    tokens = model._llama.tokenize(text)
    assert b"".join(pieces[token] for token in tokens) == text.encode()


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=80))
@settings(max_examples=300)
def test_any_text_is_written_and_read_back(model: LlamaModel, text: str) -> None:
    check_roundtrip(model, text)


@pytest.mark.parametrize(
    "text",
    [
        "".join(map(chr, range(0x20))),
        "".join(map(chr, range(0x80, 0x800, 7))),
        "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u202e \ufeff \U0010ffff \U000e0001",
        "привет мир, 你好世界, こんにちは, 안녕하세요, مرحبا, नमस्ते",
        "\r\n\t  \n\n\n    \n\u00a0\u2028",
        "<|fim_prefix|><|im_start|><|endoftext|>",
    ],
)
def test_texts_of_all_kinds_are_read_back(model: LlamaModel, text: str) -> None:
    check_roundtrip(model, text)


def test_the_words_of_every_language_are_read_back(model: LlamaModel) -> None:
    check_roundtrip(model, Path(languages.__file__).read_text(encoding="utf-8"))


def test_the_vocabulary_is_cut_and_its_control_tokens_stay(model: LlamaModel) -> None:
    assert 45_000 < model._llama.vocabulary_size < 56_000
    for name in (
        *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|repo_name|>", "<|file_sep|>"),
        *("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),
    ):
        assert model._llama.token(name) is not None, name
    assert model._llama.is_end(model._llama.end_token())
    assert (model.fills_in, model.chats) == ("qwen", True)


def written(model: LlamaModel, prompt: Prompt | Chat, most: int = 40) -> str:
    abort = AbortFlag()
    model.prefill(prompt, 0.0, abort)
    text, running = "", {0}
    for count, token in enumerate(model.decode(running, abort), 1):
        text += token.text
        if count == most:
            running.discard(0)
    return text


def test_it_fills_in_what_belongs_between(model: LlamaModel) -> None:
    assert written(model, Prompt("a.py", "python", BEFORE, AFTER)).startswith("-1")


def test_it_follows_instructions(model: LlamaModel) -> None:
    task = Chat("You answer with one word.", "Which language has the keyword `elif`?")
    assert "python" in written(model, task).lower()


def test_guesses_change_nothing_that_is_written(
    model: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = Prompt("a.py", "python", BEFORE + "-1" + AFTER + "\n\ndef nth_or(items, n, ", "\n")
    texts, steps = [], []
    for worth in (0.0, 1e9):
        monkeypatch.setattr(throughput, "GUESS_WORTH", worth)
        for own in model._paces.values():
            own.guess_s = 1.0
        model._whole.cut(0)
        before = sum(context.appended for context in model._contexts)
        texts.append(written(model, prompt))
        steps.append(sum(context.appended for context in model._contexts) - before)
    assert texts[0] == texts[1]
    assert steps[0] == steps[1]  # tokens of the answer, however they were evaluated
