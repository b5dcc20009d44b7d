"""Models of two layers, so that a training takes a second; no tests where PyTorch is missing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from slm_lsp import models
from slm_lsp.errors import StoreError
from tests.harness.families import TINY
from tests.harness.tiny_models import write
from tests.harness.world import TEST_MODEL

if find_spec("torch") is None:
    collect_ignore = [it.name for it in Path(__file__).parent.glob("test_*.py")]
    collect_ignore.remove("test_extra.py")


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Threads of PyTorch wait for one another by spinning, which a busy machine pays for."""
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the architecture, the tokenizer's kind and the special tokens of SmolLM2."""
    path = tmp_path_factory.mktemp("base") / "base.gguf"
    write(path, TINY["SmolLM2"])
    return path


@pytest.fixture(scope="session")
def small_model_path() -> Path:
    """The file of the installed small model."""
    try:
        found = models.resolve(TEST_MODEL)
        models.check(found)
    except StoreError as error:
        pytest.skip(f"needs the small model; `make test-models` installs it. {error}")
    return found.path
