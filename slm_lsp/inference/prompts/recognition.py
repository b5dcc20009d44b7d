"""Which prompt format a model wants, from what its file says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.prompts.families import (
    FAMILIES,
    PREFIX,
    SUFFIX,
    Family,
    names,
    parts,
)
from slm_lsp.inference.prompts.fim import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from slm_lsp.inference.prompts.families import Part

ORDER_KEY = "slm-lsp.fim.order"
"""Metadata of a GGUF that was trained for one order above the other: `spm`, `psm`, or `joined`,
which is SPM without a token between the prefix and what follows it."""

END_WEIGHT_KEY = "slm-lsp.fim.end_weight"
"""Metadata of a GGUF: how many times as much as another token the one that ends an answer counted
in training. It then comes so much more often, in odds."""

MOST_END_WEIGHT = 1e3

ABOUT_KEYS = ("general.architecture", "general.basename", "general.name")
"""Metadata that says which family a model is of. Files also say it with their own names."""


class ModelFacts(Protocol):
    """What a model's file says of it."""

    file: str
    """The file's own name."""

    def metadata(self, key: str) -> str:
        """Return a value out of the file's metadata, empty where it has none."""
        ...

    def token(self, name: str) -> int | None:
        """Return the special token called `name`, or None."""
        ...

    def fim_tokens(self) -> dict[str, int]:
        """Return the tokens `pre`, `suf`, `mid`, `rep` and `sep`, as far as they are known.

        Those that the file's metadata names, or else those with one of the usual names.
        """
        ...


def recognize(facts: ModelFacts, chosen: str = "auto") -> Format:
    """Choose the prompt format: `chosen` may be a family's name, `none` or `auto`.

    For `auto`, tokens come before names: a model that was not given the tokens cannot fill in, and
    what its metadata says of them is believed above all. Raises ModelUnusable where it does not
    have those of the chosen family.
    """
    if chosen == "none":
        return Format("")
    if chosen != "auto":
        return _chosen(facts, chosen)
    given = facts.fim_tokens()
    order = facts.metadata(ORDER_KEY)
    if order and _complete(given):
        return of_tokens(given, order)
    about = " ".join([facts.file, *map(facts.metadata, ABOUT_KEYS)])
    for family in FAMILIES:
        own = {facts.token(name) for name in family.tokens}
        fits = None not in own and (not _complete(given) or {given["pre"], given["suf"]} <= own)
        if fits and family.is_meant_by(about):
            return of_family(family, facts.token)
    return of_tokens(given, order) if _complete(given) else Format("")


def end_weight(facts: ModelFacts) -> float:
    """Return how many times the end of an answer counted in training, 1 where that is not known."""
    try:
        said = float(facts.metadata(END_WEIGHT_KEY))
    except ValueError:
        return 1.0
    return said if 1 <= said <= MOST_END_WEIGHT else 1.0


def _complete(given: dict[str, int]) -> bool:
    return {"pre", "suf", "mid"} <= given.keys()


def _chosen(facts: ModelFacts, name: str) -> Format:
    family = next(it for it in FAMILIES if it.name == name)
    missing = [it for it in family.tokens if facts.token(it) is None]
    if missing:
        raise ModelUnusable(
            f"The setting engine.fim is '{name}', but {facts.file} has no token {missing[0]}; "
            "set it to 'auto', or to the family that the model is of."
        )
    return of_family(family, facts.token)


def of_family(family: Family, token: Callable[[str], int | None]) -> Format:
    """Return the format of `family` for a model where `token` finds special tokens by name."""

    def known(template: str) -> tuple[Part, ...]:
        usable = all(token(name) is not None for name in names(template))
        return tuple(parts(template, token)) if usable else ()

    all_names = names(family.prompt + family.repository + family.file) + list(family.ends)
    ends = frozenset(found for name in all_names if (found := token(name)) is not None)
    return Format(
        family.name, known(family.prompt), known(family.repository), known(family.file), ends
    )


def of_tokens(given: dict[str, int], order: str) -> Format:
    """Return the format of a model whose tokens are known and whose family is not.

    PSM is what every fill-in model was trained for.
    """
    before, after = (given["pre"], PREFIX), (given["suf"], SUFFIX)
    middle = (given["mid"],)
    orders = {"spm": (*after, *before, *middle), "joined": (*after, *before)}
    return Format(
        "",
        orders.get(order, (*before, *after, *middle)),
        (given["rep"], "{repository}\n") if "rep" in given else (),
        (given["sep"], "{path}\n") if "sep" in given else (),
        frozenset(given.values()),
    )
