"""`slm-lsp models`: list, pull, import, verify, use, remove and optimize models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from slm_lsp import config, policy, sources
from slm_lsp.commands import model_list
from slm_lsp.commands.progress import shown
from slm_lsp.commands.settings import make_setting, merged
from slm_lsp.errors import StoreError, UsageError
from slm_lsp.store import adapted, catalog, installed, record
from slm_lsp.store.optimize import optimize, optimized
from slm_lsp.store.own import take_in
from slm_lsp.store.pull import Pulled, pull
from slm_lsp.store.remove import remove
from slm_lsp.store.writing import unfinished_names

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _SubParsersAction
    from collections.abc import Callable

    from slm_lsp.store.record import Record


def add_parser(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Register `models` and its subcommands; each sets `func`, which returns the exit code."""
    models = subparsers.add_parser("models", help="the models on this machine")
    commands = models.add_subparsers(required=True, metavar="COMMAND")
    for name, func, help_text in (
        ("list", _list, "show what is installed and what can be had"),
        ("pull", _pull, "download a model, check it, and fit it to this machine"),
        ("import", _import, "take in a model file of your own (GGUF), and run it once"),
        ("verify", _verify, "compute the checksums of an installed model again"),
        ("use", _use, "make an installed model the default, in the user's settings"),
        ("remove", _remove, "take a model, or what has arrived of one, out of your own store"),
        (
            "optimize",
            _optimize,
            "measure a model's quantisations here and use the fastest of equal quality",
        ),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        if name == "import":
            command.add_argument("file", metavar="FILE", type=Path)
            command.add_argument("--name", help="what to call it; the file's name if not given")
            command.add_argument("--sha256", default="", help="the checksum it has to have")
            command.add_argument(
                "--base", metavar="MODEL", help="FILE is a LoRA adapter for this installed model"
            )
        elif name != "list":
            command.add_argument("name", metavar="NAME")
        if name == "pull":
            command.add_argument(
                "--from",
                dest="source",
                metavar="MIRROR",
                help="the URL or folder to fetch it from; the setting `mirror` if not given",
            )
        if name == "remove":
            command.add_argument(
                "--force", action="store_true", help="even if it is the default model"
            )
        command.add_argument("--json", action="store_true", help="print one JSON value on stdout")
        command.set_defaults(func=_printing(func))


def _printing(func: Callable[[Namespace], tuple[Any, str]]) -> Callable[[Namespace], int]:
    """Print what a subcommand found: as JSON, or the sentence for people."""

    def run(args: Namespace) -> int:
        record.require_readable()
        try:
            value, text = func(args)
        except KeyboardInterrupt:
            if unfinished_names():
                kept = "what has arrived is kept, and the same command goes on from there"
                print(f"slm-lsp: interrupted; {kept}", file=sys.stderr)
            raise
        print(msgspec.json.encode(value).decode() if args.json else text)
        return 0

    return run


def _list(_args: Namespace) -> tuple[Any, str]:
    found = model_list.rows(_settings().model)
    texts = {row.name: described(row.record) for row in found if row.record is not None}
    value = {"store": str(record.root()), "models": found}
    return value, model_list.as_text(found, texts)


def _pull(args: Namespace) -> tuple[Any, str]:
    settings = _settings()
    model = catalog.find(args.name)
    source = settings.mirror if args.source is None else args.source
    with shown() as progress:
        pulled = pull(model, offline=settings.offline, progress=progress, source=source)
        own = not record.is_shared(model.name)
        measured = bool(model.exact_match) and own and not optimized(model.name)
        if measured:
            optimize(model, threads=settings.engine.threads, progress=progress)
    found = installed.get(model.name)
    value = {
        "name": model.name,
        "fetched": pulled is not None,
        "vouched_by": pulled.vouched_by if pulled else None,
        "measured": measured,
        "record": found,
    }
    text = f"{model.name}  {described(found)}"
    if pulled is None and not measured:
        where = "" if own else f" in {record.place(model.name).parent}, for all users"
        text = f"{model.name} is already installed{where}, and sound: {described(found)}"
    return value, text + (_warrant(pulled) if pulled else "")


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


def _import(args: Namespace) -> tuple[Any, str]:
    name = args.name or args.file.stem.lower()
    apart = ""
    with shown() as progress:
        if args.base:
            made = adapted.take_in(args.file, args.base, name, args.sha256, progress)
            found, trial, apart = made.record, made.trial, made.apart
        else:
            found, trial = take_in(args.file, name, args.sha256, progress)
    fills_in = f"fills in ({trial.fills_in})" if trial.fills_in else "reads what is before a cursor"
    chats = "follows instructions" if trial.chats else "follows no instructions"
    text = f"{name}  {described(found)}; {trial.architecture}, {fills_in}, {chats}"
    if apart:
        text += f"\n{model_list.kept_apart(apart)}"
    value = {"name": name, "record": found, "trial": trial, "apart": apart}
    return value, f"{text}\n`slm-lsp models use {name}` makes it the default model"


def _verify(args: Namespace) -> tuple[Any, str]:
    found = installed.verify(args.name)
    files = ", ".join(file.file for file in found.files)
    return {"name": found.name, "record": found}, f"{found.name}: checksums match ({files})"


def _optimize(args: Namespace) -> tuple[Any, str]:
    there = installed.get(args.name)
    model = catalog.known(there.name)
    if model is None or not model.exact_match:
        raise StoreError(f"'{there.name}' comes in one quantisation, and is used as it is.")
    with shown() as progress:
        found = optimize(model, threads=_settings().engine.threads, progress=progress)
    return {"name": found.name, "record": found}, f"{found.name}  {described(found)}"


def _use(args: Namespace) -> tuple[Any, str]:
    found = installed.get(args.name)
    installed.permitted(found.name, policy.load())
    path = make_setting("model", found.name)
    value = {"name": found.name, "settings": str(path)}
    return value, f"{found.name} is the default model now, in {path}"


def _remove(args: Namespace) -> tuple[Any, str]:
    if args.name == _settings().model and not args.force:
        raise UsageError(
            f"'{args.name}' is the default model, without which nothing is completed: first "
            "`slm-lsp models use OTHER`, or add --force."
        )
    with shown() as progress:
        size = remove(args.name, progress)
    value = {"name": args.name, "bytes": size}
    text = f"{args.name} is removed ({size / 1e6:.0f} MB)"
    if args.name in record.names():
        text += f"; the one in {record.place(args.name).parent}, for all users, is used now"
    return value, text


def _settings() -> config.Settings:
    """Read the user's own settings: no project may choose the model or lift `offline`."""
    source = sources.user_source()
    if source and source.error:  # it may say `offline`, so this is no time for defaults
        raise UsageError(f"{source.name} {source.error}; mend it first.")
    return merged([source] if source else [])


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
