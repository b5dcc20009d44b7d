r"""An editor's text and the messages an editor sends about it.

This is the oracle for the server's documents, so it shares nothing with `slm_lsp.text.document`:
one plain string, positions counted by encoding everything before them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

TERMINATOR = r"\r\n|\n|\r"

_CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def units(text: str, encoding: str) -> int:
    """Return how many units of `encoding` the string `text` takes."""
    codec, width = _CODECS[encoding]
    return len(text.encode(codec)) // width


def line_starts(text: str) -> list[int]:
    r"""Return where lines begin, in code points; a line ends after `\r\n`, `\n` or `\r`."""
    return [0, *(end.end() for end in re.finditer(TERMINATOR, text))]


def addressable(text: str, offset: int) -> int:
    """Move `offset` into the text, and off the middle of a line terminator to its beginning."""
    offset = min(max(offset, 0), len(text))
    return offset - 1 if text[offset - 1 : offset + 1] == "\r\n" and offset > 0 else offset


@dataclass
class Buffer:
    """One open file. Offsets count code points from the start of the text."""

    uri: str
    text: str
    encoding: Encoding = "utf-16"
    language: str = "python"
    version: int = 1

    def position(self, offset: int) -> dict[str, int]:
        """Return `offset` as the protocol's Position."""
        starts = [start for start in line_starts(self.text) if start <= offset]
        before = self.text[starts[-1] : offset]
        return {"line": len(starts) - 1, "character": units(before, self.encoding)}

    def offset(self, position: dict[str, int]) -> int:
        """Return the offset of a Position that must exist in the text."""
        start = line_starts(self.text)[position["line"]]
        line = re.split(TERMINATOR, self.text)[position["line"]]
        for column in range(len(line) + 1):
            if units(line[:column], self.encoding) == position["character"]:
                return start + column
        raise IndexError(position)

    def replace(self, start: int, end: int, text: str) -> dict[str, Any]:
        """Put `text` in place of what lies from `start` to `end`; return the content change."""
        change = {
            "range": {"start": self.position(start), "end": self.position(end)},
            "text": text,
        }
        self.text = self.text[:start] + text + self.text[end:]
        return change

    def insert(self, at: int, text: str) -> dict[str, Any]:
        """Insert `text`; return the content change."""
        return self.replace(at, at, text)

    def delete(self, start: int, end: int) -> dict[str, Any]:
        """Delete from `start` to `end`; return the content change."""
        return self.replace(start, end, "")

    def did_open(self) -> dict[str, Any]:
        """Return the params of `textDocument/didOpen`."""
        return {
            "textDocument": {
                "uri": self.uri,
                "languageId": self.language,
                "version": self.version,
                "text": self.text,
            }
        }

    def did_change(self, *changes: dict[str, Any]) -> dict[str, Any]:
        """Return the params of `textDocument/didChange` under the next version."""
        self.version += 1
        return {
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": list(changes),
        }

    def inline_completion(self, offset: int, *, invoked: bool = False) -> dict[str, Any]:
        """Return the params of `textDocument/inlineCompletion`."""
        return {
            "textDocument": {"uri": self.uri},
            "position": self.position(offset),
            "context": {"triggerKind": 1 if invoked else 2},
        }

    def completion(self, offset: int, kind: int = 1) -> dict[str, Any]:
        """Return the params of `textDocument/completion`."""
        return {
            "textDocument": {"uri": self.uri},
            "position": self.position(offset),
            "context": {"triggerKind": kind},
        }
