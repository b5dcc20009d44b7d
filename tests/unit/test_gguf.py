"""The header of a model file: read as it is, or refused in one sentence, whatever the file says."""

from __future__ import annotations

import struct
import tracemalloc
from typing import TYPE_CHECKING

import gguf
import pytest
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.gguf.bounded_file import MAX_HEADER
from slm_lsp.inference.gguf.metadata import Array
from slm_lsp.inference.gguf.reader import (
    DEFAULT_ALIGNMENT,
    MAX_TENSORS,
    MAX_VALUES,
    Header,
    read,
)
from slm_lsp.inference.gguf.types import BLOCKS
from tests.harness.families import TINY
from tests.harness.mutations import mutated
from tests.harness.tiny_models import write

if TYPE_CHECKING:
    from pathlib import Path

FILES = 400


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "sound.gguf"
    write(path, TINY["SmolLM2"])
    return path


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def value(key: bytes, kind: int, content: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + content


ARCHITECTURE = value(b"general.architecture", 8, text(b"llama"))


def vocabulary(*tokens: bytes) -> bytes:
    content = struct.pack("<IQ", 8, len(tokens)) + b"".join(map(text, tokens))
    return value(b"tokenizer.ggml.tokens", 9, content)


def tensor(
    name: bytes = b"a", shape: tuple[int, ...] = (4,), kind: int = 0, offset: int = 0
) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + dimensions + struct.pack("<IQ", kind, offset)


def file_of(
    *values: bytes,
    tensors: tuple[bytes, ...] = (tensor(),),
    magic: bytes = b"GGUF",
    version: int = 3,
    counts: tuple[int, int] | None = None,
    data: bytes = bytes(64),
) -> bytes:
    """Return a file: whatever is not said is sound."""
    content = (ARCHITECTURE, *values)
    numbers = counts or (len(tensors), len(content))
    header = magic + struct.pack("<IQQ", version, *numbers) + b"".join((*content, *tensors))
    return header + bytes(-len(header) % DEFAULT_ALIGNMENT) + data


def written(folder: Path, content: bytes) -> Path:
    path = folder / "model.gguf"
    path.write_bytes(content)
    return path


def test_it_finds_what_another_reader_finds(sound: Path):
    header = read(sound)
    other = gguf.GGUFReader(sound)
    data_at = other.data_offset
    assert [(it.name, it.shape, data_at + it.offset, it.size) for it in header.tensors] == [
        (it.name, tuple(map(int, it.shape)), it.data_offset, it.n_bytes) for it in other.tensors
    ]
    fields = {it.name: it for it in other.fields.values() if not it.name.startswith("GGUF.")}
    arrays = {
        name: (it.types[-1], len(it.data))
        for name, it in fields.items()
        if it.types[0].name == "ARRAY"
    }
    assert {name: it[:2] for name, it in header.arrays.items()} == arrays
    assert header.values == {
        name: it.contents() for name, it in fields.items() if name not in arrays
    }


def test_a_file_with_all_kinds_of_values_is_sound(tmp_path: Path):
    kinds = [value(b"k%d" % kind, kind, bytes(8)[:size]) for kind, size in SIZES.items()]
    arrays = [
        value(b"a%d" % kind, 9, struct.pack("<IQ", kind, 3) + bytes(3 * size))
        for kind, size in SIZES.items()
    ]
    words = value(b"words", 9, struct.pack("<IQ", 8, 2) + text(b"one") + text(b"\xff"))
    header = read(written(tmp_path, file_of(*kinds, *arrays, words, version=2)))
    assert header.arrays == {f"a{kind}": Array(kind, 3) for kind in SIZES} | {"words": Array(8, 2)}
    assert len(header.values) == len(SIZES) + 1


def test_tokens_without_names_may_be_many(tmp_path: Path):
    read(written(tmp_path, file_of(vocabulary(b"", b"", b"x", b"\0"))))


SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
HUGE = 2**63


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "does not begin as a GGUF", id="empty"),
        pytest.param(b"GGU", "does not begin as a GGUF", id="three bytes"),
        pytest.param(file_of(magic=b"GGML"), "does not begin as a GGUF", id="magic"),
        pytest.param(file_of(version=1), "version 1", id="version too old"),
        pytest.param(file_of(version=4), "version 4", id="version too new"),
        pytest.param(file_of(version=3 << 24), "byte order", id="big endian"),
        pytest.param(b"GGUF" + struct.pack("<I", 3), "number of tensors", id="cut off early"),
        pytest.param(file_of(counts=(MAX_TENSORS + 1, 1)), "tensors, more", id="many tensors"),
        pytest.param(file_of(counts=(HUGE, 1)), "tensors, more", id="negative tensors"),
        pytest.param(file_of(counts=(1, MAX_VALUES + 1)), "values, more", id="many values"),
        pytest.param(
            file_of(counts=(MAX_TENSORS, 1)), "name of a tensor is empty", id="tensors not there"
        ),
        pytest.param(file_of(counts=(0, 1), tensors=()), "no tensors", id="no tensors"),
        pytest.param(file_of(value(b"", 4, bytes(4))), "a key is empty", id="empty key"),
        pytest.param(file_of(value(b"\n", 4, bytes(4))), "not plain text", id="odd key"),
        pytest.param(file_of(value(b"k" * 65536, 4, bytes(4))), "65,536 bytes", id="long key"),
        pytest.param(file_of(ARCHITECTURE), "general.architecture twice", id="twice"),
        pytest.param(file_of(value(b"k", 13, bytes(4))), "unknown type", id="type of a value"),
        pytest.param(
            file_of(value(b"k", 8, struct.pack("<Q", HUGE))), "k has a length", id="negative length"
        ),
        pytest.param(
            file_of(value(b"k", 9, struct.pack("<IQ", 9, 1))), "array of arrays", id="cyclic"
        ),
        pytest.param(
            file_of(value(b"k", 9, struct.pack("<IQ", 99, 1))), "unknown type", id="type inside"
        ),
        pytest.param(
            file_of(value(b"k", 9, struct.pack("<IQ", 0, HUGE))), "beyond the end", id="huge array"
        ),
        pytest.param(
            file_of(value(b"k", 9, struct.pack("<IQ", 8, HUGE))), "beyond the end", id="huge texts"
        ),
        pytest.param(
            file_of(value(b"k", 9, struct.pack("<IQQ", 8, 1, HUGE))), "beyond", id="a huge text"
        ),
        *(
            pytest.param(
                file_of(
                    value(
                        b"tokenizer.ggml.tokens",
                        9,
                        struct.pack("<IQ", 8, 2) + text(b"x") + text(b"y"),
                    ),
                    value(b"tokenizer.ggml." + name, 9, struct.pack("<IQ", kind, count) + content),
                ),
                "one value of its type for each token",
                id=reason,
            )
            for name, kind, count, content, reason in (
                (b"scores", 6, 1, bytes(4), "too few scores"),
                (b"scores", 0, 2, bytes(2), "short scores"),
                (b"scores", 8, 2, bytes(16), "scores that are texts"),
                (b"token_type", 5, 3, bytes(12), "too many types"),
                (b"token_type", 1, 2, bytes(2), "short types"),
                (b"merges", 5, 1, bytes(4), "merges that are numbers"),
            )
        ),
        pytest.param(
            file_of(vocabulary(b"x", b"x")), "two tokens of the same name", id="a token twice"
        ),
        pytest.param(
            file_of(vocabulary(b"x\0a", b"x\0b")), "of the same name", id="twice up to a zero"
        ),
        pytest.param(
            file_of(
                value(b"tokenizer.ggml.model", 8, text(b"llama")),
                vocabulary(b"<0x00>"),
            ),
            "lacks some of the bytes",
            id="a vocabulary without bytes",
        ),
        pytest.param(
            file_of(value(b"tokenizer.ggml.tokens", 9, struct.pack("<IQ", 5, 2) + bytes(8))),
            "one value of its type for each token",
            id="tokens that are numbers",
        ),
        pytest.param(
            file_of(value(b"split.count", 2, struct.pack("<H", 3))), "of several parts", id="a part"
        ),
        pytest.param(file_of(tensors=(tensor(b"n" * 64),)), "64 bytes", id="long name"),
        pytest.param(file_of(tensors=(tensor(shape=()),)), "0 dimensions", id="no dimensions"),
        pytest.param(file_of(tensors=(tensor(shape=(1,) * 5),)), "5 dimensions", id="dimensions"),
        pytest.param(file_of(tensors=(tensor(shape=(0,)),)), "impossible shape", id="no elements"),
        pytest.param(
            file_of(tensors=(tensor(shape=(2**32, 2**32)),)), "impossible shape", id="overflow"
        ),
        pytest.param(
            file_of(tensors=(tensor(shape=(31,), kind=2),)), "impossible shape", id="half a block"
        ),
        pytest.param(file_of(tensors=(tensor(kind=4),)), "unknown type", id="type that is gone"),
        pytest.param(file_of(tensors=(tensor(kind=99),)), "unknown type", id="type of a tensor"),
        pytest.param(file_of(tensors=(tensor(shape=(17,)),)), "beyond the end", id="data cut off"),
        pytest.param(file_of(tensors=(tensor(offset=32),)), "behind the one", id="a gap"),
        pytest.param(file_of(tensors=(tensor(), tensor(b"b"))), "behind the one", id="overlap"),
        pytest.param(
            file_of(tensors=(tensor(), tensor(offset=32))), "tensor a twice", id="one name"
        ),
        *(
            pytest.param(
                file_of(value(b"general.alignment", 4, struct.pack("<I", found))),
                "power of two",
                id=f"alignment {found}",
            )
            for found in (0, 3, 2**31)
        ),
        pytest.param(
            file_of(value(b"general.alignment", 8, text(b"32"))), "power of two", id="its type"
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, content: bytes, reason: str):
    with pytest.raises(ModelUnusable, match=reason) as caught:
        read(written(tmp_path, content))
    assert str(caught.value).startswith("model.gguf is not a sound model file: ")
    assert "Fetch it again" in str(caught.value)


