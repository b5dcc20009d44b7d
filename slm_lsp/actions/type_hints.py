"""Adds type hints to the signature of a function, in languages that can do without them.

The names of types in hints that a model wrote.

Type hints in the signature of a Python function.

Type hints in the signature of a function, in languages whose tree says what is one.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.frame import Action, Frame, again, header_text, replaced
from slm_lsp.completion.stop import Stop
from slm_lsp.errors import ActionRefused
from slm_lsp.syntax.functions import function_at, signature_of
from slm_lsp.syntax.tree import Syntax, parse
from slm_lsp.text.document import Span, visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from slm_lsp.actions.frame import ActionContext
    from slm_lsp.completion.generate import Draft
    from slm_lsp.syntax.functions import Function, Signature
    from slm_lsp.text.document import Document

_NAME = re.compile(r"[^\W\d]\w*")


def check_names(document: Document, hints: Iterable[str], known: Collection[str]) -> None:
    """Raise ActionRefused where `hints` have a name that neither `known` nor `document` has."""
    here = _NAME.findall("".join(document.lines.slice(0, len(document.lines))))
    used = {name for hint in hints for name in _NAME.findall(hint)}
    if unknown := sorted(used.difference(here, known)):
        raise ActionRefused(f"The model used {unknown[0]}, which this file does not have.")


Definition = ast.FunctionDef | ast.AsyncFunctionDef


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


def _annotated(header: str, signature: Definition) -> str | None:
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


def _texts(document: Document, signature: Definition, kept: str, draft: Draft) -> list[str]:
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


def _parsed(header: str) -> Definition | None:
    try:
        [statement] = ast.parse(f"{header} pass").body
    except (SyntaxError, ValueError):
        return None
    return statement if isinstance(statement, Definition) else None


def _bare(signature: Definition) -> str:
    """Return what must not change: the name, the parameters, their kinds and defaults."""
    arguments = signature.args
    names = [[it.arg for it in some] for some in (arguments.posonlyargs, arguments.args)]
    names += [[it.arg for it in arguments.kwonlyargs]]
    rest = [it and it.arg for it in (arguments.vararg, arguments.kwarg)]
    values = [value and ast.dump(value) for value in (*arguments.defaults, *arguments.kw_defaults)]
    return repr((type(signature).__name__, signature.name, names, rest, values))


def _arguments(signature: Definition) -> list[ast.arg]:
    arguments = signature.args
    rest = [it for it in (arguments.vararg, arguments.kwarg) if it is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]


@dataclass(frozen=True, slots=True)
class Hinting:
    """Where a parameter's type stands, and the names every file has, with spaces between them."""

    behind: bool
    known: str


_TYPESCRIPT = Hinting(
    behind=True,
    known=(
        "any bigint boolean false never null number object string symbol true undefined unknown"
        " void Array Date Error Function Iterable Map Partial Promise ReadonlyArray Record RegExp"
        " Set"
    ),
)
TREES = {
    "typescript": _TYPESCRIPT,
    "typescriptreact": _TYPESCRIPT,
    "php": Hinting(
        behind=False,
        known=(
            "array bool callable false float int iterable mixed never null object parent self"
            " static string true void"
        ),
    ),
}
"""By language. In all of them a colon stands before the type of what is returned."""


def tree_hints(syntax: Syntax, function: Function) -> Frame | None:
    """Return the frame of what is missing in the header of `function`, or None."""
    document, signature = syntax.document, signature_of(syntax, function)
    if signature is None:
        return None
    header = document.unix_text_in(function.header)
    if signature.untyped:
        start, end = signature.untyped[0]
        behind = TREES[document.language].behind
        upto = Span(function.header.start, end if behind else start)
        kept = document.unix_text_in(upto) + (":" if behind else "")
    elif not signature.returns and header.endswith(")"):
        kept = f"{header}:"
    else:
        return None
    outer = header_text(document, function).removesuffix(header)
    return Frame(
        f"Add type hints to {function.name}" if function.name else "Add type hints",
        again(document, function, outer + kept),
        Stop(("{",)),
        function.header,
        partial(_hinted_headers, syntax, function, signature, kept),
    )


def _hinted_headers(
    syntax: Syntax, function: Function, signature: Signature, kept: str, draft: Draft
) -> list[str]:
    document = syntax.document
    header = (kept + visible(draft.text)).rstrip()
    changed = parse(replaced(document, function.header, header))
    new = function_at(changed, function.header.start) if isinstance(changed, Syntax) else None
    made = signature_of(changed, new) if isinstance(changed, Syntax) and new else None
    if draft.cut or made is None:
        raise ActionRefused("The model did not write a signature.")
    if made.bare != signature.bare:
        raise ActionRefused("The model changed the parameters.")
    check_names(document, made.types, TREES[document.language].known.split())
    return [header]


def find(place: ActionContext) -> Frame | None:
    """Offer type hints where the cursor is in a header that has none, or not all of them."""
    syntax, cursor = place.syntax, place.cursor
    document, function = syntax.document, function_at(syntax, cursor)
    if function is None or not function.header_on(cursor.line):
        return None
    if document.language == "python":
        return python_hints(document, function)
    return tree_hints(syntax, function) if document.language in TREES else None


HINTS = Action("hints", find)
