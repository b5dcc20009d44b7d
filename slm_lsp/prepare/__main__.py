"""`python -m slm_lsp.prepare SOURCE TARGET`."""

from __future__ import annotations

import sys
from pathlib import Path

from slm_lsp import network
from slm_lsp.errors import ModelUnusable
from slm_lsp.prepare.prepare import prepare


def main(arguments: list[str]) -> int:
    """Prepare; a failure is one line on stderr and the exit code 1."""
    network.give_up()
    source, target = map(Path, arguments)
    try:
        prepare(source, target)
    except ModelUnusable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
