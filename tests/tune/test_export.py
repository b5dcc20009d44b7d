"""What is exported is what was trained, and llama.cpp runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from slm_lsp.errors import TuneRefused
from slm_lsp.inference.gguf import reader
from slm_lsp.inference.llama.library import Llama as Runtime
from slm_lsp.inference.prompts.recognition import end_weight, recognize
from slm_lsp.training import export, merge
from slm_lsp.training.__main__ import main
from slm_lsp.training.network import lora, weights
from slm_lsp.training.network.weights import prepared
from tests.harness.scores import scores_of_runtime
from tests.tune.test_llama import TOKENS
from tests.tune.test_train import END, FIM, TEACHES, stored

if TYPE_CHECKING:
    from pathlib import Path


def exported(base: Path, tmp_path: Path, *more: str, **fim: int) -> Path:
    stored(tmp_path / "shards", **fim)
    shared = ["--base", str(base), "--shards", str(tmp_path / "shards")]
    shared += ["--out", str(tmp_path / "out")]
    options = ["--tokens", "1500", "--batch-rows", "4", "--learning-rate", "0.01"]
    assert main(["train", *shared, *options, *more]) == 0
    assert main(["export", *shared, str(tmp_path / "model.gguf"), "--type", "F16"]) == 0
    return tmp_path / "model.gguf"


def test_a_whole_model_runs_as_it_was_trained(tiny_base: Path, tmp_path: Path):
    path = exported(tiny_base, tmp_path, "--whole")
    model = weights.read(path)
    with torch.no_grad():
        scores = model.output(model(torch.tensor([TOKENS]))[0, -1]).numpy()
    expected = scores_of_runtime(path, TOKENS)
    np.testing.assert_allclose(scores, expected, atol=1e-2 * expected.std())
    before = scores_of_runtime(tiny_base, TOKENS)
    assert abs(before - expected).max() > 0.1 * expected.std()


def test_the_file_says_how_it_fills_in(tiny_base: Path, tmp_path: Path):
    model = weights.read(tiny_base)
    path = tmp_path / "model.gguf"
    export.model(path, model.state_dict(), base=tiny_base, kind="Q8_0", name="own", teaches=TEACHES)
    names, before = ([it.name for it in reader.read(at).tensors] for at in (path, tiny_base))
    assert names == before  # weights that are shared are stored once
    llama = Runtime(path)
    try:
        assert llama.fim_tokens().items() >= FIM.items()
        assert llama.token("<fim_middle>") == FIM["mid"]
        assert llama.is_end(END)
        assert recognize(llama).order == "spm"
        assert end_weight(llama) == 5.0
        assert llama.metadata("tokenizer.chat_template")  # it still follows instructions
    finally:
        llama.close()


def test_a_training_begins_with_an_adapter_and_its_new_tokens(tiny_base: Path, tmp_path: Path):
    """What llama.cpp computes with the two merged is what the training goes on from."""
    path, merged = exported(tiny_base, tmp_path, **FIM), tmp_path / "merged.gguf"
    merge.merge(tiny_base, path, merged)
    model, fresh = (prepared(tiny_base, lora.RANK, FIM.values()) for _ in range(2))
    lora.begin_with(model, path)
    tokens = [*TOKENS, FIM["suf"], 40, FIM["pre"], 41, FIM["mid"]]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        expected = scores_of_runtime(merged, tokens)
        scores, before = (
            it.output(it(torch.tensor([tokens]))[0, -1]).float().numpy() for it in (model, fresh)
        )
    known = np.isin(np.arange(len(expected)), list(FIM.values()), invert=True)
    assert np.corrcoef(scores[known], expected[known])[0, 1] > 0.99
    assert np.corrcoef(before[known], expected[known])[0, 1] < 0.99


def test_what_is_merged_says_how_it_fills_in(tiny_base: Path, tmp_path: Path):
    path, merged = exported(tiny_base, tmp_path, **FIM), tmp_path / "merged.gguf"
    merge.merge(tiny_base, path, merged)
    llama = Runtime(merged)
    try:
        assert llama.fim_tokens().items() >= FIM.items()
        assert llama.token("<fim_middle>") == FIM["mid"]
        assert llama.is_end(END)
        assert recognize(llama).order == "spm"
        assert end_weight(llama) == 5.0
    finally:
        llama.close()
    assert scores_of_runtime(tiny_base, TOKENS, path).any()  # apart, it does no harm


@pytest.mark.parametrize("other", ["base", "rank", "new tokens", "text"])
def test_a_file_that_is_no_adapter_for_it(other: str, tiny_base: Path, tmp_path: Path):
    path, new = tiny_base, []
    if other in ("rank", "new tokens"):
        path = exported(tiny_base, tmp_path)
    if other == "new tokens":
        new = [*FIM.values()]
    if other == "text":
        path = tmp_path / "text.gguf"
        path.write_text("not one")
    rank = 4 if other == "rank" else lora.RANK
    with pytest.raises(TuneRefused, match="adapter"):
        lora.begin_with(prepared(tiny_base, rank, new), path)
