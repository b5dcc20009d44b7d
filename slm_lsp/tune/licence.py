"""Which packages may be learned from: those under licences that ask for no more than a notice."""

from __future__ import annotations

import re

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
