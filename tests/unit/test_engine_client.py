"""The client of the engine process, where a whole server is more than it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slm_lsp.errors import EngineUnavailable
from slm_lsp.inference.client import client as module
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.inference.protocol import Generate, Prompt
from slm_lsp.settings.schema import Settings

if TYPE_CHECKING:
    from slm_lsp.inference.endpoint import EngineOptions


async def test_a_closed_client_starts_no_engine(monkeypatch: pytest.MonkeyPatch):
    started: list[EngineOptions] = []
    monkeypatch.setattr(module, "launch", started.append)
    client = EngineClient(Settings())
    await client.close()
    with pytest.raises(EngineUnavailable):
        await anext(client.generate(Generate(1, "a", Prompt("a.py", "python", "x", ""), 1)))
    assert started == []
