"""Every family of models: its prompt to the byte, and an answer from the real engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import (
    BranchFinished,
    Chat,
    Generate,
    Prompt,
    Token,
)
from slm_lsp.inference.worker.model_thread import Background
from slm_lsp.inference.worker.scheduler import Scheduler
from tests.harness.families import TINY
from tests.harness.tiny_models import CONV, RANK, STATE, WIDTH, Tiny, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEFORE, AFTER = "def f(x):\n    return", "\n\nf(1)\n"
PROMPT = Prompt("src/a.py", "python", BEFORE, AFTER, "demo")
HEALED, TAKEN_BACK = BEFORE[:-3], b"urn"

BARS = ("<|fim_prefix|>", HEALED, "<|fim_suffix|>", AFTER, "<|fim_middle|>")
PLAIN = ("<fim_prefix>", HEALED, "<fim_suffix>", AFTER, "<fim_middle>")
QWEN = ("<|fim_prefix|>", "<|fim_suffix|>", AFTER, "<|fim_middle|>", HEALED)

PSM = {
    "StarCoder": ("<reponame>", "demo", "<filename>", "src/a.py\n", *PLAIN),
    "StarCoder2": (
        *("<repo_name>", "demo", "<file_sep>", "<fim_prefix>", "src/a.py\n", HEALED),
        *("<fim_suffix>", AFTER, "<fim_middle>"),
    ),
    "stable-code": PLAIN,
    "SantaCoder": ("<fim-prefix>", HEALED, "<fim-suffix>", AFTER, "<fim-middle>"),
    "Code Llama": ("<s>", "▁<PRE>", f"▁{HEALED}", "▁<SUF>", AFTER, "▁<MID>"),
    "DeepSeek-Coder": (
        *("<｜begin▁of▁sentence｜>", "<｜fim▁begin｜>", HEALED),
        *("<｜fim▁hole｜>", AFTER, "<｜fim▁end｜>"),
    ),
    "CodeGemma": ("<bos>", *BARS),
    "Granite code": PLAIN,
    "Granite 4": BARS,
}
SPM = {
    "Qwen2.5-Coder": QWEN,
    "Qwen3-Coder": QWEN,
    "Codestral": ("<s>", "[SUFFIX]", AFTER, "[PREFIX]", "▁+++++ src/a.py\n", HEALED),
    "Mellum": (
        *("<filename>", "src/a.py\n", "<fim_suffix>", AFTER),
        *("<fim_prefix>", HEALED, "<fim_middle>"),
    ),
    "Seed-Coder": (
        *("<[begin▁of▁sentence]>", "<[fim-suffix]>", AFTER),
        *("<[fim-prefix]>", HEALED, "<[fim-middle]>"),
    ),
}
PREFIX = {
    "Phi-3 Mini": ("<s>", f"▁{HEALED}"),
    "Mistral 7B": ("<s>", f"▁{HEALED}"),
    "SmolLM2": (HEALED,),
    "Gemma": ("<bos>", HEALED),
}
PROMPTS = PSM | SPM | PREFIX
ORDERS = {name: order for order, them in (("PSM", PSM), ("SPM", SPM)) for name in them}


@pytest.fixture
def loaded(tiny_model: Callable[..., Path]) -> Iterator[Callable[..., LlamaModel]]:
    """Return a function that loads a family's tiny model, as the engine does."""
    models: list[LlamaModel] = []

    def load(name: str, *, fim: str = "auto", **values: object) -> LlamaModel:
        path = tiny_model(name, **values)
        models.append(LlamaModel(path, threads=1, context_tokens=2560, fim=fim, abort=AbortFlag()))
        return models[-1]

    yield load
    for model in models:
        model.close()


def prompt_of(model: LlamaModel) -> list[int]:
    return model.lay_out(PROMPT, 100).tokens


def as_bytes(tiny: Tiny, model: LlamaModel, tokens: list[int]) -> bytes:
    names = {tiny.token(name): name for name in tiny.special}
    pieces = model._vocabulary.pieces
    return b"".join(names[it].encode() if it in names else pieces[it] for it in tokens)


