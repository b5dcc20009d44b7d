"""Type hints in the signature of a Python function."""

from __future__ import annotations

import ast
import builtins
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.again import again, header_text
from slm_lsp.actions.frame import Frame
from slm_lsp.actions.type_names import check_names
from slm_lsp.completion.stop import Stop
from slm_lsp.errors import ActionRefused
from slm_lsp.text import visible

if TYPE_CHECKING:
    from slm_lsp.completion.generate import Draft
    from slm_lsp.context.functions import Function
    from slm_lsp.text import Document

Signature = ast.FunctionDef | ast.AsyncFunctionDef


def python_hints(document: Document, function: Function) -> Frame | None:
    """Return the frame of what is missing in the header of `function`, or None."""
    old = document.unix_text_in(function.header)
    signature = _parsed(old)
    if signature is None or (kept := _annotated(old, signature)) is None:
        return None
    outer = header_text(document, function).removesuffix(old)
    return Frame(
        f"Add type hints to {function.name}",
        again(document, function, outer + kept),
        Stop((":\n",)),
        function.header,
        partial(_texts, document, signature, kept),
    )


def _annotated(header: str, signature: Signature) -> str | None:
    """Return the start of `header` up to the first hint that is missing, with what introduces it.

    None where none is missing.
    """
    receivers = ("self", "cls")
    missing = [it for it in _arguments(signature) if not it.annotation and it.arg not in receivers]
    if missing:
        first = min(missing, key=lambda it: (it.lineno, it.col_offset))
        rows = header.encode().split(b"\n")
        rows = [*rows[: first.lineno - 1], rows[first.lineno - 1][: first.end_col_offset]]
        return b"\n".join(rows).decode() + ":"
    return header.rstrip(": ") + " ->" if signature.returns is None else None


def _texts(document: Document, signature: Signature, kept: str, draft: Draft) -> list[str]:
    header = kept + visible(draft.text).rstrip().removesuffix(":") + ":"
    new = _parsed(header)
    if draft.cut or new is None:
        raise ActionRefused("The model did not write a signature.")
    if _bare(new) != _bare(signature):
        raise ActionRefused("The model changed the parameters.")
    hints = [hint for it in _arguments(new) if (hint := it.annotation)]
    hints += [new.returns] if new.returns else []
    nodes = (node for hint in hints for node in ast.walk(hint))
    check_names(document, (it.id for it in nodes if isinstance(it, ast.Name)), dir(builtins))
    return [header]


def _parsed(header: str) -> Signature | None:
    try:
        [statement] = ast.parse(f"{header} pass").body
    except (SyntaxError, ValueError):
        return None
    return statement if isinstance(statement, Signature) else None


def _bare(signature: Signature) -> str:
    """Return what must not change: the name, the parameters, their kinds and defaults."""
    arguments = signature.args
    names = [[it.arg for it in some] for some in (arguments.posonlyargs, arguments.args)]
    names += [[it.arg for it in arguments.kwonlyargs]]
    rest = [it and it.arg for it in (arguments.vararg, arguments.kwarg)]
    values = [value and ast.dump(value) for value in (*arguments.defaults, *arguments.kw_defaults)]
    return repr((type(signature).__name__, signature.name, names, rest, values))


def _arguments(signature: Signature) -> list[ast.arg]:
    arguments = signature.args
    rest = [it for it in (arguments.vararg, arguments.kwarg) if it is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]
