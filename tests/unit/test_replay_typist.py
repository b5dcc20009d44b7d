"""The typist writes exactly what it should, the same way every time, at a human pace."""

from __future__ import annotations

import inspect
import itertools
import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import typist

SOURCE = inspect.getsource(json.decoder)

texts = st.text(alphabet="ab_ =\n\té😀().", max_size=80)


def written(target: str, seed: int) -> str:
    text, at = "", 0
    while at < len(target):
        for stroke in typist.strokes_at(target, at, seed):
            text = text[: len(text) - stroke.erase] + stroke.text
        at += len(typist.key_at(target, at))
    return text


@given(target=texts, seed=st.integers(0, 1000))
def test_the_strokes_write_the_text(target, seed):
    assert written(target, seed) == target


def test_some_keys_are_missed_and_put_right():
    strokes = [s for at in range(len(SOURCE)) for s in typist.strokes_at(SOURCE, at, 1)]
    missed = sum(stroke.erase for stroke in strokes)
    assert 0.005 < missed / len(strokes) < 0.05


def test_a_line_break_brings_the_indentation_with_it():
    assert typist.key_at("if x:\n    y", 5) == "\n    "
    assert typist.key_at("a\n\nb", 1) == "\n"


def test_what_happens_at_a_place_depends_on_nothing_but_the_place_and_the_seed():
    whole = [typist.strokes_at(SOURCE, at, 7) for at in range(200)]
    assert whole == [typist.strokes_at(SOURCE, at, 7) for at in reversed(range(200))][::-1]
    assert whole != [typist.strokes_at(SOURCE, at, 8) for at in range(200)]


def test_pauses_are_those_of_a_person():
    inside, starts = [], []
    for at in range(1, len(SOURCE)):
        pause = typist.strokes_at(SOURCE, at, 3)[0].pause_ms
        assert 0 < pause <= typist.MAX_PAUSE_MS
        if SOURCE[at - 1].isalpha():
            inside.append(pause)
        elif SOURCE[at - 1] == "\n":
            starts.append(pause)
    assert 100 < statistics.median(inside) < 120
    assert statistics.median(starts) > 350


def test_the_typist_waits_at_one_key_in_eight():
    waits = sum(typist.waits_at(at, 5) for at in range(4000))
    assert 0.10 < waits / 4000 < 0.15


@given(count=st.integers(1, 5), keys=st.integers(5, 200), seed=st.integers(0, 100))
def test_stretches_are_apart_and_about_as_long_as_wanted(count, keys, seed):
    found = typist.stretches(SOURCE, count, keys, seed)
    assert len(found) == count
    ordered = sorted(found, key=lambda stretch: stretch.start)
    for before, after in itertools.pairwise(ordered):
        assert before.end <= after.start
    for stretch in found:
        assert not SOURCE[stretch.start].isspace()
        assert SOURCE[stretch.end : stretch.end + 1] in ("\n", "")
        assert stretch.end - stretch.start >= keys // count


@given(count=st.integers(1, 5), seed=st.integers(0, 100))
def test_typing_all_stretches_restores_the_file(count, seed):
    holes = typist.stretches(SOURCE, count, 100, seed)
    text = typist.without(SOURCE, holes)
    for number, hole in enumerate(holes):
        at = typist.place(hole, holes[number + 1 :])
        text = text[:at] + SOURCE[hole.start : hole.end] + text[at:]
    assert text == SOURCE


def replayed(text: str, strokes: tuple[typist.Stroke, ...]) -> str:
    caret = 0
    for stroke in strokes:
        caret += stroke.jump
        assert stroke.erase <= caret <= len(text)
        text = text[: caret - stroke.erase] + stroke.text + text[caret:]
        caret += len(stroke.text) - stroke.erase
    return text


@given(places=st.integers(1, 5), keys=st.integers(20, 300), seed=st.integers(0, 1000))
def test_a_session_restores_the_file(places, keys, seed):
    text, strokes = typist.session(SOURCE, places, keys, seed)
    assert len(text) < len(SOURCE)
    assert replayed(text, strokes) == SOURCE
    assert (text, strokes) == typist.session(SOURCE, places, keys, seed)
    assert all(0 < stroke.pause_ms <= typist.MAX_PAUSE_MS for stroke in strokes)
    assert all(stroke.text or stroke.erase or stroke.jump for stroke in strokes)


def test_a_session_has_everything_that_people_do():
    _, strokes = typist.session(SOURCE, 4, 2000, 1)
    jumps = [stroke.jump for stroke in strokes if stroke.jump]
    assert len(jumps) == 6
    assert min(jumps) < 0 < max(jumps)
    typed = [stroke for stroke in strokes if not stroke.jump]
    assert sum(not stroke.text.startswith("\n") and len(stroke.text) > 3 for stroke in typed) > 20
    assert sum(not stroke.text and stroke.erase > 2 for stroke in typed) > 20
    assert 0.08 < sum(stroke.waits for stroke in typed) / len(typed) < 0.15
    deletions = [n for n, stroke in enumerate(strokes) if not stroke.text and stroke.erase > 2]
    undone = sum(len(strokes[n + 1].text) == strokes[n].erase for n in deletions)
    assert 0 < undone < len(deletions)


def test_a_stretch_is_left_in_the_middle_for_another():
    _, strokes = typist.session(SOURCE, 2, 400, 3)
    jumps = [stroke.jump for stroke in strokes if stroke.jump]
    assert len(jumps) == 3
    assert jumps[1] * jumps[2] < 0


def test_too_short_a_file_is_refused():
    with pytest.raises(ValueError, match="too short"):
        typist.stretches("x = 1\n" * 10, 3, 900, 1)
