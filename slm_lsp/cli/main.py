"""The command line: subcommands, exit codes (0 fine, 1 failed, 2 wrong usage), nothing else."""

from __future__ import annotations

import argparse
import io
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp import __version__
from slm_lsp.errors import SlmLspError, UsageError
from slm_lsp.text.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    *("serve", "complete", "demo", "eval", "bench", "doctor", "models", "engine", "config"),
    *("stats", "bundle", "tune"),
)

UNSEALED = ("models", "bundle", "tune")
"""Commands that keep the network: the first two may fetch something, the third runs PyTorch. All
others give it up, `serve` by itself, because an editor waits for its first answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Without a subcommand this is the language server on stdio."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "serve")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may not have every letter
        sys.stdout.reconfigure(errors="replace")
    try:
        options = _parser(words[0]).parse_args(words)
        if arguments is None and words[0] not in (*UNSEALED, "serve"):  # the process is all ours
            from slm_lsp.platform import sandbox

            sandbox.give_up()
        return _run(options, serves=words[0] == "serve")
    finally:
        _let_output_go()


def _run(options: argparse.Namespace, *, serves: bool) -> int:
    """Run the command and return its exit code; what it raises is one line on stderr."""
    try:
        _require_home()
        if not serves:  # what an editor asks about names its own folder
            _require_working_folder()
        code = int(options.func(options))
        print(end="", flush=True)  # a full disk is noticed here, or after everything else
    except UsageError as error:
        print(f"slm-lsp: {printable(str(error))}", file=sys.stderr)
        return 2
    except SlmLspError as error:
        print(f"slm-lsp: {printable(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1  # whoever read our output has left; there is nobody to tell
    except OSError as error:  # such as output to a full disk, or a path that no system takes
        print(f"slm-lsp: {printable(str(error))}.", file=sys.stderr)
        return 1
    return code


def _let_output_go() -> None:
    """Keep Python from trying again, and complaining, at its end where output cannot be written."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _require_home() -> None:
    """Raise UsageError where neither the environment nor the system names a home folder.

    What is kept there would end up in a folder called `~` of the one that is worked in.
    """
    try:
        Path.home()
    except RuntimeError as error:
        raise UsageError("This user has no home folder; name one in HOME.") from error


def _require_working_folder() -> None:
    """Raise UsageError where the folder that is worked in was removed."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("This folder is gone; change to another one.") from error


def _parser(first: str) -> argparse.ArgumentParser:
    """Return the parser; only the module of the command `first` is imported, if it is one."""
    parser = argparse.ArgumentParser(
        prog="slm-lsp", description="Ghost text from a small language model on your own machine."
    )
    parser.add_argument("--version", action="version", version=f"slm-lsp {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in (first,) if first in COMMANDS else COMMANDS:
        import_module(f"slm_lsp.cli.{name}").add_parser(subparsers)
    return parser
