"""What `slm-lsp models list` shows: what is installed, what can be had, and what fits here."""

from __future__ import annotations

import msgspec

from slm_lsp.store import catalog, installed
from slm_lsp.store.catalog import CatalogModel
from slm_lsp.store.machine import memory_for_models
from slm_lsp.store.record import Record


class Row(msgspec.Struct, frozen=True):
    """One model. `memory` (bytes) and `fits` are None for one that the catalog does not know."""

    name: str
    default: bool
    installed: bool
    memory: int | None
    fits: bool | None
    how_to_get: str
    catalog: CatalogModel | None
    record: Record | None


def rows(default: str) -> list[Row]:
    """Return a row for each model of the catalog and of the store. Raises ModelDamaged."""
    here = {one.name: one for one in installed.installed()}
    known = {one.name: one for one in catalog.models()}
    room = memory_for_models()
    return [_row(name, known.get(name), here.get(name), default, room) for name in known | here]


def as_text(found: list[Row], described: dict[str, str]) -> str:
    """Return the list for people; `described` says what is known about the installed ones."""
    lines = []
    for row in found:
        state = described.get(row.name, "not installed")
        about = _about(row.catalog, row) if row.catalog else [""]
        lines.append(f"{'*' if row.default else ' '} {row.name}  {state}{about[0]}")
        lines += [f"      {line}" for line in about[1:]]
    lines.append(f"* is the default; models may take {memory_for_models() / 1e9:.1f} GB here")
    return "\n".join(lines)


def _row(
    name: str, model: CatalogModel | None, record: Record | None, default: str, room: int
) -> Row:
    return Row(
        name=name,
        default=name == default,
        installed=record is not None,
        memory=model.memory if model else None,
        fits=model.memory <= room if model else None,
        how_to_get=model.how_to_get if model else "",
        catalog=model,
        record=record,
    )


def _about(model: CatalogModel, row: Row) -> list[str]:
    size = model.parameters / 1e6
    parameters = f"{size:.0f} million" if size < 1000 else f"{size / 1000:.1f} billion"
    purpose = "for tasks and code actions" if model.instructed else "for completion"
    licence = "" if row.installed else f", {model.licence}"
    fits = "fits" if row.fits else "DOES NOT FIT"
    lines = [
        f"; {parameters} parameters, {purpose}{licence}",
        f"{fits}: takes {model.memory / 1e9:.1f} GB of memory; for {model.hardware}",
    ]
    if model.limits:
        lines.append(f"LICENCE: {model.limits}")
    if not row.installed:
        lines.append(f"{model.size / 1e9:.1f} GB to fetch: {model.how_to_get}")
    return lines
