"""Tests here run the real weights of the default model."""

import pytest

from slm_lsp import store
from slm_lsp.config import Settings
from slm_lsp.errors import StoreError


@pytest.fixture(scope="session")
def default_model() -> store.InstalledModel:
    """The installed default model, its checksum matched."""
    try:
        found = store.resolve(Settings().model)
        store.check(found)
    except StoreError as error:
        pytest.fail(f"These tests need the default model; `make model` installs it. {error}")
    return found
