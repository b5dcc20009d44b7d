"""The tokens that code needs: counts those of many files and writes them to models/code-tokens.txt.

    python -m benchmarks.code_tokens MODEL.gguf FOLDER...

MODEL has a byte-level BPE vocabulary. Of each kind of file, by its suffix, at most `BYTES_A_KIND`
are read, in an order that depends on the files' content alone, so that one language does not crowd
out the others. The list has the `TOKENS` that occur most, one a line, in the notation of the
vocabulary itself, sorted.
`slm_lsp.models.preparation` keeps these tokens, and whatever else is needed to write any text.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import llama_cpp

if TYPE_CHECKING:
    from collections.abc import Iterable

TARGET = Path(__file__).parents[1] / "models" / "code-tokens.txt"

KINDS = frozenset(
    """awk bash c cc clj cmake conf cpp cs css cxx dart diff el erl ex exs fish go gradle graphql h
    hcl hpp hs html hxx ini ipynb java jl js json jsonc jsx kt kts less lua m md mjs mk ml mli mm
    nix php pl pm po proto ps1 py pyi pyx r rb rs rst sass scala scss sh sql svelte svg swift tcl
    tex tf toml ts tsx txt v vim vue xml yaml yml zig zsh""".split()  # noqa: SIM905 (it is a table)
)
TOKENS = 50_000
"""Tokens in the list, those that were seen most often."""

BYTES_A_KIND = 6_000_000
BYTES_A_FILE = 60_000


def main(arguments: list[str]) -> int:
    """Count and write."""
    model = llama_cpp.Llama(arguments[0], vocab_only=True, verbose=False)
    seen: Counter[int] = Counter()
    sizes: dict[str, int] = defaultdict(int)
    for path in _files(map(Path, arguments[1:])):
        kind = path.suffix[1:].lower()
        if sizes[kind] < BYTES_A_KIND:
            text = path.read_bytes()[:BYTES_A_FILE].decode("utf-8", "ignore")
            if "\0" not in text:
                sizes[kind] += len(text)
                # llama.cpp ends the process on what is no UTF-8.
                seen.update(model.tokenize(text.encode(), add_bos=False, special=False))
    often = sorted(seen, key=lambda token: (-seen[token], token))[:TOKENS]
    texts = sorted(_text(model, token) for token in often)
    TARGET.write_text("\n".join(texts) + "\n", encoding="utf-8")
    share = sum(seen[token] for token in often) / seen.total()
    print(f"{sum(sizes.values()) / 1e6:.0f} MB of {len(sizes)} kinds; {len(seen)} tokens seen")
    print(f"{len(texts)} kept, which are {share:.4%} of those in the files")
    return 0


def _files(folders: Iterable[Path]) -> list[Path]:
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix[1:].lower() in KINDS and path.is_file() and not path.is_symlink():
                head = path.open("rb").read(4096)
                found[hashlib.sha256(head).digest()] = path
    return [found[key] for key in sorted(found)]


def _text(model: llama_cpp.Llama, token: int) -> str:
    raw: bytes = llama_cpp.llama_vocab_get_text(llama_cpp.llama_model_get_vocab(model.model), token)
    return raw.decode("utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
