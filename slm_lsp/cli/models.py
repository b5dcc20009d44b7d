"""`slm-lsp models`: list, pull, import, verify, use, remove and optimize models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from slm_lsp.cli import model_list, model_pull
from slm_lsp.cli.arguments import make_setting, user_settings
from slm_lsp.cli.progress import shown
from slm_lsp.errors import UsageError
from slm_lsp.models import (
    adapter_import,
    catalog,
    installed,
    record,
)
from slm_lsp.models.directory import remove, unfinished_names
from slm_lsp.models.import_model import import_model
from slm_lsp.models.optimize import measure, optimize
from slm_lsp.models.selection import choice
from slm_lsp.settings import policy, schema

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _SubParsersAction
    from collections.abc import Callable


def add_parser(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Register `models` and its subcommands; each sets `func`, which returns the exit code."""
    models = subparsers.add_parser("models", help="the models on this machine")
    commands = models.add_subparsers(required=True, metavar="COMMAND")
    for name, func, help_text in (
        ("list", _list, "show what is installed and what can be had"),
        ("pull", model_pull.pull_model, "download a model, check it, and fit it to this machine"),
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
        elif name == "pull":
            command.add_argument(
                "name",
                metavar="NAME",
                nargs="?",
                default=schema.AUTO,
                help="the model; without one, or as `auto`, the best for this machine",
            )
            command.add_argument(
                "--keep-source",
                action="store_true",
                help="keep the publisher's file beside the one that is prepared for processors",
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
    settings = user_settings()
    found = model_list.rows(settings.model)
    texts = {row.name: model_list.described(row.record) for row in found if row.record is not None}
    budget_ms = settings.completion.budget_ms
    reckoned = choice.candidates(budget_ms)
    best = choice.best(reckoned).name if reckoned else None
    value = {"store": str(record.root()), "models": found, "auto": reckoned, "best": best}
    lines = [f"  {line}" for line in choice.reckoning(reckoned, budget_ms)]
    return value, "\n".join([model_list.as_text(found, texts), "auto:", *lines])


def _import(args: Namespace) -> tuple[Any, str]:
    name = args.name or args.file.stem.lower()
    apart = ""
    with shown() as progress:
        if args.base:
            made = adapter_import.take_in(args.file, args.base, name, args.sha256, progress)
            found, trial, apart = made.record, made.trial, made.apart
        else:
            found, trial = import_model(args.file, name, args.sha256, progress)
    fills_in = f"fills in ({trial.fills_in})" if trial.fills_in else "reads what is before a cursor"
    chats = "follows instructions" if trial.chats else "follows no instructions"
    text = f"{name}  {model_list.described(found)}; {trial.architecture}, {fills_in}, {chats}"
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
    with shown() as progress:
        if model is None or not model.exact_match:
            found = measure(there.name, threads=user_settings().engine.threads, progress=progress)
            text = f"{found.name} comes in one quantisation  {model_list.described(found)}"
            return {"name": found.name, "record": found}, text
        found = optimize(model, threads=user_settings().engine.threads, progress=progress)
    return {"name": found.name, "record": found}, f"{found.name}  {model_list.described(found)}"


def _use(args: Namespace) -> tuple[Any, str]:
    if args.name != schema.AUTO:
        installed.permitted(args.name, policy.load())
    path = make_setting("model", args.name)
    value = {"name": args.name, "settings": str(path)}
    return value, f"{args.name} is the default model now, in {path}"


def _remove(args: Namespace) -> tuple[Any, str]:
    if args.name == user_settings().model and not args.force:
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
