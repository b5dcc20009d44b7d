"""The engine: which ones run, whether one answers, and whether it can reach a network."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.doctor.finding import Finding
from slm_lsp.errors import EngineError, EngineUnavailable, SlmLspError
from slm_lsp.inference.client.admin import running, status_of
from slm_lsp.inference.client.client import EngineClient
from slm_lsp.inference.client.launch import log_path, options_for
from slm_lsp.inference.endpoint import runtime_dir, socket_path
from slm_lsp.inference.protocol import (
    Generate,
    Prompt,
    RequestFinished,
    Status,
    Token,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.settings.schema import Settings

_PROMPT = Prompt("probe.py", "python", "def add(a, b):\n    return", "")
_TOKENS = 8


class _Answer(msgspec.Struct, frozen=True):
    text: str
    ready_ms: float
    total_ms: float
    status: Status


def look(settings: Settings) -> Iterator[Finding]:
    """Yield what is found about engines; starts one, or asks the one that runs."""
    yield Finding("sockets", "ok", f"{runtime_dir()}, closed to other users")
    yield _running()
    try:
        answer = asyncio.run(_ask(settings))
    except SlmLspError as error:
        advice = f"{log_path()} may say more." if isinstance(error, EngineUnavailable) else ""
        yield Finding("engine", "failed", str(error), advice)
        yield network(settings, None)
        return
    detail = (
        f"ready after {answer.ready_ms:.0f} ms, first answer after {answer.total_ms:.0f} ms, "
        f"{answer.status.rss / 2**20:.0f} MiB"
    )
    if answer.text:
        yield Finding("engine", "ok", detail)
    else:
        yield Finding("engine", "warning", f"{detail}, but empty", "Try another model.")
    yield placement(answer.status.placement)
    yield network(settings, answer.status.unsealed)


def placement(said: str) -> Finding:
    """Say what computes: `said` is the engine's own word, with a reason if it is not as set."""
    if said.startswith("the processor alone: "):
        advice = "Set engine.gpuLayers to fewer, or to 0 for the processor alone."
        return Finding("computes", "warning", said, advice)
    return Finding("computes", "ok", said)


def network(settings: Settings, unsealed: str | None) -> Finding:
    """Say who may use the network. `unsealed` is the engine's own word, None if none runs."""
    proxies = [name for name in ("HTTPS_PROXY", "https_proxy") if os.environ.get(name)]
    used = "for nothing" if settings.offline else "only by commands that fetch something"
    detail = f"used {used}{', through a proxy' if proxies else ''}; "
    if unsealed is None:
        return Finding("network", "ok", f"{detail}no engine runs to be asked whether it is sealed")
    if unsealed:
        advice = "It opens none all the same; docs/security.md says how to see for yourself."
        state = f"the engine could open network sockets: {unsealed}"
        return Finding("network", "warning", detail + state, advice)
    return Finding("network", "ok", f"{detail}the engine is sealed: it can open no network socket")


def _running() -> Finding:
    try:
        found = asyncio.run(running())
    except EngineError as error:  # one of another version, for instance
        return Finding("engines", "warning", str(error))
    if not found:
        return Finding("engines", "ok", "none is running; one starts when an editor needs it")
    each = (f"{one.model} is {one.state} for {one.clients} clients" for one in found)
    return Finding("engines", "ok", "; ".join(each))


async def _ask(settings: Settings) -> _Answer:
    engine, started = EngineClient(settings), time.perf_counter()
    try:
        await engine.ready()
        ready_ms = (time.perf_counter() - started) * 1e3
        text = ""
        async for event in engine.generate(Generate(0, "doctor", _PROMPT, _TOKENS, ("\n",))):
            if isinstance(event, RequestFinished) and event.reason == "failed":
                raise SlmLspError(event.detail)
            text += event.text if isinstance(event, Token) else ""
        total_ms = (time.perf_counter() - started) * 1e3
        try:
            status = await status_of(socket_path(options_for(settings)))
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable(
                f"The engine answers, but not what it does: {error}."
            ) from error
        return _Answer(text, ready_ms, total_ms, status)
    finally:
        await engine.close()
