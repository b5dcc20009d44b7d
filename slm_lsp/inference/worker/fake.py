"""A scripted model: everything around the model can be tested without weights.

The script is JSON, see `Script`. A model named `fake:/path/to/script.json` runs in a real engine
process; unit tests put a `FakeModel` into a `Scheduler`.
"""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING

import msgspec

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama.kv import common_prefix
from slm_lsp.inference.model import Prefill, Token
from slm_lsp.inference.protocol import Chat, Prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slm_lsp.inference.model import AbortFlag

LOAD_STEPS = 10
"""How often a load tells of its progress."""

_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")


class Reply(msgspec.Struct, frozen=True):
    """What is generated where the prompt's prefix ends with `after` and has `contains` in it.

    `others` are the texts of further branches, where several are asked for.
    """

    after: str
    text: str
    logprob: float = -0.05
    others: tuple[str, ...] = ()
    contains: str = ""

    def answers(self, prefix: str) -> bool:
        """Tell whether this is the reply to a prompt with `prefix`."""
        return prefix.endswith(self.after) and self.contains in prefix


class Script(msgspec.Struct, frozen=True):
    """A model's behaviour; times in milliseconds.

    `load_ms` and `load_error` happen once; `prefill_ms` per evaluated token and `token_ms` per
    generated one. The first matching reply counts, else `default`. `chats` tells whether it follows
    instructions; its prompts are then rules, task and lead, a line each.
    """

    replies: tuple[Reply, ...] = ()
    default: str = ""
    load_ms: float = 0.0
    load_error: str = ""
    prefill_ms: float = 0.0
    token_ms: float = 0.0
    chats: bool = True


class FakeModel:
    """Implements `Model` from a script. Tokens are words with the blanks before them."""

    def __init__(
        self, script: Script, progress: Callable[[float], None] = lambda _share: None
    ) -> None:
        """Wait `load_ms`. Raises ModelUnusable with the script's `load_error`, if it has one."""
        for step in range(LOAD_STEPS):
            progress(step / LOAD_STEPS)
            time.sleep(script.load_ms / 1e3 / LOAD_STEPS)
        if script.load_error:
            raise ModelUnusable(script.load_error)
        self._script = script
        self._cached: list[str] = []
        self._reply = Reply("", "")
        self.awaited = True
        self.evaluated_tokens = self.decoded_tokens = 0

    def warm_up(self, abort: AbortFlag) -> None:
        """Nothing is done once only."""

    def prefill(self, prompt: Prompt | Chat, budget_s: float, abort: AbortFlag) -> Prefill:
        """Take its time over each token that differs from the last prompt. Raises Aborted."""
        del budget_s  # it reads its prompts whole
        text = prompt.prefix if isinstance(prompt, Prompt) else _flat(prompt)
        tokens = _TOKEN.findall(text)
        shared = common_prefix(self._cached, tokens)
        self._cached = tokens[:shared]
        for token in tokens[shared:]:
            abort.check()
            time.sleep(self._script.prefill_ms / 1e3)
            self._cached.append(token)
            self.evaluated_tokens += 1
        fallback = Reply("", self._script.default)
        matching = (reply for reply in self._script.replies if reply.answers(text))
        self._reply = next(matching, fallback)
        return Prefill(len(tokens), shared)

    def decode(
        self,
        running: set[int],
        abort: AbortFlag,
        *,
        one_line: bool = True,  # noqa: ARG002 (what is scripted ends where it does)
    ) -> Iterator[Token]:
        """Yield the scripted texts word by word, side by side. Raises Aborted."""
        texts = (self._reply.text, *self._reply.others)[: len(running)]
        for step in itertools.zip_longest(*map(_TOKEN.findall, texts)):
            if not running:
                return
            time.sleep(self._script.token_ms / 1e3)
            for branch, text in enumerate(step):
                abort.check()
                if text is not None and branch in running:
                    yield Token(text, self._reply.logprob, branch)
                    self.decoded_tokens += branch in running

    @property
    def chats(self) -> bool:
        """As the script says."""
        return self._script.chats

    @property
    def placement(self) -> str:
        """Nothing is computed."""
        return "a script"

    def expect(self, prompt: Prompt | Chat) -> None:
        """Do nothing: nothing is taken back from a prompt."""

    @property
    def anticipates(self) -> bool:
        """Never."""
        return False

    def anticipate(self, abort: AbortFlag) -> None:
        """There is nothing to read beforehand."""

    @property
    def behind(self) -> bool:
        """Never: it reads its prompts whole."""
        return False

    def catch_up(self, abort: AbortFlag) -> None:
        """There is nothing left to read."""

    def close(self) -> None:
        """There is nothing to give back."""


def _flat(chat: Chat) -> str:
    return "\n".join((chat.rules, chat.task, chat.lead))


def read_script(text: bytes) -> Script:
    """Parse a script. Raises ModelUnusable."""
    try:
        return msgspec.json.decode(text, type=Script)
    except msgspec.DecodeError as error:
        raise ModelUnusable(f"The fake model's script is not valid: {error}.") from error
