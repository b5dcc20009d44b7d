"""`slm-lsp models pull`: fetches a model, or the one that suits this machine, and measures it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from slm_lsp.cli import model_list
from slm_lsp.cli.arguments import user_settings
from slm_lsp.cli.progress import shown
from slm_lsp.errors import ModelUnusable, PullFailed
from slm_lsp.models import catalog, installed, record
from slm_lsp.models.download import Pulled, pull
from slm_lsp.models.optimize import measure, optimize, optimized
from slm_lsp.models.selection import choice, machine_speed
from slm_lsp.settings import schema

if TYPE_CHECKING:
    from argparse import Namespace

    from slm_lsp.models.catalog import CatalogModel
    from slm_lsp.models.directory import Progress


def pull_model(args: Namespace) -> tuple[Any, str]:
    """Install a model; return what the command prints as JSON, and for people."""
    settings = user_settings()
    source = settings.mirror if args.source is None else args.source
    with shown() as progress:
        model, pulled = _pull_chosen(args, settings, source, progress)
        own = not record.is_shared(model.name)
        measured = own and (model.exact_match or model.auto) and not optimized(model.name)
        if measured and model.exact_match:
            optimize(model, threads=settings.engine.threads, progress=progress)
        elif measured:
            measure(model.name, threads=settings.engine.threads, progress=progress)
    found = installed.get(model.name)
    value = {
        "name": model.name,
        "fetched": pulled is not None,
        "vouched_by": pulled.vouched_by if pulled else None,
        "measured": measured,
        "record": found,
    }
    text = f"{model.name}  {model_list.described(found)}"
    if pulled is None and not measured:
        where = "" if own else f" in {record.place(model.name).parent}, for all users"
        text = f"{model.name} is already installed{where}, and sound: {model_list.described(found)}"
    if args.keep_source and pulled is None and model.prepared and found.used == found.files[0]:
        text += (
            f"\nits source was not kept; `slm-lsp models remove {model.name}`, then pull it again "
            "with --keep-source"
        )
    return value, text + (_warrant(pulled) if pulled else "")


def _pull_chosen(
    args: Namespace, settings: schema.Settings, source: str, progress: Progress
) -> tuple[CatalogModel, Pulled | None]:
    """Pull the model that is named, or the best for this machine, or else the next smaller one."""

    def fetch(model: CatalogModel) -> Pulled | None:
        return pull(
            model,
            offline=settings.offline,
            progress=progress,
            source=source,
            keep_source=args.keep_source,
        )

    if args.name != schema.AUTO:
        model = catalog.find(args.name)
        return model, fetch(model)
    budget_ms = settings.completion.budget_ms
    if machine_speed.known() is None:
        with contextlib.suppress(ModelUnusable):  # the reckoning then says that it is not known
            machine_speed.measure(progress)
    found = choice.candidates(budget_ms)
    for line in choice.reckoning(found, budget_ms):
        progress(line, 0, 0)
    taken = choice.best(found)
    model, *smaller = (catalog.find(one.name) for one in found[found.index(taken) :])
    for instead in smaller:
        try:
            return model, fetch(model)
        except PullFailed as error:
            progress(f"{error} Taking {instead.name} instead.", 0, 0)
        model = instead
    return model, fetch(model)


def _warrant(pulled: Pulled) -> str:
    """Say what a checksum is worth that the catalog does not have."""
    if pulled.vouched_by == "catalog":
        return ""
    sha256, origin = pulled.record.files[0].sha256, pulled.record.origin
    if pulled.vouched_by == "source":
        return f"\nits checksum is what {origin} says; the catalog has none: {sha256}"
    return (
        f"\nNOBODY SAID WHICH CHECKSUM IT MUST HAVE: compare {sha256} with what its publisher says"
    )
