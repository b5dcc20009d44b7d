"""Tests here run the real engine on a Vulkan device; Mesa's, which is the processor, will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slm_lsp.inference.llama import backends
from tests.model.conftest import small_model

if TYPE_CHECKING:
    from slm_lsp.inference.llama.hardware import Device

__all__ = ["small_model"]


@pytest.fixture(scope="session", autouse=True)
def card() -> Device:
    """The device that tests run on."""
    found = backends.devices()[0]
    if not found.is_card:
        pytest.skip("The engine here has no Vulkan device; `make test-vulkan` builds one that has.")
    assert found.name == "Vulkan0"
    return found
