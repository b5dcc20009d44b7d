"""`textDocument/codeAction`, `codeAction/resolve`, and a command for clients that resolve nothing.

The list says what could be done and costs next to nothing; the model is asked for what was chosen.

`slm-lsp/rewrite`: code changed by an instruction that somebody typed.

Not in the specification: code actions carry nothing that was typed. Parameters: `textDocument` and
`range` as in a code action, and `instruction`. The answer is a WorkspaceEdit, for the client to
apply.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcRequestCancelled

from slm_lsp.actions.explain import EXPLAIN
from slm_lsp.actions.frame import ActionContext, Diagnostic
from slm_lsp.actions.registry import ACTIONS, offers
from slm_lsp.actions.rewrite import REWRITE
from slm_lsp.actions.writing import explain, write
from slm_lsp.completion.eligibility import closed
from slm_lsp.completion.request import Request
from slm_lsp.errors import ActionRefused
from slm_lsp.server.handlers.action_display import action_progress, show
from slm_lsp.server.positions import given_position, to_range, to_span
from slm_lsp.server.schemes import is_editable
from slm_lsp.server.session import Session  # noqa: TC001 (pygls reads the annotations at run time)
from slm_lsp.text.document import Span

Result = TypeVar("Result")

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from slm_lsp.actions.frame import Action, Frame
    from slm_lsp.inference.protocol import Engine
    from slm_lsp.server.documents import Buffer
    from slm_lsp.settings.schema import Settings
    from slm_lsp.syntax.tree import Syntax
    from slm_lsp.text.document import Cursor, Document, Edit

    Work = Callable[
        [Frame, Document, Settings, Engine, Callable[[str], None]], Coroutine[None, None, Result]
    ]

RUN = "slm-lsp.runAction"
"""Carries out an action in clients that cannot resolve one; its argument is the action's `data`."""

OPTIONS = types.CodeActionOptions(
    code_action_kinds=[action.kind for action in ACTIONS.values()], resolve_provider=True
)

CHANGED = "The text has changed since the action was offered. Ask for it again."


class Chosen(msgspec.Struct, frozen=True):
    """An action's `data`: which one, and for what place of which text."""

    action: str
    uri: str
    version: int
    selection: Span
    diagnostic: Diagnostic | None = None
    instruction: str = ""


