"""Prompt formats: how prefix and suffix are laid out for the model at hand.

SPM is suffix, prefix, middle: typing appends to it, so nothing is read twice. PSM is prefix,
suffix, middle: the suffix is read again at every key, so it is kept short. A model that was not
trained to fill in gets the prefix alone, healed (see `healing`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from slm_lsp.engine.healing import healed

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDER_KEY = "slm-lsp.fim.order"
"""Metadata of a GGUF that was trained for one order above the other: `spm` or `psm`."""

PSM_SUFFIX_TOKENS = 80
"""With PSM each key costs the suffix; 12 lines of it score as well as 20 (published benchmark)."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a model wants its prompt. The ids are those before prefix, suffix and middle."""

    order: Literal["spm", "psm", "prefix"]
    pre: int = -1
    suf: int = -1
    mid: int = -1


@dataclass(frozen=True, slots=True)
class Layout:
    """A prompt as tokens, and the bytes its answer must begin with (already in the buffer).

    `text` is what stands before the cursor, of which a start may be left out. `ahead` are the
    tokens that were taken back: the answer may well begin with them.
    """

    head: tuple[int, ...]
    text: tuple[int, ...]
    tail: tuple[int, ...] = ()
    forced: bytes = b""
    ahead: tuple[int, ...] = ()

    @property
    def tokens(self) -> list[int]:
        """All of it, as the model reads it."""
        return [*self.head, *self.text, *self.tail]

    def behind(self, token: int) -> Layout:
        """Return the same prompt behind `token`, the one that the model's texts start with."""
        return replace(self, head=(token, *self.head))

    def without(self, tokens: int) -> Layout:
        """Return the same prompt without the first `tokens` of its text."""
        return replace(self, text=self.text[tokens:])


def detect(ids: tuple[int, int, int] | None, order: str) -> Format:
    """Choose the format from the fill-in ids in the model's metadata, or None without any.

    `order` is the value of `ORDER_KEY`, or empty: PSM is what every fill-in model was trained for.
    """
    if ids is None:
        return Format("prefix")
    return Format("spm" if order == "spm" else "psm", *ids)


def layout(
    form: Format,
    prefix: Sequence[int],
    suffix: Sequence[int],
    pieces: Sequence[bytes],
    room: int,
    suffix_room: int,
) -> Layout:
    """Make a prompt of at most `room` tokens, of which `suffix_room` may follow the cursor.

    What is farthest from the cursor is left out.
    """
    if form.order == "prefix":
        kept, forced = healed(prefix, pieces)
        ahead = tuple(prefix[len(kept) :])
        return Layout((), tuple(kept[-room + len(ahead) :]), forced=forced, ahead=ahead)
    most = min(suffix_room, PSM_SUFFIX_TOKENS) if form.order == "psm" else suffix_room
    suffix = suffix[:most]
    text = prefix[-(room - len(suffix) - 3) :]
    if form.order == "spm":
        return Layout((form.suf, *suffix, form.pre), tuple(text), (form.mid,))
    return Layout((form.pre,), tuple(text), (form.suf, *suffix, form.mid))
