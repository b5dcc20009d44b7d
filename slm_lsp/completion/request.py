"""What is asked of the completion path, and what it answers.

What the model reads for a request.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.context.window import Budget, window, with_cells
from slm_lsp.syntax.syntax import PendingParse, Syntax, innermost
from slm_lsp.usage.calibration import NOTHING_LEARNED, Calibration

if TYPE_CHECKING:
    from collections.abc import Callable

    from slm_lsp.inference.protocol import Prompt
    from slm_lsp.settings.schema import Settings
    from slm_lsp.text.document import Completion, Cursor, Document


@dataclass(frozen=True, slots=True)
class Request:
    """Complete `document` at `cursor`.

    `parsed` is the document's tree as far as it is known, None without a grammar. `settle` makes
    one of what surrounds a line, on the event loop, if that does not take long. `invoked` tells
    that the user asked for it, as opposed to the editor asking at every key; then it may take its
    time. `undone` tells that the last edit brought back an earlier text, `rejected` that what was
    offered here is being deleted. At most `alternatives` completions are wanted. `definitions` are
    lines from other files for the model to read first, `cells` those above in a notebook, in the
    same language. `calibration` says how sure ghost text has to be for this user.
    """

    document: Document
    parsed: Syntax | PendingParse | None
    cursor: Cursor
    invoked: bool = False
    alternatives: int = 1
    settle: Callable[[int], Syntax | PendingParse | None] | None = None
    undone: bool = False
    rejected: bool = False
    definitions: str = ""
    cells: tuple[Document, ...] = ()
    calibration: Calibration = NOTHING_LEARNED

    @property
    def syntax(self) -> Syntax | None:
        """The tree around the cursor; None without a grammar, or while it takes long to make.

        In a part that is in another language it is the tree of that part.
        """
        tree = self.parsed
        if isinstance(tree, PendingParse) and self.settle is not None:
            tree = self.settle(self.cursor.line)
        return innermost(tree, self.cursor) if isinstance(tree, Syntax) else None

    @property
    def outline(self) -> Syntax | None:
        """The tree as it is known, at no cost: good for what is far from the last edits."""
        return self.parsed.outdated() if isinstance(self.parsed, PendingParse) else self.parsed

    def settled(self) -> Request:
        """Return the same with its tree made, for use in a thread."""
        return replace(self, parsed=self.syntax, settle=None)

    def served_by(self, other: Request) -> bool:
        """Tell whether an answer to `other` is as good as one to this request, in its place."""
        return self.invoked <= other.invoked and self.alternatives <= other.alternatives


class Timings(msgspec.Struct, frozen=True):
    """Where the time went (milliseconds) and what it cost (tokens).

    `cached_tokens` of the `prompt_tokens` were in the engine's KV cache, `evaluated_tokens` were
    not. `generated_tokens` are those of the answers' texts, `decoded_tokens` those evaluated one
    by one to write them. All but the first two stay 0 when the answer needed no model.
    """

    total_ms: float = 0.0
    context_ms: float = 0.0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    evaluated_tokens: int = 0
    generated_tokens: int = 0
    decoded_tokens: int = 0

    def with_total(self, total_ms: float, context_ms: float) -> Timings:
        """Return the same with what the whole way took."""
        return msgspec.structs.replace(self, total_ms=total_ms, context_ms=context_ms)


@dataclass(frozen=True, slots=True)
class CompletionResult:
    """The answer: completions, best first, or none and in `dropped` the reason in a few words.

    `cached` tells that an earlier answer served, so the model was not asked; `joined` that one
    served which the model was about to give to an earlier request.
    """

    completions: tuple[Completion, ...] = ()
    dropped: str = ""
    cached: bool = False
    joined: bool = False
    timings: Timings = field(default_factory=Timings)


def prompt_for(request: Request, settings: Settings) -> Prompt:
    """Return the window around the cursor, below the cells above it in a notebook.

    Definitions in other files stand first of all.
    """
    budget = Budget(settings.context.prefix_tokens, settings.context.suffix_tokens)
    place = (request.document, request.outline, request.cursor)
    if not request.cells:
        return window(*place, budget, request.definitions)
    prompt = with_cells(window(*place, budget), request.cells, budget)
    return msgspec.structs.replace(prompt, prefix=request.definitions + prompt.prefix)
