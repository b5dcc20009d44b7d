"""pip, as a program: how it is called, where it looks, and why it failed."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from slm_lsp.errors import PullFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

PYPI = "https://pypi.org/simple"
"""What pip asks where nothing else is configured."""

_TRUE = ("1", "true", "t", "yes", "y", "on")
"""How pip is told that a switch is on."""


def command(*arguments: str) -> list[str]:
    """Return the command line, which finds no stranger's pip.py in this folder.

    Raises PullFailed.
    """
    if importlib.util.find_spec("pip") is None:
        raise PullFailed(
            f"What is fetched comes through pip, and {sys.executable} has none; "
            "`python -m ensurepip` or `uv pip install pip` adds it."
        )
    return [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", *arguments]


def endpoints() -> tuple[str, ...]:
    """Return every URL that `pip download` is set up to look at. Raises PullFailed."""
    listed = subprocess.run(
        command("config", "list"),
        env=os.environ | {"PIP_QUIET": "0"},  # or it might print nothing
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        said = " ".join(listed.stderr.decode("utf-8", "replace").split())
        raise PullFailed(f"pip does not say which package index it is set to: {said}")
    return looked_at(listed.stdout.decode("utf-8", "replace"))


def looked_at(listed: str) -> tuple[str, ...]:
    """Return the URLs in what `pip config list` prints, as far as `pip download` looks at them.

    Whatever option they are for, because constraints come from URLs, too. A proxy is not one.
    """
    indexes: list[str] = []
    others: list[str] = []
    without: list[bool] = []  # what each place says of `no-index`; pip believes the last one
    default = [PYPI]
    for section, key, words in _configured(listed):
        if section not in ("global", "download", ":env:") or key == "proxy":
            continue
        if key == "no-index":
            without.append(" ".join(words).lower() in _TRUE)
        elif key in ("index-url", "pypi-url", "extra-index-url"):
            indexes += words
            default = default if key == "extra-index-url" else []
        else:
            others += words
    places = others if without and all(without) else [*default, *indexes, *others]
    return tuple(url for url in places if "://" in url and not url.startswith("file:"))


def _configured(listed: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield section, key and words of each line of `pip config list`."""
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        with contextlib.suppress(ValueError, SyntaxError):
            yield section, key, str(ast.literal_eval(value)).split()


def last_error(said: str) -> str:
    """Return the last error in what pip has printed."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ") if errors else "it gave no reason"
