"""The engine runs the model files that the administrator allows, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slm_lsp.errors import ModelForbidden
from slm_lsp.inference.client.launch import options_for
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.loading import load_model
from slm_lsp.settings import policy
from slm_lsp.settings.policy import Policy
from slm_lsp.settings.schema import Settings
from tests.harness.world import TEST_MODEL

if TYPE_CHECKING:
    from slm_lsp.models import InstalledModel

pytestmark = pytest.mark.model


@pytest.mark.parametrize("allowed", [True, False])
def test_a_model_is_loaded_if_its_checksum_is_on_the_list(
    small_model: InstalledModel, allowed: bool, monkeypatch: pytest.MonkeyPatch
):
    rules = Policy(allowed_models=(small_model.sha256 if allowed else "0" * 64,))
    monkeypatch.setattr(policy, "load", lambda: rules)
    options = options_for(Settings(model=TEST_MODEL))
    if allowed:
        load_model(options, AbortFlag()).close()
    else:
        with pytest.raises(ModelForbidden, match=small_model.sha256):
            load_model(options, AbortFlag())
