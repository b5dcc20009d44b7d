"""Fine-tuning, behind the extra `tune`: our own fill-in model, and a team's adapter to its code.

    data/           `repository`, a team's files in three parts; `corpus`, published packages;
                    `filters` and `overlap`, what is left out, and why;
                    `examples`, a place in a file -> what the model reads (`reading`) and writes;
                    `packing`, examples -> rows of tokens; `shards`, in files of at most 50 MB
    network/        `weights`, a GGUF -> `llama`, the model in PyTorch; `lora`, what is trained
                    beside it; `loss`, what it is trained by
    train.py        the loop; run.py, how far it is;
                    checkpoint.py, so that it goes on after a kill at any moment
    export.py       the weights, or the adapter -> a GGUF that llama.cpp runs
    merge.py        base and adapter -> one GGUF, as fast as the base
    adapter_training.py    from a team's files to an adapter, for `slm-lsp tune`

From `shards` to `export.py` nothing needs more than PyTorch, gguf, msgspec, numpy and rich, so
that `python -m slm_lsp.training` trains on a machine that has neither a network nor the rest of
slm-lsp's dependencies.
"""
