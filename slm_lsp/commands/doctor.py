"""`slm-lsp doctor`: what works, what does not, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sqlite3
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import psutil
from rich.console import Console

from slm_lsp import __version__, sources, store
from slm_lsp.commands.settings import settings_for
from slm_lsp.context import languages
from slm_lsp.engine.client import EngineClient
from slm_lsp.engine.endpoint import runtime_dir
from slm_lsp.engine.protocol import Finished, Generate, Piece, Prompt
from slm_lsp.errors import SlmLspError
from slm_lsp.workspace.database import contents, database_path
from slm_lsp.workspace.files import may_be_workspace

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from slm_lsp.config import Settings

_PROBE = Prompt("probe.py", "python", "def add(a, b):\n    return", "")
_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failed": "[red]✗[/]"}


class Finding(msgspec.Struct, frozen=True):
    """One line of the report; `advice` says what to do where there is something to do."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    advice: str = ""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser("doctor", help="what works and what does not")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Print the findings; exit code 1 if one of them has failed."""
    settings = settings_for(Path.cwd())
    findings = [_look(check, settings) for check in CHECKS]
    if options.json:
        print(msgspec.json.encode({"version": __version__, "findings": findings}).decode())
    else:
        _print(findings)
    return 1 if any(finding.state == "failed" for finding in findings) else 0


def _look(check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return check(settings)
    except SlmLspError as error:
        return Finding(check.__name__.strip("_"), "failed", str(error))


def _python(_settings: Settings) -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")


def _machine(_settings: Settings) -> Finding:
    cores, memory = psutil.cpu_count(logical=False), psutil.virtual_memory()
    free_gib = memory.available / 2**30
    detail = f"{cores} physical cores, {free_gib:.1f} GiB of memory free"
    if free_gib < 1:
        return Finding("machine", "warning", detail, "Close something: the model needs about 0.5.")
    return Finding("machine", "ok", detail)


def _runtime(_settings: Settings) -> Finding:
    return Finding("runtime", "ok", f"llama-cpp-python {metadata.version('llama-cpp-python')}")


def _settings(settings: Settings) -> Finding:
    names = [source.name for source in sources.file_sources(Path.cwd())]
    detail = f"from {names[0]}" if names else "the defaults"
    return Finding("settings", "ok", f"{detail}; offline is {'on' if settings.offline else 'off'}")


def _grammars(_settings: Settings) -> Finding:
    return Finding("grammars", "ok", ", ".join(languages.with_grammar()))


def _model(settings: Settings) -> Finding:
    installed = store.resolve(settings.model)
    store.check(installed)
    return Finding("model", "ok", f"{settings.model}: {installed.path.name}, checksum matches")


def _sockets(_settings: Settings) -> Finding:
    return Finding("sockets", "ok", f"{runtime_dir()}, closed to other users")


def _engine(settings: Settings) -> Finding:
    started = time.perf_counter()
    text, ready_ms = asyncio.run(_probe(settings))
    total_ms = (time.perf_counter() - started) * 1e3
    detail = f"ready after {ready_ms:.0f} ms, first answer after {total_ms:.0f} ms"
    if not text:
        return Finding("engine", "warning", detail + ", but empty", "Try another model.")
    return Finding("engine", "ok", detail)


async def _probe(settings: Settings) -> tuple[str, float]:
    engine, started = EngineClient(settings), time.perf_counter()
    try:
        await engine.ready()
        ready_ms = (time.perf_counter() - started) * 1e3
        text = ""
        async for event in engine.generate(Generate(0, "doctor", _PROBE, 8, ("\n",))):
            if isinstance(event, Finished) and event.reason == "failed":
                raise SlmLspError(event.detail)
            text += event.text if isinstance(event, Piece) else ""
        return text, ready_ms
    finally:
        await engine.close()


def _index(settings: Settings) -> Finding:
    if not settings.context.definition_tokens:
        return Finding("index", "ok", "none is made: context.definitionTokens is 0")
    root = Path.cwd().resolve()
    if not may_be_workspace(root):
        return Finding("index", "ok", f"none for {root}, which is no project")
    path = database_path(root)
    if not path.exists():
        return Finding("index", "ok", f"none yet for {root}; an editor's server makes it")
    try:
        files, symbols = contents(path)
    except sqlite3.Error as error:
        detail = f"{path} cannot be read ({error})"
        return Finding("index", "warning", detail, "The next server makes it anew.")
    size = path.stat().st_size / 1e6
    return Finding("index", "ok", f"{files} files, {symbols} definitions, {size:.1f} MB in {path}")


def _editors(_settings: Settings) -> Finding:
    found = [name for name in ("code", "codium", "nvim", "hx", "emacs") if shutil.which(name)]
    if not found:
        return Finding("editors", "warning", "none on the PATH", "See docs/ for how to set one up.")
    return Finding("editors", "ok", ", ".join(found))


def _network(settings: Settings) -> Finding:
    proxies = [name for name in ("HTTPS_PROXY", "https_proxy") if os.environ.get(name)]
    allowed = "none at all" if settings.offline else "only by `slm-lsp models pull`"
    return Finding("network", "ok", f"used {allowed}{', through a proxy' if proxies else ''}")


CHECKS = (
    _python,
    _machine,
    _runtime,
    _settings,
    _grammars,
    _model,
    _sockets,
    _engine,
    _index,
    _editors,
    _network,
)


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False)
    for finding in findings:
        console.print(f"{_MARKS[finding.state]} {finding.name:9} {finding.detail}")
        if finding.advice:
            console.print(f"  {'':9} {finding.advice}", style="bold")
