"""Scenarios in which people ask for a completion, found in code that is written already.

What the lines of a body are: statements, declarations, columns, the children of a tag.

Lines of documentation, in docstrings and in comments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from slm_lsp.syntax.captures import captures_of
from slm_lsp.syntax.functions import is_docstring
from slm_lsp.syntax.holes import ARGUMENTS, BLOCKS, CALLS, LISTS
from slm_lsp.syntax.outline import REQUIRES
from slm_lsp.syntax.position import header_of, name_of
from slm_lsp.syntax.tree import Syntax, cursor_at
from slm_lsp.text.document import Cursor, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node

    from slm_lsp.text.document import Document

BODIES = (
    BLOCKS
    | LISTS
    | {
        "block_mapping",
        "block_node",
        "block_sequence",
        "body_statement",
        "class_body",
        "column_definitions",
        "declaration_list",
        "do_group",
        "element",
        "field_declaration_list",
        "from",
        "function_body",
        "jsx_element",
        "statement",
        "then",
    }
)
"""Kinds of nodes, in all grammars, whose children are the lines of a body."""

TAGS = frozenset({"start_tag", "self_closing_tag", "jsx_opening_element", "jsx_closing_element"})
CLOSING_TAGS = frozenset({"end_tag", "jsx_closing_element"})
_NO_STATEMENTS = TAGS | CLOSING_TAGS | {"dollar_quote", "jsx_text", "text"}
_UNNAMED_BODIES = frozenset({"block", "column_definitions", "function_body"})


def body_of(node: Node) -> Node | None:
    """Return what the lines below the header of `node` are in, if its grammar has that."""
    for field in ("body", "consequence", "value"):
        body = node.child_by_field_name(field)
        if body is not None and (field != "value" or body.type == "block_node"):
            return body
    inner = (it for it in node.named_children if it.type in _UNNAMED_BODIES)
    return next(inner, None)


def statements_of(body: Node | None) -> list[Node]:
    """Return what is in `body` but comments and the marks around it."""
    inner = body.named_children if body is not None else []
    while len(inner) == 1 and inner[0].type in BODIES:
        inner = inner[0].named_children
    return [
        it
        for it in inner
        if not it.is_extra and it.type not in _NO_STATEMENTS and not it.type.startswith("keyword_")
    ]


_MARK = re.compile(r'\s*(///|//!?|/\*[*!]?|\*(?!/)|#+|--+|[rR]?"""|)\s*')
_END = re.compile(r'\s*(\*+/|""")?\s*$')
"""What a line of documentation begins and ends with beside its text."""

MIN_WORDS = 4
"""A line of documentation with fewer words says nothing that could be foreseen."""

_NO_DOCUMENTATION = re.compile(r"copyright|licen[cs]e|SPDX|^(TODO|FIXME)\b", re.IGNORECASE)


def is_documentation(comment: Node, kinds: Mapping[int, str]) -> bool:
    """Tell whether `comment` is marked as such, or stands right above what it may be about.

    `kinds` are those of `captures`, by the id of the node.
    """
    if (comment.text or b"").startswith((b"/**", b"///", b"//!")):
        return True
    following = comment.next_named_sibling
    while following is not None and following.type == comment.type:
        comment, following = following, following.next_named_sibling
    if following is None or following.start_point.row != last_row(comment) + 1:
        return False
    nodes = (following, *following.named_children)
    return any(kinds.get(it.id) in ("function", "class") for it in nodes)


def documentation_lines(document: Document, node: Node) -> Iterator[Span]:
    """Yield each line of the documentation `node` without its marks, if it says enough."""
    first, last = (cursor_at(document, at) for at in (node.start_point, node.end_point))
    for row in range(first.line, last.line + 1):
        line = document.lines[row]
        end = last.column if row == last.line else len(line)
        mark = _MARK.match(line, first.column if row == first.line else 0, end)
        begin = mark.end() if mark else 0
        text = _END.sub("", line[begin:end])
        if len(text.split()) >= MIN_WORDS and not _NO_DOCUMENTATION.search(text):
            yield Span(Cursor(row, begin), Cursor(row, begin + len(text)))


def last_row(node: Node) -> int:
    """Return the last row with text of `node`; some nodes end with their line feed."""
    end = node.end_point
    return end.row - (end.column == 0 and end.row > node.start_point.row)


