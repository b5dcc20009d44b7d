"""What is concluded from edits about what was offered, and how the counts are kept."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.errors import UsageUnavailable
from slm_lsp.server.documents import Documents
from slm_lsp.server.usage import Usage
from slm_lsp.text.document import (
    Completion,
    Cursor,
    Document,
    Edit,
    Span,
)
from slm_lsp.text.edits import moved_span
from slm_lsp.usage import store
from slm_lsp.usage.recorder import Count, Recorder, bucket, percentile
from slm_lsp.usage.summary import summary

if TYPE_CHECKING:
    from pathlib import Path

OUTCOMES = ("accepted", "partly", "typed", "rejected")
TEXT = "return a + b"


class Screen:
    """A document with the cursor behind `before`, and what its recorder counts."""

    def __init__(self, before: str = "def add(a, b):\n    ", after: str = "\nx = 1\n") -> None:
        self.recorder = Recorder()
        self.document = Document.of(before + after, uri="file:///a.py", language="python")
        self.at = len(before)
        self.counts: Counter[Count] = Counter()

    def cursor(self, offset: int) -> Cursor:
        before = self.document.lines.text()[:offset].split("\n")
        return Cursor(len(before) - 1, len(before[-1]))

    def offer(self, *texts: str, number: str = "n") -> None:
        cursor = self.cursor(self.at)
        items = {f"{number}{i}": Completion(t, Span.at(cursor), 1) for i, t in enumerate(texts)}
        self.recorder.answered(self.document, items, 20, now=0)

    def replace(self, start: int, end: int, text: str, now: float = 0) -> None:
        edit = Edit(Span(self.cursor(start), self.cursor(end)), text)
        self.document = self.document.applied(edit, 0)
        self.recorder.edited(edit, self.document, now)

    def type(self, text: str) -> None:
        self.replace(self.at, self.at, text)
        self.at += len(text)

    def close(self) -> dict[str, int]:
        self.recorder.close(self.document, now=100)
        self.counts += self.recorder.take()
        return {count.event: n for count, n in self.counts.items() if ":" not in count.event}


def test_inserted_at_once_is_accepted_and_kept():
    screen = Screen()
    screen.offer(TEXT)
    screen.type(TEXT)
    assert screen.close() == {"shown": 1, "accepted": 1, "kept": 1}


def test_typed_letter_by_letter_is_one_offer_typed():
    screen = Screen()
    screen.offer(TEXT)
    for at, letter in enumerate(TEXT):
        screen.type(letter)
        if left := TEXT[at + 1 :]:
            screen.offer(left, number=f"{at}-")
    assert screen.close() == {"shown": 1, "typed": 1}


def test_a_word_at_once_and_then_something_else_is_partly():
    screen = Screen()
    screen.offer(TEXT)
    screen.type("return ")
    screen.type("0")
    screen.offer()
    assert screen.close() == {"shown": 1, "partly": 1, "kept": 1}


def test_something_else_is_rejected():
    screen = Screen()
    screen.offer(TEXT)
    screen.type("p")
    screen.offer("ass")
    assert screen.close() == {"shown": 2, "rejected": 2}


def test_an_offer_that_grows_while_it_is_typed_stays_one():
    screen = Screen()
    screen.offer("return a")
    screen.type("ret")
    screen.offer("urn a + b", number="m")
    screen.type("urn a + b")
    assert screen.close() == {"shown": 1, "accepted": 1, "kept": 1}


def test_the_second_alternative_counts_too():
    screen = Screen()
    screen.offer(TEXT, "raise ValueError")
    screen.type("raise ValueError")
    assert screen.close() == {"shown": 1, "accepted": 1, "kept": 1}


def test_what_stood_behind_the_cursor_was_not_inserted():
    screen = Screen("f(", ")\n")
    screen.offer("a)")
    screen.type("a")
    assert screen.close() == {"shown": 1, "typed": 1}


def test_a_menus_item_replaces_the_word_before_the_cursor():
    screen = Screen("val", "\n")
    completion = Completion("value + 1", Span(Cursor(0, 0), Cursor(0, 3)), 1)
    screen.recorder.answered(screen.document, {"n": completion}, 20, now=0)
    screen.replace(0, 3, "value + 1")
    assert screen.close() == {"shown": 1, "accepted": 1, "kept": 1}


def test_what_the_editor_says_counts_once():
    screen = Screen()
    screen.offer(TEXT)
    screen.recorder.shown("n0")
    screen.type(TEXT)
    screen.recorder.accepted("n0", None, now=0)
    screen.recorder.accepted("n0", None, now=0)
    assert screen.close() == {"shown": 1, "accepted": 1, "kept": 1}


def test_accepted_and_formatted_in_one_step_is_accepted():
    screen = Screen()
    screen.offer(TEXT)
    screen.type("return (a + b)")
    screen.recorder.accepted("n0", None, now=0)
    assert screen.close()["accepted"] == 1


def test_where_the_editor_tells_what_it_does_not_show_is_not_counted():
    screen = Screen()
    screen.offer(TEXT)
    screen.recorder.shown("n0")
    screen.type("q")
    screen.offer("uit()", number="m")
    assert screen.close() == {"shown": 1, "rejected": 1}


@pytest.mark.parametrize(
    ("left", "event"), [(TEXT, "kept"), ("return a - b", "kept_partly"), ("pass", "removed")]
)
def test_what_is_left_after_a_while(left, event):
    screen = Screen()
    screen.offer(TEXT)
    start = screen.at
    screen.type(TEXT)
    screen.replace(0, 0, "import os\n", now=1)
    start += len("import os\n")
    if left != TEXT:
        screen.replace(start, start + len(TEXT), left, now=2)
    screen.recorder.look([screen.document], now=29)
    assert event not in {count.event for count in screen.recorder._counts}
    screen.recorder.look([screen.document], now=31)
    assert Count("python", event) in screen.recorder._counts


LINES = st.text("ab \n(é𝕏", max_size=12)


@given(text=st.text("abc (\n+é𝕏", min_size=2, max_size=30), cuts=st.sets(st.integers(1, 29)))
def test_every_offer_shown_has_one_outcome(text, cuts):
    screen = Screen(after="")
    screen.offer(text)
    bounds = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(bounds)]
    for piece in pieces:
        screen.type(piece)
    counts = screen.close()
    assert sum(counts.get(outcome, 0) for outcome in OUTCOMES) == counts["shown"] == 1
    if all(len(piece) == 1 for piece in pieces):
        assert counts == {"shown": 1, "typed": 1}
    elif len(pieces) == 1:
        assert counts["accepted"] == 1


@given(edits=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), LINES), max_size=8))
def test_edits_of_any_kind_never_count_more_than_was_shown(edits):
    screen = Screen()
    screen.offer(TEXT)
    for start, length, text in edits:
        size = len(screen.document.lines.text())
        start = min(start, size)
        screen.replace(start, min(start + length, size), text)
        screen.offer(TEXT)
    counts = screen.close()
    assert sum(counts.get(outcome, 0) for outcome in OUTCOMES) == counts["shown"]
    assert "accepted" not in counts or any("return" in text for *_, text in edits)


@given(before=LINES, inside=st.text("xy\n", min_size=1), after=LINES, new=LINES, data=st.data())
def test_an_edit_outside_does_not_lose_the_place(before, inside, after, new, data):
    whole = before + inside + after
    document = Document.of(whole, uri="", language="")
    side = data.draw(st.sampled_from(["before", "after"]))
    low, high = (0, len(before)) if side == "before" else (len(before + inside), len(whole))
    start = data.draw(st.integers(low, high))
    end = data.draw(st.integers(start, high))

    def cursor(offset: int) -> Cursor:
        lines = whole[:offset].split("\n")
        return Cursor(len(lines) - 1, len(lines[-1]))

    span = Span(cursor(len(before)), cursor(len(before + inside)))
    edit = Edit(Span(cursor(start), cursor(end)), new)
    assert document.applied(edit, 0).text_in(moved_span(span, edit)) == inside


@given(before=LINES, text=LINES, length=st.integers(0, 20))
def test_text_by_length(before, text, length):
    document = Document.of(before + text, uri="", language="")
    start = Cursor(before.count("\n"), len(before.rsplit("\n", 1)[-1]))
    assert document.text_from(start, length) == text[:length]
    assert document.text_in(document.span_of(start, length)) == text[:length]


@given(st.lists(st.floats(1, 50_000), min_size=1, max_size=50))
def test_percentiles_are_right_within_a_tenth(latencies):
    counts = Counter(map(bucket, latencies))
    middle = sorted(latencies)[(len(latencies) - 1) // 2]
    found = percentile(counts, 0.5)
    assert found is not None
    assert middle * 0.98 <= found <= middle * 1.12


PYTHON, GO = Count("python", "shown"), Count("go", "accepted")


def test_counts_add_up_in_the_file(tmp_path: Path):
    path = tmp_path / "state" / "usage.db"
    assert store.read(path) == Counter()
    store.add(Counter({PYTHON: 2}), path)
    store.add(Counter({PYTHON: 3, GO: 1}), path)
    assert store.read(path) == {PYTHON: 5, GO: 1}
    assert path.stat().st_mode & 0o077 == 0
    store.erase(path)
    assert store.read(path) == Counter()


def test_servers_that_write_at_once_lose_nothing(tmp_path: Path):
    path = tmp_path / "usage.db"

    def write() -> None:
        for _ in range(20):
            store.add(Counter({PYTHON: 1}), path)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read(path) == {PYTHON: 80}


@pytest.mark.parametrize("content", [b"no database" * 200, b"SQLite format 3\0" + b"\1" * 900])
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes):
    path = tmp_path / "usage.db"
    path.write_bytes(content)
    with pytest.raises(UsageUnavailable, match="--erase"):
        store.read(path)
    store.add(Counter({PYTHON: 1}), path)
    assert store.read(path) == {PYTHON: 1}
    assert path.with_name("usage.db.damaged").read_bytes() == content


def test_a_locked_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "WAIT_S", 0.05)
    path = tmp_path / "usage.db"
    store.add(Counter({PYTHON: 1}), path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UsageUnavailable):
        store.add(Counter({PYTHON: 1}), path)
    holder.close()
    assert store.read(path) == {PYTHON: 1}


def test_a_language_is_no_place_for_text(tmp_path: Path):
    path = tmp_path / "usage.db"
    store.add(Counter({Count("my secret key", "shown"): 1, Count("c++", "shown"): 1}), path)
    assert {count.language for count in store.read(path)} == {"other", "c++"}


def test_the_figures():
    found = summary(
        {
            Count("python", "shown"): 10,
            Count("python", "accepted"): 3,
            Count("python", "partly"): 1,
            Count("python", "rejected"): 4,
            Count("python", "kept"): 2,
            Count("python", "removed"): 2,
            Count("go", "shown"): 1,
            Count("go", bucket(100)): 1,
        }
    )
    assert list(found.languages) == ["python", "go"]
    assert found.languages["python"].acceptance_rate == 0.5
    assert found.languages["python"].kept_rate == 0.5
    assert found.languages["python"].latency_p50_ms is None
    assert found.total.shown == 11
    assert found.total.latency_p95_ms == pytest.approx(100, rel=0.1)


def test_what_became_of_an_offer_counts_for_its_kind_of_place():
    screen = Screen()
    screen.offer(TEXT)
    screen.type(TEXT)
    screen.type("\n    x = ")
    screen.offer("a + b")
    screen.type("c")
    screen.close()
    learned = {c.event: n for c, n in screen.counts.items() if c.event.startswith(("r", "w"))}
    assert learned == {"right:new line": 1, "rejected": 1, "wrong:end of line": 1}


async def test_a_server_asks_for_what_was_learned_unless_told_not_to(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "usage_path", lambda: tmp_path / "usage.db")
    store.add({Count("python", "wrong:end of line"): 400}, store.usage_path())
    usage = Usage(Documents())
    assert list(usage.calibration) == []
    writing = asyncio.create_task(usage.keep_writing())
    for _ in range(1000):
        if list(usage.calibration):
            break
        await asyncio.sleep(0.01)
    writing.cancel()
    assert [record.wrong for _, _, record in usage.calibration] == [400]
    usage.learns = False
    assert list(usage.calibration) == []
