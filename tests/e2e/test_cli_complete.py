"""`slm-lsp complete FILE:LINE:COL`: one completion for a file on disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.world import ADD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.world import Finished, World

FUNCTION = "def add(a, b):\n    \n"
TIMINGS = {
    "total_ms",
    "context_ms",
    "queue_ms",
    "prefill_ms",
    "decode_ms",
    "prompt_tokens",
    "cached_tokens",
    "evaluated_tokens",
    "generated_tokens",
    "decoded_tokens",
}


def choose(world: World, model: str) -> None:
    """Make `model` the user's own setting."""
    path = world.config / "slm-lsp" / "slm-lsp.toml"
    path.write_text(f'model = "{model}"\n', encoding="utf-8")


def write(world: World, content: str | bytes, name: str = "a.py") -> Path:
    path = world.project / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


async def complete(world: World, target: object) -> dict[str, Any]:
    """Run `complete --json` on a good target and return what it prints."""
    finished = await world.cli("complete", str(target), "--json")
    assert finished.code == 0, finished
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def assert_one_clear_error(finished: Finished, *codes: int) -> None:
    assert finished.code in codes
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    assert len(finished.stderr.strip().splitlines()) == 1, finished.stderr


@pytest.fixture(scope="module")
def ready(shared_world):
    """A world in which the user has chosen a model; its engine serves the whole module."""
    choose(shared_world, shared_world.fake(ADD))
    return shared_world


async def test_json_has_everything_that_was_promised(ready):
    answer = await complete(ready, f"{write(ready, FUNCTION)}:2:5")
    [item] = answer["items"]
    assert item["insert_text"] == "return a + b"
    assert item["range"]["start"]["line"] == item["range"]["end"]["line"]
    assert 0 < item["confidence"] <= 1
    assert answer["model"].startswith("fake:")
    assert set(answer["timings"]) == TIMINGS
    assert answer["timings"]["generated_tokens"] > 0
    assert answer["dropped"] is None


async def test_without_json_the_completion_is_printed(ready):
    finished = await ready.cli("complete", f"{write(ready, FUNCTION)}:2:5")
    assert (finished.code, finished.stdout) == (0, "return a + b\n")


async def test_nothing_to_offer_is_no_failure_and_says_why(ready):
    answer = await complete(ready, f"{write(ready, 'word = 1')}:1:2")
    assert answer["items"] == []
    assert answer["dropped"]


async def test_the_middle_of_a_large_file(ready):
    text = "value = 1\n" * 5_000 + FUNCTION + "value = 1\n" * 5_000
    answer = await complete(ready, f"{write(ready, text)}:5002:5")
    assert [item["insert_text"] for item in answer["items"]] == ["return a + b"]


@pytest.mark.parametrize(
    "content",
    [
        FUNCTION.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + FUNCTION.encode(),
        FUNCTION.rstrip("\n").encode(),
    ],
    ids=["crlf", "bom", "no newline at the end"],
)
async def test_any_kind_of_text_file(ready, content):
    answer = await complete(ready, f"{write(ready, content)}:2:5")
    assert [item["insert_text"] for item in answer["items"]] == ["return a + b"]


async def test_an_empty_file(ready):
    assert (await complete(ready, f"{write(ready, '')}:1:1"))["items"] == []


@pytest.mark.parametrize(
    "name", ["a:b.py", "12:34.py", "with space.py", "é😀.py", "-a.py", "na\udcffme.py"]
)
async def test_any_file_name(ready, name):
    answer = await complete(ready, f"{write(ready, FUNCTION, name)}:2:5")
    assert [item["insert_text"] for item in answer["items"]] == ["return a + b"]


async def test_a_relative_path(ready):
    write(ready, FUNCTION)
    assert (await complete(ready, "a.py:2:5"))["items"] != []


async def test_a_file_that_is_not_utf8_is_refused(ready):
    target = write(ready, "name = 'café'\n".encode("latin-1"))
    finished = await ready.cli("complete", f"{target}:1:1", "--json")
    assert_one_clear_error(finished, 1, 2)
    assert "UTF-8" in finished.stderr


@pytest.mark.parametrize(
    "place",
    [
        ":0:0",
        ":1:0",
        ":0:1",
        ":9999:1",
        ":-1:1",
        ":1:-1",
        "",
        ":",
        "::",
        ":1",
        ":x:y",
        f":{'9' * 5000}:1",
    ],
)
async def test_a_place_that_does_not_exist_is_refused(ready, place):
    target = write(ready, FUNCTION)
    assert_one_clear_error(await ready.cli("complete", f"{target}{place}", "--json"), 1, 2)


async def test_a_missing_file_is_refused(ready):
    finished = await ready.cli("complete", f"{ready.project / 'none.py'}:1:1", "--json")
    assert_one_clear_error(finished, 1, 2)
    assert "none.py" in finished.stderr


async def test_a_folder_is_refused(ready):
    assert_one_clear_error(await ready.cli("complete", f"{ready.project}:1:1", "--json"), 1, 2)


async def test_no_target_is_wrong_usage(ready):
    finished = await ready.cli("complete")
    assert (finished.code, finished.stdout) == (2, "")


async def test_a_model_that_cannot_be_loaded_fails_with_its_reason(world):
    choose(world, world.fake(load_error="The file is damaged."))
    finished = await world.cli("complete", f"{write(world, FUNCTION)}:2:5", "--json")
    assert_one_clear_error(finished, 1)
    assert "The file is damaged." in finished.stderr


async def test_a_model_that_is_not_installed_fails_and_says_what_to_do(world):
    finished = await world.cli("complete", f"{write(world, FUNCTION)}:2:5", "--json")
    assert_one_clear_error(finished, 1)
    assert "slm-lsp models pull" in finished.stderr


async def test_a_project_cannot_choose_the_model(world):
    write(world, 'model = "other"\n', "slm-lsp.toml")
    finished = await world.cli("complete", f"{write(world, FUNCTION)}:2:5", "--json")
    assert "'model'" in finished.stderr
    assert "qwen2.5-coder-0.5b-instruct" in finished.stderr  # the default, not installed here


async def test_the_answer_is_the_same_every_time(ready):
    target = f"{write(ready, FUNCTION)}:2:5"
    answers = [(await complete(ready, target))["items"] for _ in range(2)]
    assert answers[0] == answers[1] != []
