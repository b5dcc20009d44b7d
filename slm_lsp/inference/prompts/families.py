"""The families of models that fill in, each with the prompt it was trained on.

`docs/models.md` has the same table for people, held to this one by a test.

Prompts as templates: names of special tokens, plain text, and fields in braces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Part = int | str
"""A token, or text with fields in it."""

PREFIX, SUFFIX = "{prefix}", "{suffix}"
"""The fields that are texts of their own, whatever stands beside them."""

_NAME = re.compile(r"▁?<[^<>\s]+>|\[/?[A-Z]+\]")
_SPLIT = re.compile(rf"({_NAME.pattern}|{{prefix}}|{{suffix}})")
_FIELD = re.compile(r"\{(\w+)\}")


def names(template: str) -> list[str]:
    """Return the names of special tokens in `template`."""
    return _NAME.findall(template)


def parts(template: str, token: Callable[[str], int | None]) -> Iterator[Part]:
    """Yield the tokens of `template` and the texts between them.

    `token` finds a special token by its name. What a vocabulary does not have remains text.
    """
    text = ""
    for piece in _SPLIT.split(template):
        found = token(piece) if _NAME.fullmatch(piece) else None
        if found is None and piece not in (PREFIX, SUFFIX):
            text += piece
            continue
        if text:
            yield text
        yield piece if found is None else found
        text = ""
    if text:
        yield text


def filled(text: str, fields: Mapping[str, str]) -> str:
    """Return `text` with the values of `fields` in their places."""
    return _FIELD.sub(lambda field: fields[field[1]], text)


@dataclass(frozen=True, slots=True)
class Family:
    """How one family fills in.

    `prompt` has the fields `{prefix}` and `{suffix}`, and may have `{path}`. Before it stand
    `repository`, with the field `{repository}`, and `file`, with `{path}`, if the model has their
    tokens. A prompt that ends with `{prefix}` begins the hole at the start of the window: the model
    reads what stands before the cursor as the beginning of its answer. Families share tokens:
    `known_by` is a pattern that the model's architecture or a name of it must then have in it. An
    answer ends at any of these tokens, and at `ends`.
    """

    name: str
    prompt: str
    known_by: str = ""
    repository: str = ""
    file: str = ""
    ends: tuple[str, ...] = ()

    @property
    def tokens(self) -> list[str]:
        """The names of the tokens without which a model cannot be of this family."""
        return names(self.prompt)

    def is_meant_by(self, about: str) -> bool:
        """Tell whether `about`, an architecture and names, leaves this family possible."""
        return re.search(self.known_by, about, re.IGNORECASE) is not None


_BARS = "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>"
_PLAIN = "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>"

FAMILIES = (
    Family("codegemma", _BARS, known_by="gemma", ends=("<|file_separator|>",)),
    Family("granite-4", _BARS, known_by="granite"),
    Family(  # Qwen2.5-Coder, Qwen3-Coder
        "qwen",
        "<|fim_prefix|><|fim_suffix|>{suffix}<|fim_middle|>{prefix}",
        ends=("<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"),
    ),
    Family(
        "mellum",
        "<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>",
        known_by="mellum",
        file="<filename>{path}\n",
    ),
    Family("granite", _PLAIN, known_by="granite"),  # of which the larger have StarCoder's bones
    Family(
        "starcoder2",
        "<file_sep><fim_prefix>{path}\n{prefix}<fim_suffix>{suffix}<fim_middle>",
        known_by="starcoder.?2",
        repository="<repo_name>{repository}",
    ),
    Family(
        "starcoder",
        _PLAIN,
        known_by="starcoder",
        repository="<reponame>{repository}",
        file="<filename>{path}\n",
    ),
    Family("stable-code", _PLAIN, ends=("<file_sep>", "<filename>")),
    Family("santacoder", "<fim-prefix>{prefix}<fim-suffix>{suffix}<fim-middle>"),
    Family("codellama", "▁<PRE>{prefix}▁<SUF>{suffix}▁<MID>", ends=("▁<EOT>",)),
    Family(
        "deepseek-coder",
        "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>",
        ends=("<|EOT|>",),
    ),
    Family(  # other models of its makers have these tokens and were never taught to use them
        "codestral",
        "[SUFFIX]{suffix}[PREFIX]+++++ {path}\n{prefix}",
        known_by="codestral",
    ),
    Family("seed-coder", "<[fim-suffix]>{suffix}<[fim-prefix]>{prefix}<[fim-middle]>"),
)
"""From special to general where tokens are shared: the first that fits is meant."""
