"""The commands around the server: demo, engine, config, version, and wrong usage."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import pytest

from slm_lsp import __version__
from slm_lsp.cli.main import main
from slm_lsp.settings.schema import setting_names

if TYPE_CHECKING:
    from tests.harness.world import World


def choose(world: World, settings: str) -> None:
    """Make `settings` the user's own."""
    (world.config / "slm-lsp" / "slm-lsp.toml").write_text(settings, encoding="utf-8")


async def test_the_demo_types_a_file_and_counts(world: World):
    choose(world, f'model = "{world.fake({"after": "x = ", "text": "alpha + beta"})}"')
    (world.project / "a.py").write_text("import os\nx = alpha + beta\n", encoding="utf-8")
    finished = await world.cli("demo", "a.py", "--line", "2")
    assert finished.code == 0, finished
    assert "alpha + beta" in finished.stdout
    assert "12 of them accepted from 1 ghost texts" in " ".join(finished.stdout.split())


@pytest.mark.parametrize(
    "args", [("missing.py",), (".",), ("a.py", "--line", "9"), ("a.py", "--lines", "0")]
)
async def test_a_demo_of_nothing_says_so(world: World, args: tuple[str, ...]):
    (world.project / "a.py").write_text("x = 1\n", encoding="utf-8")
    finished = await world.cli("demo", *args)
    assert finished.code == 2
    assert finished.stderr.startswith("slm-lsp: ")
    assert finished.stderr.count("\n") == 1


async def test_what_is_said_moves_no_cursor(world: World):
    finished = await world.cli("models", "verify", "\x1b[2J\x07evil")
    assert finished.code == 1
    assert "evil" in finished.stderr
    assert not set("\x1b\x07") & set(finished.stderr)


async def test_a_folder_that_is_gone_is_said(world: World):
    gone = ("sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh")
    world.command = (*gone, *world.command)
    for command in (("config", "show"), ("doctor",), ("complete", "a.py:1:1")):
        finished = await world.cli(*command)
        assert finished.code == 2
        assert finished.stderr == "slm-lsp: This folder is gone; change to another one.\n"


@pytest.mark.parametrize("command", [("models", "list"), ("config", "show"), ("--help",)])
async def test_output_that_nobody_takes_is_no_traceback(world: World, command: tuple[str, ...]):
    world.command = ("sh", "-c", '{ "$@"; echo $? >code; } | true', "sh", *world.command)
    finished = await world.cli(*command)
    assert finished.stderr == ""
    assert (world.project / "code").read_text() in ("0\n", "1\n")


@pytest.mark.parametrize("command", [("models", "list", "--json"), ("config", "show")])
async def test_output_to_a_full_disk_fails_in_one_line(world: World, command: tuple[str, ...]):
    world.command = ("sh", "-c", 'exec "$@" >/dev/full', "sh", *world.command)
    finished = await world.cli(*command)
    assert finished.code == 1
    assert finished.stderr == "slm-lsp: [Errno 28] No space left on device.\n"


async def test_a_terminal_without_all_letters_gets_what_it_can_show(world: World):
    choose(world, f'model = "{world.fake({"after": "x", "text": "y"})}"')
    world.env["PYTHONIOENCODING"] = "ascii"
    finished = await world.cli("doctor")
    assert "Traceback" not in finished.stderr
    assert "? model" in finished.stdout


async def test_a_file_that_decides_is_named_in_full(world: World):
    folder = world.project / "a-folder-with-quite-a-long-name" / "[slug]" / "[/b]"
    folder.mkdir(parents=True)
    (folder / "slm-lsp.toml").write_text("enabled = false\n", encoding="utf-8")
    finished = await world.cli("config", "show", cwd=folder)
    assert finished.code == 0, finished
    cells = [line.split("│")[3].strip() for line in finished.stdout.splitlines() if "│" in line]
    assert str(folder / "slm-lsp.toml") in "".join(cells)


@pytest.mark.parametrize("command", [["models", "list"], ["serve"]])
def test_a_user_without_a_home_is_told(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Root has one on every machine, so the system's part of it is played."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert main(command) == 2
    assert "name one in HOME" in capsys.readouterr().err


async def test_an_engine_leaves_when_it_was_idle_for_long(world: World):
    choose(world, f'model = "{world.fake()}"\nengine = {{ idle-minutes = 0.01 }}')
    (world.project / "a.py").write_text("x = 1\ny = \n", encoding="utf-8")
    assert (await world.cli("complete", "a.py:2:5")).code == 0
    assert len(json.loads((await world.cli("engine", "status", "--json")).stdout)["engines"]) == 1
    async with asyncio.timeout(10):
        while world.processes():  # noqa: ASYNC110 (another process has no event for us)
            await asyncio.sleep(0.05)


async def test_an_engine_can_be_stopped(world: World):
    choose(world, f'model = "{world.fake()}"')
    (world.project / "a.py").write_text("x = 1\ny = \n", encoding="utf-8")
    await world.cli("complete", "a.py:2:5")
    assert (await world.cli("engine", "stop")).stdout == "Stopped 1.\n"
    assert (await world.cli("engine", "stop")).stdout == "No engine is running.\n"
    assert json.loads((await world.cli("engine", "status", "--json")).stdout) == {"engines": []}


async def test_the_schema_has_every_setting(world: World):
    schema = (await world.cli("config", "schema")).stdout
    assert json.loads(schema)["$defs"]
    assert all(f'"{name.split(".")[-1]}"' in schema for name in setting_names())


async def test_the_version(world: World):
    assert (await world.cli("--version")).stdout == f"slm-lsp {__version__}\n"


@pytest.mark.parametrize(
    "args", [("nonsense",), ("engine",), ("complete",), ("models", "eat"), ("doctor", "--loud")]
)
async def test_wrong_usage_is_exit_code_2(world: World, args: tuple[str, ...]):
    finished = await world.cli(*args)
    assert finished.code == 2
    assert "usage: slm-lsp" in finished.stderr
    assert finished.stdout == ""
