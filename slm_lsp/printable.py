"""Text that came from elsewhere, on its way to a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return `text` without the control characters that a terminal would obey."""
    return "".join(
        one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text
    )
