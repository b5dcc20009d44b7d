r"""A typist: which keys are pressed to write a given text, and how long each takes to come.

Everything here is a pure function of the text, the place in it and a seed. What happens at one
place does not depend on how the typist got there, so accepting a completion skips keys and changes
none of the later ones.

Pauses before a key are log-normal (sigma 0.35) around a median of 110 ms within a word, 190 ms
after a blank or a punctuation mark, and 450 ms at the start of a line. One key in fifty is missed:
a wrong letter comes first and is deleted. An editor indents, so a line break and the blanks that
follow it are one key. At one key in eight the typist stops and waits for ghost text.

A `session` is all that happens to one file: besides typing, the typist goes away in the middle of
a stretch, writes another one elsewhere and comes back; accepts the rest of a line at one in six of
the keys waited at; takes back the last keys; deletes a word and types it again or undoes that.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORD_MS, BREAK_MS, LINE_MS = 110.0, 190.0, 450.0
READING_MS = 250.0
"""Milliseconds to see that the ghost text is what was about to be typed."""
JUMP_MS = 900.0
"""Milliseconds (median) to find another place in the file."""
SIGMA = 0.35
MAX_PAUSE_MS = 2000.0
MISS_RATE = 1 / 50
WAIT_RATE = 1 / 8
ACCEPT_RATE = 1 / 6
UNDO_RATE = 1 / 40
DELETE_RATE = 1 / 10
"""Of the words."""

_INDENTED_LINE = re.compile(r"\n[ \t]*")
_WHOLE_WORD = re.compile(r"\w{3,}\Z")


@dataclass(frozen=True, slots=True)
class Stroke:
    """After `pause_ms` the `erase` characters before the caret go and `text` comes.

    With `jump` the caret moves by that many characters, and nothing else happens. `waits`: the
    typist now waits for ghost text.
    """

    pause_ms: float
    text: str = ""
    erase: int = 0
    jump: int = 0
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a file that is to be typed: offsets of its first and behind its last character."""

    start: int
    end: int


def key_at(target: str, at: int) -> str:
    """Return what the next key writes."""
    line = _INDENTED_LINE.match(target, at)
    return line[0] if line else target[at]


def strokes_at(target: str, at: int, seed: int) -> tuple[Stroke, ...]:
    """Return the strokes that write `key_at(target, at)`: one, or three with a wrong letter."""
    rng = _random(seed, at, "strokes")
    key = key_at(target, at)
    right = Stroke(_pause(rng, _median(target, at)), key)
    if rng.random() >= MISS_RATE or not key.isalpha():
        return (right,)
    wrong = Stroke(right.pause_ms, rng.choice("aeiounrst".replace(key.lower(), "")))
    return (wrong, Stroke(_pause(rng, LINE_MS), erase=1), Stroke(_pause(rng, WORD_MS), key))


def waits_at(at: int, seed: int) -> bool:
    """Tell whether the typist waits for ghost text after the key at `at`."""
    return _random(seed, at, "waits").random() < WAIT_RATE


def session(text: str, places: int, keys: int, seed: int) -> tuple[str, tuple[Stroke, ...]]:
    """Return the file without some stretches and the strokes that write them, as `stretches` does.

    The caret starts at the beginning of the file. Raises ValueError where `text` is too short.
    """
    legs = _away_and_back(text, stretches(text, places, keys, seed))
    strokes: list[Stroke] = []
    caret = 0
    for number, leg in enumerate(legs):
        start = place(leg, legs[number + 1 :])
        if start != caret:
            pause_ms = _pause(_random(seed, number, "jump"), JUMP_MS)
            strokes.append(Stroke(pause_ms, jump=start - caret))
        strokes += _written(text[leg.start : leg.end], seed)
        caret = start + leg.end - leg.start
    return without(text, legs), tuple(strokes)


