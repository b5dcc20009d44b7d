"""A Neovim with the plugin and the real server for each test, its version the parameter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.harness.fixtures import world
from tests.harness.neovim import NATIVE, PLUGIN_SETUP, Neovim
from tools import neovim
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.world import World

__all__ = ["world"]

ADD = {"after": "def add(a, b):\n    ", "text": "return a + b", "others": ["return b + a"]}
BLOCK = {"after": "def both(a, b):\n", "text": "    first = a\n    return first + b"}
WIDE = {"after": "name = ", "text": '"Žižkov 🦀" + tail'}
SETS = {"after": "```python\n", "contains": "use a set", "text": "x = {1, 2}\n```"}


def _installed(version: str) -> Path:
    """Return the program; skip where it cannot be had, but fail in CI."""
    try:
        neovim.install(version)
        return neovim.program(version)
    except SetupFailed as error:
        return (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@pytest.fixture(scope="session", params=neovim.VERSIONS)
def program(request: pytest.FixtureRequest) -> Path:
    """Give the test each version of Neovim."""
    return _installed(request.param)


@pytest.fixture
def nvim(program: Path, world: World) -> Iterator[Neovim]:
    """Run one Neovim with the plugin's ghost text; nothing may have been logged at the end."""
    settings = {"model": world.fake(ADD, BLOCK, WIDE, SETS)}
    editor = Neovim(program, world, PLUGIN_SETUP, settings)
    yield editor
    errors = editor.errors()
    editor.close()
    assert not errors


@pytest.fixture
def native(world: World) -> Iterator[Neovim]:
    """Run Neovim 0.12 with its own ghost text."""
    settings = {"model": world.fake(ADD, BLOCK, WIDE, SETS)}
    editor = Neovim(_installed("0.12"), world, NATIVE, settings)
    yield editor
    errors = editor.errors()
    editor.close()
    assert not errors
