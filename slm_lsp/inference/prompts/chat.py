"""Chat formats: how models that follow instructions want a task and the start of its answer.

Files carry a template for this, a program in Jinja. It is looked at to see which of the formats
below it makes, and never run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.inference.prompts.families import filled, parts
from slm_lsp.inference.prompts.fim import Layout
from slm_lsp.inference.prompts.healing import healed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slm_lsp.inference.protocol import Chat

TEMPLATE_KEY = "tokenizer.chat_template"
"""Metadata that holds a model's template."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """A prompt with the fields `{rules}` and `{task}`; what the model writes follows it.

    `marker` is what templates of this format have in them, and those of formats further below may
    not.
    """

    name: str
    marker: str
    prompt: str


FORMATS = (
    ChatFormat(
        "ChatML",  # SmolLM2, Qwen
        "<|im_start|>",
        "<|im_start|>system\n{rules}<|im_end|>\n"
        "<|im_start|>user\n{task}<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    ChatFormat(
        "Llama 3",
        "<|start_header_id|>",
        "<|start_header_id|>system<|end_header_id|>\n\n{rules}<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n{task}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    ChatFormat(
        "Gemma",
        "<start_of_turn>",
        "<start_of_turn>user\n{rules}\n\n{task}<end_of_turn>\n<start_of_turn>model\n",
    ),
    ChatFormat(  # whose tokens swallow the line feeds that its template puts behind them
        "Phi-3",
        "<|end|>",
        "<|system|>{rules}<|end|><|user|>{task}<|end|><|assistant|>",
    ),
    ChatFormat("Mistral, Llama 2", " [/INST]", "[INST] {rules}\n\n{task} [/INST]"),
    ChatFormat("Mistral since v0.3", "[INST]", "[INST] {rules}\n\n{task}[/INST]"),
)


def detect_chat(template: str) -> ChatFormat | None:
    """Return the format that `template` makes, or None where it is empty or of another."""
    return next((form for form in FORMATS if form.marker in template), None)


def lay_out_chat(
    form: ChatFormat,
    chat: Chat,
    *,
    token: Callable[[str], int | None],
    tokenize: Callable[[str], list[int]],
    pieces: Sequence[bytes],
) -> Layout:
    """Make the prompt of `chat`.

    `token` finds special tokens by their names, and only the format's own are looked up: nothing in
    the texts of `chat` can end a turn.
    """
    fields = {"rules": chat.rules, "task": chat.task}
    head: list[int] = []
    for part in parts(form.prompt, token):
        head += tokenize(filled(part, fields)) if isinstance(part, str) else [part]
    lead = tokenize(chat.lead)
    kept, forced = healed(lead, pieces)
    return Layout(tuple(head), tuple(kept), forced=forced, ahead=tuple(lead[len(kept) :]))
