"""Trying a model file of the user's own before it is taken into the store.

llama.cpp may end its process on what is behind a sound header, never return, or take as much memory
as the file says. The store runs this file as a process of its own, so only that one ends:

    python -m slm_lsp.inference.programs.trial PATH THREADS [ADAPTER]   prints a `Trial` as JSON
"""

from __future__ import annotations

import contextlib
import resource
import sys
from pathlib import Path

import msgspec

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.gguf import reader
from slm_lsp.inference.gguf.types import NAMES
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Prompt
from slm_lsp.models.record import Trial
from slm_lsp.platform import sandbox
from slm_lsp.text.terminal import printable

CONTEXT_TOKENS = 512
"""As few as an engine may have."""

ANSWER_TOKENS = 4

EMBEDDINGS_KEY = "slm-lsp.fim.embeddings"
"""In the file of an adapter that teaches its base tokens, as `tune.filling` writes it."""

LICENCE = 100
"""Characters of what a file says its licence is: a name, and not its text."""

MEMORY = 4 * 2**30
"""Bytes that the process may reserve beside twice the file."""

_PROMPT = Prompt("add.py", "python", "def add(a, b):\n    return", "\n")


def attempt(path: Path, threads: int, adapter: Path | None = None) -> Trial:
    """Load the model at `path`, with an `adapter`, and let it write. Raises ModelUnusable."""
    header = reader.read(path)
    abort = AbortFlag()
    model = LlamaModel(
        path, threads=threads, context_tokens=CONTEXT_TOKENS, adapter=adapter, abort=abort
    )
    try:
        model.prefill(_PROMPT, 0.0, abort)
        for _ in zip(range(ANSWER_TOKENS), model.decode({0}, abort), strict=False):
            pass
        return Trial(
            architecture=str(header.values["general.architecture"]),
            fills_in=model.fills_in,
            chats=model.chats,
            quantisation=_quantisation(header),
            teaches=adapter is not None and EMBEDDINGS_KEY in reader.read(adapter).arrays,
            licence=printable(str(header.values.get("general.license", "not known"))[:LICENCE]),
        )
    finally:
        model.close()


def _quantisation(header: reader.Header) -> str:
    """Return the type that most of the weights have."""
    sizes: dict[int, int] = {}
    for tensor in header.tensors:
        sizes[tensor.kind] = sizes.get(tensor.kind, 0) + tensor.size
    return NAMES[max(sizes, key=sizes.__getitem__)]


def main(arguments: list[str]) -> int:
    """Print what was found out; a failure is one line on stderr and the exit code 1."""
    sandbox.give_up()
    path, threads = Path(arguments[0]), int(arguments[1])
    adapter = Path(arguments[2]) if len(arguments) > 2 else None
    most = MEMORY + 2 * path.stat().st_size
    with contextlib.suppress(ValueError, OSError):  # not every system has such a limit
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        found = attempt(path, threads, adapter)
    except ModelUnusable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(msgspec.json.encode(found).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
