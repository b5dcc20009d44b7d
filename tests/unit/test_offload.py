"""How many layers a graphics card has room for."""

from pathlib import Path

import pytest

from slm_lsp.config import EngineSettings, Settings
from slm_lsp.engine.gguf import Header, Tensor
from slm_lsp.engine.hardware import Device
from slm_lsp.engine.launch import options_for
from slm_lsp.engine.offload import AUTO, RESERVE, STATE_SHARE, layers

LAYER = 100 * 2**20
WITH_STATE = int(LAYER * (1 + STATE_SHARE))
OUTPUT = 300 * 2**20
LAYERS = 10

MODEL = Header(
    {},
    {},
    (
        Tensor("token_embd.weight", (1,), 0, 0, OUTPUT),
        *(
            Tensor(f"blk.{layer}.{part}.weight", (1,), 0, 0, LAYER // 2)
            for layer in range(LAYERS)
            for part in ("attn_q", "ffn_up")
        ),
    ),
)


def card(free: int) -> Device:
    return Device("CUDA0", "a card", is_card=True, free_bytes=free)


PROCESSOR = Device("CPU", "a processor", is_card=False, free_bytes=2**40)


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (0, 0),
        (RESERVE + WITH_STATE - 1, 0),
        (RESERVE + WITH_STATE, 1),
        (RESERVE + 4 * WITH_STATE, 4),
        (RESERVE + LAYERS * WITH_STATE + OUTPUT - 1, LAYERS),
        (RESERVE + LAYERS * WITH_STATE + OUTPUT, LAYERS + 1),
        (2**40, LAYERS + 1),
    ],
)
def test_as_many_as_fit(free: int, expected: int):
    assert layers(MODEL, [card(free), PROCESSOR], AUTO) == expected


def test_two_cards_share_and_each_keeps_its_reserve():
    assert layers(MODEL, [card(RESERVE + WITH_STATE)] * 2, AUTO) == 2
    assert layers(MODEL, [card(RESERVE - 1), card(RESERVE + WITH_STATE)], AUTO) == 1


def test_a_number_is_taken_as_it_is_but_only_where_there_is_a_card():
    assert layers(MODEL, [card(0)], 7) == 7
    assert layers(MODEL, [PROCESSOR], 7) == layers(MODEL, [PROCESSOR], AUTO) == 0


def test_a_file_without_layers_goes_nowhere():
    assert layers(Header({}, {}, ()), [card(2**40)], AUTO) == 0


@pytest.mark.parametrize(("said", "wanted"), [("auto", AUTO), (0, 0), (12, 12)])
def test_the_setting_reaches_the_engine(tmp_path: Path, said, wanted: int):
    script = tmp_path / "script.json"
    script.write_text("{}")
    settings = Settings(model=f"fake:{script}", engine=EngineSettings(gpu_layers=said))
    assert options_for(settings).gpu_layers == wanted
