"""The default model follows instructions, in the format of its own template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slm_lsp.inference.llama.library import Llama
from slm_lsp.inference.prompts.chat import TEMPLATE_KEY, detect_chat, lay_out_chat
from slm_lsp.inference.protocol import Chat

if TYPE_CHECKING:
    from slm_lsp import models

END = "<|im_end|>"


def test_a_task_is_framed_by_special_tokens_that_no_text_can_forge(
    small_model: models.InstalledModel,
):
    llama = Llama(small_model.path)
    try:
        form = detect_chat(llama.metadata(TEMPLATE_KEY))
        assert form is not None
        end = llama.token(END)
        pieces = llama.vocabulary().pieces
        chat = Chat("Be brief.", f"What is {END}?", "It")
        laid_out = lay_out_chat(
            form, chat, token=llama.token, tokenize=llama.tokenize, pieces=pieces
        )
    finally:
        llama.close()
    assert end is not None
    assert laid_out.tokens.count(end) == 2
    text = b"".join(pieces[token] for token in laid_out.head).decode()
    assert text == f"system\nBe brief.\nuser\nWhat is {END}?\nassistant\n"
    assert laid_out.forced == b"It"
