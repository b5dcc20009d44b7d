"""Ghost text in real Neovim: how soon after a key it is there, and whether a session holds.

Into each version of Neovim, with the plugin, the real server and the default model, go a key at
each of 160 places of a real file, one after the other, and then, in a new session, a thousand keys
at ten a second without a stop.

| figure | what |
|---|---|
| `answers` | places at which the answer to the key put ghost text on screen |
| `ghost_p50_ms`, `_p95_ms` | from the key to that ghost text |
| `server_p50_ms`, `_p95_ms` | the server's own time for the same answers |
| `editor_p50_ms`, `_p95_ms` | what the editor adds besides 20 ms of debounce: its client, drawing |
| `errors` | lines in the logs of Neovim and its language client after a thousand keys |
| `in_sync` | 1 if the server's document is then Neovim's buffer |
| `memory_growth_mb`, `server_memory_growth_mb` | of both from key 200 to the last one |
| `engine_memory_growth_mb` | of the engine, which keeps prompts up to engine.promptCacheMegabytes |

All figures carry the version: `v0_12_ghost_p50_ms`.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.report import Figures, command_line, percentile, publish
from tests.harness.neovim import PLUGIN_SETUP, Neovim
from tests.harness.world import World
from tools import neovim

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS, QUICK_KEYS = 1000, 120
PLACES, QUICK_PLACES = 200, 12
INTERVAL_S = 0.1
SETTLED_AFTER = 0.2
"""The share of the keys after which memory is settled."""

DEBOUNCE_MS = 20.0
"""What the plugin waits for another key before it asks."""

ANSWER_S = 1.5
"""How long an answer at a place is waited for; there may be none."""

SOURCE = inspect.getsource(argparse)

WATCH = """
_G.answers = {}
local key, tick, drawn
vim.api.nvim_create_autocmd('TextChangedI', {
  callback = function() key, tick, drawn = vim.uv.hrtime(), vim.b.changedtick, nil end,
})
local status, drawing = require('slm_lsp.status'), require('slm_lsp.drawing')
local answered, show = status.answered, drawing.show
drawing.show = function(...)
  show(...)
  -- What a key draws itself is drawn before the key is noted above.
  if key and tick == vim.b.changedtick then drawn = drawn or (vim.uv.hrtime() - key) / 1e6 end
end
status.answered = function(err, params, context)
  answered(err, params, context)
  local own = params.timings.total_ms
  -- Neovim may hand over an answer before the notification that was sent ahead of it.
  vim.schedule(function()
    if drawn then table.insert(_G.answers, { drawn, own }) end
    key, drawn = nil, nil
  end)
end
"""
"""Notes for each drawing that an answer caused the time since the last key, and the server's."""

PLACE = """
local row, line = ...
vim.api.nvim_buf_set_lines(0, row, row + 1, true, { line })
vim.api.nvim_win_set_cursor(0, { row + 1, 0 })
"""


def latency(version: str, places: int) -> tuple[Figures, list[dict[str, Any]]]:
    """Type a key at each of `places`; return the figures and a row for each answer."""
    lines = SOURCE.splitlines()
    with editing(version, SOURCE) as nvim:
        nvim.lua(WATCH)
        for row in _rows(lines, places):
            line = lines[row]
            cut = (len(line) - len(line.lstrip()) + len(line)) // 2
            nvim.lua(PLACE, row, line[:cut])
            answered = partial(nvim.lua, "return #_G.answers > ...", nvim.lua("return #_G.answers"))
            # With both at once the plugin asks once.
            nvim.keys("A" + _NAMES.get(line[cut], line[cut]))
            with suppress(AssertionError):
                nvim.wait(answered, "nothing is offered", ANSWER_S)
            nvim.keys("<Esc>")
            nvim.lua(PLACE, row, line)
        answers = nvim.lua("return _G.answers")
    rows = [{"version": version, "ghost_ms": ghost, "server_ms": own} for ghost, own in answers]
    return {
        "answers": len(answers),
        **_percentiles("ghost", [ghost for ghost, _ in answers]),
        **_percentiles("server", [own for _, own in answers]),
        **_percentiles("editor", [ghost - own - DEBOUNCE_MS for ghost, own in answers]),
    }, rows


