"""What `slm-lsp models list` shows: what is installed, what can be had, and what fits here."""

from __future__ import annotations

import msgspec

from slm_lsp.errors import ModelDamaged
from slm_lsp.models import catalog, record
from slm_lsp.models.catalog import CatalogModel
from slm_lsp.models.directory import size_of, unfinished, unfinished_names
from slm_lsp.models.record import Record
from slm_lsp.platform.machine import memory_for_models


class Row(msgspec.Struct, frozen=True):
    """One model. `memory` (bytes) and `fits` are None for one that the catalog does not know.

    `shared`: it is in a store for all users. `damage` is a sentence, `unfinished` the bytes that
    have arrived of what was interrupted.
    """

    name: str
    default: bool
    installed: bool
    memory: int | None
    fits: bool | None
    how_to_get: str
    catalog: CatalogModel | None
    record: Record | None
    shared: bool = False
    damage: str = ""
    unfinished: int = 0


def rows(default: str) -> list[Row]:
    """Return a row for each model of the catalog and of the stores."""
    known = {one.name: one for one in catalog.models()}
    names = dict.fromkeys((*known, *record.names(), *unfinished_names()))
    room = memory_for_models()
    return [_row(name, known.get(name), default, room) for name in names]


def as_text(found: list[Row], described: dict[str, str]) -> str:
    """Return the list for people; `described` says what is known about the installed ones."""
    lines = []
    for row in found:
        state = "DAMAGED" if row.damage else described.get(row.name, "not installed")
        about = _about(row.catalog, row) if row.catalog else [""]
        lines.append(f"{'*' if row.default else ' '} {row.name}  {state}{about[0]}")
        lines += [f"      {line}" for line in about[1:] + _state(row)]
    lines.append(f"* is the default; models may take {memory_for_models() / 1e9:.1f} GB here")
    return "\n".join(lines)


def _row(name: str, model: CatalogModel | None, default: str, room: int) -> Row:
    here, damage = None, ""
    try:
        here = record.read(name)
    except ModelDamaged as error:
        damage = str(error)
    return Row(
        name=name,
        default=name == default,
        installed=here is not None,
        memory=model.memory if model else None,
        fits=model.memory <= room if model else None,
        how_to_get=model.how_to_get if model else "",
        catalog=model,
        record=here,
        shared=record.is_shared(name),
        damage=damage,
        unfinished=size_of(unfinished(name)),
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
        pinned = "" if model.sha256 else "; its checksum is not pinned"
        lines.append(f"{model.size / 1e9:.1f} GB to fetch: {model.how_to_get}{pinned}")
    return lines


def _state(row: Row) -> list[str]:
    lines = [row.damage] if row.damage else []
    if row.shared:
        lines.append(f"in {record.place(row.name).parent}, for all users of this machine")
    if row.unfinished:
        lines.append(
            f"{row.unfinished / 1e6:.0f} MB have arrived; the same command as before goes on, "
            f"`slm-lsp models remove {row.name}` drops them"
        )
    return lines


def kept_apart(reason: str) -> str:
    """Return what is said of a base and an adapter that were not merged for this `reason`."""
    return f"Base and adapter stay apart, which takes longer at each token: {reason.rstrip('.')}."


def described(found: Record) -> str:
    """Return what is known about an installed model, for people."""
    used = found.used
    text = f"{used.quantisation}, {used.size / 1e6:.0f} MB, {found.licence}, {found.origin}"
    speed = found.measured.speeds.get(used.quantisation) if found.measured else None
    if found.measured is None or speed is None:
        return f"{text}; not measured on this machine"
    quality = "".join(
        f", {name} {share:.0%}" for name, share in sorted(found.measured.exact_match.items())
    )
    quality = f"; fills of the sample's holes: {quality[2:]}" if quality else ""
    lost = "".join(f"; {name}: {reason}" for name, reason in found.measured.failures.items())
    return (
        f"{text}; reads {speed.prefill_tokens_per_s:.0f} and writes "
        f"{speed.decode_tokens_per_s:.0f} tokens/s here{quality}{lost}"
    )
