"""Prompt formats: how prefix and suffix are laid out for the model at hand.

PSM is prefix, suffix, middle; SPM is suffix, prefix, middle. A model that was not trained to fill
in gets the prefix alone, healed (see `healing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slm_lsp.engine.healing import healed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slm_lsp.engine.protocol import Prompt


@dataclass(frozen=True, slots=True)
class Format:
    """How a model wants its prompt. The ids are those before prefix, suffix and middle."""

    order: Literal["psm", "prefix"]
    pre: int = -1
    suf: int = -1
    mid: int = -1


@dataclass(frozen=True, slots=True)
class Layout:
    """A prompt as tokens, and the bytes its answer must begin with (already in the buffer).

    The first `fixed` tokens belong to the format; what follows them is text from far above the
    cursor on, of which a start may be left out.
    """

    tokens: tuple[int, ...]
    forced: bytes = b""
    fixed: int = 0

    def behind(self, token: int) -> Layout:
        """Return the same prompt behind `token`, the one that the model's texts start with."""
        return Layout((token, *self.tokens), self.forced, self.fixed + 1)


def detect(ids: tuple[int, int, int] | None) -> Format:
    """Choose the format from the fill-in ids in the model's own metadata, or None without any."""
    return Format("prefix") if ids is None else Format("psm", *ids)


def layout(
    form: Format,
    prompt: Prompt,
    tokenize: Callable[[str], list[int]],
    pieces: Sequence[bytes],
    room: int,
) -> Layout:
    """Turn `prompt` into at most `room` tokens; what is farthest from the cursor is left out."""
    prefix = tokenize(prompt.prefix)
    if form.order == "prefix":
        tokens, forced = healed(prefix, pieces)
        return Layout(tuple(tokens[-room:]), forced)
    suffix = tokenize(prompt.suffix)[: room // 4]
    prefix = prefix[-(room - len(suffix) - 3) :]
    return Layout((form.pre, *prefix, form.suf, *suffix, form.mid), fixed=1)
