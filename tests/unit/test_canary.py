"""A workspace full of secrets, in which completions are asked for everywhere."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec
import pytest

from slm_lsp.completion.answers import Answers
from slm_lsp.completion.complete import complete
from slm_lsp.completion.prefetch import prefetch, read_ahead
from slm_lsp.completion.request import Request
from slm_lsp.context.secrets import MASK
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.protocol import Priority
from slm_lsp.inference.worker.fake import FakeModel, Script
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.settings.schema import Settings
from slm_lsp.syntax.languages import language_of
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import (
    Completion,
    Cursor,
    Document,
    Span,
)
from tests.unit.planted import KINDS, plant

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from slm_lsp.inference.protocol import Event, Generate

SECRETS = 100
PER_FILE = 5
FILES = ("app{}.py", "src/app{}.ts", "app{}.go", "conf{}.yaml", "notes{}.txt", "build{}.sh")
WINDOW = 40
"""Lines between secrets; files are longer than a window, so its edges lie everywhere."""


class Recorder(Scheduler):
    """Remembers all that a model would read."""

    def __init__(self) -> None:
        super().__init__(FakeModel(Script(default="value = 1\n")), AbortFlag())
        self.read: list[str] = []

    def generate(self, request: Generate, client: str = "") -> AsyncGenerator[Event, None]:
        self.read += map(str, msgspec.structs.astuple(request.prompt))
        return super().generate(request, client)


@pytest.fixture
async def engine() -> AsyncIterator[Recorder]:
    made = Recorder()
    yield made
    await made.close()


def workspace() -> tuple[list[str], list[Document]]:
    """Return a hundred secrets, of all kinds, and the documents that they stand in."""
    chance = random.Random(4711)
    secrets, documents = [], []
    for number in range(SECRETS // PER_FILE):
        lines = [f"import module{number}", ""]
        for place in range(PER_FILE):
            secret, text = plant(KINDS[(number * PER_FILE + place) % len(KINDS)], chance)
            secrets.append(secret)
            lines += [f"value_{n} = compute(value_{n - 1})" for n in range(WINDOW)]
            lines += text.split("\n")
        name = FILES[number % len(FILES)].format(number)
        text = "\n".join([*lines, "last = 1", ""])
        uri = f"file:///project/{name}"
        documents.append(Document.of(text, uri=uri, language=language_of(name), path=name))
    return secrets, documents


def traces(secrets: list[str]) -> set[str]:
    """Return what is left of a secret if a part of it got through."""
    parts = [part for secret in secrets for part in secret.replace("\\n", "\n").split("\n")]
    return {part[at : at + 9] for part in parts for at in range(0, len(part) - 8, 4)}


async def test_no_secret_is_in_any_prompt_cache_or_log(engine: Recorder, caplog):
    caplog.set_level("DEBUG")
    secrets, documents = workspace()
    answers, settings = Answers(), Settings()
    for document in documents:
        parsed = parse(document)
        syntax = parsed if isinstance(parsed, Syntax) else None
        for line in range(2, len(document.lines) - 1, 9):
            ends = (len(document.lines[line]) - 1, len(document.lines[line]) // 2)
            for column in ends:
                request = Request(document, syntax, Cursor(line, column), invoked=True)
                await complete(request, settings, answers, engine)
                await read_ahead(request, settings, engine, Priority.WARM_UP)
            offered = Completion("x", Span.at(request.cursor), 1.0)
            await prefetch(request, offered, settings, answers, engine)
    assert len(secrets) == SECRETS
    assert any(MASK in text for text in engine.read)
    seen = "\n".join([*engine.read, caplog.text])
    for _, _, prompt in answers.cache._answers:
        seen += prompt.prefix + prompt.suffix
    assert [trace for trace in traces(secrets) if trace in seen] == []
    planted = "".join(document.lines.text() for document in documents)
    assert all(any(trace in planted for trace in traces([secret])) for secret in secrets)
