"""Which files are worth learning from: what a person wrote, with no secret in it.

Which packages may be learned from: those under licences that ask for no more than a notice.
"""

from __future__ import annotations

import re
from typing import Literal

from slm_lsp.context.secrets import is_secret_file, secrets

PERMISSIVE = frozenset(
    {
        *("0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0"),
        *("CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "NCSA", "PSF-2.0", "Python-2.0"),
        *("Unicode-3.0", "Unlicense", "Zlib"),
    }
)
"""By their SPDX identifiers."""

_BRACKETS = re.compile(r"[()]")


def is_permissive(expression: str) -> bool:
    """Tell whether an SPDX `expression` leaves a choice of `PERMISSIVE` licences alone.

    With brackets in it, all of the licences that it names have to be.
    """
    plain = _BRACKETS.sub(" ", expression)
    if plain != expression:
        return all(map(_allowed, re.split(r"\s+(?:AND|OR)\s+", plain)))
    return any(all(map(_allowed, it.split(" AND "))) for it in plain.split(" OR "))


def _allowed(licence: str) -> bool:
    return re.sub(r"\s+WITH\s+LLVM-exception$", "", licence.strip()) in PERMISSIVE


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
