"""A document's syntax and the questions that can be asked of it.

An answer costs a walk from the root of the tree to the cursor, whatever the file's length;
`errors_added` also parses the declarations around it. No syntax (None: a language without a
grammar, or a parse still under way) is always a valid argument and gives the answer that text
alone supports.
"""

from slm_lsp.syntax.block import Block, may_open_block, opens_block
from slm_lsp.syntax.embedded import innermost
from slm_lsp.syntax.partial_parse import SHORT_LINES, partial_parse, serves
from slm_lsp.syntax.position import (
    Kind,
    Scope,
    inside,
    scopes,
)
from slm_lsp.syntax.soundness import errors_added
from slm_lsp.syntax.tree import PendingParse, Syntax, parse

__all__ = [
    "SHORT_LINES",
    "Block",
    "Kind",
    "PendingParse",
    "Scope",
    "Syntax",
    "errors_added",
    "innermost",
    "inside",
    "may_open_block",
    "opens_block",
    "parse",
    "partial_parse",
    "scopes",
    "serves",
]
