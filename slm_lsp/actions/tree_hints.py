"""Type hints in the signature of a function, in languages whose tree says what is one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from slm_lsp.actions.again import again, header_text
from slm_lsp.actions.frame import Frame, replaced
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
    """Where a parameter's type stands, and which types every file has."""

    behind: bool
    known: re.Pattern[str]


_TYPESCRIPT = Hinting(
    behind=True,
    known=re.compile(
        "any|bigint|boolean|never|null|number|object|string|symbol|undefined|unknown|void|true|false"
        "|Array|Date|Error|Function|Iterable|Map|Promise|Partial|ReadonlyArray|Record|RegExp|Set"
    ),
)
TREES = {
    "typescript": _TYPESCRIPT,
    "typescriptreact": _TYPESCRIPT,
    "php": Hinting(
        behind=False,
        known=re.compile(
            "array|bool|callable|false|float|int|iterable|mixed|never|null|object|parent|self"
            "|static|string|true|void"
        ),
    ),
}
"""By language. In all of them a colon stands before the type of what is returned."""

_WORD = re.compile(r"[^\W\d]\w*")


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
    if draft.reason != "stop" or made is None:
        raise ActionRefused("The model did not write a signature.")
    if made.bare != signature.bare:
        raise ActionRefused("The model changed the parameters.")
    used = {word for written in made.types for word in _WORD.findall(written)}
    here = _WORD.findall("".join(document.lines.slice(0, len(document.lines))))
    known = TREES[document.language].known
    if unknown := sorted(word for word in used.difference(here) if not known.fullmatch(word)):
        raise ActionRefused(f"The model used {unknown[0]}, which this file does not have.")
    return [header]
