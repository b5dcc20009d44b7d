"""pip, as a program: how it is called, and why it failed."""

from __future__ import annotations

import importlib.util
import sys

from slm_lsp.errors import PullFailed


def command(*arguments: str) -> list[str]:
    """Return the command line, which finds no stranger's pip.py in this folder.

    Raises PullFailed.
    """
    if importlib.util.find_spec("pip") is None:
        raise PullFailed(
            f"Models are downloaded with pip, and {sys.executable} has none; "
            "`python -m ensurepip` or `uv pip install pip` adds it."
        )
    return [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", *arguments]


def last_error(said: str) -> str:
    """Return the last error in what pip has printed."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ") if errors else "it gave no reason"
