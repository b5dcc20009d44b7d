"""What the scheduler expects of a model, and the flag that interrupts one."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slm_lsp.inference.protocol import Chat, Prompt


class Aborted(Exception):
    """The abort flag was set while the model was working; finished batches are kept."""


class AbortFlag:
    """One byte of memory that any thread sets and native code reads without the interpreter."""

    def __init__(self) -> None:
        # A C string: empty while clear, of length 1 once set. See `LlamaContext` for who reads it.
        self._byte = ctypes.create_string_buffer(2)

    @property
    def address(self) -> int:
        """Where the byte lies; valid as long as this object lives."""
        return ctypes.addressof(self._byte)

    def set(self) -> None:
        """Ask the model to stop as soon as it can."""
        self._byte[0] = b"\x01"

    def clear(self) -> None:
        """Arm the flag for the next request."""
        self._byte[0] = b"\x00"

    def check(self) -> None:
        """Raise Aborted if the flag is set."""
        if self._byte[0] != b"\x00":
            raise Aborted


@dataclass(frozen=True, slots=True)
class Token:
    """The text one token adds (empty inside a multi-byte character) and its log probability.

    `branch` counts the answers written side by side from 0.
    """

    text: str
    logprob: float
    branch: int = 0


@dataclass(frozen=True, slots=True)
class Prefill:
    """Tokens of a prompt, and how many of them the KV cache already held."""

    prompt_tokens: int
    cached_tokens: int


class Model(Protocol):
    """A loaded model. Used by one thread at a time, but for `awaited`, which any may set.

    `awaited` tells whether somebody waits for what it does: if not, it leaves room for others.
    """

    awaited: bool

    @property
    def chats(self) -> bool:
        """Whether it follows instructions."""
        ...

    @property
    def placement(self) -> str:
        """What computes: graphics cards, or the processor and why."""
        ...

    def warm_up(self, abort: AbortFlag) -> None:
        """Read a little of no meaning. Raises Aborted.

        So it learns how fast it is, and the first request does not pay for what is done once.
        """
        ...

    def prefill(self, prompt: Prompt | Chat, budget_s: float, abort: AbortFlag) -> Prefill:
        """Read `prompt`, or its end where the whole takes longer than `budget_s` (seconds).

        A budget of 0 is none. Raises Aborted, and ModelUnusable for a chat where it does not, or
        that is too long.
        """
        ...

    def decode(
        self, running: set[int], abort: AbortFlag, *, one_line: bool = True
    ) -> Iterator[Token]:
        """Yield what follows the prompt, token by token for each of the branches `running`.

        A model that was trained to end soon does where `one_line` is all that is wanted.
        The caller takes out of `running` those that are complete, the model those it ended by
        itself; the iteration is over when it is empty. Branches begin with different tokens, so
        there may be fewer than asked for. Raises Aborted.
        """
        ...

    @property
    def evaluated_tokens(self) -> int:
        """Tokens of prompts evaluated since the model was loaded."""
        ...

    @property
    def decoded_tokens(self) -> int:
        """Tokens evaluated one by one to write answers, since then."""
        ...

    def expect(self, prompt: Prompt | Chat) -> None:
        """Take note that the next prompt may go on from this one, which need not be read."""
        ...

    @property
    def anticipates(self) -> bool:
        """Whether the next key may make something a part of the prompt that was not read."""
        ...

    def anticipate(self, abort: AbortFlag) -> None:
        """Read that beforehand, which takes about as long as a token. Raises Aborted."""
        ...

    @property
    def behind(self) -> bool:
        """Whether the last prompt was read in part only, to answer in time."""
        ...

    def catch_up(self, abort: AbortFlag) -> None:
        """Read the rest of that prompt, so that the next one is cheap. Raises Aborted."""
        ...

    def close(self) -> None:
        """Give the memory back."""
        ...
