"""`slm-lsp engine`: the engine processes of this user."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from slm_lsp.errors import EngineLost
from slm_lsp.inference.client.admin import running, stop
from slm_lsp.inference.endpoint import sockets

if TYPE_CHECKING:
    import argparse

    from slm_lsp.inference.protocol import Status


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("engine", help="the running engine processes")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    status = actions.add_parser("status", help="show them")
    status.add_argument("--json", action="store_true", help="print one JSON value")
    status.set_defaults(func=print_status)
    actions.add_parser("stop", help="stop them; they come back when needed").set_defaults(
        func=stop_all
    )


def print_status(options: argparse.Namespace) -> int:
    """Print the engines that are running: as JSON `{"engines": [...]}`, or as a table."""
    engines = asyncio.run(running())
    if options.json:
        print(msgspec.json.encode({"engines": engines}).decode())
    elif not engines:
        print("No engine is running. One starts when an editor needs it.")
    else:
        _print_table(engines)
    return 0


def stop_all(_options: argparse.Namespace) -> int:
    """Stop every engine of this user."""
    stopped = asyncio.run(_stop_all())
    print(f"Stopped {stopped}." if stopped else "No engine is running.")
    return 0


async def _stop_all() -> int:
    stopped = 0
    for path in sockets():
        with contextlib.suppress(OSError, TimeoutError, EngineLost):  # it left by itself
            await stop(path)
            stopped += 1
    return stopped


def _print_table(engines: list[Status]) -> None:
    table = Table(
        "process", "model", "state", "clients", "requests", "up", "idle", "memory", "network"
    )
    for one in engines:
        table.add_row(
            str(one.pid),
            one.model,
            one.state,
            str(one.clients),
            str(one.requests),
            f"{one.uptime_s:.0f} s",
            f"{one.idle_s:.0f} s",
            f"{one.rss / 2**20:.0f} MiB",
            "open" if one.unsealed else "sealed",
        )
    Console().print(table)
