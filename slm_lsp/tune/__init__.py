"""Fine-tuning, behind the extra `tune`: our own fill-in model, and a team's adapter to its code.

    repository.py   a team's files in three parts; corpus.py, published packages
      quality.py, licence.py, duplicates.py, decontamination.py    what is left out, and why
    examples.py     a place in a file -> what the model reads there (reading.py), and should write
    packing.py      examples -> rows of tokens; shards.py, in files of at most 50 MB
    weights.py      a GGUF -> llama.py, the model in PyTorch; lora.py, what is trained beside it;
                    loss.py, what it is trained by
    train.py        the loop; course.py, how far it is;
                    checkpoint.py, so that it goes on after a kill at any moment
    export.py       the weights, or the adapter -> a GGUF that llama.cpp runs
    merge.py        base and adapter -> one GGUF, as fast as the base
    adapting.py     from a team's files to an adapter, for `slm-lsp tune`

From `shards.py` to `export.py` nothing needs more than PyTorch, gguf, msgspec, numpy and rich, so
that `python -m slm_lsp.tune` trains on a machine that has neither a network nor the rest of
slm-lsp's dependencies.
"""
