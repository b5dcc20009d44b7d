"""What is counted before a model is loaded is what it then takes of the card."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from slm_lsp.inference.gguf import reader
from slm_lsp.inference.llama.context import BRANCHES
from slm_lsp.inference.llama.hardware import Device
from slm_lsp.inference.llama.loaded import ANSWER_TOKENS, SHORT_TOKENS
from slm_lsp.inference.llama.offload import AUTO, RESERVE, place

if TYPE_CHECKING:
    from slm_lsp.models import InstalledModel

pytestmark = pytest.mark.model

CONTEXT = 2560
TOKENS = CONTEXT + SHORT_TOKENS + 2 * BRANCHES * ANSWER_TOKENS

SAID = re.compile(r"Vulkan0 (?:model|KV|compute) buffer size = +([\d.]+) MiB")

TALKING = """
import ctypes, sys
from pathlib import Path
import llama_cpp
from slm_lsp.inference.llama import backends
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
say = llama_cpp.llama_log_callback(lambda _level, text, _data: print(text.decode(), end=""))
backends.silence = lambda: llama_cpp.llama_log_set(say, ctypes.c_void_p(0))
LlamaModel(
    Path(sys.argv[1]),
    threads=1,
    context_tokens=int(sys.argv[2]),
    gpu_layers=int(sys.argv[3]),
    abort=AbortFlag(),
)
"""


@pytest.mark.parametrize("layers", [12, 31])
def test_as_many_layers_are_chosen_as_there_is_memory_for(small_model: InstalledModel, layers: int):
    arguments = map(str, (small_model.path, CONTEXT, layers))
    command = [sys.executable, "-c", TALKING, *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    taken = sum(map(float, SAID.findall(said))) * 2**20

    def chosen(share: float) -> int:
        free = RESERVE + int(share * taken)
        card = Device("Vulkan0", "a card", is_card=True, free_bytes=free)
        return place(reader.read(small_model.path), [card], AUTO, TOKENS).layers

    assert chosen(0.98) < layers
    assert chosen(1.01) == layers
