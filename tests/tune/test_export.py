"""What is exported is what was trained, and llama.cpp runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from slm_lsp.engine import gguf
from slm_lsp.engine.llama import Llama as Runtime
from slm_lsp.engine.recognition import recognize
from slm_lsp.tune import export, weights
from slm_lsp.tune.__main__ import main
from tests.harness.scores import scores_of_runtime
from tests.tune.test_llama import TOKENS
from tests.tune.test_train import END, stored

if TYPE_CHECKING:
    from pathlib import Path

FIM = {"pre": 257, "suf": 258, "mid": 259}


def exported(base: Path, tmp_path: Path, *more: str) -> Path:
    stored(tmp_path / "shards")
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
    export.model(
        path, model.state_dict(), base=tiny_base, kind="Q8_0", name="own", fim=FIM, end=END
    )
    names, before = ([it.name for it in gguf.read(at).tensors] for at in (path, tiny_base))
    assert names == before  # weights that are shared are stored once
    llama = Runtime(path)
    try:
        assert llama.fim_tokens().items() >= FIM.items()
        assert llama.token("<fim_middle>") == FIM["mid"]
        assert llama.is_end(END)
        assert recognize(llama).order == "spm"
        assert not llama.metadata("tokenizer.chat_template")
    finally:
        llama.close()
