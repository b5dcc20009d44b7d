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


def test_too_short_a_file_is_refused():
    with pytest.raises(ValueError, match="too short"):
        typist.stretches("x = 1\n" * 10, 3, 900, 1)