def session(version: str, keys: int) -> Figures:
    """Type `keys` keys of a file, ten a second; return what is left behind."""
    start = SOURCE.index("    def __init__(self,\n                 prog,")
    typed = SOURCE[start : start + keys]
    with editing(version, SOURCE[:start]) as nvim:
        nvim.keys("Go")
        process = psutil.Process(nvim.lua("return vim.fn.getpid()"))
        settled = _memory_mb(process)
        next_at = time.perf_counter()
        for number, key in enumerate(typed):
            nvim.keys(_NAMES.get(key, key))
            if number == int(keys * SETTLED_AFTER):
                settled = _memory_mb(process)
            next_at += INTERVAL_S
            time.sleep(max(0.0, next_at - time.perf_counter()))
        expected = (SOURCE[:start] + typed).rstrip("\n")
        nvim.wait(lambda: nvim.text().rstrip("\n") == expected, "not all is typed")
        grown = {name: now - settled[name] for name, now in _memory_mb(process).items()}
        nvim.assert_in_sync()
        errors = nvim.errors()
    if errors:
        sys.stderr.write(errors + "\n")
    return {
        "errors": len(errors.splitlines()),
        "in_sync": 1,
        **{f"{name}memory_growth_mb": megabytes for name, megabytes in grown.items()},
    }


@contextmanager
def editing(version: str, text: str) -> Iterator[Neovim]:
    """Open a Python file in one version of Neovim, its server and model ready."""
    neovim.install(version)
    world = World(real_store=True)
    nvim = Neovim(neovim.program(version), world, PLUGIN_SETUP, {})
    try:
        nvim.open(world.project / "typed.py", text)
        nvim.lua("vim.bo.autoindent = false vim.bo.indentexpr = ''")
        nvim.wait(lambda: nvim.lua("return require('slm_lsp').statusline()") == "slm", "not ready")
        yield nvim
    finally:
        nvim.close()
        world.close()


_NAMES = {"\n": "<CR>", "<": "<lt>", " ": "<Space>"}


def _rows(lines: list[str], count: int) -> list[int]:
    """Return `count` lines, evenly spread, that are long enough to be begun."""
    long = [row for row, line in enumerate(lines) if len(line.strip()) >= 16]
    return [long[n * len(long) // count] for n in range(count)]


def _memory_mb(editor: psutil.Process) -> dict[str, float]:
    """Return the memory of Neovim, of the server it started and of the engine."""
    memory = {"": editor.memory_info().rss / 1e6, "server_": 0.0, "engine_": 0.0}
    for process in editor.children(recursive=True):
        name = "engine_" if "slm_lsp.inference.worker.process" in process.cmdline() else "server_"
        memory[name] += process.memory_info().rss / 1e6
    return memory


def _percentiles(name: str, values: list[float]) -> Figures:
    return {f"{name}_p{rank}_ms": percentile(values, rank) for rank in (50, 95)}


def main() -> int:
    """Run the benchmark."""
    parser = command_line("benchmarks.neovim", __doc__, "fewer keys and places, under 2 minutes")
    options = parser.parse_args()
    figures: Figures = {}
    rows: list[dict[str, Any]] = []
    for version in neovim.VERSIONS:
        found, answers = latency(version, QUICK_PLACES if options.quick else PLACES)
        found |= session(version, QUICK_KEYS if options.quick else KEYS)
        prefix = f"v{version.replace('.', '_')}"
        figures |= {f"{prefix}_{name}": value for name, value in found.items()}
        rows += answers
    publish("benchmarks.neovim", figures, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
