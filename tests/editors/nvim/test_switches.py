"""`:SlmLsp`: switches, status, restart; and what happens when the engine is killed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.neovim import Neovim

FUNCTION = "def add(a, b):\n    \n"


@pytest.fixture
def offered(nvim, world):
    """Give the test a Neovim that shows `return a + b`."""
    nvim.open(world.project / "add.py", FUNCTION)
    nvim.keys("jA")
    nvim.wait_ghost("return a + b")
    return nvim


def run(nvim: Neovim, arguments: str) -> None:
    nvim.call("nvim_command", f"SlmLsp {arguments}")


def said(nvim: Neovim, text: str) -> None:
    nvim.wait(lambda: text in nvim.said(), f"it does not say {text!r}")


def assert_off(nvim: Neovim) -> None:
    nvim.wait_ghost("")
    nvim.keys("r<BS>")
    time.sleep(0.4)
    assert nvim.ghost() == ""


def assert_on(nvim: Neovim) -> None:
    def ghost_after_a_key() -> bool:
        nvim.keys("r<BS>")
        time.sleep(0.3)
        return nvim.ghost() == "return a + b"

    # The server reads its files before settings take effect, so the first key may be too early.
    nvim.wait(ghost_after_a_key, "no ghost text")


def test_off_and_on(offered):
    run(offered, "disable")
    assert_off(offered)
    assert offered.lua("return require('slm_lsp').statusline()") == "slm off"
    run(offered, "why")
    said(offered, "switched off")
    run(offered, "toggle")
    assert_on(offered)
    assert offered.lua("return require('slm_lsp').statusline()").startswith("slm")


def test_snooze_ends_by_itself(offered):
    run(offered, "snooze 0.05")
    assert_off(offered)
    offered.wait(lambda: offered.lua("return require('slm_lsp').is_enabled()"), "it sleeps")
    assert_on(offered)


def test_a_snooze_of_no_time_is_refused(nvim):
    run(nvim, "snooze soon")
    said(nvim, "snooze takes minutes")


def test_one_filetype(offered, world):
    run(offered, "filetype")
    said(offered, "off for python")
    assert_off(offered)
    run(offered, "filetype python")
    said(offered, "on for python")
    assert_on(offered)


def test_status_and_why(offered):
    run(offered, "status")
    said(offered, "is ready; on for python")

    def why() -> bool:
        run(offered, "why")
        return "offered after" in offered.said()

    offered.wait(why, "it does not say why")  # what the server tells follows its answer


def test_an_unknown_command_says_what_there_is(nvim):
    run(nvim, "nonsense")
    said(nvim, "disable, enable, filetype")


def test_command_lines_complete(nvim):
    complete = "return require('slm_lsp.command').complete(...)"
    assert nvim.lua(complete, "sn", "SlmLsp sn") == ["snooze"]
    assert "python" in nvim.lua(complete, "py", "SlmLsp filetype py")
    assert nvim.lua(complete, "", "SlmLsp why ") == []


def test_a_restarted_server_keeps_the_switches(offered):
    before = offered.lua("return vim.lsp.get_clients({ name = 'slm_lsp' })[1].id")
    run(offered, "filetype python")
    run(offered, "restart")
    offered.wait(offered.attached, "the server is not attached")
    assert offered.lua("return vim.lsp.get_clients({ name = 'slm_lsp' })[1].id") != before
    assert_off(offered)
    run(offered, "filetype python")
    assert_on(offered)
    offered.assert_in_sync()


async def test_a_killed_engine_comes_back(offered, world):
    await world.kill_engine()
    offered.keys("<C-u>x = 1<CR>def add(a, b):<CR><C-u>    ")
    offered.wait_ghost("return a + b")
    offered.assert_in_sync()


def test_health_says_what_works(nvim, world):
    nvim.open(world.project / "add.py", FUNCTION)
    nvim.call("nvim_command", "checkhealth slm_lsp")
    report = nvim.text()
    assert "Server:" in report
    assert "Running in" in report
    assert "drawn by the plugin" in report


@pytest.mark.parametrize(
    "topic", ["slm_lsp", ":SlmLsp", "slm_lsp.setup()", "<Plug>(slm-lsp-accept)"]
)
def test_help_has(nvim, topic):
    nvim.call("nvim_command", f"help {topic}")
    assert nvim.lua("return vim.fn.expand('%:t')") == "slm_lsp.txt"


@pytest.mark.parametrize(
    ("filetype", "attached"),
    [
        ("vue", True),
        ("terraform", True),
        ("jsonc", True),
        ("python.django", True),
        ("yaml.ansible", True),
        ("help", False),
        ("man", False),
    ],
)
def test_the_server_is_attached_whatever_the_filetype(nvim, filetype, attached):
    nvim.call("nvim_command", "enew")
    nvim.call("nvim_command", f"setlocal filetype={filetype}")
    count = "return #vim.lsp.get_clients({ bufnr = 0, name = 'slm_lsp' })"
    if attached:
        nvim.wait(lambda: nvim.lua(count) == 1, "no server")
    else:
        time.sleep(0.5)
        assert nvim.lua(count) == 0
