"""Type hints in the signature of a function, in languages whose tree says what is one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.again import again, header_text
from slm_lsp.actions.frame import Frame, replaced
from slm_lsp.actions.type_names import check_names
from slm_lsp.completion.stop import Stop
from slm_lsp.context.functions import function_at
from slm_lsp.context.signature import signature_of
from slm_lsp.context.tree import Syntax, parse
from slm_lsp.errors import ActionRefused
from slm_lsp.text import Span, visible

if TYPE_CHECKING:
    from slm_lsp.completion.generate import Draft
    from slm_lsp.context.functions import Function
    from slm_lsp.context.signature import Signature


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
        partial(_texts, syntax, function, signature, kept),
    )


def _texts(
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