Scenario = Literal[
    "test",
    "import",
    "docstring",
    "attribute",
    "content",
    "condition",
    "head",
    "body",
    "argument",
    "member",
    "new-line",
]
"""What is written: the body of a test, or its last statement; an import behind its first word; a
line of documentation; an attribute of a tag; what is between two tags; a condition; the line that
opens a block; the body of a function (of a rule, a mapping, a table); the arguments of a call
behind the first one; what follows a dot, up to the end of the line or of the brackets around it;
a line of a body."""

CONDITIONAL = re.compile(r"(if|elif|elsif|else_if|unless|until|while|where|join)(_|$)")
"""Kinds of nodes that hold a condition to write; `?:` and the `for` of C are none of them."""

TEST_NAME = re.compile(r"(test|Test|TEST)(?![a-z])")
TEST_CALL = re.compile(rb"(it|test|specify)\b")
TEST_MARK = re.compile(rb"(#\[|@)((\w|::|\.)+(::|\.))?(Test|test|ParameterizedTest)\b")
"""What makes a test: how its name begins, the call that is given it, what is written above it."""

_OPENER = re.compile(r"\s*(\{|:|\(|;?\s*(do|then))?\s*")
"""What may be between a header and the end of its line."""

_AROUND_CONDITIONS = frozenset({("(", ")"), ("[", "]"), ("[[", "]]")})
_CONTROL = re.compile(r"(if|elif|elsif|else_if|unless|until|while|for|foreach|match|switch)(_|$)")
_NO_MEMBER = frozenset({"binary_expression", "cast", "class_selector", "pseudo_element_selector"})
_PACKAGE = re.compile("package|namespace_definition|charset")
"""What is captured with the imports and takes nothing from elsewhere."""

_IMPORT_WORD = re.compile(r"(?:pub(?:\([^)]*\))?\s+)?(\S+)\s+(?=\S)")

Found = tuple[Scenario, Span]


def scenarios(syntax: Syntax) -> Iterator[Found]:
    """Yield the scenarios of `syntax` where it holds no syntax error, from the top down."""
    finder = _Finder(syntax)
    seen: set[Found] = set()
    stack = [syntax.tree.root_node]
    while stack:
        node = stack.pop()
        if finder.kinds.get(node.id) != "import":
            stack.extend(reversed(node.children))
        if not node.has_error:
            for found in finder.scenarios_of(node):
                if found not in seen and found[1].start < found[1].end:
                    seen.add(found)
                    yield found


