"""One editor's connection: its settings, its open documents and its engine."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from slm_lsp import __version__
from slm_lsp.errors import PolicyUnusable, SlmLspError
from slm_lsp.inference.client.launch import is_running
from slm_lsp.inference.protocol import State
from slm_lsp.models.selection import choice
from slm_lsp.models.selection.interim import interim_settings
from slm_lsp.server.definitions import Definitions
from slm_lsp.server.documents import Documents
from slm_lsp.server.engines import Engines
from slm_lsp.server.indexing import Indexing, IndexProgress
from slm_lsp.server.notebooks import Notebooks
from slm_lsp.server.rejections import RejectionDetector
from slm_lsp.server.schemes import file_uri
from slm_lsp.server.status import Status
from slm_lsp.server.transport.protocol import Protocol
from slm_lsp.server.usage import Usage
from slm_lsp.settings import policy, schema, sources

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from slm_lsp.index.client import Report
    from slm_lsp.inference.client.client import EngineClient
    from slm_lsp.server.documents import Buffer
    from slm_lsp.server.engines import Answering
    from slm_lsp.settings.schema import Settings
    from slm_lsp.text.document import Cursor

ENGINE_SETTINGS = ("model", "offline", "engine")
"""Settings whose change means another engine."""


class Configuration(NamedTuple):
    """Settings, what is wrong where they came from, and those of the model that answers first."""

    settings: Settings
    problems: tuple[sources.Problem, ...]
    interim: Settings | None = None


class Session(LanguageServer):
    """What the handlers of one connection share."""

    protocol: Protocol

    def __init__(self) -> None:
        super().__init__(
            "slm-lsp",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Incremental,
            notebook_document_sync=types.NotebookDocumentSyncOptions(
                [types.NotebookDocumentFilterWithNotebook("*")], save=False
            ),
            protocol_cls=Protocol,
        )
        self.settings = schema.Settings()
        self.editor_settings = sources.Source("editor", {}, "camel")
        self.documents = Documents()
        self.notebooks = Notebooks(self.documents)
        self.usage = Usage(self.documents)
        self.offered = RejectionDetector()
        self.definitions = Definitions()
        self.indexing = Indexing(self._indexed)
        self._index_progress = IndexProgress(self)
        self.status = Status(self.protocol)
        self.engines = Engines(self.status, self._engine_changed, self._forget_prepared)
        self.running: dict[tuple[str, str], asyncio.Task[Any]] = {}  # newest by document, method
        self.preparing: dict[str, asyncio.Task[None]] = {}  # on suspicion, by document
        self.expected: dict[str, tuple[int, str]] = {}  # the line and text it is done for
        self.completion_registered = False
        self.stopped = asyncio.Event()
        self.exit_code = 0
        self._background: set[asyncio.Task[None]] = set()
        self._configuring = asyncio.Lock()
        self._watching = False  # folders are indexed from `initialized` on

    @property
    def encoding(self) -> types.PositionEncodingKind:
        """The units that positions are counted in, agreed on at initialization."""
        chosen = self.server_capabilities.position_encoding
        return types.PositionEncodingKind(chosen or types.PositionEncodingKind.Utf16)

    @property
    def engine(self) -> EngineClient:
        """The engine for the current settings; nothing is started before it is used."""
        return self.engines.engine

    @property
    def answering(self) -> Answering:
        """What completions are computed with now."""
        return self.engines.answering

    def _engine_changed(self, state: State) -> None:
        if state.kind == "failed":
            self.background(self._choose_again())

    async def _choose_again(self) -> None:
        """Take another model where one has come into the store since the settings were read."""
        async with self._configuring:
            with contextlib.suppress(PolicyUnusable):
                found = await asyncio.to_thread(self._read_settings)
                if found.settings.model != self.settings.model:
                    await self._apply(found)

    async def configure(self) -> None:
        """Take over new settings: what the editor sent last, above those in files."""
        async with self._configuring:  # the last settings sent win, however long files take to read
            try:
                found = await asyncio.to_thread(self._read_settings)
            except PolicyUnusable as error:
                await self._apply(Configuration(policy.CLOSED, (sources.Problem(str(error)),)))
                self.status.engine_changed(State("failed", "", str(error)))
            else:
                await self._apply(found)
        if self._watching:
            await self.index_folders()

    async def index_folders(self) -> None:
        """Index what the editor has open, if the model is to read of it."""
        self._watching = True
        paths = (to_fs_path(folder.uri) for folder in self.workspace.folders.values())
        wanted = self.settings.enabled and self.settings.context.definition_tokens > 0
        await self.indexing.keep([Path(path) for path in paths if path] if wanted else [])

    def definitions_for(self, buffer: Buffer, cursor: Cursor) -> str:
        """Return the definitions in other files for the model to read first; see `Definitions`."""
        tokens = self.settings.context.definition_tokens
        path = to_fs_path(buffer.document.uri) if tokens else None
        database = self.indexing.database(Path(path)) if path else None
        if database is None:
            return ""
        return self.definitions.above(buffer, cursor, database, tokens)

    def _read_settings(self) -> Configuration:
        given = [self.editor_settings, *sources.file_sources(self._root())]
        unresolved, problems = policy.settings(given)
        settings = choice.resolved(unresolved)
        interim = interim_settings(unresolved, settings)
        with contextlib.suppress(SlmLspError):  # starting it will say so
            if interim is not None and is_running(settings):
                interim = None
        return Configuration(settings, problems, interim)

    async def _apply(self, found: Configuration) -> None:
        for problem in found.problems:
            self.window_log_message(
                types.LogMessageParams(types.MessageType.Warning, f"slm-lsp: {problem.message}")
            )
        old, self.settings = self.settings, found.settings
        same = all(getattr(old, name) == getattr(self.settings, name) for name in ENGINE_SETTINGS)
        if old != self.settings:
            self.definitions.outdated()
        self.usage.enabled = self.settings.statistics
        self.usage.learns = self.settings.completion.learn
        await self.engines.configure(self.settings, found.interim, same_engine=same)

    def _forget_prepared(self) -> None:
        """Give up what is prepared with answers that do not count any more."""
        for task in self.preparing.values():
            task.cancel()
        self.expected.clear()

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` beside everything else, until it ends or the server does."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """End what is running and leave the engine to others."""
        for task in (*self.running.values(), *self.preparing.values(), *self._background):
            task.cancel()
        await self.usage.close()
        self.documents.close_all()
        self.definitions.close()
        await self.indexing.close()
        await self.engines.close()

    def names_for_model(self, uri: str) -> tuple[str, str]:
        """Return what the model is told a file is called, and the workspace folder it is in.

        The first is relative to the second, which is empty for a file that is in none.
        """
        path = to_fs_path(file_uri(uri))
        if path is None:
            return uri.removeprefix("untitled:").rsplit("/", 1)[-1], ""
        folders = (to_fs_path(it.uri) or "" for it in self.workspace.folders.values())
        roots = [root.rstrip("/") + "/" for root in folders]
        inside = max((root for root in roots if path.startswith(root)), key=len, default="")
        if not inside:
            return path.rsplit("/", 1)[-1], ""
        return path.removeprefix(inside), inside.rstrip("/").rsplit("/", 1)[-1]

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Show nothing: pygls would raise a popup that nobody can act on; see `guard`."""

    def _indexed(self, folder: Path, report: Report) -> None:
        self._index_progress.report(folder, report)
        if report.state == "done":
            self.definitions.outdated()

    def _root(self) -> Path | None:
        folders = [folder.uri for folder in self.workspace.folders.values()]
        path = to_fs_path(folders[0]) if folders else self.workspace.root_path
        return Path(path) if path else None
