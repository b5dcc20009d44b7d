"""Ghost text in real Neovim: how soon after a key it is there, and whether a session holds.

A thousand keys of a real file, ten a second, go into Neovim 0.12 and 0.11 with the plugin, the
real server and the default model. At one key in ten, fixed beforehand, the typist waits and looks.

| figure | what |
|---|---|
| `ghost_p50_ms`, `_p95_ms` | from a key to the ghost text that its answer put on screen |
| `server_p50_ms`, `_p95_ms` | the server's own time for the same answers |
| `editor_p95_ms` | what the editor adds: 20 ms of debounce, its client, drawing |
| `errors` | lines in the logs of Neovim and its language client |
| `in_sync` | 1 if the server's document is Neovim's buffer at the end |
| `memory_growth_mb` | of Neovim from key 200 to the last one |

The first figures carry the version: `v0_12_ghost_p50_ms`.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import time
from typing import Any

import psutil

from benchmarks.report import Figures, command_line, percentile, publish
from tests.harness.neovim import PLUGIN_SETUP, Neovim
from tests.harness.world import World
from tools import neovim

KEYS, QUICK_KEYS = 1000, 120
INTERVAL_S = 0.1
LOOK_EVERY, LOOK_S = 10, 0.7
SETTLED_AFTER = 0.2
"""The share of the keys after which Neovim's memory is settled."""

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


def measure(version: str, keys: int) -> tuple[Figures, list[dict[str, Any]]]:
    """Type `keys` keys into one version of Neovim; return its figures and a row for each answer."""
    neovim.install(version)
    world = World(real_store=True)
    nvim = Neovim(neovim.program(version), world, PLUGIN_SETUP, {})
    source = inspect.getsource(argparse)
    start = source.index("    def __init__(self,\n                 prog,")
    try:
        nvim.open(world.project / "typed.py", source[:start])
        nvim.lua("vim.bo.autoindent = false vim.bo.indentexpr = ''")
        nvim.wait(lambda: nvim.lua("return require('slm_lsp').statusline()") == "slm", "not ready")
        nvim.lua(WATCH)
        nvim.keys("Go")
        settled = 0.0
        process = psutil.Process(nvim.lua("return vim.fn.getpid()"))
        next_at = time.perf_counter()
        for number, key in enumerate(source[start : start + keys]):
            nvim.keys({"\n": "<CR>", "<": "<lt>", " ": "<Space>"}.get(key, key))
            if number == int(keys * SETTLED_AFTER):
                settled = process.memory_info().rss / 1e6
            next_at += INTERVAL_S if number % LOOK_EVERY else LOOK_S
            time.sleep(max(0.0, next_at - time.perf_counter()))
        expected = source[:start] + source[start : start + keys]
        nvim.wait(lambda: nvim.text().rstrip("\n") == expected.rstrip("\n"), "not all is typed")
        answers = nvim.lua("return _G.answers")
        grown = process.memory_info().rss / 1e6 - settled
        nvim.assert_in_sync()
        errors = nvim.errors()
    finally:
        nvim.close()
        world.close()
    if errors:
        sys.stderr.write(errors + "\n")
    rows = [{"version": version, "ghost_ms": ghost, "server_ms": own} for ghost, own in answers]
    return {
        **_percentiles("ghost", [ghost for ghost, _ in answers]),
        **_percentiles("server", [own for _, own in answers]),
        "editor_p95_ms": percentile([ghost - own for ghost, own in answers], 95),
        "errors": len(errors.splitlines()),
        "in_sync": 1,
        "memory_growth_mb": grown,
    }, rows


def _percentiles(name: str, values: list[float]) -> Figures:
    return {f"{name}_p{rank}_ms": percentile(values, rank) for rank in (50, 95)}


def main() -> int:
    """Run the benchmark."""
    parser = command_line("benchmarks.neovim", __doc__, "fewer keys, under 50 seconds")
    options = parser.parse_args()
    figures: Figures = {}
    rows: list[dict[str, Any]] = []
    for version in neovim.VERSIONS:
        found, answers = measure(version, QUICK_KEYS if options.quick else KEYS)
        prefix = f"v{version.replace('.', '_')}"
        figures |= {f"{prefix}_{name}": value for name, value in found.items()}
        rows += answers
    publish("benchmarks.neovim", figures, rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
