"""Sizes on which llama.cpp ends its process, or never returns, are refused before it sees them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from slm_lsp.inference.gguf import reader
from slm_lsp.inference.gguf.bounded_file import Malformed
from slm_lsp.inference.gguf.metadata import check_sizes
from tests.harness.families import TINY
from tests.harness.tiny_models import write

if TYPE_CHECKING:
    from pathlib import Path

    from slm_lsp.inference.gguf.bounded_file import Value


@pytest.fixture(scope="session")
def headers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, reader.Header]:
    folder: Path = tmp_path_factory.mktemp("sizes")
    for name, tiny in TINY.items():
        write(folder / name, tiny)
    return {name: reader.read(folder / name) for name in TINY}


def check(header: reader.Header, **changed: Value) -> None:
    architecture = header.values["general.architecture"]
    values = {f"{architecture}.{key.replace('__', '.')}": value for key, value in changed.items()}
    shapes = {it.name: it.shape for it in header.tensors}
    check_sizes(header.values | values, shapes)


@pytest.mark.parametrize("name", TINY)
def test_the_sizes_of_every_family_are_sound(name, headers):
    check(headers[name])


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("block_count", value) for value in (0, 513, 2**31, -1, "two")),
        *(("embedding_length", value) for value in (0, 2**31)),
        *(("attention__head_count", value) for value in (2**17, 2**32 - 1)),
        *(("attention__key_length", value) for value in (0, 1, 2**31)),
        *(("attention__layer_norm_epsilon", value) for value in (-1.0, math.nan, math.inf)),
        *(("attention__layer_norm_rms_epsilon", value) for value in (-1.0, math.nan)),
        *(("rope__dimension_count", value) for value in (0, 1, 7, 18, 2**31)),
        *(("expert_count", value) for value in (513, 2**31)),
        ("expert_used_count", 5),
    ],
)
def test_a_size_that_no_model_has_is_refused(name, key, value, headers):
    with pytest.raises(Malformed):
        check(headers[name], **{key: value})


def test_experts_of_which_none_is_used_are_refused(headers):
    with pytest.raises(Malformed, match="0 of its 4 experts"):
        check(headers["Qwen3-Coder"], expert_used_count=0)


@pytest.mark.parametrize("name", ["Phi-3 Mini", "StarCoder", "StarCoder2", "stable-code"])
@pytest.mark.parametrize(
    ("key", "value"), [("attention__head_count", 2), ("attention__key_length", 32)]
)
def test_heads_that_do_not_make_a_layer_are_refused(name, key, value, headers):
    with pytest.raises(Malformed, match="not as wide"):
        check(headers[name], **{key: value})


@pytest.mark.parametrize("name", ["Phi-3 Mini", "StarCoder"])
def test_a_tensor_of_several_that_contradicts_them_is_refused(name, headers):
    with pytest.raises(Malformed, match=r"attn_qkv\.weight contradicts"):
        check(headers[name], attention__head_count_kv=4)
