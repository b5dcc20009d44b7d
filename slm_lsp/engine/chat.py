"""Chat formats: how models that follow instructions want a task and the start of its answer.

Files carry a template for this, a program in Jinja. It is looked at to see which of the formats
below it makes, and never run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slm_lsp.engine.fim import Layout
from slm_lsp.engine.healing import healed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slm_lsp.engine.protocol import Chat

TEMPLATE_KEY = "tokenizer.chat_template"
"""Metadata that holds a model's template."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """What stands before and after each turn.

    `marker` is what templates of this format have in them, and those of formats further below may
    not. Without a `system` turn the rules stand at the start of the user's.
    """

    marker: str
    system: tuple[str, str] | None
    user: tuple[str, str]
    answer: str


FORMATS = (
    ChatFormat(  # ChatML: SmolLM2, Qwen
        "<|im_start|>",
        ("<|im_start|>system\n", "<|im_end|>\n"),
        ("<|im_start|>user\n", "<|im_end|>\n"),
        "<|im_start|>assistant\n",
    ),
    ChatFormat(  # Llama 3
        "<|start_header_id|>",
        ("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
        ("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    ChatFormat(  # Gemma
        "<start_of_turn>",
        None,
        ("<start_of_turn>user\n", "<end_of_turn>\n"),
        "<start_of_turn>model\n",
    ),
    ChatFormat(  # Phi-3
        "<|end|>",
        ("<|system|>\n", "<|end|>\n"),
        ("<|user|>\n", "<|end|>\n"),
        "<|assistant|>\n",
    ),
    ChatFormat("[INST]", None, ("[INST] ", " [/INST]"), ""),  # Mistral, Llama 2
)


def detect_chat(template: str) -> ChatFormat | None:
    """Return the format that `template` makes, or None where it is empty or of another."""
    return next((form for form in FORMATS if form.marker in template), None)


def lay_out_chat(
    form: ChatFormat,
    chat: Chat,
    tokenize: Callable[[str], list[int]],
    tokenize_special: Callable[[str], list[int]],
    pieces: Sequence[bytes],
) -> Layout:
    """Make the prompt of `chat`.

    Only the format's own parts are read by `tokenize_special`, so nothing in the texts of `chat`
    can end a turn.
    """
    before, after = form.user
    task = chat.task
    if form.system is None:
        head, task = tokenize_special(before), f"{chat.rules}\n\n{task}"
    else:
        opening, closing = form.system
        head = [
            *tokenize_special(opening),
            *tokenize(chat.rules),
            *tokenize_special(closing + before),
        ]
    head = [*head, *tokenize(task), *tokenize_special(after + form.answer)]
    lead = tokenize(chat.lead)
    kept, forced = healed(lead, pieces)
    return Layout(tuple(head), tuple(kept), forced=forced, ahead=tuple(lead[len(kept) :]))
