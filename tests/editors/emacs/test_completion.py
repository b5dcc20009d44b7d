"""Emacs gets a completion into its menu, and into the file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.world import ADD, World

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("completion.el")
HAS_EGLOT = "(progn (package-initialize) (kill-emacs (if (require (quote eglot) nil t) 0 1)))"


@pytest.fixture(scope="module")
def emacs() -> str:
    program = shutil.which("emacs")
    ask = (str(program), "--batch", "--eval", HAS_EGLOT)
    if program and subprocess.run(ask, check=False, capture_output=True).returncode == 0:
        return program
    reason = "Emacs with eglot is missing: sudo apt install emacs-nox elpa-eglot"
    return (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world = World(test_model="model" in request.keywords)
    yield world
    world.close()


def complete(emacs: str, world: World, model: str, text: str, typed: str) -> tuple[str, str]:
    """Return what the menu offers and what the file is once that was chosen."""
    file = world.project / "sums.py"
    file.write_text(text)
    server = f"{sys.executable} -m slm_lsp serve --stdio"
    finished = subprocess.run(
        [emacs, "--batch", "--load", str(SCRIPT), server, model, str(file), typed],
        env=world.env,
        cwd=world.project,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    offers = [line for line in finished.stderr.splitlines() if line.startswith("OFFERED ")]
    return "\n".join(line.removeprefix("OFFERED ") for line in offers), file.read_text()


def test_the_item_is_offered_and_chosen(emacs, world):
    text = 'x = "ж𝕏"\n\ndef add(a, b):\n    '
    model = world.fake(ADD, {"after": "def add(a, b):\n    ret", "text": "urn a + b\n"})
    offered, file = complete(emacs, world, model, text, "ret")
    assert offered == "return a + b"
    assert file.rstrip("\n") == text + "return a + b"


@pytest.mark.model
def test_the_real_model_completes(emacs, world):
    text = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "
    offered, file = complete(emacs, world, "slm-fim-135m", text, "return a")
    assert offered.startswith("a - b")
    assert file.startswith(text + "return a - b")
