"""From the last key to visible ghost text in the real VS Code, next to the server's own time.

In each round a new file is opened, the cursor goes to its end, and one letter is typed. The clock
runs in the page: from the `keydown` to the end of the first frame that has ghost text in it. VS
Code waits 50 ms after a key before it asks anybody, and that is not counted as the editor's.

| figure | meaning |
|---|---|
| `visible_p50_ms`, `_p95_ms` | from the key to the frame |
| `server_p50_ms`, `_p95_ms` | of that, the server's time, as it reports it |
| `editor_p50_ms`, `_p95_ms` | the rest, without VS Code's 50 ms: extension, protocol, drawing |
| `without` | rounds that ended without ghost text; they are in no other figure |

Needs what `make test-editors` installs.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError as PlaywrightTimeout

from benchmarks.report import command_line, percentile, publish
from tests.editors.vscode.browser import browsing, opened
from tests.editors.vscode.server import MACHINE, CodeServer
from tests.harness.world import World

if TYPE_CHECKING:
    from tests.editors.vscode.window import Window

ROUNDS, QUICK_ROUNDS = 41, 11
DEBOUNCE_MS = 50
WITHIN_MS = 10000
"""Milliseconds after which a round ends without ghost text."""

READING_MS = 600
"""What somebody does before they type at a new place: they look at it."""

OPERATIONS = ("subtract", "multiply", "divide", "power", "maximum", "minimum", "average")

CLOCK = """() => {
    const clock = window.clock = { key: 0, ms: 0 };
    document.addEventListener('keydown', () => {
        clock.key = performance.now();
        clock.ms = 0;
    }, true);
    // A message is handled when the frame that it was sent in is drawn. What draws ghost text may
    // come later in that frame than what sends the message.
    const drawn = new MessageChannel();
    const next = () => requestAnimationFrame(() => drawn.port2.postMessage(null));
    drawn.port1.onmessage = () => {
        const ghost = document.querySelector('[class*="ghost-text-decoration"]');
        if (clock.key && !clock.ms && ghost?.textContent) {
            clock.ms = performance.now() - clock.key;
        }
        next();
    };
    next();
}"""


def measure(rounds: int) -> list[dict[str, float]]:
    """Return the rounds with ghost text, but for the first, which wakes everything up."""
    world = World(real_store=True)
    try:
        with browsing() as browser, opened(CodeServer(world, MACHINE), browser) as window:
            window.wait_for_status("is ready")
            window.page.evaluate(CLOCK)
            rows = [measure_round(window, number) for number in range(rounds)]
            return [row for row in rows[1:] if row]
    finally:
        world.close()


def measure_round(window: Window, number: int) -> dict[str, float]:
    """Return the milliseconds of one round, or nothing where no ghost text came."""
    name = f"{OPERATIONS[number % len(OPERATIONS)]}_{number}"
    text = f"def add_{number}(a, b):\n    return a + b\n\n\ndef {name}(a, b):\n    r"
    window.open(f"{name}.py", text)
    window.page.wait_for_timeout(READING_MS)
    window.press("e")
    try:
        window.page.wait_for_function("() => window.clock.ms > 0", timeout=WITHIN_MS)
    except PlaywrightTimeout:
        return {}
    visible = float(window.page.evaluate("() => window.clock.ms"))
    window.page.wait_for_timeout(100)  # the status follows the answer
    server = float(re.findall(r"last answer in ([\d.]+) ms", window.status())[0])
    return {
        "visible_ms": visible,
        "server_ms": server,
        "editor_ms": visible - server - DEBOUNCE_MS,
    }


def main() -> int:
    """Run the benchmark."""
    parser = command_line("benchmarks.editor_vscode", __doc__, "fewer rounds, under 50 seconds")
    options = parser.parse_args()
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    rows = measure(rounds)
    figures = {
        f"{name}_p{rank}_ms": percentile([row[f"{name}_ms"] for row in rows], rank)
        for name in ("visible", "server", "editor")
        for rank in (50, 95)
    }
    without = rounds - 1 - len(rows)
    publish("benchmarks.editor_vscode", {**figures, "without": without}, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