async def code_action(ls: Session, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """Answer with what makes sense for the range, and with fixes of its diagnostics."""
    buffer = ls.documents.get(params.text_document.uri)
    if buffer is None:
        return None
    document = buffer.document
    selection = to_span(document, params.range, ls.encoding)
    syntax = await _syntax(ls, buffer, selection.start)
    if syntax is None:
        return []
    told = [
        Diagnostic(to_span(document, it.range, ls.encoding), it.message)
        for it in params.context.diagnostics
    ]
    only = params.context.only
    found = offers(ActionContext(syntax, selection), told, chats=ls.status.chats)
    return [
        _offered(ls, document, action, frame.title, place)
        for action, frame, place in found
        if only is None or any(_is_kind(action.kind, wanted) for wanted in only)
    ]


async def code_action_resolve(ls: Session, params: types.CodeAction) -> types.CodeAction:
    """Let the model write the edit of `params`. Raises ActionRefused or EngineError.

    Some editors have an action resolved that is complete, because it is a command.
    """
    if params.command is None:
        params.edit = await edit_of(ls, _chosen(params.data))
    return params


async def run_action(ls: Session, data: Any = None) -> None:
    """Carry out an action and have the editor apply its edit. Raises as resolving one does."""
    chosen = _chosen(data)
    if chosen.action == EXPLAIN.name:
        frame, document = await _framed(ls, chosen)
        await show(ls, await _carried_out(ls, frame, document, explain))
        return
    asked = types.ApplyWorkspaceEditParams(await edit_of(ls, chosen), label="slm-lsp")
    applied = await ls.workspace_apply_edit_async(asked)
    if not applied.applied:
        raise ActionRefused(applied.failure_reason or "The editor did not apply the edit.")


async def edit_of(ls: Session, chosen: Chosen) -> types.WorkspaceEdit:
    """Let the model write the edit that was chosen. Raises ActionRefused or EngineError."""
    frame, document = await _framed(ls, chosen)
    edit = await _carried_out(ls, frame, document, write)
    _buffer(ls, chosen)
    return _workspace_edit(ls, document, edit, frame.title)


def _offered(
    ls: Session, document: Document, action: Action, title: str, place: ActionContext
) -> types.CodeAction:
    chosen = Chosen(action.name, document.uri, document.version, place.selection, place.diagnostic)
    data = msgspec.to_builtins(chosen)
    if _resolves(ls) and action is not EXPLAIN:
        return types.CodeAction(title, action.kind, data=data)
    return types.CodeAction(title, action.kind, command=types.Command(title, RUN, arguments=[data]))


async def _carried_out(ls: Session, frame: Frame, document: Document, work: Work[Result]) -> Result:
    """Do `work`, visibly and until somebody cancels it."""
    ls.status.started()
    stopped = asyncio.Event()
    try:
        with action_progress(ls, frame.title, stopped.set) as grown:
            return await _unless(stopped, work(frame, document, ls.settings, ls.engine, grown))
    finally:
        ls.status.ended()


async def _framed(ls: Session, chosen: Chosen) -> tuple[Frame, Document]:
    """Return what was chosen, and the document it is for. Raises ActionRefused or EngineError."""
    await ls.engine.ready()
    buffer = _buffer(ls, chosen)
    start, end = map(buffer.document.clamp, (chosen.selection.start, chosen.selection.end))
    syntax, action = await _syntax(ls, buffer, start), ACTIONS[chosen.action]
    if action.chats and not ls.status.chats:
        raise ActionRefused("The model follows no instructions; choose one that does.")
    if syntax is not None:
        place = ActionContext(syntax, Span(start, end), chosen.diagnostic, chosen.instruction)
        if (frame := action.find(place)) is not None:
            return frame, buffer.document
    raise ActionRefused("There is nothing to write at this place any more.")


async def _unless(stopped: asyncio.Event, writing: Coroutine[None, None, Result]) -> Result:
    """Wait for `writing`, which ends with this. Raises JsonRpcRequestCancelled."""
    work, stop = asyncio.create_task(writing), asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise JsonRpcRequestCancelled("The action was cancelled.")
        return work.result()
    finally:
        stop.cancel()
        work.cancel()


def _chosen(data: Any) -> Chosen:
    try:
        chosen = msgspec.convert(data, Chosen)
    except msgspec.ValidationError:
        raise ActionRefused("This is no action of slm-lsp.") from None
    if chosen.action not in ACTIONS:
        raise ActionRefused(f"There is no action called {chosen.action!r}.")
    return chosen


def _buffer(ls: Session, chosen: Chosen) -> Buffer:
    """Return the document that `chosen` was offered for. Raises JsonRpcContentModified."""
    buffer = ls.documents.get(chosen.uri)
    if buffer is None or buffer.document.version != chosen.version:
        raise JsonRpcContentModified(CHANGED)
    return buffer


async def _syntax(ls: Session, buffer: Buffer, cursor: Cursor) -> Syntax | None:
    """Return the tree around `cursor`, or None where nothing is known or to be offered.

    Waits for the first tree of a long document that was opened just now.
    """
    document = buffer.document
    if closed(document, ls.settings) or not is_editable(document.uri):
        return None
    if (syntax := _settled(ls, buffer, cursor)) is None:
        await ls.documents.parsed(document.uri)
        newest = ls.documents.get(document.uri)
        if newest is not None and newest.document is document:
            syntax = _settled(ls, newest, cursor)
    return syntax


def _settled(ls: Session, buffer: Buffer, cursor: Cursor) -> Syntax | None:
    settle = functools.partial(ls.documents.settle, buffer)
    return Request(buffer.document, buffer.parsed, cursor, settle=settle).syntax


def _is_kind(kind: str, wanted: str) -> bool:
    return wanted == "" or kind == wanted or kind.startswith(f"{wanted}.")


def _resolves(ls: Session) -> bool:
    about = ls.client_capabilities.text_document
    support = about.code_action.resolve_support if about and about.code_action else None
    return support is not None and "edit" in support.properties


def _workspace_edit(ls: Session, document: Document, edit: Edit, title: str) -> types.WorkspaceEdit:
    place = to_range(document, edit.span, ls.encoding)
    workspace = ls.client_capabilities.workspace
    can = workspace.workspace_edit if workspace else None
    if can is None or not can.document_changes:
        return types.WorkspaceEdit(changes={document.uri: [types.TextEdit(place, edit.text)]})
    change: types.TextEdit | types.AnnotatedTextEdit = types.TextEdit(place, edit.text)
    annotations = None
    if can.change_annotation_support is not None:
        change = types.AnnotatedTextEdit("slm-lsp", place, edit.text)
        annotations = {"slm-lsp": types.ChangeAnnotation(title)}
    versioned = types.OptionalVersionedTextDocumentIdentifier(document.uri, document.version)
    changes = [types.TextDocumentEdit(versioned, [change])]
    return types.WorkspaceEdit(document_changes=changes, change_annotations=annotations)


async def rewrite(ls: Session, params: Any) -> types.WorkspaceEdit:
    """Let the model write the edit. Raises ActionRefused or EngineError."""
    uri = getattr(getattr(params, "textDocument", None), "uri", "")
    instruction = getattr(params, "instruction", None)
    place = getattr(params, "range", None)
    start, end = (given_position(getattr(place, side, None)) for side in ("start", "end"))
    buffer = ls.documents.get(uri)
    if not (buffer and start and end and isinstance(instruction, str)):
        raise ActionRefused("Rewriting takes an open document, a range and an instruction.")
    if not instruction.strip():
        raise ActionRefused("Say what is to be changed.")
    document = buffer.document
    selection = to_span(document, types.Range(start, end), ls.encoding)
    chosen = Chosen(
        REWRITE.name, document.uri, document.version, selection, instruction=instruction
    )
    return await edit_of(ls, chosen)
