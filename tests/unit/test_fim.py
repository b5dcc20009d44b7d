"""A prompt of prefix and suffix: in its order, within its room, with names where it has a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.prompts.families import PREFIX, SUFFIX
from slm_lsp.inference.prompts.fim import (
    LONGEST_NAME,
    PSM_SUFFIX_TOKENS,
    Format,
    Layout,
    layout,
    named,
    without_closers,
)

PRE, SUF, MID, REP, SEP = range(1000, 1005)
TEXT = "def f(x):\n    return x + 1\n\n" * 14
PIECES = [bytes([code]) for code in range(128)] + [b""] * 2000
FORMATS = (
    Format(""),
    Format("psm", (PRE, PREFIX, SUF, SUFFIX, MID), (REP, "{repository}\n"), (SEP, "{path}\n")),
    Format("spm", (SUF, SUFFIX, PRE, PREFIX, MID), (), (SEP, "{path}\n")),
    Format("named inside", (SEP, PRE, "{path}\n", PREFIX, SUF, SUFFIX, MID)),
    Format("no middle", (SUF, SUFFIX, PRE, "+ {path}\n", PREFIX)),
    Format("hole at the start", (PRE, SUF, SUFFIX, MID, PREFIX)),
)


def codes(text: str) -> list[int]:
    return [ord(letter) for letter in text]


def laid_out(form: Format, prefix: str, suffix: str, room=4096, suffix_room=1024) -> Layout:
    return layout(
        form,
        named("a.py", "demo"),
        codes(prefix),
        codes(suffix),
        tokenize=codes,
        pieces=PIECES,
        room=room,
        suffix_room=suffix_room,
    )


def shown(tokens: list[int]) -> str:
    names = dict(zip(range(1000, 1005), ("«PRE»", "«SUF»", "«MID»", "«REP»", "«SEP»"), strict=True))
    return "".join(names.get(it) or chr(it) for it in tokens)


@pytest.mark.parametrize(
    ("form", "expected", "forced"),
    [
        (FORMATS[0], "x =", b" 1"),
        (FORMATS[1], "«REP»demo\n«SEP»a.py\n«PRE»x =«SUF»\ny«MID»", b" 1"),
        (FORMATS[2], "«SEP»a.py\n«SUF»\ny«PRE»x =«MID»", b" 1"),
        (FORMATS[3], "«SEP»«PRE»a.py\nx =«SUF»\ny«MID»", b" 1"),
        (FORMATS[4], "«SUF»\ny«PRE»+ a.py\nx =", b" 1"),
        (FORMATS[5], "«PRE»«SUF»\ny«MID»x =", b" 1"),
    ],
)
def test_each_part_stands_in_its_place(form: Format, expected: str, forced: bytes):
    found = laid_out(form, "x = 1", "\ny")
    assert shown(found.tokens) == expected
    assert found.forced == forced


@given(
    st.sampled_from(FORMATS),
    st.integers(0, 400),
    st.integers(0, 400),
    st.integers(150, 300),
    st.integers(0, 60),
)
def test_it_keeps_to_its_room_and_to_what_is_near(form, before, after, room, suffix_room):
    prefix, suffix = TEXT[len(TEXT) - before :], TEXT[:after]
    found = laid_out(form, prefix, suffix, room, suffix_room)
    assert len(found.tokens) + len(found.ahead) <= room
    kept = found.tokens if form.order == "prefix" else found.text
    text = shown([*kept, *found.ahead])
    assert prefix.endswith(text)
    assert text == prefix or len(found.tokens) + len(found.ahead) == room
    if form.order != "prefix":
        assert shown(codes(suffix)[:suffix_room]) in shown(found.tokens)


def test_a_suffix_that_is_read_at_every_key_is_short():
    long = "s" * 500
    assert shown(laid_out(FORMATS[1], "", long).tokens).count("s") == PSM_SUFFIX_TOKENS
    assert shown(laid_out(FORMATS[2], "", long).tokens).count("s") == 500


def test_long_names_are_cut_at_their_start():
    fields = named("x" * 999 + "end", "y" * 999 + "end")
    assert {len(value) for value in fields.values()} == {LONGEST_NAME}
    assert all(value.endswith("end") for value in fields.values())


@pytest.mark.parametrize(
    ("form", "expected"),
    list(zip(FORMATS, ("prefix", "psm", "spm", "psm", "spm", "spm"), strict=True)),
)
def test_the_order_follows_from_the_parts(form: Format, expected: str):
    assert form.order == expected


def test_a_prefix_behind_a_text_is_no_start_of_one():
    assert [form.continues_text for form in FORMATS] == [False, False, False, True, True, False]


@pytest.mark.parametrize(
    ("suffix", "read"),
    [
        (")\n    pass\n", "\n    pass\n"),
        (") {\n  f();\n}", "\n  f();\n}"),
        ('"]);\nx', "\nx"),
        ("):\n", "\n"),
        (")", ""),
        ("\n)\n", "\n)\n"),
        (", b)\n", ", b)\n"),
        (") + 1\n", ") + 1\n"),
        (": int\n", ": int\n"),
        (";\n", ";\n"),
        ("</a>\n", "</a>\n"),
        ("", ""),
    ],
)
def test_a_suffix_is_read_without_the_closers_that_are_all_of_its_first_line(suffix, read):
    assert without_closers(suffix) == read


@given(st.text(")]}\"'`;:,{ \t\nab", max_size=12))
def test_only_closers_on_the_first_line_are_left_out(suffix):
    first, newline, below = suffix.partition("\n")
    assert without_closers(suffix) in (suffix, newline + below)
    if set("ab") & set(first):
        assert without_closers(suffix) == suffix
