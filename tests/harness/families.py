"""One tiny model for each family, with the special tokens that its real files have."""

from __future__ import annotations

import gguf

from tests.harness.tiny_models import EXPERTS, HIDDEN, Tiny

_BARS = ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")
_QWEN = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", *_BARS, "<|fim_pad|>"),
    *("<|repo_name|>", "<|file_sep|>"),
)
_STARCODER = ("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>")
_STARCODER_1 = (*_STARCODER, "<filename>", "<gh_stars>", "<reponame>")
_STARCODER_2 = (*_STARCODER, "<repo_name>", "<file_sep>")
_LLAMA = ("<s>", "</s>")

CHATML = "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content']}}{% endfor %}"
PHI_3 = "{% for m in messages %}{{'<|' + m['role'] + '|>\n' + m['content'] + '<|end|>\n'}}"
MISTRAL = "{{ bos_token }}{% for m in messages %}{{ '[INST] ' + m['content'] + '[/INST]' }}"
GEMMA = "{{ bos_token }}{% for m in messages %}{{'<start_of_turn>' + m['role'] + '\n'}}{% endfor %}"

TINY = {
    "Qwen2.5-Coder": Tiny(
        "qwen2",
        "Qwen2.5 Coder 1.5B",
        _QWEN,
        "<|endoftext|>",
        "<|endoftext|>",
        pre="qwen2",
        template=CHATML,
    ),
    "Qwen3-Coder": Tiny(
        "qwen3moe",
        "Qwen3 Coder 30B A3B Instruct",
        _QWEN,
        "<|endoftext|>",
        "<|im_end|>",
        pre="qwen2",
        metadata={
            "qwen3moe.expert_count": EXPERTS,
            "qwen3moe.expert_used_count": 2,
            "qwen3moe.expert_feed_forward_length": HIDDEN,
        },
        template=CHATML,
    ),
    "StarCoder": Tiny(
        "starcoder", "Starcoderbase 1b", _STARCODER_1, "<|endoftext|>", "<|endoftext|>", "starcoder"
    ),
    "StarCoder2": Tiny(
        "starcoder2", "Starcoder2 3b", _STARCODER_2, "<|endoftext|>", "<|endoftext|>", "starcoder"
    ),
    "stable-code": Tiny(
        "stablelm", "Stable Code 3b", _STARCODER, "<|endoftext|>", "<|endoftext|>", "olmo"
    ),
    "SantaCoder": Tiny(
        "starcoder",
        "Santacoder",
        ("<|endoftext|>", "<fim-prefix>", "<fim-middle>", "<fim-suffix>", "<fim-pad>"),
        "<|endoftext|>",
        "<|endoftext|>",
        pre="starcoder",
    ),
    "Code Llama": Tiny(
        "llama",
        "CodeLlama 7b Hf",
        (*_LLAMA, "▁<PRE>", "▁<MID>", "▁<SUF>", "▁<EOT>"),
        "<s>",
        "</s>",
        adds_start=True,
    ),
    "DeepSeek-Coder": Tiny(
        "llama",
        "Deepseek Coder 1.3b Base",
        (
            "<｜begin▁of▁sentence｜>",
            "<｜end▁of▁sentence｜>",
            "<｜fim▁begin｜>",
            "<｜fim▁hole｜>",
            "<｜fim▁end｜>",
            "<|EOT|>",
        ),
        "<｜begin▁of▁sentence｜>",
        "<｜end▁of▁sentence｜>",
        pre="deepseek-coder",
        adds_start=True,
        kind=gguf.TokenType.USER_DEFINED,
    ),
    "CodeGemma": Tiny(
        "gemma",
        "Codegemma 2b",
        ("<pad>", "<eos>", "<bos>", *_BARS, "<|file_separator|>"),
        "<bos>",
        "<eos>",
        adds_start=True,
        blank_first=False,
    ),
    "Granite code": Tiny(
        "llama", "Granite 3b Code Base", _STARCODER_1, "<|endoftext|>", "<|endoftext|>", "refact"
    ),
    "Granite 4": Tiny(
        "granite",
        "Granite 4.0 Micro",
        ("<|end_of_text|>", *_BARS, "<|fim_pad|>", "<|filename|>", "<|reponame|>"),
        "<|end_of_text|>",
        "<|end_of_text|>",
        pre="dbrx",
        metadata={
            "granite.attention.scale": 0.25,
            "granite.embedding_scale": 1.0,
            "granite.residual_scale": 0.22,
            "granite.logit_scale": 1.0,
        },
    ),
    "Codestral": Tiny(
        "llama",
        "Codestral 22B v0.1",
        (*_LLAMA, "[INST]", "[/INST]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]"),
        "<s>",
        "</s>",
        adds_start=True,
    ),
    "Mellum": Tiny(
        "llama", "Mellum 4b Base", _STARCODER_1, "<|endoftext|>", "<|endoftext|>", "gpt-2"
    ),
    "Seed-Coder": Tiny(
        "llama",
        "Seed Coder 8B Base",
        (
            "<[begin▁of▁sentence]>",
            "<[end▁of▁sentence]>",
            "<[fim-prefix]>",
            "<[fim-suffix]>",
            "<[fim-middle]>",
        ),
        "<[begin▁of▁sentence]>",
        "<[end▁of▁sentence]>",
        pre="seed-coder",
        adds_start=True,
    ),
    "Phi-3 Mini": Tiny(
        "phi3",
        "Phi 3 Mini 4k Instruct",
        (*_LLAMA, "<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>"),
        "<s>",
        "<|endoftext|>",
        adds_start=True,
        metadata={"phi3.attention.sliding_window": 2047},
        template=PHI_3,
    ),
    "Mistral 7B": Tiny(
        "llama",
        "Mistral 7B Instruct v0.3",
        (*_LLAMA, "[INST]", "[/INST]", "[TOOL_CALLS]"),
        "<s>",
        "</s>",
        adds_start=True,
        template=MISTRAL,
    ),
    "SmolLM2": Tiny(
        "llama",
        "SmolLM2 135M Instruct",
        ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>", "<filename>"),
        "<|im_start|>",
        "<|im_end|>",
        pre="smollm",
        template=CHATML,
    ),
    "Gemma": Tiny(
        "gemma",
        "Gemma 2b It",
        ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"),
        "<bos>",
        "<eos>",
        adds_start=True,
        blank_first=False,
        template=GEMMA,
    ),
}
