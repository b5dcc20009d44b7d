"""Tests here run real weights: those of the small model, or tiny ones made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slm_lsp import models
from slm_lsp.errors import StoreError
from tests.harness.families import TINY
from tests.harness.tiny_models import write
from tests.harness.world import TEST_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def small_model() -> models.InstalledModel:
    """The installed small model, its checksum matched."""
    try:
        found = models.resolve(TEST_MODEL)
        models.check(found)
    except StoreError as error:
        pytest.fail(f"These tests need the small model; `make test-models` installs it. {error}")
    return found


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes a family's tiny model, once, and returns its path."""
    folder = tmp_path_factory.mktemp("tiny")
    made: dict[object, Path] = {}

    def written(name: str, **values: object) -> Path:
        key = (name, *values.items())
        if key not in made:
            made[key] = folder / f"{len(made)}.gguf"  # a name would tell the family, too
            write(made[key], TINY[name], **values)
        return made[key]

    return written