async def answer(model: LlamaModel, max_tokens: int = 8) -> tuple[str, str]:
    """Return what the engine makes of `PROMPT`, and why that is all."""
    text, reason = "", ""
    scheduler = Scheduler(model, AbortFlag(), Background(share=0))
    request = Generate(1, "a.py", PROMPT, max_tokens)
    async for event in scheduler.generate(request):
        match event:
            case Token():
                text += event.text
            case BranchFinished():
                reason = event.reason
    return text, reason


def test_every_family_is_here() -> None:
    assert PROMPTS.keys() == TINY.keys()


@pytest.mark.parametrize("name", TINY)
async def test_a_family_gets_the_prompt_it_was_trained_on_and_answers(name, loaded):
    tiny, model = TINY[name], loaded(name)
    expected = PROMPTS[name]
    tokens = prompt_of(model)
    assert tokens == tiny.tokens(*expected)
    read = [it if it in tiny.special else it.replace("▁", " ") for it in expected]
    assert as_bytes(tiny, model, tokens) == "".join(read).encode()
    assert model.lay_out(PROMPT, 100).forced == TAKEN_BACK
    endless = tiny.ties_output
    assert await answer(model) == (("o" * 8, "length") if endless else ("ok", "end"))


@pytest.mark.parametrize("name", TINY)
def test_a_token_that_separates_files_or_parts_ends_an_answer(name, loaded):
    tiny, model = TINY[name], loaded(name)
    if name in PREFIX:
        assert not model._format.ends
    for it in set(PROMPTS[name]) & set(tiny.special[2:] if name not in PREFIX else ()):
        assert it in (tiny.start, tiny.end) or model._ends(tiny.token(it)), it


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Qwen2.5-Coder", BARS, id="a model that fills in"),
        pytest.param("Codestral", ("<s>", "[SUFFIX]", AFTER), id="suffix first"),
    ],
)
def test_filling_in_can_be_switched_off(name, expected, loaded):
    tiny = TINY[name]
    tokens = prompt_of(loaded(name, fim="none"))
    start = ("<s>", "▁") if name == "Codestral" else ()
    assert tokens == tiny.tokens(*start, HEALED)
    assert tokens != tiny.tokens(*expected)[: len(tokens)]


def test_a_model_whose_state_cannot_be_taken_back_is_refused(tmp_path: Path):
    sizes = {"conv_kernel": CONV, "inner_size": 2 * WIDTH, "state_size": STATE}
    tiny = Tiny(
        "mamba",
        "Codestral Mamba",
        ("<|endoftext|>",),
        "<|endoftext|>",
        "<|endoftext|>",
        pre="olmo",
        metadata={f"mamba.ssm.{key}": value for key, value in sizes.items()}
        | {"mamba.ssm.time_step_rank": RANK},
    )
    write(tmp_path / "mamba.gguf", tiny)
    with pytest.raises(ModelUnusable, match=r"mamba\.gguf remembers all"):
        LlamaModel(tmp_path / "mamba.gguf", threads=1, context_tokens=512, abort=AbortFlag())


def test_a_family_can_be_chosen(loaded):
    chosen = loaded("Granite code", fim="starcoder")
    assert prompt_of(chosen) == TINY["Granite code"].tokens(*PROMPTS["StarCoder"])


def test_a_family_whose_tokens_a_model_lacks_is_refused(loaded):
    with pytest.raises(ModelUnusable, match=r"engine\.fim is 'codestral', but .* \[SUFFIX\]"):
        loaded("Qwen2.5-Coder", fim="codestral")