def stretches(text: str, count: int, keys: int, seed: int) -> list[Stretch]:
    """Choose `count` stretches of about `keys` keys in all, spread over `text`, in typing order.

    Each begins at the first character of a line and ends at the end of one. Raises ValueError
    where `text` is too short.
    """
    share = len(text) // count
    found = []
    for number in range(count):
        rng = _random(seed, number, "stretch")
        region = text[number * share : (number + 1) * share]
        lines = [match.start(1) for match in re.finditer(r"\n[ \t]*(?=(\S))", region)]
        early = [at for at in lines if len(region) - at > 4 * keys // count]
        if not early:
            raise ValueError(f"The file is too short to type {keys} keys in {count} places.")
        start = number * share + rng.choice(early)
        found.append(Stretch(start, _end(text, start, keys // count)))
    _random(seed, 0, "order").shuffle(found)
    return found


def without(text: str, holes: Sequence[Stretch]) -> str:
    """Return `text` with all `holes` taken out."""
    for hole in sorted(holes, key=lambda hole: hole.start, reverse=True):
        text = text[: hole.start] + text[hole.end :]
    return text


def place(hole: Stretch, empty: Sequence[Stretch]) -> int:
    """Return where `hole` begins in a text from which the stretches `empty` are missing, too."""
    return hole.start - sum(other.end - other.start for other in empty if other.start < hole.start)


def _away_and_back(text: str, holes: Sequence[Stretch]) -> list[Stretch]:
    """Cut every other stretch in two at a line's end, and put the next one in between."""
    legs: list[Stretch] = []
    for number in range(0, len(holes), 2):
        first, *second = holes[number : number + 2]
        middle = text.find("\n", (first.start + first.end) // 2, first.end)
        cut = middle if middle >= 0 else first.end
        legs += [Stretch(first.start, cut), *second, Stretch(cut, first.end)]
    return [leg for leg in legs if leg.end > leg.start]


def _written(target: str, seed: int) -> Iterator[Stroke]:
    """Yield the strokes that write `target`, with all that a typist changes on the way."""
    at = furthest = 0
    while at < len(target):
        *missed, last = strokes_at(target, at, seed)
        at += len(key_at(target, at))
        again, furthest = at <= furthest, max(at, furthest)
        waits = not again and waits_at(at, seed)
        yield from missed
        yield replace(last, waits=waits)
        if not again:
            more, at = _afterwards(target, at, seed, waits=waits)
            yield from more


def _afterwards(target: str, at: int, seed: int, *, waits: bool) -> tuple[list[Stroke], int]:
    """Return what the typist does after the key that leads to `at`, and where that leads."""
    rng = _random(seed, at, "afterwards")
    line = target[:at].rpartition("\n")[2]
    rest = target[at:].partition("\n")[0]
    chance, pause_ms = rng.random(), _pause(rng, LINE_MS)
    if waits:
        accepted = rest if chance < ACCEPT_RATE else ""
        return [Stroke(READING_MS, accepted)] if accepted else [], at + len(accepted)
    if chance < UNDO_RATE and (taken := min(rng.randint(3, 12), len(line.lstrip()))):
        return [Stroke(pause_ms, erase=taken)], at - taken
    word = _WHOLE_WORD.search(line)
    if word and not rest[:1].isalnum() and rest[:1] != "_" and rng.random() < DELETE_RATE:
        size = len(word[0])
        deletion = Stroke(pause_ms, erase=size)
        if rng.random() < 1 / 2:
            return [deletion, Stroke(_pause(rng, LINE_MS), word[0])], at
        return [deletion], at - size
    return [], at


def _end(text: str, start: int, keys: int) -> int:
    at = start
    for _ in range(keys):
        at += len(key_at(text, at)) if at < len(text) else 0
    line_end = text.find("\n", at)
    return len(text) if line_end < 0 else line_end


def _median(target: str, at: int) -> float:
    before = target[at - 1 : at]
    if before in ("", "\n") or target[:at].rpartition("\n")[2].isspace():
        return LINE_MS
    return WORD_MS if before.isalnum() or before == "_" else BREAK_MS


def _pause(rng: random.Random, median_ms: float) -> float:
    return min(rng.lognormvariate(math.log(median_ms), SIGMA), MAX_PAUSE_MS)


def _random(seed: int, at: int, purpose: str) -> random.Random:
    return random.Random(f"{seed}/{at}/{purpose}")