class _Finder:
    """Finds what each node of a tree is; `kinds` are those of `captures`, by the node's id."""

    def __init__(self, syntax: Syntax) -> None:
        self._document = syntax.document
        captures = captures_of(syntax)
        self.kinds = {it.node.id: it.kind for it in captures}
        self._comments = {
            it.node.start_point.row: it.node for it in captures if it.kind == "comment"
        }

    def scenarios_of(self, node: Node) -> Iterator[Found]:
        """Yield the scenarios that `node` itself is."""
        kind = self.kinds.get(node.id, "")
        if not node.is_named:
            yield from self._member(node)
        elif kind in ("import", "require"):
            yield from self._import(node)
        elif kind == "comment":
            if is_documentation(node, self.kinds):
                yield from self._documentation(node)
        else:
            yield from self._markup(node)
            yield from self._call(node)
            yield from self._condition(node)
            yield from self._block(node, kind)
            yield from self._lines(node)
        if kind == "require":
            yield from self._call(node)

    def _member(self, dot: Node) -> Iterator[Found]:
        """Yield what is behind `dot`, where that names a member."""
        parent, name = dot.parent, dot.next_sibling
        if parent is None or name is None or name.start_byte != dot.end_byte:
            return
        if (dot.type in (".", "?.", "&.", "::") and parent.type not in _NO_MEMBER) or (
            dot.type in ("->", "?->") and re.search("member|field|call", parent.type)
        ):
            start = self._end(dot)
            yield "member", Span(start, self._end_of_writing(dot, start))

    def _import(self, node: Node) -> Iterator[Found]:
        if _PACKAGE.match(node.type):
            return
        start = self._start(node)
        specs = [it for part in node.named_children for it in part.named_children]
        for spec in specs:
            if spec.type == "import_spec":
                yield "import", self._span([spec])
        line = self._document.lines[start.line]
        word = _IMPORT_WORD.match(line, start.column)
        is_import = self.kinds[node.id] == "import" or (word and REQUIRES.fullmatch(word[1]))
        if word and is_import and start.line == last_row(node):
            yield "import", Span(Cursor(start.line, word.end()), self._end_of_line(start.line))

    def _documentation(self, node: Node) -> Iterator[Found]:
        for line in documentation_lines(self._document, node):
            yield "docstring", line

    def _markup(self, node: Node) -> Iterator[Found]:
        parent = node.parent.type if node.parent is not None else ""
        if node.type == "jsx_attribute" or (node.type == "attribute" and parent in TAGS):
            yield "attribute", self._span([node])
        elif node.type in ("element", "jsx_element") and node.children[-1].type in CLOSING_TAGS:
            start, end = self._end(node.children[0]), self._start(node.children[-1])
            text = self._document.text_in(Span(start, end))
            if text.strip():
                yield "content", self._without_blanks(start, end)

    def _call(self, node: Node) -> Iterator[Found]:
        if node.type not in CALLS:
            return
        arguments = node.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        if arguments is not None and arguments.type in ARGUMENTS and len(given) > 1:
            yield "argument", self._span(given[1:])
        if TEST_CALL.match(node.text or b""):
            for part in (node.child_by_field_name("block"), *given[1:]):
                yield from self._test(part and part.child_by_field_name("body"))

    def _test(self, body: Node | None) -> Iterator[Found]:
        statements = statements_of(body)
        if statements:
            yield "test", self._span(statements)
            yield "test", self._span(statements[-1:])

    def _condition(self, node: Node) -> Iterator[Found]:
        field = "predicate" if node.type in ("where", "join") else "condition"
        condition = node.child_by_field_name(field)
        if condition is None or not CONDITIONAL.match(node.type):
            return
        inner = condition.children
        if len(inner) > 2 and (inner[0].type, inner[-1].type) in _AROUND_CONDITIONS:
            inner = inner[1:-1]
        else:
            inner = [condition]
        yield "condition", self._span(inner)

    def _block(self, node: Node, kind: str) -> Iterator[Found]:
        body = body_of(node)
        if kind in ("function", "class", "block") or _CONTROL.match(node.type):
            yield from self._head(node, body)
        statements = statements_of(body)
        if kind in ("function", "class") and statements and is_docstring(statements[0]):
            yield from self._documentation(statements[0])
            statements = statements[1:]
        if kind in ("function", "class") and statements:
            yield "body", self._span(statements)
        if kind == "function" and self._is_test(node):
            yield from self._test(body)

    def _head(self, node: Node, body: Node | None) -> Iterator[Found]:
        header = header_of(self._document, node, body)
        line = header.end.line
        rest = self._document.lines[line][header.end.column :]
        is_whole = header.start.line == line < last_row(node)
        if is_whole and _OPENER.fullmatch(rest):
            yield "head", Span(header.start, self._end_of_line(line))

    def _is_test(self, function: Node) -> bool:
        above = function.prev_named_sibling
        marks = [it.text or b"" for it in (function, above) if it is not None]
        return bool(TEST_NAME.match(name_of(self._document, function))) or any(
            map(TEST_MARK.match, marks)
        )

    def _lines(self, node: Node) -> Iterator[Found]:
        if node.type in BODIES:
            for child in statements_of(node):
                start = self._start(child)
                if not is_docstring(child) and not self._document.before(start).strip():
                    yield "new-line", Span(start, self._end_of_line(start.line))

    def _end_of_writing(self, node: Node, start: Cursor) -> Cursor:
        """Return where what is written from `start` on ends, behind `node`.

        That is before the first bracket on the line that closes one opened before `start`, or at
        the end of the line.
        """
        around = node.parent
        while around is not None:
            closer = around.children[-1]
            if closer.type in (")", "]", "}") and closer.start_point.row == start.line:
                return self._without_blanks(start, self._start(closer)).end
            around = around.parent
        return self._end_of_line(start.line)

    def _without_blanks(self, start: Cursor, end: Cursor) -> Span:
        """Return what is between `start` and `end` without the blanks and line ends around it."""
        text = self._document.text_in(Span(start, end))
        begin = self._document.span_of(start, len(text) - len(text.lstrip())).end
        return self._document.span_of(begin, len(text.strip()))

    def _end_of_line(self, line: int) -> Cursor:
        """Return where the text of `line` ends, without a comment behind it."""
        text = self._document.lines[line].rstrip()
        comment = self._comments.get(line)
        if comment is not None and self._end(comment) >= Cursor(line, len(text)):
            text = text[: self._start(comment).column].rstrip()
        return Cursor(line, len(text))

    def _start(self, node: Node) -> Cursor:
        return cursor_at(self._document, node.start_point)

    def _end(self, node: Node) -> Cursor:
        return cursor_at(self._document, node.end_point)

    def _span(self, nodes: list[Node]) -> Span:
        return self._without_blanks(self._start(nodes[0]), self._end(nodes[-1]))