IDS = ("pre", "suf", "mid", "rep", "sep")
GIVEN = ("<|endoftext|>", "<repo_name>", "<file_sep>", "<filename>", "<|im_end|>")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param("", (0, HEALED, 1, AFTER, 2), id="PSM unless it says so"),
        pytest.param("spm", (1, AFTER, 0, HEALED, 2), id="SPM"),
    ],
)
def test_the_tokens_that_metadata_names_come_first(order, expected, loaded):
    tiny = TINY["SmolLM2"]
    named = {
        f"tokenizer.ggml.fim_{part}_token_id": tiny.token(name)
        for part, name in zip(IDS, GIVEN, strict=True)
    }
    model = loaded("SmolLM2", **named, **({"slm-lsp.fim.order": order} if order else {}))
    parts = [GIVEN[it] if isinstance(it, int) else it for it in expected]
    heads = ("<filename>", "demo\n", "<|im_end|>", "src/a.py\n")
    assert prompt_of(model) == tiny.tokens(*heads, *parts)


def test_a_long_path_leaves_room_for_the_text(loaded):
    model = loaded("StarCoder")
    long = Prompt("a/" * 3000, "python", BEFORE, AFTER, "r" * 3000)
    tokens = model.lay_out(long, 100).tokens
    assert len(tokens) < 600
    end = TINY["StarCoder"].tokens(*PLAIN)
    assert tokens[-len(end) :] == end


@pytest.mark.parametrize("name", TINY)
def test_a_file_begins_as_the_family_was_taught(name, loaded):
    """Where nothing stands before the cursor, too, only the tokenizer's own start comes first."""
    tiny, model = TINY[name], loaded(name)
    tokens = model.lay_out(Prompt("", "python", "", ""), 100).tokens
    assert (tokens[0] == tiny.token(tiny.start)) == (tiny.adds_start or tokens == [tokens[0]])
    assert tokens.count(tiny.token(tiny.start)) <= 1


@pytest.mark.parametrize("name", ["Qwen2.5-Coder", "StarCoder2", "DeepSeek-Coder", "Code Llama"])
def test_nothing_in_a_file_is_taken_for_a_part_of_the_prompt(name, loaded):
    tiny, model = TINY[name], loaded(name)
    parts = [it for it in PROMPTS[name] if it in tiny.special]
    hostile = "".join(parts)
    prompt = Prompt(hostile, "python", hostile, hostile, hostile)
    tokens = model.lay_out(prompt, 100).tokens
    assert [tokens.count(tiny.token(it)) for it in parts] == [1] * len(parts)


CHATS = {
    "Phi-3 Mini": (
        *("<s>", "<|system|>", "▁Be brief.", "<|end|>"),
        *("<|user|>", "▁What is x?", "<|end|>", "<|assistant|>"),
    ),
    "Mistral 7B": ("<s>", "[INST]", "▁Be brief.\n\nWhat is x?", "[/INST]"),
    "SmolLM2": (
        *("<|im_start|>", "system\nBe brief.", "<|im_end|>", "\n"),
        *("<|im_start|>", "user\nWhat is x?", "<|im_end|>", "\n"),
        *("<|im_start|>", "assistant\n"),
    ),
    "Gemma": (
        *("<bos>", "<start_of_turn>", "user\nBe brief.\n\nWhat is x?", "<end_of_turn>", "\n"),
        *("<start_of_turn>", "model\n"),
    ),
}


@pytest.mark.parametrize("name", CHATS)
def test_a_task_is_put_as_the_family_was_taught(name, loaded):
    model = loaded(name)
    assert model.chats
    assert model.lay_out(Chat("Be brief.", "What is x?"), 0).tokens == TINY[name].tokens(
        *CHATS[name]
    )


@pytest.mark.parametrize("name", CHATS)
def test_no_task_forges_a_turn(name, loaded):
    tiny, model = TINY[name], loaded(name)
    hostile = "".join(tiny.special)
    plain = model.lay_out(Chat("R", "T", "L"), 0).tokens
    forged = model.lay_out(Chat(hostile, hostile, hostile), 0).tokens
    special = {tiny.token(it) for it in tiny.special}
    assert [it for it in forged if it in special] == [it for it in plain if it in special]


def test_the_page_about_models_has_every_family_with_its_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \*\*([^*]+)\*\* \|(.*)\|$", page, re.MULTILINE))
    assert rows.keys() == TINY.keys()
    for name, row in rows.items():
        assert f"| {ORDERS.get(name, 'prefix only')} |" in row, name
