"""Holes from commits: the file while it was changed, and what was written next."""

from __future__ import annotations

import random
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from slm_lsp.context.secrets import is_secret_file, secrets
from slm_lsp.errors import UsageError
from slm_lsp.evaluation.cases import Case
from slm_lsp.evaluation.files import (
    MAX_BYTES,
    NOT_CODE,
    NOT_OWN,
    check_source,
)
from slm_lsp.evaluation.holes import (
    MAX_LINES,
    MIN_CHARACTERS,
    Source,
    is_code,
)
from slm_lsp.index.files import is_generated
from slm_lsp.syntax.languages import PLAIN_TEXT, language_of
from slm_lsp.text.document import Cursor, Document, Span
from slm_lsp.text.lines import content_length, split_lines
from slm_lsp.text.terminal import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.evaluation.git import Change, Hunk, Repository

KINDS = ("line", "line-rest", "block")
"""A line but its indentation, its rest from the end of a word on, all statements of a block."""

MAX_CHANGES = 2000
"""Changed files that are read for one evaluation; each costs three calls of git, about 10 ms."""

_WORD_END = re.compile(r"(?<=\w)(?!\w)")
_ONLY_CLOSERS = re.compile(r"(?:[\s\])}>;,]|\bend\b)*")


def replay(repository: Repository, commits: int, count: int, seed: int) -> list[Case]:
    """Return up to `count` cases from the last `commits` commits, the same for a HEAD and seed.

    One changed file gives one case, of the kinds in turn, before any gives a second. Raises
    UsageError where there is none.
    """
    rng = random.Random(str(seed))  # noqa: S311 (a sample, not a secret)
    changes = [change for change in repository.changes(commits) if _is_own(change.path)]
    rng.shuffle(changes)
    cases: list[Case] = []
    others: list[Case] = []
    for change in changes[:MAX_CHANGES]:
        if len(cases) >= count:
            break
        by_kind = holes(repository, change, rng)
        wanted = KINDS[len(cases) % len(KINDS)]
        first = by_kind.pop(wanted, None) or (by_kind and by_kind.pop(min(by_kind)))
        if first:
            cases.append(first)
            others += by_kind.values()
    cases += others[: count - len(cases)]
    if not cases:
        raise UsageError(_why_none(repository, commits))
    return cases


def holes(repository: Repository, change: Change, rng: random.Random) -> dict[str, Case]:
    """Return at most one case of each kind from `change`, each from a hunk that `rng` chooses."""
    old = _content(repository, change.old)
    new = _content(repository, change.new)
    if old is None or new is None:
        return {}
    document = Document.of(
        new,
        uri=(repository.root / change.path).as_uri(),
        language=language_of(PurePosixPath(change.path).name),
        path=encodable(change.path),
    )
    try:
        check_source(repository.root / change.path, document)
    except UsageError:
        return {}
    hunks = [hunk for hunk in repository.hunks(change) if hunk.new_start < hunk.new_end]
    # git ends lines at line feeds alone; where the editor's lines are others, places would differ
    if not _same_lines(old) or not _same_lines(new):
        return {}
    rng.shuffle(hunks)
    source = Source.of(f"{change.commit[:12]}:{encodable(change.path)}", document)
    old_lines = split_lines(old)
    found: dict[str, Case] = {}
    for hunk in hunks:
        for kind in KINDS:
            spans = list(_spans(source, kind, hunk)) if kind not in found else []
            if spans:
                found[kind] = _case(source, kind, rng.choice(spans), hunk, old_lines)
    return found


def _is_own(path: str) -> bool:
    parts = PurePosixPath(path).parts
    language = language_of(parts[-1])
    return (
        language != PLAIN_TEXT
        and language not in NOT_CODE
        and not any(part.startswith(".") for part in parts)
        and NOT_OWN.isdisjoint(parts[:-1])
        and not is_secret_file(path)
    )


def _content(repository: Repository, blob: str) -> str | None:
    """Return the text of a blob; None for what is large, made by a program or not UTF-8."""
    content = repository.blob(blob, MAX_BYTES)
    if content is None or is_generated(content):
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _same_lines(text: str) -> bool:
    return all(line.endswith("\n") for line in split_lines(text)[:-1])


def _spans(source: Source, kind: str, hunk: Hunk) -> Iterator[Span]:
    """Yield what could be taken out of the lines that `hunk` adds."""
    if kind == "block":
        candidates = [each for each in source.pieces.get(kind, []) if _is_whole(source, each, hunk)]
    else:
        lines = range(hunk.new_start, hunk.new_end)
        candidates = [each for line in lines for each in _in_line(source, kind, line)]
    for span in candidates:
        text = source.document.text_in(span)
        if len(text.strip()) >= MIN_CHARACTERS and not any(secrets(text)):
            yield span


def _in_line(source: Source, kind: str, line: int) -> Iterator[Span]:
    text = source.document.lines[line].rstrip()
    indent, end = len(text) - len(text.lstrip()), len(text)
    whole = source.document.text_in(Span(Cursor(line, 0), Cursor(line, end)))
    if not is_code(source, line, indent) or any(secrets(whole)):
        return
    if kind == "line":
        yield Span(Cursor(line, indent), Cursor(line, end))
        return
    for match in _WORD_END.finditer(text, indent + 1):
        if match.start() < end:
            yield Span(Cursor(line, match.start()), Cursor(line, end))


def _is_whole(source: Source, span: Span, hunk: Hunk) -> bool:
    """Tell whether `hunk` adds the block at `span`, and only what closes it behind it."""
    if not (hunk.new_start <= span.start.line and span.end.line < hunk.new_end):
        return False
    last = hunk.new_end - 1
    end = Cursor(last, content_length(source.document.lines[last]))
    behind = source.document.text_in(Span(span.end, end))
    return span.end.line - span.start.line < MAX_LINES and bool(_ONLY_CLOSERS.fullmatch(behind))


def _case(source: Source, kind: str, span: Span, hunk: Hunk, old_lines: list[str]) -> Case:
    """Return the case where earlier hunks are made, later ones not, and the lines above typed.

    Behind the cursor is the end of the line and what the hunk leaves below. A block has its
    closers behind it, as an editor puts them there.
    """
    document, start, end = source.document, span.start, span.end
    typed = hunk.new_end if kind == "block" else end.line + 1
    closers = "".join(document.lines.slice(end.line + 1, typed))
    return Case(
        id=f"{source.name}:{start.line + 1}:{start.column + 1}:{kind}",
        language=document.language,
        prefix="".join(document.lines.slice(0, start.line)) + document.before(start),
        suffix=document.after(end)
        + document.lines[end.line][content_length(document.lines[end.line]) :]
        + closers
        + "".join(old_lines[hunk.old_end :]),
        expected=document.text_in(span),
        hole=kind,
        path=document.path,
    )


def _why_none(repository: Repository, commits: int) -> str:
    if repository.shallow:
        return (
            f"{repository.root} is a shallow clone without a commit that could be replayed; "
            "fetch its history with `git fetch --unshallow`."
        )
    return (
        f"None of the last {commits} commits in {repository.root} changed code in a language that "
        "slm-lsp knows; raise --commits, or name another folder."
    )
