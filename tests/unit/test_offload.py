"""What of a model goes onto graphics cards."""

from pathlib import Path

import pytest

from slm_lsp.inference.client.launch import options_for
from slm_lsp.inference.gguf.reader import Header, Tensor
from slm_lsp.inference.llama.context import LARGEST_BATCH
from slm_lsp.inference.llama.hardware import Device
from slm_lsp.inference.llama.offload import (
    AUTO,
    RESERVE,
    ROUNDING,
    SCORED,
    Placement,
    place,
)
from slm_lsp.settings.schema import EngineSettings, Settings

MIB = 2**20
LAYERS = 10
TOKENS = 1024
KEYS = VALUES = 2048
STATE = 2 * (TOKENS + ROUNDING) * (KEYS + VALUES)
WEIGHTS = 100 * MIB
INPUT = 300 * MIB
VOCABULARY = 50_000
SCORES = 4 * SCORED * VOCABULARY
OUTPUT = INPUT + SCORES
LAYER = WEIGHTS + STATE


def tensor(name: str, size: int = 0, shape: tuple[int, ...] = (4096,)) -> Tensor:
    return Tensor(name, shape, 0, 0, size)


def model(*further: Tensor, attention: dict[str, tuple[int, ...]] | None = None) -> Header:
    attention = attention or {"attn_k": (4096, KEYS), "attn_v": (4096, VALUES)}
    layers = [
        tensor(f"blk.{layer}.{part}.weight", WEIGHTS // len(attention), shape)
        for layer in range(LAYERS)
        for part, shape in attention.items()
    ]
    embedding = tensor("token_embd.weight", INPUT, (4096, VOCABULARY))
    return Header({}, {}, (embedding, *layers, *further))


def card(free: int, name: str = "CUDA0") -> Device:
    return Device(name, "a card", is_card=True, free_bytes=free)


PROCESSOR = Device("CPU", "a processor", is_card=False, free_bytes=2**40)


def fitting(header: Header, *devices: Device) -> int:
    return place(header, [*devices, PROCESSOR], AUTO, TOKENS).layers


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (0, 0),
        (RESERVE + LAYER, 0),  # it needs the output first
        (RESERVE + OUTPUT + LAYER - 1, 0),
        (RESERVE + OUTPUT + LAYER, 2),
        (RESERVE + OUTPUT + 4 * LAYER, 5),
        (RESERVE + OUTPUT + LAYERS * LAYER - 1, LAYERS),
        (RESERVE + OUTPUT + LAYERS * LAYER, LAYERS + 1),
        (2**40, LAYERS + 1),
    ],
)
def test_as_many_as_fit_behind_the_output(free: int, expected: int):
    assert fitting(model(), card(free)) == expected


def test_an_output_of_its_own_counts_in_place_of_the_inputs_copy():
    with_output = model(tensor("output.weight", MIB, (4096, VOCABULARY)))
    assert fitting(with_output, card(RESERVE + MIB + SCORES + LAYER)) == 2
    assert fitting(with_output, card(RESERVE + MIB + SCORES + LAYER - 1)) == 0


@pytest.mark.parametrize(
    "attention",
    [
        {"attn_qkv": (4096, 4096 + KEYS + VALUES), "attn_output": (4096, 4096)},
        {"attn_of_some_other_kind": (KEYS, 1)},
    ],
)
def test_a_cache_is_counted_for_every_kind_of_attention(attention: dict[str, tuple[int, ...]]):
    assert fitting(model(attention=attention), card(RESERVE + OUTPUT + LAYER)) == 2
    assert fitting(model(attention=attention), card(RESERVE + OUTPUT + LAYER - 1)) == 0


def test_scores_are_kept_for_the_largest_batch_of_each_context():
    assert SCORED == 2 * LARGEST_BATCH


def test_a_longer_context_leaves_room_for_fewer():
    devices = [card(RESERVE + OUTPUT + LAYERS * LAYER)]
    assert place(model(), devices, AUTO, TOKENS).layers == LAYERS + 1
    assert place(model(), devices, AUTO, 8 * TOKENS).layers < LAYERS


def test_two_cards_share_and_each_keeps_its_reserve():
    half = (OUTPUT + LAYERS * LAYER) // 2
    two = [card(RESERVE + half, "CUDA0"), card(RESERVE + half, "CUDA1")]
    assert fitting(model(), *two) == LAYERS + 1 - OUTPUT // LAYER - 1  # none is divided
    assert place(model(), two, 4, TOKENS).shares == (half, half)


def test_a_card_that_is_full_gets_nothing():
    full, free = card(RESERVE - 1, "CUDA0"), card(2**40, "CUDA1")
    found = place(model(), [full, free], AUTO, TOKENS)
    assert (found.layers, found.cards) == (LAYERS + 1, (free,))


def test_a_number_is_taken_as_it_is_but_only_where_there_is_a_card():
    assert place(model(), [card(0)], 7, TOKENS).layers == 7
    assert place(model(), [card(0)], 1000, TOKENS).layers == LAYERS + 1
    alone = place(model(), [PROCESSOR], 7, TOKENS)
    assert (alone.layers, alone.cards) == (0, ())
    assert "finds no graphics card" in str(alone)


def test_0_and_a_machine_without_a_card_need_no_explanation():
    for devices, wanted in (([card(2**40)], 0), ([PROCESSOR], AUTO)):
        assert str(place(model(), devices, wanted, TOKENS)) == "the processor alone"


def test_it_is_said_where_the_layers_are_and_why_they_are_not():
    assert str(place(model(), [card(2**40)], 4, TOKENS)) == "4 of 11 layers on a card (CUDA0)"
    small = str(place(model(), [card(MIB)], AUTO, TOKENS))
    assert small == "the processor alone: a card (CUDA0) has no room for a layer"


def test_a_file_without_layers_goes_nowhere():
    assert place(Header({}, {}, ()), [card(2**40)], AUTO, TOKENS) == Placement(0, 1)


@pytest.mark.parametrize(("said", "wanted"), [("auto", AUTO), (0, 0), (12, 12)])
def test_the_setting_reaches_the_engine(tmp_path: Path, said, wanted: int):
    script = tmp_path / "script.json"
    script.write_text("{}")
    settings = Settings(model=f"fake:{script}", engine=EngineSettings(gpu_layers=said))
    assert options_for(settings).gpu_layers == wanted
