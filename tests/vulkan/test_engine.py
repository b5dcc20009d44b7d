"""With layers on a card the engine does all it does on the processor, and writes the same."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from slm_lsp.engine.llama_context import LARGEST_BATCH
from slm_lsp.engine.llama_model import LlamaModel
from slm_lsp.engine.model import Aborted, AbortFlag
from slm_lsp.engine.offload import AUTO
from slm_lsp.engine.protocol import Prompt
from tests.harness.adapters import write_adapter
from tests.harness.world import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.engine.hardware import Device
    from slm_lsp.store import InstalledModel

pytestmark = pytest.mark.model

LAYERS = 31
"""Of the default model, the output included."""

SOURCES = [
    (REPOSITORY / "slm_lsp" / name).read_text("utf-8")
    for name in ("text.py", "policy.py", "cli.py")
]
PROMPTS = [
    Prompt("a.py", "python", source[:at], "")
    for source, at in zip(SOURCES, (900, 1500, 1200), strict=True)
]
LONG = Prompt("a.py", "python", "".join(SOURCES)[:6000], "")
TOKENS = 16


@contextmanager
def loaded(path: Path, layers: int, adapter: Path | None = None) -> Iterator[LlamaModel]:
    model = LlamaModel(
        path,
        threads=2,
        context_tokens=2560,
        parked_bytes=2**28,
        gpu_layers=layers,
        adapter=adapter,
        abort=ABORT,
    )
    yield model
    model.close()


ABORT = AbortFlag()


def answers(model: LlamaModel, prompt: Prompt, count: int = 1) -> list[str]:
    model.prefill(prompt, 0.0, ABORT)
    texts = [""] * count
    tokens = model.decode(set(range(count)), ABORT)
    for token in itertools.islice(tokens, TOKENS * count):
        texts[token.branch] += token.text
    return texts


@pytest.fixture(scope="module")
def on_processor(default_model: InstalledModel) -> list[list[str]]:
    with loaded(default_model.path, 0) as model:
        assert model.placement == "the processor alone"
        return [answers(model, prompt, 3) for prompt in PROMPTS]


@pytest.mark.parametrize(("layers", "placed"), [(AUTO, LAYERS), (1000, LAYERS), (1, 1), (12, 12)])
def test_answers_are_those_of_the_processor(
    default_model: InstalledModel, card: Device, on_processor, layers: int, placed: int
):
    with loaded(default_model.path, layers) as model:
        assert model.placement == f"{placed} of {LAYERS} layers on {card.description} ({card.name})"
        assert [answers(model, prompt, 3) for prompt in PROMPTS] == on_processor


@pytest.fixture(scope="module")
def model(default_model: InstalledModel) -> Iterator[LlamaModel]:
    with loaded(default_model.path, AUTO) as model:
        yield model


def test_a_place_that_was_left_is_brought_back_from_memory(model: LlamaModel):
    first = answers(model, PROMPTS[0])
    other = answers(model, PROMPTS[1])
    again = model.prefill(PROMPTS[0], 0.0, ABORT)
    assert again.cached_tokens >= again.prompt_tokens - 1
    assert answers(model, PROMPTS[0]) == first
    assert answers(model, PROMPTS[1]) == other


def test_an_evaluation_is_stopped_and_what_was_read_until_then_is_sound(model: LlamaModel):
    expected = answers(model, LONG)
    answers(model, PROMPTS[1])
    model._places = type(model._places)(0)  # nothing to come back to
    model._whole.cut(0)
    before = model.evaluated_tokens
    stop = threading.Timer(1.0, ABORT.set)
    stop.start()
    with pytest.raises(Aborted):
        model.prefill(LONG, 0.0, ABORT)
    ABORT.clear()
    stopped = model.evaluated_tokens - before
    whole = model.prefill(LONG, 0.0, ABORT)
    assert stopped < whole.prompt_tokens
    assert whole.cached_tokens in (stopped, stopped - 1)
    assert answers(model, LONG) == expected


def test_how_long_a_batch_takes_is_known_although_a_card_works_on_its_own(
    model: LlamaModel, card: Device
):
    if "llvmpipe" not in card.description:
        pytest.skip("a real card may well read 256 tokens in a tenth of a second")
    context = model._contexts[0]
    model._whole.cut(0)
    model.prefill(LONG, 0.0, ABORT)
    scores = model._whole.scores(len(model._read[1].tokens))
    assert np.isfinite(scores).all()
    assert context._first_batch < LARGEST_BATCH


def test_what_was_unloaded_is_loaded_again(default_model: InstalledModel, on_processor):
    for _ in range(2):
        with loaded(default_model.path, AUTO) as model:
            assert answers(model, PROMPTS[0], 3) == on_processor[0]


def test_an_adapter_is_added_there_too(default_model: InstalledModel, tmp_path: Path, on_processor):
    write_adapter(tmp_path / "adapter.gguf", default_model.path, scale=0.3)
    found = []
    for layers in (0, AUTO):
        with loaded(default_model.path, layers, tmp_path / "adapter.gguf") as model:
            found.append([answers(model, prompt)[0] for prompt in PROMPTS])
    assert found[0] == found[1]
    assert found[0] != [texts[0] for texts in on_processor]
