"""Writing an answer token by token, or several that begin differently side by side.

Branches share the prompt in the KV cache and are evaluated as one batch. On a processor without
AVX-512 a batch of four takes 2.7 times as long as one token (default model, Q8_0), so several are
written only when somebody asks for them.

Prompt-lookup decoding: guess the next tokens from the text that the model has read.

Code repeats itself. Where the last tokens of an answer stand in the prompt already, the tokens
that followed them there are evaluated in one batch with the token just chosen. The model then
chooses as it would have: a guess that it does not choose is dropped. So the text stays what greedy
decoding writes, and each guess that holds saves one step. A step of a small model on a processor
mostly waits for the weights to come from memory, so a few more rows in its batch cost little.

The method is Saxena's prompt lookup (2023); it needs no second model.
"""

from __future__ import annotations

import codecs
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slm_lsp.inference.llama.kv import CachedSequence
from slm_lsp.inference.llama.sampling import choose, choose_some
from slm_lsp.inference.model import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from slm_lsp.inference.llama.context import LlamaContext
    from slm_lsp.inference.llama.sampling import Choice, Logits, Overweight
    from slm_lsp.inference.llama.vocabulary import Vocabulary
    from slm_lsp.inference.model import AbortFlag
    from slm_lsp.inference.prompts.fim import Layout

KEY_TOKENS = 3
"""Tokens that must have occurred before."""

DRAFT_TOKENS = 3
"""Tokens guessed at once."""

_TYPE = "i"
_BYTES = array(_TYPE).itemsize


def guess(tokens: Sequence[int], most: int = DRAFT_TOKENS) -> list[int]:
    """Return up to `most` tokens that may follow `tokens`.

    They are those that followed the last `KEY_TOKENS` where these occurred last. None are returned
    where they did not occur before. Takes some 20 us for 1,000 tokens.
    """
    if len(tokens) <= KEY_TOKENS:
        return []
    text = array(_TYPE, tokens).tobytes()
    key = text[-KEY_TOKENS * _BYTES :]
    at = text.rfind(key, 0, -1)
    while at % _BYTES and at > 0:  # the same bytes, but not at a token's start
        at = text.rfind(key, 0, at + len(key) - 1)
    if at < 0 or at % _BYTES:
        return []
    start = at // _BYTES + KEY_TOKENS
    return list(tokens[start : start + most])


@dataclass
class _Branch:
    """One answer. `forced` are the bytes it must still begin with.

    Its next token follows the first `at` of `sequence`. What else stands there was evaluated
    before and may be what is chosen.
    """

    number: int
    sequence: CachedSequence
    forced: bytes
    at: int
    overweight: Overweight | None = None
    guessed: int = 0
    """Where the tokens end that were guessed and not chosen yet."""
    decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    @property
    def scores(self) -> Logits:
        """What may come next."""
        scores = self.sequence.scores(self.at)
        return scores if self.overweight is None else self.overweight.taken_back(scores)

    def goes_on(self, token: int) -> bool:
        """Move on if `token` was evaluated already, or else give up what was instead of it."""
        known = self.sequence.follows(self.at, token)
        if not known:
            self.sequence.cut(self.at)
        elif self.at < self.guessed:
            self.sequence.context.appended += 1
        self.at += 1
        return known


def decode(
    is_end: Callable[[int], bool],
    vocabulary: Vocabulary,
    sequence: CachedSequence,
    prompt: Layout,
    running: set[int],
    abort: AbortFlag,
    overweight: Overweight | None = None,
) -> Iterator[Token]:
    """Yield the tokens that follow `prompt` in `sequence`; see `Model.decode` for `running`.

    `is_end` tells whether a token ends an answer. The weight of the one that is `overweight` is
    taken back. Tokens that only repeat what the prompt forces are not shown. Raises Aborted.
    """
    branches = [_Branch(0, sequence, prompt.forced, len(prompt.tokens), overweight)]
    wanted, together = len(running), len(running) > 1
    try:
        while branches:
            chosen = [(branch, _choose(vocabulary, branch)) for branch in branches]
            if together and (is_end(chosen[0][1][0]) or _shows_text(vocabulary, *chosen[0])):
                chosen = _split(vocabulary, branches, wanted)
                running.intersection_update(branch.number for branch, _ in chosen)
                together = False
            for branch, (token, logprob) in chosen:
                if is_end(token):
                    running.discard(branch.number)
                elif new := _advance(vocabulary, branch, token):
                    yield Token(branch.decoder.decode(new), logprob, branch.number)
            going = [(branch, token) for branch, (token, _) in chosen if branch.number in running]
            branches = [branch for branch, _ in going]
            new_tokens = [(it, token) for it, token in going if not it.goes_on(token)]
            _append(sequence.context, new_tokens, abort)
    finally:
        for number in range(1, wanted):
            sequence.context.forget_from(0, number)


def _choose(vocabulary: Vocabulary, branch: _Branch) -> Choice:
    allowed = vocabulary.continuing(branch.forced) if branch.forced else None
    return choose(branch.scores, allowed)


def _shows_text(vocabulary: Vocabulary, branch: _Branch, choice: Choice) -> bool:
    return len(vocabulary.pieces[choice[0]]) > len(branch.forced)


def _split(
    vocabulary: Vocabulary, branches: list[_Branch], count: int
) -> list[tuple[_Branch, Choice]]:
    """Return as many branches, each with a first token of its own."""
    [trunk] = branches
    context = trunk.sequence.context
    allowed = vocabulary.continuing(trunk.forced) if trunk.forced else None
    choices = choose_some(trunk.scores, allowed, count)
    trunk.sequence.cut(trunk.at)
    split = [(trunk, choices[0])]
    for number, choice in enumerate(choices[1:], 1):
        copy = CachedSequence(context, number)
        copy.follow(trunk.sequence)
        branch = _Branch(number, copy, trunk.forced, trunk.at, trunk.overweight)
        split.append((branch, choice))
    return split


def _advance(vocabulary: Vocabulary, branch: _Branch, token: int) -> bytes:
    """Return what `token` adds to the text of `branch`."""
    piece = vocabulary.pieces[token]
    new, branch.forced = piece[len(branch.forced) :], branch.forced[len(piece) :]
    return new


def _append(context: LlamaContext, going: list[tuple[_Branch, int]], abort: AbortFlag) -> None:
    """Evaluate the chosen tokens, which makes the next ones' logits."""
    if not going:
        return
    if len(going) == 1 and context.pace.guesses_pay:
        _append_with_guess(context, *going[0], abort)
        return
    rows = [(token, len(it.sequence.tokens), it.sequence.number) for it, token in going]
    context.append(rows, abort)
    for row, (branch, token) in enumerate(going):
        branch.sequence.appended([token], row)


def _append_with_guess(
    context: LlamaContext, branch: _Branch, token: int, abort: AbortFlag
) -> None:
    """Evaluate the chosen token, and in the same batch what may follow it."""
    sequence = branch.sequence
    start = len(sequence.tokens)
    tokens = [token, *guess([*sequence.tokens, token])]
    rows = [(it, start + row, sequence.number) for row, it in enumerate(tokens)]
    context.append(rows, abort, guessed=len(tokens) - 1)
    sequence.appended(tokens, 0)
    branch.guessed = start + len(tokens)