def test_a_file_without_an_architecture_is_refused(tmp_path: Path):
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor()
    padded = header + bytes(-len(header) % 32) + bytes(64)
    with pytest.raises(ModelUnusable, match="which architecture"):
        read(written(tmp_path, padded))


@pytest.mark.parametrize("kind", [0, 8])
def test_a_huge_file_is_not_read(tmp_path: Path, kind: int):
    """A sparse one of a terabyte, all of which the header claims for itself."""
    array = value(b"k", 9, struct.pack("<IQ", kind, 2**36))
    path = written(tmp_path, file_of(array))
    with path.open("r+b") as file:
        file.truncate(2**40)
    tracemalloc.start()
    with pytest.raises(ModelUnusable, match=f"longer than {MAX_HEADER // 2**20} MB"):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 3 * MAX_HEADER
    tracemalloc.stop()


def test_a_folder_or_a_missing_file_is_no_model(tmp_path: Path):
    with pytest.raises(ModelUnusable, match="no regular file"):
        read(tmp_path)
    with pytest.raises(ModelUnusable, match="cannot be read"):
        read(tmp_path / "nothing.gguf")


def sound_or_refused(path: Path) -> bool:
    """Tell whether the file is taken; then all of its data has to be in it."""
    try:
        header = read(path)
    except ModelUnusable:
        return False
    assert isinstance(header, Header)
    ends = [it.offset + it.size for it in header.tensors]
    assert max(ends) <= path.stat().st_size
    assert all(end <= it.offset for end, it in zip(ends, header.tensors[1:], strict=False))
    return True


