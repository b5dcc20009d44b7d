"""One open file in one client with a caret: what a person at a keyboard does."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from tests.harness.buffer import Buffer
from tests.harness.client import PATIENCE

if TYPE_CHECKING:
    from tests.harness.client import Client, Pending

Item = dict[str, Any]

_numbers = itertools.count()


class Editor:
    """Opens `text` in `client`; the caret stands at `caret`, or where `text` has the mark `|`."""

    def __init__(
        self,
        client: Client,
        text: str,
        *,
        caret: int | None = None,
        language: str = "python",
        uri: str = "",
    ) -> None:
        if caret is None:
            before, _, after = text.partition("|")
        else:
            before, after = text[:caret], text[caret:]
        self.client = client
        self.caret = len(before)
        self.buffer = Buffer(
            uri or f"file:///project/file{next(_numbers)}.py",
            before + after,
            client.encoding,
            language,
        )
        client.notify("textDocument/didOpen", self.buffer.did_open())

    @property
    def text(self) -> str:
        """The file's text."""
        return self.buffer.text

    def type(self, text: str) -> None:
        """Insert `text` at the caret."""
        self._change(self.buffer.insert(self.caret, text))
        self.caret += len(text)

    def backspace(self, count: int = 1) -> None:
        """Delete `count` characters before the caret."""
        self._change(self.buffer.delete(self.caret - count, self.caret))
        self.caret -= count

    def strike(self, text: str, erase: int = 0) -> tuple[Pending, float]:
        """Replace `erase` characters before the caret by `text` and ask for ghost text at once.

        Return the request and when (`time.perf_counter`) the edit was sent. Both messages are made
        before: what finding positions in a large file takes here is not the server's time.
        """
        change = self.buffer.replace(self.caret - erase, self.caret, text)
        self.caret += len(text) - erase
        edit = self.buffer.did_change(change)
        params = self.buffer.inline_completion(self.caret)
        sent_at = time.perf_counter()
        self.client.notify("textDocument/didChange", edit)
        return self.client.send("textDocument/inlineCompletion", params), sent_at

    def close(self) -> None:
        """Close the file."""
        params = {"textDocument": {"uri": self.buffer.uri}}
        self.client.notify("textDocument/didClose", params)

    def ask(self, *, invoked: bool = False) -> Pending:
        """Ask for ghost text at the caret without waiting."""
        params = self.buffer.inline_completion(self.caret, invoked=invoked)
        return self.client.send("textDocument/inlineCompletion", params)

    async def items(self, *, invoked: bool = False, within: float = PATIENCE) -> list[Item]:
        """Ask for ghost text and return what is offered, which may be nothing."""
        return offered(await self.client.answer(self.ask(invoked=invoked), within))

    async def ghost(self, *, invoked: bool = False) -> str:
        """Ask for ghost text and return what would appear after the caret, or an empty string."""
        items = await self.items(invoked=invoked)
        return self.shown(items[0]) if items else ""

    def shown(self, item: Item) -> str:
        """Return what `item` adds after the caret; its range must lie around the caret."""
        start, end = self.span(item)
        assert start <= self.caret <= end, (start, self.caret, end)
        typed = self.text[start : self.caret]
        insert: str = item["insertText"]
        assert insert.startswith(typed), f"{insert!r} does not continue {typed!r}"
        return insert[len(typed) :]

    def span(self, item: Item) -> tuple[int, int]:
        """Return the offsets of the text that accepting `item` replaces."""
        ends = item["range"]["start"], item["range"]["end"]
        assert ends[0]["line"] == ends[1]["line"], f"more than one line: {item['range']}"
        return self.buffer.offset(ends[0]), self.buffer.offset(ends[1])

    async def accept(self, item: Item) -> None:
        """Accept `item` as an editor does: apply it, then run its command."""
        start, end = self.span(item)
        text = item["insertText"]
        assert "\r" not in text
        if "\r\n" in self.text:  # editors write the document's line ends
            text = text.replace("\n", "\r\n")
        self._change(self.buffer.replace(start, end, text))
        self.caret = start + len(text)
        command = item["command"]
        params = {"command": command["command"], "arguments": command["arguments"]}
        assert await self.client.request("workspace/executeCommand", params) is None

    async def server_hash(self) -> Any:
        """Return what the server says about this document; raises RpcError if it knows none."""
        return await self.client.request("slm-lsp/documentHash", {"uri": self.buffer.uri})

    def _change(self, change: dict[str, Any]) -> None:
        self.client.notify("textDocument/didChange", self.buffer.did_change(change))


def offered(result: Any) -> list[Item]:
    """Return the items of an answer; a replaced request's null holds none."""
    items: list[Item] = [] if result is None else result["items"]
    return items
