"""`slm-lsp serve`: the language server on stdin and stdout."""

from __future__ import annotations

import gc
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("serve", help="the language server over stdio (the default)")
    parser.add_argument("--stdio", action="store_true", help="accepted; there is no other way")
    parser.add_argument(
        "--clientProcessId",
        dest="client_process_id",
        type=int,
        metavar="PID",
        help="end when this process is gone",
    )
    parser.add_argument("--log-file", metavar="FILE", help="log to FILE instead of stderr")
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default="warning"
    )
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Serve until the client leaves."""
    target = {"filename": options.log_file} if options.log_file else {"stream": sys.stderr}
    logging.basicConfig(
        level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s", **target
    )
    # Thousands of objects are about to be made that all stay: looking for garbage among them
    # would take a fifth of the time to start. `serve` turns the collector on again.
    gc.disable()
    from slm_lsp.server.transport.serve import (
        serve,  # only the server needs to pay for importing pygls
    )

    return serve(options.client_process_id)
