"""`python -m slm_lsp.models.preparation SOURCE TARGET`."""

from __future__ import annotations

import sys
from pathlib import Path

from slm_lsp.errors import ModelUnusable
from slm_lsp.models.preparation.prepare import prepare
from slm_lsp.platform import sandbox


def main(arguments: list[str]) -> int:
    """Prepare; a failure is one line on stderr and the exit code 1."""
    sandbox.give_up()
    source, target = map(Path, arguments)
    try:
        prepare(source, target)
    except ModelUnusable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
