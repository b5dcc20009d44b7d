"""A document's syntax and the questions that can be asked of it.

An answer costs a walk from the root of the tree to the cursor, whatever the file's length;
`errors_added` also parses the declarations around it. No syntax (None: a language without a
grammar, or a parse still under way) is always a valid argument and gives the answer that text
alone supports.
"""

from slm_lsp.context.block import Block, may_open_block, opens_block
from slm_lsp.context.embedded import innermost
from slm_lsp.context.place import Kind, Scope, inside, scopes
from slm_lsp.context.soundness import errors_added
from slm_lsp.context.stretch import SHORT_LINES, serves, stretch
from slm_lsp.context.tree import Overrun, Syntax, parse

__all__ = [
    "SHORT_LINES",
    "Block",
    "Kind",
    "Overrun",
    "Scope",
    "Syntax",
    "errors_added",
    "innermost",
    "inside",
    "may_open_block",
    "opens_block",
    "parse",
    "scopes",
    "serves",
    "stretch",
]
