"""What the model runtime computes with here, found out in a process of its own.

A runtime that was built for another processor ends its process at the first call:

    python -m slm_lsp.inference.programs.backends   prints `Backends` as JSON
"""

from __future__ import annotations

import sys

import msgspec

from slm_lsp.errors import ModelUnusable
from slm_lsp.inference.llama import backends
from slm_lsp.platform import sandbox


def main() -> int:
    """Print it; a failure is one line on stderr and the exit code 1."""
    sandbox.give_up()
    try:
        sys.stdout.buffer.write(msgspec.json.encode(backends.in_use()))
    except ModelUnusable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
