"""`slm-lsp config`: what can be configured, and what is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from slm_lsp.cli.arguments import settings_for
from slm_lsp.settings import policy, sources
from slm_lsp.settings import schema as config
from slm_lsp.text.terminal import encodable

if TYPE_CHECKING:
    import argparse


class Setting(msgspec.Struct, frozen=True):
    """One setting in force, and the file that decides it, empty for a default.

    Nothing below that file can change one that is `locked`, the editor included.
    """

    name: str
    value: Any
    source: str
    locked: bool


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("config", help="the settings")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    schema = actions.add_parser("schema", help="print the settings' JSON schema")
    schema.set_defaults(func=print_schema)
    show = actions.add_parser("show", help="the settings in force here, and which file decides")
    show.add_argument("--json", action="store_true", help="print one JSON value")
    show.set_defaults(func=print_settings)


def print_schema(_options: argparse.Namespace) -> int:
    """Print the JSON schema of the settings as an editor writes them."""
    print(msgspec.json.format(msgspec.json.encode(config.schema()), indent=2).decode())
    return 0


def print_settings(options: argparse.Namespace) -> int:
    """Print what files decide in the working folder. What an editor sends is not known here."""
    found = in_force(Path.cwd())
    if options.json:
        print(msgspec.json.encode({"settings": found}).decode())
        return 0
    table = Table("setting")
    for head in ("value", "from"):  # what is cut off could be all that matters
        table.add_column(head, overflow="fold")
    for one in found:
        source = f"{one.source}, locked" if one.locked else one.source or "default"
        cells = (one.name, msgspec.json.encode(one.value).decode(), source)
        table.add_row(*map(escape, cells))
    Console().print(table)
    return 0


def in_force(folder: Path) -> list[Setting]:
    """Return every setting. Raises PolicyUnusable."""
    values = msgspec.to_builtins(settings_for(folder))
    given = [policy.load().source, *sources.file_sources(folder.resolve())]
    deciding = sources.origins(given)
    languages = (name for name in deciding if name.startswith("languages."))
    found = []
    for name in (*config.setting_names(), *languages):
        value = values
        for part in name.split(".", 1) if name.startswith("languages.") else name.split("."):
            value = value[part]
        source = deciding.get(name)
        locked = source is not None and source.locks
        found.append(Setting(name, value, encodable(source.name) if source else "", locked))
    return found
