"""Token healing: what is taken back, and that the answer begins with exactly that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.inference.llama.vocabulary import Vocabulary
from slm_lsp.inference.prompts.healing import MAX_HEALED, healed

PIECES = [
    b"",
    b"return",
    b" ",
    b"\n",
    b"\n    ",
    b"foo",
    b".",
    b"(",
    b" x",
    b"_",
    b"ba",
    b'"',
    b"\t",
]


def ids(*pieces: bytes) -> list[int]:
    return [PIECES.index(piece) for piece in pieces]


@pytest.mark.parametrize(
    ("prompt", "forced"),
    [
        ([b"foo", b"."], b"."),
        ([b"foo", b".", b"ba"], b"ba"),
        ([b"return", b" "], b" "),
        ([b"foo", b"\n", b"\n    "], b"\n\n    "),
        ([b"foo", b"_", b"ba"], b"foo_ba"),
        ([b"foo", b"("], b"("),
        ([b""], b""),
        ([], b""),
    ],
)
def test_takes_back_what_could_have_been_one_token(prompt: list[bytes], forced: bytes):
    tokens, taken = healed(ids(*prompt), PIECES)
    assert taken == forced
    assert b"".join(PIECES[t] for t in tokens) + taken == b"".join(prompt)


def test_never_takes_back_a_control_token():
    tokens, forced = healed([0, *ids(b" ")], PIECES)
    assert (tokens, forced) == ([0], b" ")


@given(st.lists(st.integers(0, len(PIECES) - 1), max_size=20))
def test_loses_nothing_and_takes_back_little(prompt: list[int]):
    tokens, forced = healed(prompt, PIECES)
    assert b"".join(PIECES[t] for t in tokens) + forced == b"".join(PIECES[t] for t in prompt)
    assert forced or not prompt or prompt[-1] == 0
    words = [t for t in prompt[len(tokens) :] if not PIECES[t].isspace()]
    assert len(words) <= MAX_HEALED


@given(
    st.lists(st.binary(max_size=4), min_size=1, max_size=60, unique=True),
    st.binary(min_size=1, max_size=5),
)
def test_continuing_is_every_compatible_token(pieces: list[bytes], forced: bytes):
    found = sorted(Vocabulary(pieces).continuing(forced).tolist())
    expected = [
        i for i, p in enumerate(pieces) if p and (p.startswith(forced) or forced.startswith(p))
    ]
    assert found == expected


def test_continuing_behind_the_last_byte():
    assert Vocabulary([b"\xff", b"\xff\xff", b"a"]).continuing(b"\xff").tolist() == [0, 1]
