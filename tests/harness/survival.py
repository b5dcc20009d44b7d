"""Which model files llama.cpp survives, each in a process of its own.

python -m tests.harness.survival FOLDER   prints what became of each file in it, as JSON
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama.model import LlamaModel
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Prompt

SECONDS = 20
PROMPT = Prompt("a.py", "python", "def f():\n    return", "\n")


def survived(path: Path) -> str:
    """Return `ran`, `refused`, or how the process ended that tried to run the file."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        os._exit(_try(path))
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    return {0: "ran", 1: "refused"}.get(ended, f"ended by signal {-ended}")


def _try(path: Path) -> int:
    abort = AbortFlag()
    try:
        model = LlamaModel(path, threads=1, context_tokens=512, abort=abort)
        model.prefill(PROMPT, 0.0, abort)
        for _ in zip(range(4), model.decode({0}, abort), strict=False):
            pass
    except ModelUnusable:
        return 1
    return 0


if __name__ == "__main__":
    print(json.dumps({path.name: survived(path) for path in sorted(Path(sys.argv[1]).iterdir())}))
