"""The model in PyTorch gives the scores that llama.cpp gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from slm_lsp.errors import TuneRefused
from slm_lsp.training import export
from slm_lsp.training.network import llama, weights
from tests.harness.families import TINY
from tests.harness.scores import scores_of_runtime
from tests.harness.tiny_models import write

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = [9, 40, 7, 200, 41, 41, 3, 90]


def vivid(base: Path, path: Path) -> None:
    """Write the model at `base` with layers that change what goes through them."""
    tensors = weights.read(base).state_dict()
    for name, tensor in tensors.items():
        if name.startswith("blk.") and tensor.dim() > 1:
            tensor *= 15
    export.model(path, tensors, base=base, kind="F16", name="vivid", teaches={})


@pytest.mark.parametrize("family", ["SmolLM2", "Qwen2.5-Coder", "Code Llama"])
def test_scores_are_those_of_llama_cpp(family: str, tmp_path: Path):
    write(tmp_path / "base.gguf", TINY[family])
    path = tmp_path / "model.gguf"
    vivid(tmp_path / "base.gguf", path)
    model = weights.read(path)
    with torch.no_grad():
        scores, swapped = (
            model.output(model(torch.tensor([tokens]))[0, -1]).numpy()
            for tokens in (TOKENS, [*TOKENS[1::-1], *TOKENS[2:]])
        )
    expected = scores_of_runtime(path, TOKENS)
    np.testing.assert_allclose(scores, expected, atol=2e-2 * expected.std())
    # Which of two tokens came first matters, so positions turned wrongly would have shown.
    assert abs(swapped - expected).max() > 1e-1 * expected.std()


def test_both_ways_to_look_back_are_the_same(tiny_base: Path, monkeypatch: pytest.MonkeyPatch):
    model = weights.read(tiny_base)
    tokens = torch.arange(24).view(2, 12)
    with torch.no_grad():
        short = model(tokens)
        monkeypatch.setattr(llama, "SHORT", 0)
        torch.testing.assert_close(short, model(tokens))


def test_the_real_weights(small_model_path: Path):
    model = weights.read(small_model_path)
    tokens = [5, 1096, 257, 4, 30, 2000, 999, 17, 40_000, 12]
    with torch.no_grad():
        scores = model.output(model(torch.tensor([tokens]))[0, -1]).numpy()
    expected = scores_of_runtime(small_model_path, tokens)
    # llama.cpp rounds what it multiplies with quantised weights to 8 bits.
    assert np.corrcoef(scores, expected)[0, 1] > 0.998
    assert scores.argmax() == expected.argmax()


def test_another_architecture_is_refused(tmp_path: Path):
    path = tmp_path / "model.gguf"
    write(path, TINY["StarCoder2"])
    with pytest.raises(TuneRefused, match="architecture 'starcoder2'"):
        weights.read(path)


def test_stretched_positions_are_refused(tmp_path: Path):
    path = tmp_path / "model.gguf"
    write(path, TINY["SmolLM2"], **{"llama.rope.scaling.type": "yarn"})
    with pytest.raises(TuneRefused, match="stretches"):
        weights.read(path)
