"""How a program that was run has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


def last_words(ended: subprocess.CompletedProcess[bytes]) -> str:
    """Return the last line that it has printed, above all about what went wrong."""
    lines = (ended.stderr or ended.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {ended.returncode}"
