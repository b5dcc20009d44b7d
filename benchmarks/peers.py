"""The same typing, into our server and into llama.cpp's `llama-server` driven as llama.vim does.

Real files in Python, TypeScript and Go are typed as `benchmarks.typist` describes, with jumps,
accepted lines, deletions and undo. Both sides get the same strokes after the same pauses, the same
model file (see `benchmarks.infill`), the same number of threads and kernels from the same sources;
they take turns, file by file, and only one of them is running at a time. What is modelled of
llama.vim, and what is left out in its favour, is in `benchmarks.llama_vim`. `make peer` builds
`llama-server`; files that are not there yet are fetched.

**Time to ghost text** is measured at the keys the typist waits at, one in eight of those that write
something new, chosen beforehand and the same for both: from the edit to the moment the ghost text
for that state of the buffer is known. For us that is the answer to the key's request; for the peer
a cached answer that still fits, or the server's. An answer without text counts as one, and so does
llama.vim's rule not to ask in the middle of a line. Where nothing came within 30 seconds (two
with `--quick`), they count.

**Tokens** are all that the model evaluates from the first key until both sides have finished what
they began after the last one, whoever asked for it: also for requests that were replaced, for
speculation and in the background. `evaluated` are those of prompts, `generated` those written.
For us the engine counts them, for the peer they are in every answer.

**Processor seconds** are those of our server and engine, and of `llama-server`, over the same time.
llama.vim's own work in the editor is not counted.

| figure | meaning |
|---|---|
| `p50_ratio`, `p95_ratio` | time to ghost text, ours / the peer's |
| `evaluated_tokens_ratio`, `generated_tokens_ratio` | tokens, ours / the peer's |
| `cpu_ratio` | processor seconds, ours / the peer's |
| `ours_shown`, `peer_shown` | keys waited at where the ghost text was not empty |
| `ours_late`, `peer_late` | keys waited at without an answer in that time |
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import infill, sides, sources, typist
from benchmarks.report import command_line, percentile, publish
from benchmarks.sides import Session
from slm_lsp.errors import SlmLspError
from slm_lsp.platform.machine import model_threads
from tools import peer
from tools.machine import SetupFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.report import Figures
    from benchmarks.sides import Replay
    from benchmarks.sources import Source

SEED = 107


def session(source: Source, *, quick: bool) -> Session:
    """Return what is typed into `source`: at least 300 strokes, or about 36."""
    places, keys, patience_s = (2, 20, 2.0) if quick else (4, 320, 30.0)
    text, strokes = typist.session(source.text, places, keys, SEED)
    return Session(source, text, strokes, patience_s)


def compare(sessions: Sequence[Session], name: str = "") -> tuple[list[Replay], list[Replay]]:
    """Type every session on both sides in turns, with the model `name` or the default one.

    Raises SetupFailed, StoreError.
    """
    threads = model_threads()
    our, their = [], []
    with tempfile.TemporaryDirectory(prefix="slm-") as folder:
        model = infill.install(Path(folder), name)
        for one in sessions:
            our.append(asyncio.run(sides.ours(one, Path(folder), threads)))
            their.append(asyncio.run(sides.theirs(one, model, threads)))
    return our, their


def figures(sessions: Sequence[Session], our: Sequence[Replay], their: Sequence[Replay]) -> Figures:
    """Return the figures that this module promises, from one replay per session and side."""
    keys = sum(len(one.strokes) for one in sessions)
    mine, its = _side(our, keys), _side(their, keys)
    ratios: Figures = {}
    for name, figure in {
        "p50_ratio": "p50_ms",
        "p95_ratio": "p95_ms",
        "evaluated_tokens_ratio": "evaluated_tokens_per_key",
        "generated_tokens_ratio": "generated_tokens_per_key",
        "cpu_ratio": "cpu_s",
    }.items():
        above, below = mine[figure], its[figure]
        ratios[name] = above / below if above is not None and below else None
    return {
        **ratios,
        **{f"ours_{name}": value for name, value in mine.items()},
        **{f"peer_{name}": value for name, value in its.items()},
        "keys": keys,
        "waited_at": sum(len(replay.waits) for replay in our),
    }


def rows(
    sessions: Sequence[Session], our: Sequence[Replay], their: Sequence[Replay]
) -> list[dict[str, Any]]:
    """Return every key waited at, as both sides met it."""
    return [
        {
            "file": one.source.name,
            "ours_ms": here.ms,
            "peer_ms": there.ms,
            "ours_shown": here.shown,
            "peer_shown": there.shown,
        }
        for one, mine, its in zip(sessions, our, their, strict=True)
        for here, there in zip(mine.waits, its.waits, strict=True)
    ]


def _side(replays: Sequence[Replay], keys: int) -> Figures:
    waits = [wait for replay in replays for wait in replay.waits]
    ms = [wait.ms for wait in waits]
    return {
        "p50_ms": percentile(ms, 50),
        "p95_ms": percentile(ms, 95),
        "evaluated_tokens_per_key": sum(one.spent.evaluated for one in replays) / keys,
        "generated_tokens_per_key": sum(one.spent.generated for one in replays) / keys,
        "cpu_s": sum(one.spent.cpu_s for one in replays),
        "shown": sum(wait.shown for wait in waits),
        "late": sum(wait.late for wait in waits),
    }


def main() -> int:
    """Parse the command line, type, report."""
    parser = command_line(
        "benchmarks.peers", __doc__, "about 36 keys in one file, at most 50 seconds"
    )
    parser.add_argument("--model", default="", help="a model instead of the default one")
    options = parser.parse_args()
    try:
        peer.program("llama-server")
        files = (sources.python(),) if options.quick else sources.everything()
        sessions = [session(source, quick=options.quick) for source in files]
        our, their = compare(sessions, options.model)
    except (SetupFailed, SlmLspError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    publish(
        "benchmarks.peers", figures(sessions, our, their), rows(sessions, our, their), options.json
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
