"""`slm-lsp config`: what can be configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from slm_lsp import config

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("config", help="the settings")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    schema = actions.add_parser("schema", help="print the settings' JSON schema")
    schema.set_defaults(func=print_schema)


def print_schema(_options: argparse.Namespace) -> int:
    """Print the JSON schema of the settings as an editor writes them."""
    print(msgspec.json.format(msgspec.json.encode(config.schema()), indent=2).decode())
    return 0
