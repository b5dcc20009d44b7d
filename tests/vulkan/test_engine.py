"""With layers on a card the engine does all it does on the processor, and writes the same."""

from __future__ import annotations

import ctypes
import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import llama_cpp
import numpy as np
import pytest

from slm_lsp.inference.llama.context import LARGEST_BATCH
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.llama.offload import AUTO
from slm_lsp.inference.model import Aborted, AbortFlag
from slm_lsp.inference.protocol import Prompt
from tests.harness.adapters import write_adapter
from tests.harness.world import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slm_lsp.inference.llama.hardware import Device
    from slm_lsp.inference.llama.sampling import Logits
    from slm_lsp.models import InstalledModel

pytestmark = pytest.mark.model

ALL = 31
"""Layers of the default model, the output included."""

ROUNDING = 0.1
"""By how much a score may differ, of about 40 from the least to the largest: 0.07 was measured."""

SOURCES = [
    (REPOSITORY / "slm_lsp" / name).read_text("utf-8")
    for name in ("text/document.py", "settings/policy.py", "cli/main.py")
]
PROMPTS = [Prompt("a.py", "python", source[:320], "") for source in SOURCES]
LONG = Prompt("a.py", "python", SOURCES[1][:1000], "")
TOKENS = 6
ABORT = AbortFlag()


@pytest.fixture(scope="module")
def weights(small_model: InstalledModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default model in plain numbers.

    Those of 8 bits are multiplied by processors with what they rounded to 8 bits, too, which moves
    scores by up to 1.4, and cards do not.
    """
    path = tmp_path_factory.mktemp("weights") / "plain.gguf"
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = llama_cpp.LLAMA_FTYPE_ALL_F32
    params.allow_requantize = True
    source, target = str(small_model.path).encode(), str(path).encode()
    assert llama_cpp.llama_model_quantize(source, target, ctypes.byref(params)) == 0
    return path


@contextmanager
def loaded(path: Path, layers: int, adapter: Path | None = None) -> Iterator[LlamaModel]:
    model = LlamaModel(
        path,
        threads=2,
        context_tokens=1024,
        parked_bytes=2**28,
        gpu_layers=layers,
        adapter=adapter,
        abort=ABORT,
    )
    yield model
    model.close()


def answers(model: LlamaModel, prompt: Prompt, count: int = 1) -> list[str]:
    model.prefill(prompt, 0.0, ABORT)
    texts = [""] * count
    for token in itertools.islice(model.decode(set(range(count)), ABORT), TOKENS * count):
        texts[token.branch] += token.text
    return texts


def scores(model: LlamaModel, prompt: Prompt) -> Logits:
    model.prefill(prompt, 0.0, ABORT)
    return model._whole.scores(len(model._read[1].tokens))


@pytest.fixture(scope="module")
def on_processor(weights: Path) -> tuple[list[list[str]], list[Logits]]:
    with loaded(weights, 0) as model:
        assert model.placement == "the processor alone"
        texts = [answers(model, prompt, 3) for prompt in PROMPTS]
        return texts, [scores(model, prompt).copy() for prompt in PROMPTS]


@pytest.mark.parametrize(("layers", "placed"), [(AUTO, ALL), (1, 1), (12, 12)])
def test_answers_are_those_of_the_processor(
    weights: Path, card: Device, on_processor, layers: int, placed: int
):
    texts, expected = on_processor
    with loaded(weights, layers) as model:
        assert model.placement == f"{placed} of {ALL} layers on {card.description} ({card.name})"
        for prompt, text, known in zip(PROMPTS, texts, expected, strict=True):
            assert np.abs(scores(model, prompt) - known).max() < ROUNDING
            assert answers(model, prompt, 3) == text


@pytest.fixture(scope="module")
def model(small_model: InstalledModel) -> Iterator[LlamaModel]:
    with loaded(small_model.path, AUTO) as model:
        yield model


def test_a_place_that_was_left_is_brought_back_from_memory(model: LlamaModel):
    first = answers(model, PROMPTS[0])
    answers(model, PROMPTS[1])
    again = model.prefill(PROMPTS[0], 0.0, ABORT)
    assert again.cached_tokens >= again.prompt_tokens - 1
    assert answers(model, PROMPTS[0]) == first


def test_an_evaluation_is_stopped_and_what_was_read_until_then_is_sound(model: LlamaModel):
    whole = answers(model, LONG)
    model._whole.cut(0)
    before = model.evaluated_tokens
    stop = threading.Timer(1.0, ABORT.set)
    stop.start()
    with pytest.raises(Aborted):
        model.prefill(LONG, 0.0, ABORT)
    ABORT.clear()
    stopped = model.evaluated_tokens - before
    rest = model.prefill(LONG, 0.0, ABORT)
    assert 0 < stopped == rest.cached_tokens < rest.prompt_tokens
    assert answers(model, LONG) == whole


def test_how_long_a_batch_takes_is_known_although_a_card_works_on_its_own(
    model: LlamaModel, card: Device
):
    if "llvmpipe" not in card.description:
        pytest.skip("a real card may well read 256 tokens in a tenth of a second")
    model._whole.cut(0)
    model.prefill(LONG, 0.0, ABORT)
    assert model._contexts[0].pace.first_batch() < LARGEST_BATCH


def test_what_was_unloaded_is_loaded_again(weights: Path, on_processor):
    for _ in range(2):
        with loaded(weights, AUTO) as model:
            assert np.abs(scores(model, PROMPTS[0]) - on_processor[1][0]).max() < ROUNDING


def test_an_adapter_is_added_there_too(weights: Path, tmp_path: Path, on_processor):
    adapter = tmp_path / "adapter.gguf"
    write_adapter(adapter, weights, scale=1.0)
    found = []
    for layers in (0, AUTO):
        with loaded(weights, layers, adapter) as model:
            found.append(scores(model, PROMPTS[0]).copy())
    assert np.abs(found[0] - found[1]).max() < ROUNDING
    assert np.abs(found[0] - on_processor[1][0]).max() > 10 * ROUNDING
