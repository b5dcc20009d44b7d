"""What the language server and the engine process say to each other.

Messages are msgspec structs, MessagePack-encoded, each behind its length (`wire`). A client opens
with `Hello`; the engine answers `Welcome`, then a `State` now and at every change. Each `Generate`
is answered by `Prefilled`, any number of `Piece`s, an `Ended` for each branch and exactly one
`Finished`, which may also come at once. What is less urgent may be interrupted and begun anew: then
another `Prefilled` comes, and what came before it is void.

What an engine process says about itself.
"""

from __future__ import annotations

import enum
import itertools
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from slm_lsp import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Status(msgspec.Struct, frozen=True, tag=True):
    """What `slm-lsp engine status` prints. Sizes in bytes, times in seconds.

    `clients` are those besides the one that asks. The tokens are counted since the model was
    loaded, for whatever purpose: those of prompts and those evaluated one by one to write.
    `placement` says what computes, once the model is loaded.
    `unsealed` says why the process can still open network sockets; where it is empty it cannot.
    """

    pid: int
    model: str
    state: str
    clients: int
    requests: int
    uptime_s: float
    idle_s: float
    rss: int
    evaluated_tokens: int
    decoded_tokens: int
    placement: str
    unsealed: str


PROTOCOL = f"{__version__}+10"
"""Both sides must say the same; the number counts changes to this file within a version."""


class Prompt(msgspec.Struct, frozen=True, tag=True):
    """What the model gets to see, as structured parts; the engine knows its model's format.

    `path` is the file's name as the model should read it, `repository` that of its workspace.
    `prefix` ends at the cursor, `suffix` begins there; both are cut at far line boundaries.
    """

    path: str
    language: str
    prefix: str
    suffix: str
    repository: str = ""


class Chat(msgspec.Struct, frozen=True, tag=True):
    """A task for a model that follows instructions; the engine knows its model's chat format.

    The answer begins with `lead`, which is no part of what the model writes.
    """

    rules: str
    task: str
    lead: str = ""


class Hello(msgspec.Struct, frozen=True, tag=True):
    """A client introduces itself. Another `protocol` than the engine's ends the connection."""

    protocol: str


class Priority(enum.IntEnum):
    """Who waits for an answer; what is more urgent interrupts what is less."""

    NOW = 0
    """Somebody types."""
    ACTION = 1
    """Somebody waits for a code action."""
    PREFETCH = 2
    """What may be asked next is answered beforehand."""
    WARM_UP = 3
    """A prompt that may be needed is read."""
    IDLE = 4
    """Nothing is read but the word at the prompt's end, and that only where all else was."""

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for the answer."""
        return self <= Priority.ACTION


class Generate(msgspec.Struct, frozen=True, tag=True):
    """Continue `prompt`. A newer `Generate` of its `urgency` for `document` takes its place.

    Generation ends before the first of the strings in `stop`, at the model's own end, or after
    `max_tokens` tokens; with 0 the prompt is only read. `budget_ms` is the time from the request to
    its end (milliseconds, 0: as long as it takes): a long prompt is then read from its end, and
    the answer stops at the first sound place after the time is over. It also stops where its joint
    probability falls below `min_confidence` (0 to 1). Where the first line ends with the character
    `opener`, and the model is sure of it, the body of the block that it opens follows in spite of
    `stop`. With `branches` above 1 as many different answers are written side by side. `id` is the
    client's; answers carry it back.
    """

    id: int
    document: str
    prompt: Prompt | Chat
    max_tokens: int
    stop: tuple[str, ...] = ()
    urgency: Priority = Priority.NOW
    budget_ms: float = 0.0
    min_confidence: float = 0.0
    opener: str = ""
    branches: int = 1


class SetPriority(msgspec.Struct, frozen=True, tag=True):
    """Request `id` has become more or less urgent."""

    id: int
    urgency: Priority


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """The answer to request `id` is no longer wanted; it still ends with one `Finished`."""

    id: int


class Query(msgspec.Struct, frozen=True, tag=True):
    """Ask for a `Status`."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Leave, after telling every client that its running requests are over."""


class Welcome(msgspec.Struct, frozen=True, tag=True):
    """The engine introduces itself."""

    protocol: str
    pid: int


class State(msgspec.Struct, frozen=True, tag=True):
    """Whether the model can be used. `detail` is a sentence for the user where it cannot.

    `stopped` is said by an engine that is about to leave because nobody needed it, or was told to.
    `chats` tells that the model follows instructions, once it is ready. `progress` is the share of
    the weights that was loaded so far, from 0 to 1.
    """

    kind: Literal["loading", "ready", "failed", "stopped"]
    model: str
    detail: str = ""
    chats: bool = False
    progress: float = 0.0


class Prefilled(msgspec.Struct, frozen=True, tag=True):
    """The prompt of request `id` has been read. Times in milliseconds, the rest in tokens.

    `cached_tokens` of the `prompt_tokens` were in the KV cache already.
    """

    id: int
    queue_ms: float
    prefill_ms: float
    prompt_tokens: int
    cached_tokens: int


class Token(msgspec.Struct, frozen=True, tag=True):
    """Text of one generated token and the natural logarithm of its probability (at most 0).

    `branch` counts the answers written side by side from 0.
    """

    id: int
    text: str
    logprob: float
    branch: int = 0


class BranchFinished(msgspec.Struct, frozen=True, tag=True):
    """A branch of request `id` is complete: the first `kept` code points of its pieces.

    `stop`: a stop string came; `end`: the model ended by itself; `length`: `max_tokens` reached;
    `time`: `budget_ms` is over; `doubt`: it fell below `min_confidence`.
    """

    id: int
    reason: Literal["stop", "end", "length", "time", "doubt"]
    kept: int
    branch: int = 0


class RequestFinished(msgspec.Struct, frozen=True, tag=True):
    """The end of request `id`.

    `done`: every branch is complete; `cancelled`, `superseded`: not wanted any more; `failed`: see
    `detail`. `decoded_tokens` were evaluated one by one to get there, in `decode_ms` milliseconds:
    those of the answer but the last, and those that healed the prompt's end.
    """

    id: int
    reason: Literal["done", "cancelled", "superseded", "failed"]
    detail: str = ""
    decode_ms: float = 0.0
    decoded_tokens: int = 0


ToEngine = Hello | Generate | SetPriority | Cancel | Query | Stop
Event = Prefilled | Token | BranchFinished | RequestFinished
ToClient = Welcome | State | Status | Event


class Engine(Protocol):
    """Anything that completes prompts: the client of the process, or a scheduler in this one."""

    def generate(self, request: Generate) -> AsyncGenerator[Event, None]:
        """Yield `Prefilled`, pieces as they come and one `Finished`; closing the generator cancels.

        `request.id` must be one from `next_id`. Raises EngineUnavailable or ModelUnusable before
        the first piece, EngineLost at any time.
        """
        ...

    def rank(self, number: int, urgency: Priority) -> None:
        """Change how urgent the request with the id `number` is; nothing if it is over."""
        ...


next_id = itertools.count(1).__next__
"""Return an id that no other request of this process has."""
