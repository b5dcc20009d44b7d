"""Check the language of the documents: proselint's rules, and a few of our own.

    python3 -m tools.prose [PAGE...]

Without pages, all of them but the changelog. Code, in blocks or in a line, is not looked at.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
PATTERNS = ("*.md", "docs/**/*.md", "models/**/*.md", "benchmarks/*.md", "editors/*/README.md")

IGNORED_CHECKS = ("annotations", "dates_times", "typography")
"""Documents name TODO comments, ranges of figures and the straight quotes of code on purpose."""

_CODE = re.compile(
    r"^ *```.*?^ *```"  # a block
    r"|`[^`]+`"  # code in a line
    r"|(?<=\]\()[^)\s]+"  # the target of a link
    r"|<[^>\n]+>",  # a tag
    re.MULTILINE | re.DOTALL,
)


class Rule(NamedTuple):
    """Words that are not written here, and what to do about them."""

    pattern: re.Pattern[str]
    advice: str


RULES = (
    Rule(
        re.compile(r"\b(?:(?:some|any|no|every)body|someone|whoever)\b", re.IGNORECASE),
        "Name the actor: the user, the editor, the server, the engine.",
    ),
    Rule(
        re.compile(r"(?:(?<=\. )|(?<=\.\n)|(?<=\n\n)|(?<=- ))(?:What(?:ever)?|Who)\b[^?*.]{3,}\."),
        "Begin the sentence with its subject, a noun, not with a clause.",
    ),
)


class Complaint(NamedTuple):
    """What is wrong at a position; `line` and `column` count from 1."""

    line: int
    column: int
    message: str


def prose(page: str) -> str:
    """Return the text of `page`, as long as it and with its lines, without code and cells."""
    text = _CODE.sub(lambda found: re.sub(r"[^\n]", "·", found[0]), page)
    return text.replace("|", ";")


def own_complaints(text: str) -> Iterator[Complaint]:
    """Yield where `text`, the prose of a page, breaks our own rules."""
    for rule in RULES:
        for found in rule.pattern.finditer(text):
            before = text[: found.start()]
            column = found.start() - before.rfind("\n")
            yield Complaint(before.count("\n") + 1, column, f"{found[0]!r}: {rule.advice}")


def proselint_complaints(texts: Sequence[str]) -> list[list[Complaint]]:
    """Return where each of `texts`, the prose of a page, breaks proselint's rules.

    Raises CalledProcessError where proselint is missing or fails itself.
    """
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "config.json"
        config.write_text(json.dumps({"checks": dict.fromkeys(IGNORED_CHECKS, False)}))
        files = [Path(name).resolve() / f"{at}.md" for at in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "proselint", "check", "--config", str(config)]
        ended = subprocess.run(
            [*command, "--output-format", "json", *map(str, files)],
            stdout=subprocess.PIPE,
            check=False,
        )
        if not ended.stdout:
            ended.check_returncode()
        result = json.loads(ended.stdout)["result"]
    return [
        [
            Complaint(line=one["pos"][0], column=one["pos"][1], message=one["message"])
            for one in result[file.as_uri()]["diagnostics"]
        ]
        for file in files
    ]


def pages() -> list[Path]:
    """Return the documents that are checked."""
    found = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(found - {ROOT / "CHANGELOG.md"})


def main() -> int:
    """Print each complaint; return 1 if there is one."""
    checked = [Path(name).resolve() for name in sys.argv[1:]] or pages()
    texts = [prose(page.read_text(encoding="utf-8")) for page in checked]
    failed = False
    for page, text, others in zip(checked, texts, proselint_complaints(texts), strict=True):
        for complaint in sorted([*own_complaints(text), *others]):
            place = f"{page}:{complaint.line}:{complaint.column}"
            print(f"{place}: {' '.join(complaint.message.split())}")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
