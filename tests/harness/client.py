"""A strict client for the real server process.

`Client.check` fails when the server answered a request twice or not at all, sent a request the
client does not know, wrote anything but messages to stdout, printed a traceback, opened a popup or
logged a warning that the test did not take out of the inbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tests.harness import wire
from tests.harness.inbox import Inbox, Note

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from tests.harness.buffer import Encoding

PATIENCE = 15.0
"""Seconds any single wait may take; generous, because test machines are busy."""

SLM_LSP = (sys.executable, "-m", "slm_lsp")

NO_ID = "error without id"
"""The inbox's name for an error reply whose id is null, which answers an unreadable message."""

T = TypeVar("T")


class RpcError(Exception):
    """The server answered a request with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ServerGone(Exception):
    """The server ended while something was waited for."""


@dataclass(frozen=True)
class Pending:
    """A request on its way. Awaiting `answer` gives the result or raises RpcError."""

    id: int | str
    method: str
    answer: asyncio.Future[Any]


class Client:
    """One server process and everything it said; `settings` is what it gets when it asks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.settings: Any = None
        self.encoding: Encoding = "utf-16"
        self.inbox = Inbox()
        self._problems: list[str] = []
        self._stderr = bytearray()
        self._stderr_checked = 0
        self._next_id = 0
        self._open: dict[int | str, Pending] = {}
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._drain())]

    @classmethod
    async def start(
        cls,
        env: Mapping[str, str],
        *args: str,
        cwd: Path | None = None,
        command: Sequence[str] = SLM_LSP,
    ) -> Client:
        """Start `python -m slm_lsp ARGS` in exactly the environment `env`."""
        process = await asyncio.create_subprocess_exec(
            *(*command, *args),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env),
            cwd=cwd,
        )
        return cls(process)

    @property
    def stderr(self) -> str:
        """Everything the server has written to stderr so far."""
        return self._stderr.decode(errors="replace")

    def write(self, data: bytes) -> None:
        """Send raw bytes, whatever they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def end_input(self) -> None:
        """Close the server's stdin, as an editor that dies does."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def notify(self, method: str, params: object = None) -> None:
        """Send a notification."""
        self.write(wire.encode({"jsonrpc": "2.0", "method": method, "params": params}))

    def expect(self, method: str, request_id: int | str | None = None) -> Pending:
        """Register a request that the caller sends with `write`; without an id it gets one."""
        if request_id is None:
            self._next_id += 1
            request_id = self._next_id
        pending = Pending(request_id, method, asyncio.get_running_loop().create_future())
        self._open[request_id] = pending
        return pending

    def send(
        self, method: str, params: object = None, request_id: int | str | None = None
    ) -> Pending:
        """Send a request without waiting for its answer."""
        pending = self.expect(method, request_id)
        message = {"jsonrpc": "2.0", "id": pending.id, "method": method, "params": params}
        self.write(wire.encode(message))
        return pending

    async def request(self, method: str, params: object = None, within: float = PATIENCE) -> Any:
        """Send a request and return its result; raises RpcError, ServerGone or TimeoutError."""
        return await self.answer(self.send(method, params), within)

    async def answer(self, pending: Pending, within: float = PATIENCE) -> Any:
        """Wait for the answer to `pending`; raises as `request` does."""
        return await self._limited(within, pending.answer, pending.method)

    def cancel(self, pending: Pending) -> None:
        """Ask for a request to be cancelled; it still gets an answer."""
        self.notify("$/cancelRequest", {"id": pending.id})

    async def wait_for_notification(
        self, method: str, where: Callable[[Any], bool] = lambda _: True, within: float = PATIENCE
    ) -> Any:
        """Take the first matching notification out of the inbox, waiting for it if need be."""

        def matches(note: Note) -> bool:
            return note.method == method and where(note.params)

        return (await self._limited(within, self.inbox.wait(matches), method)).params

    async def _limited(self, seconds: float, awaitable: Awaitable[T], what: str) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await awaitable
        except TimeoutError:
            heard = "\n".join(f"{n.method}: {n.params!r:.300}" for n in self.inbox.notes[-10:])
            said = f"{what}: not within {seconds} s\n{heard}\n{self.stderr[-2000:]}"
            raise TimeoutError(said) from None

    async def wait_exit(self, within: float = PATIENCE) -> int:
        """Wait until the process and its output have ended; return the exit code."""
        code = await self._limited(within, self.process.wait(), "the end of the server")
        _, held = await asyncio.wait(self._tasks, timeout=2.0)
        if held:
            self._problems.append("the server's stdout or stderr stays open after its end")
        await self.close()
        return code

    async def stop(self) -> int:
        """Leave as an editor does; return the exit code."""
        await self.request("shutdown")
        self.notify("exit")
        return await self.wait_exit()

    async def close(self) -> None:
        """Kill the process if it still runs and let go of its pipes; safe to call twice."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # asyncio has no public way to close pipes that some other process keeps open.
        self.process._transport.close()  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    def forgive(self) -> None:
        """Forget what is unanswered: the test has killed the server."""
        self._open.clear()

    def check(self) -> None:
        """Fail if the server misbehaved since the last check; see the module's docstring."""
        problems = self._problems
        problems += [f"no answer to {p.method} (id {p.id!r})" for p in self._open.values()]
        notes = self.inbox.notes
        problems += [f"unexpected {n.method}: {n.params!r}" for n in notes if not n.ambient]
        recent = self._stderr[self._stderr_checked :].decode(errors="replace")
        if "Traceback" in recent:
            problems.append(f"traceback on stderr:\n{recent[-4000:]}")
        self._problems, self.inbox.notes, self._stderr_checked = [], [], len(self._stderr)
        self._open.clear()
        assert not problems, "\n".join(problems)

    async def _drain(self) -> None:
        assert self.process.stderr is not None
        while chunk := await self.process.stderr.read(65536):
            self._stderr += chunk

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            while (message := await wire.read(self.process.stdout)) is not None:
                self._receive(message)
        except wire.WireError as error:
            self._problems.append(f"stdout: {error}")
        finally:
            self._end(ServerGone(self.stderr[-2000:]))

    def _end(self, error: ServerGone) -> None:
        for pending in self._open.values():
            if not pending.answer.done():
                pending.answer.set_exception(error)
                pending.answer.exception()  # marked as seen: not every test waits for every answer
        self.inbox.end(error)

    def _receive(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._answered(message)
            return
        self.inbox.put(Note(message["method"], message.get("params")))
        if "id" in message:
            self._asked(message)

    def _answered(self, message: dict[str, Any]) -> None:
        error = message.get("error")
        if message.get("id") is None and error is not None:
            self.inbox.put(Note(NO_ID, error))
        elif (pending := self._open.pop(message.get("id", ""), None)) is None:
            self._problems.append(f"an answer nobody waits for: {message!r:.300}")
        elif not pending.answer.done():  # done: the test gave up waiting
            if error is not None:
                pending.answer.set_exception(RpcError(error["code"], error["message"]))
                pending.answer.exception()
            else:
                pending.answer.set_result(message["result"])

    def _asked(self, message: dict[str, Any]) -> None:
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        match message["method"]:
            case "workspace/configuration":
                reply["result"] = [self.settings for _ in message["params"]["items"]]
            case (
                "window/workDoneProgress/create"
                | "client/registerCapability"
                | "client/unregisterCapability"
            ):
                reply["result"] = None
            case "workspace/applyEdit":
                reply["result"] = {"applied": True}
            case "window/showDocument":
                reply["result"] = {"success": True}
            case method:
                self._problems.append(f"unknown request {method}: {message!r:.300}")
                reply["error"] = {"code": -32601, "message": "unknown"}
        with contextlib.suppress(ConnectionError):
            self.write(wire.encode(reply))
