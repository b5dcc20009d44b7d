"""A new user's clock in VS Code: from the VSIX and an empty home to the first ghost text.

VS Code is used as a person does: install the VSIX, open a folder, click on Install, open a file and
type two letters. Nobody else's time is in it: a robot reads nothing and hesitates nowhere. pip gets
the server's dependencies and the model from wherever this machine's pip is set up to look, and
compiles the runtime where it finds no wheel of it.

| figure | meaning |
|---|---|
| `vsix_s` | VS Code installs the extension |
| `question_s` | from opening the window to the question whether to install the server |
| `install_s` | from the click to a model that is ready: pip, the model, its measuring |
| `typing_s` | from opening a file to ghost text after two letters |
| `all_s` | the sum |
| `compiled` | 1 if the runtime was compiled for it, 0 if pip found a wheel |
| `vsix_kb` | size of the VSIX |

Needs what `make test-editors` installs; `--quick` changes nothing.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from benchmarks.report import command_line, publish
from tests.editors.vscode.browser import browsing, opened
from tests.editors.vscode.environment import without_server
from tests.editors.vscode.server import VSIX, CodeServer
from tests.harness.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.report import Figures

INSTALLING_S = 1200
"""Seconds after which an installation counts as hung: the runtime is compiled in it."""

SUMS = "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    "


def measure() -> Figures:
    """Return the figures of one first start."""
    figures: Figures = {}

    @contextmanager
    def clock(name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        figures[name] = time.perf_counter() - started

    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    world = World()
    try:
        with clock("vsix_s"):
            server = CodeServer(world, {}, env={**pip, **without_server()})
        with browsing() as browser, ExitStack() as stack:
            with clock("question_s"):
                window = stack.enter_context(opened(server, browser))
                question = window.notification("slm-lsp found no server.")
            with clock("install_s"):
                question.get_by_role("button", name="Install", exact=True).click()
                window.wait_for_status("is ready", seconds=INSTALLING_S)
            with clock("typing_s"):
                window.open("first.py", SUMS)
                window.type("re")
                window.wait_for_ghost("turn a - b")
            window.picture("first-start")
            compiled = "Building wheel for llama" in server.log()
    finally:
        world.close()
    total = sum(value or 0 for value in figures.values())
    size = VSIX.stat().st_size / 1000
    return {**figures, "all_s": total, "compiled": int(compiled), "vsix_kb": size}


def main() -> int:
    """Run the benchmark."""
    options = command_line("benchmarks.first_start", __doc__, "nothing").parse_args()
    publish("benchmarks.first_start", figures := measure(), [figures], options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
