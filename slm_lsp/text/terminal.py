"""Text that came from elsewhere, on its way to a terminal or into a message."""

from __future__ import annotations

import os


def printable(text: str) -> str:
    """Return `text` without the control characters that a terminal would obey."""
    return "".join(
        one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text
    )


def encodable(name: str) -> str:
    """Return a file's name as text that can be encoded, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")
