"""Which files are worth learning from: what a person wrote, with no secret in it."""

from __future__ import annotations

import re
from typing import Literal

from slm_lsp.context.secrets import is_secret_file, secrets

Reason = Literal["", "secret", "short", "long", "generated", "minified", "data", "licence"]
"""Why a file is left out; empty for one that is not."""

LEAST_CHARACTERS, MOST_CHARACTERS = 200, 100_000
MOST_COLUMNS = 1000
MOST_MEAN_COLUMNS = 100
LEAST_LETTERS = 0.25
"""The share of letters in code; tables of numbers and encoded data have fewer."""

HEAD = 2000
"""Characters at the start of a file in which it says what it is."""

_GENERATED = re.compile(
    r"auto-?generated|@generated|generated (by|from|using) |do not (edit|modify)", re.IGNORECASE
)
_FORBIDDEN = re.compile(
    r"general public licen[cs]e|\b[AL]?GPL-?[23v]|mozilla public|"
    r"all rights reserved\.?\s+(?!redistribution)(?=.{0,200}(confidential|proprietary))|"
    r"proprietary and confidential|creative commons attribution-(non|share)",
    re.IGNORECASE | re.DOTALL,
)


def against(path: str, text: str, *, own: bool = False) -> Reason:
    """Return the reason to leave a file out. The licence of one's `own` code is no matter."""
    if is_secret_file(path):
        return "secret"
    if len(text) < LEAST_CHARACTERS:
        return "short"
    if len(text) > MOST_CHARACTERS:
        return "long"
    if _GENERATED.search(text[:HEAD]) or path.endswith((".min.js", "_pb2.py", ".pb.go", ".d.ts")):
        return "generated"
    lines = text.split("\n")
    if max(map(len, lines)) > MOST_COLUMNS or len(text) / len(lines) > MOST_MEAN_COLUMNS:
        return "minified"
    if sum(map(str.isalpha, text)) < LEAST_LETTERS * len(text):
        return "data"
    if not own and _FORBIDDEN.search(text[:HEAD]):
        return "licence"
    return "secret" if any(secrets(text)) else ""
