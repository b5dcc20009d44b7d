from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.text.lines import (
    CHUNK_LINES,
    Lines,
    content_length,
    split_lines,
)
from tests.unit.marked import texts


def test_lines_end_where_the_protocol_says():
    text = "a\nb\r\nc\rd\x0be\x0cf\x1cg\x85h\u2028i\u2029j\n\r"
    assert split_lines(text) == [
        "a\n",
        "b\r\n",
        "c\r",
        "d\x0be\x0cf\x1cg\x85h\u2028i\u2029j\n",
        "\r",
        "",
    ]


@given(texts())
def test_lines_join_to_the_text_and_only_the_last_lacks_a_terminator(text):
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(re.fullmatch(r"[^\r\n]*(\r\n|\r|\n)", line) for line in lines[:-1])
    assert not re.search(r"[\r\n]", lines[-1])
    assert not any(a.endswith("\r") and b.startswith("\n") for a, b in pairwise(lines))


@given(texts())
def test_content_length_leaves_out_the_terminator_alone(text):
    for line in split_lines(text):
        assert line[: content_length(line)] == re.sub(r"(\r\n|\r|\n)\Z", "", line)


@given(texts())
def test_sizes_and_offsets_count_utf_8_bytes(text):
    lines = Lines.of(text)
    assert lines.size == len(text.encode())
    parts = split_lines(text)
    for line in range(len(parts) + 1):
        assert lines.byte_offset(line) == len("".join(parts[:line]).encode())


@given(texts(), st.integers(1, 9))
def test_source_reads_the_bytes_with_a_line_feed_for_every_line(text, limit):
    lines = Lines.of(text)
    expected = "".join(re.sub(r"\r\Z", "\n", line) for line in split_lines(text)).encode()
    for offset in range(lines.size):
        piece = lines.source(offset, limit)
        assert 0 < len(piece) <= limit
        assert expected.startswith(piece, offset)
    assert lines.source(lines.size, limit) == b""


def test_source_crosses_chunks_piece_by_piece():
    text = "".join(f"é{n}\n" for n in range(5 * CHUNK_LINES))
    lines, read = Lines.of(text), b""
    while piece := lines.source(len(read), 1000):
        read += piece
    assert read == text.encode()


@given(texts(), st.integers(-3, 40), st.integers(-3, 40))
def test_slice_clamps_where_indexing_refuses(text, start, end):
    lines = Lines.of(text)
    assert lines.slice(start, end) == split_lines(text)[max(0, start) : max(0, end)]
    for line in (-1, len(lines)):
        with pytest.raises(IndexError):
            lines[line]


def test_splices_of_a_long_text_equal_those_of_a_list():
    chance = random.Random(7)
    kept = [(Lines.of("x\n" * (4 * CHUNK_LINES)), [*["x\n"] * (4 * CHUNK_LINES), ""])]
    for number in range(400):
        lines, plain = kept[-1]
        start = chance.randrange(len(plain))
        end = min(len(plain) - 1, start + chance.choice([0, 1, 3, CHUNK_LINES, 3 * CHUNK_LINES]))
        new = [f"é{number}\n"] * chance.choice([0, 1, 2, CHUNK_LINES, 3 * CHUNK_LINES])
        if start > end:
            continue
        kept.append((lines.splice(start, end, new), plain[:start] + new + plain[end:]))
    for lines, plain in kept[:: len(kept) // 20]:
        assert list(lines) == plain
        assert [lines[line] for line in range(len(lines))] == plain
        assert lines.size == len("".join(plain).encode())
        middle = len(plain) // 2
        assert lines.byte_offset(middle) == len("".join(plain[:middle]).encode())


def test_an_edit_touches_few_chunks():
    lines = Lines.of("x\n" * (100 * CHUNK_LINES))
    edited = lines.splice(50, 51, ["y\n"])
    assert (lines[50], edited[50]) == ("x\n", "y\n")
    new = set(map(id, edited._chunks)) - set(map(id, lines._chunks))
    assert len(new) == 1


def test_a_chunk_that_keeps_growing_is_cut_and_one_that_shrinks_is_joined():
    lines = Lines.of("x\n" * CHUNK_LINES)
    for _ in range(10 * CHUNK_LINES):
        lines = lines.splice(5, 5, ["y\n"])
    assert max(len(chunk.lines) for chunk in lines._chunks) <= 2 * CHUNK_LINES
    while len(lines) > 10:
        lines = lines.splice(3, 4, [])
    assert len(lines._chunks) <= 2


@given(st.integers(-3, 2000), st.integers(-3, 2000))
def test_slices(start: int, end: int):
    text = "".join(f"{n}\n" for n in range(1500))
    assert Lines.of(text).slice(start, end) == list(Lines.of(text))[max(0, start) : max(0, end)]


@given(
    st.integers(0, 1500),
    st.integers(0, 3),
    st.lists(st.sampled_from(["a\n", "b\n"]), max_size=4),
    st.integers(-2, 2),
)
def test_same_around_an_edit(at: int, deleted: int, put: list[str], slack: int):
    old = Lines.of("".join(f"{n}\n" for n in range(1500)))
    at = min(at, len(old) - 1 - deleted)
    new = old.splice(at, at + deleted, put)
    below = len(old) - at - deleted
    head, tail = min(max(0, at + slack), len(old)), min(max(0, below - slack), len(old))
    same = (
        list(old)[:head] == list(new)[:head]
        and list(old)[len(old) - tail :] == (list(new)[max(0, len(new) - tail) :])
    )
    fits = len(new) - tail >= head and len(old) - tail >= head
    assert old.same_around(new, head, tail) == (same and fits)


def test_far_apart_edits_are_told_apart():
    old = Lines.of("x\n" * 9000)
    assert not old.splice(10, 11, ["y\n"]).same_around(old, 8000, 900)
    assert old.splice(8000, 8001, ["y\n"]).same_around(old, 8000, 1000)
