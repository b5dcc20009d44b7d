"""`slm-lsp bundle`: create, verify, install and uninstall what takes it to offline machines."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from slm_lsp import __version__
from slm_lsp.bundle import fitness, installation
from slm_lsp.bundle.install_paths import install_paths
from slm_lsp.errors import BundleError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _SubParsersAction

_PYTHON = re.compile(r"3\.(1[1-9]|[2-9]\d)")

# Nothing from outside the standard library may be imported here: `install` runs out of a wheel.


def add_parser(subparsers: _SubParsersAction[ArgumentParser]) -> None:
    """Register `bundle` and its subcommands; each sets `func`, which returns the exit code."""
    bundle = subparsers.add_parser("bundle", help="take all of it to a machine without a network")
    commands = bundle.add_subparsers(required=True, metavar="COMMAND")
    _add_create(commands)
    for name, func, help_text in (
        ("verify", _verify, "compare every file of a bundle with its checksum"),
        ("install", _install, "install a bundle for this user, without any network"),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument("folder", metavar="FOLDER", type=Path)
        command.add_argument(
            "--signers", type=Path, metavar="FILE", help="it must be signed by one of these"
        )
        command.set_defaults(func=func)
    remove = commands.add_parser("uninstall", help="remove what was installed from a bundle")
    remove.set_defaults(func=_uninstall)


def _add_create(commands: _SubParsersAction[ArgumentParser]) -> None:
    help_text = "make a bundle, in a folder"
    create = commands.add_parser("create", help=help_text, description=help_text)
    create.add_argument("--output", type=Path, metavar="FOLDER", help="the folder to make")
    for flag, meta, about in (
        ("--platform", "NAME", "such as linux-x86_64; this machine's if none is given"),
        ("--python", "VERSION", "such as 3.12; this one's if none is given"),
        ("--find-links", "FOLDER", "has the wheels of slm-lsp and of the engine (`make wheels`)"),
    ):
        create.add_argument(flag, action="append", default=[], metavar=meta, help=about)
    create.add_argument(
        "--model", default="", metavar="NAME", help="an installed model; `auto` for the default one"
    )
    create.add_argument("--vsix", type=Path, metavar="FILE", help="the VS Code extension")
    create.add_argument("--nvim", type=Path, metavar="FOLDER", help="the Neovim plugin")
    create.add_argument("--sign", type=Path, metavar="KEY", help="sign with this key for ssh")
    create.set_defaults(func=_create)


def _create(args: Namespace) -> int:
    try:
        from slm_lsp.bundle.creation import Content, create
        from slm_lsp.bundle.targets import PLATFORMS, Target
        from slm_lsp.bundle.wheelhouse import require_network
        from slm_lsp.cli.arguments import settings_for
    except ImportError as error:
        raise BundleError(
            f"{error.name} is missing: `pip install slm-lsp[bundle]` adds it."
        ) from error
    platforms = args.platform or [fitness.this_platform()]
    if unknown := [name for name in platforms if name not in PLATFORMS]:
        raise UsageError(f"--platform {unknown[0]}: bundles are made for {', '.join(PLATFORMS)}.")
    pythons = args.python or [fitness.this_python()]
    if wrong := [version for version in pythons if not _PYTHON.fullmatch(version)]:
        raise UsageError(f"--python {wrong[0]}: slm-lsp needs 3.11 or newer, written as 3.12.")
    for path in (args.vsix, args.nvim):
        if path is not None and not path.exists():
            raise UsageError(f"There is no {path}.")
    settings = settings_for(Path.cwd())
    require_network(offline=settings.offline)
    targets = tuple(Target(name, python) for name in platforms for python in pythons)
    given = tuple(map(Path, args.find_links))
    folder = args.output or Path(f"slm-lsp-{__version__}-{'-'.join(platforms)}")
    model = settings.model if args.model == "auto" else args.model
    content = Content(targets, given, model, args.vsix, args.nvim, args.sign)
    create(content, folder.absolute(), _say)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}  {size / 1e6:.0f} MB; on the other machine: sh install.sh")
    return 0


def _verify(args: Namespace) -> int:
    files, signer = installation.verify(args.folder, args.signers)
    print(
        f"{args.folder}: {files} files as they were made" + (f", signed by {signer}" * bool(signer))
    )
    return 0


def _install(args: Namespace) -> int:
    bundle = args.folder.absolute()
    installation.verify(bundle, args.signers)
    installation.install(bundle, install_paths(os.environ), os.environ, _say)
    return 0


def _uninstall(_args: Namespace) -> int:
    installation.uninstall(install_paths(os.environ), _say)
    _say("Models and settings are kept.")
    return 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
