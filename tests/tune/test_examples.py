"""Examples are what a request for the same place would look like."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slm_lsp.evaluation import files
from slm_lsp.inference.llama.library import Llama
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.prompts.fim import Format
from slm_lsp.inference.prompts.recognition import of_tokens
from slm_lsp.inference.protocol import Prompt
from slm_lsp.text.document import Document
from slm_lsp.training import export
from slm_lsp.training.data.examples import Examples, Reading
from slm_lsp.training.data.packing import SWITCH
from slm_lsp.training.data.reading import as_it_is
from slm_lsp.training.gguf_metadata import taught
from slm_lsp.training.network import weights

if TYPE_CHECKING:
    from collections.abc import Iterator

FIM = {"pre": 257, "suf": 258, "mid": 259, "sep": 260}
END = 256
TEXT = Path(files.__file__).read_text("utf-8")


def plain(text: str) -> list[int]:
    return list(text.encode())


READING = Reading(
    of_tokens(FIM, "joined"),
    of_tokens(FIM, "psm"),
    plain,
    [bytes([it]) for it in range(256)],
    (),
    END,
    1.0,
)


@pytest.fixture
def document() -> Document:
    return Document.of(TEXT, uri="", language="python", path="slm_lsp/files.py", repository="r")


def holes(document: Document, seed: int = 0, room: int = 4000) -> Iterator[list[int]]:
    found = Examples(READING, room, random.Random(seed))
    for _ in range(80):
        yield from (it for it in found.of(document) if SWITCH in it)


def parts(example: list[int]) -> tuple[bytes, bytes, bytes]:
    """Return prefix, suffix and middle."""
    prompt, middle = read_and_learned(example)
    assert middle[-1] == END
    pre, suf = (prompt.index(FIM[name]) for name in ("pre", "suf"))
    if suf < pre:
        return bytes(prompt[pre + 1 :]), bytes(prompt[suf + 1 : pre]), bytes(middle[:-1])
    assert prompt[-1] == FIM["mid"]
    return bytes(prompt[pre + 1 : suf]), bytes(prompt[suf + 1 : -1]), bytes(middle[:-1])


def read_and_learned(example: list[int]) -> tuple[list[int], list[int]]:
    """Return the prompt, and what is learned to be written behind it."""
    assert example[0] == SWITCH
    assert example.count(SWITCH) == 2
    at = example.index(SWITCH, 1)
    return example[1:at], example[at + 1 :]


def test_the_parts_make_the_file_again(document: Document):
    whole = TEXT.encode()
    together = 0
    found = list(holes(document))
    for example in found:
        prefix, suffix, middle = parts(example)
        assert middle + suffix in whole
        # A window that begins inside the file has an outline above it.
        together += prefix[-20:] + middle + suffix in whole
        assert middle.strip()
    assert together > 0.5 * len(found)


def test_both_orders_come_and_the_suffix_is_first_in_most(document: Document):
    found = list(holes(document))
    spm = sum(it.index(FIM["suf"]) < it.index(FIM["pre"]) for it in found)
    assert 0.65 * len(found) < spm < 0.95 * len(found)


def test_some_have_nothing_behind_the_hole_and_some_no_name(document: Document):
    found = list(holes(document))
    assert 0.05 * len(found) < sum(not parts(it)[1] for it in found) < 0.5 * len(found)
    named = sum(FIM["sep"] in it for it in found)
    assert 0.6 * len(found) < named < 0.95 * len(found)


def test_a_tenth_is_text_without_a_hole(document: Document):
    made = Examples(READING, 1000, random.Random(3))
    found = [it for _ in range(80) for it in made.of(document)]
    whole = sum(SWITCH not in it for it in found)
    assert 0.05 * len(found) < whole < 0.2 * len(found)


def test_the_same_seed_makes_the_same(document: Document):
    assert list(holes(document, 5)) == list(holes(document, 5))
    assert list(holes(document, 5)) != list(holes(document, 6))


def test_none_is_longer_than_there_is_room(document: Document):
    made = Examples(READING, 400, random.Random(1))
    found = [it for _ in range(20) for it in made.of(document)]
    assert all(len(it) <= 400 for it in found)
    assert sum(SWITCH in it for it in found) > 0.5 * len(found)


def test_of_a_whole_file_all_is_text_once_and_holes_come_on_top(document: Document):
    found = list(Examples(READING, 1000, random.Random(3), whole=True).of(document))
    text = [token for it in found if SWITCH not in it for token in it]
    assert bytes(text[:-1]) == TEXT.encode()
    assert any(SWITCH in it for it in found)


def test_a_model_that_continues_text_gets_all_of_it_once(document: Document):
    continuing = Reading(Format(""), Format(""), plain, READING.pieces, (1,), END, 1.0)
    found = list(Examples(continuing, 300, random.Random(0)).of(document))
    assert all(it[0] == 1 for it in found)
    assert bytes([token for it in found for token in it[1:]][:-1]) == TEXT.encode()
    assert found[-1][-1] == END


def asked_for(model: LlamaModel, prefix: bytes, suffix: bytes) -> tuple[list[int], bytes]:
    """Return what the engine makes of it, and what the answer then has to begin with."""
    prompt = Prompt("a.py", "python", prefix.decode(), suffix.decode())
    laid_out = model.lay_out(prompt, 640)
    return laid_out.tokens, laid_out.forced


def test_the_prompt_is_the_one_that_the_engine_makes(tiny_base: Path, tmp_path: Path):
    """Engine and training must not differ in a token, or what was learned is never asked for."""
    path = tmp_path / "model.gguf"
    state = weights.read(tiny_base).state_dict()
    export.model(path, state, base=tiny_base, kind="F16", name="own", teaches=taught(FIM, END, 3.0))
    runtime = Llama(path)
    reading = replace(as_it_is(runtime), other=READING.other)
    assert (reading.form, reading.end_weight) == (READING.form, 3.0)
    room = 1400
    made = Examples(reading, room, random.Random(0))
    document = Document.of(TEXT, uri="", language="python", path="a.py")
    model = LlamaModel(path, threads=1, context_tokens=2560, abort=AbortFlag())
    try:
        compared = 0
        every = (it for _ in range(20) for it in made.of(document) if SWITCH in it)
        for example in every:
            asked, _ = read_and_learned(example)
            if len(example) == room:  # it was cut to that, and the engine has more
                continue
            if example.index(FIM["suf"]) > example.index(FIM["pre"]) or FIM["sep"] not in example:
                continue
            prefix, suffix, middle = parts(example)
            taken_back = [
                forced
                for at in range(len(middle))
                if asked_for(model, prefix + (forced := middle[:at]), suffix) == (asked, forced)
            ]
            assert taken_back
            compared += 1
        assert compared
    finally:
        model.close()
        runtime.close()
