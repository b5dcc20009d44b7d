"""The names of types in hints that a model wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slm_lsp.errors import ActionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from slm_lsp.text import Document

_NAME = re.compile(r"[^\W\d]\w*")


def check_names(document: Document, hints: Iterable[str], known: Collection[str]) -> None:
    """Raise ActionRefused where `hints` have a name that neither `known` nor `document` has."""
    here = _NAME.findall("".join(document.lines.slice(0, len(document.lines))))
    used = {name for hint in hints for name in _NAME.findall(hint)}
    if unknown := sorted(used.difference(here, known)):
        raise ActionRefused(f"The model used {unknown[0]}, which this file does not have.")