def test_files_changed_by_chance_are_sound_or_refused(sound: Path, tmp_path: Path):
    content = sound.read_bytes()
    header = gguf.GGUFReader(sound).data_offset
    taken = [
        sound_or_refused(written(tmp_path, changed))
        for _kind, changed in mutated(content, header, FILES)
    ]
    assert len(taken) == FILES
    assert 0 < sum(taken) < FILES / 2  # what changes a value or a letter only is sound


@given(content=st.binary(max_size=300))
def test_any_bytes_are_a_header_or_refused(tmp_path_factory, content: bytes):
    folder = tmp_path_factory.getbasetemp()
    for start in (b"", b"GGUF\3\0\0\0", file_of()[:100], file_of()[:24]):
        sound_or_refused(written(folder, start + content))


@given(at=st.integers(0, 160), new=st.binary(min_size=1, max_size=16), more=st.binary(max_size=64))
def test_any_change_of_a_small_file_is_sound_or_refused(tmp_path_factory, at, new, more):
    content = file_of(value(b"words", 9, struct.pack("<IQ", 8, 1) + text(b"x")))
    changed = content[:at] + new + content[at + len(new) :] + more
    sound_or_refused(written(tmp_path_factory.getbasetemp(), changed))


def test_blocks_are_as_long_as_the_format_says():
    known = {int(kind): size for kind, size in GGML_QUANT_SIZES.items()}
    assert BLOCKS.items() <= known.items()
    # These two are made while computing and are in no file.
    made = {int(GGMLQuantizationType.Q8_1), int(GGMLQuantizationType.Q8_K)}
    assert known.keys() - BLOCKS.keys() == made
