"""What doctor concludes from what it sees."""

from __future__ import annotations

import getpass
import os
import platform
import tempfile
from typing import TYPE_CHECKING

import pytest

from slm_lsp.doctor import system
from slm_lsp.doctor.editors import EDITORS, is_set_up
from slm_lsp.doctor.engine import network, placement
from slm_lsp.doctor.model import context
from slm_lsp.doctor.redaction import redacted
from slm_lsp.doctor.support import write
from slm_lsp.doctor.system import backend, processor
from slm_lsp.errors import ModelUnusable, UsageError
from slm_lsp.inference.llama.hardware import Backends, Device
from slm_lsp.inference.llama.offload import Placement
from slm_lsp.models import runtime
from slm_lsp.settings.schema import (
    CompletionSettings,
    ContextSettings,
    EngineSettings,
    Settings,
)

if TYPE_CHECKING:
    from pathlib import Path

HASWELL = frozenset({"avx", "avx2", "fma", "f16c", "bmi2"})


@pytest.mark.parametrize(
    ("features", "flags", "state", "named"),
    [
        (("AVX", "AVX2", "FMA", "F16C", "BMI2", "OPENMP"), HASWELL, "ok", "uses AVX, AVX2"),
        (("AVX", "AVX2", "FMA", "F16C", "AVX512"), HASWELL, "failed", "built for AVX512"),
        (("AVX",), HASWELL, "warning", "not AVX2"),
        (("AVX2", "FMA", "F16C"), HASWELL, "ok", "not AVX, BMI2"),
        (("NEON", "DOTPROD"), frozenset[str](), "ok", "uses NEON, DOTPROD"),
        ((), HASWELL, "warning", "uses nothing special"),
    ],
)
def test_the_runtime_and_the_processor(
    features: tuple[str, ...], flags: frozenset[str], state: str, named: str
):
    found = processor(Backends((), (), "native", features), flags)
    assert found.state == state
    assert named in found.detail
    assert bool(found.advice) == (state != "ok")


def test_a_runtime_whose_compiler_got_tiles_wrong():
    flags = frozenset({"avx2", "amx_int8"})
    found = processor(Backends((), (), "native", ("AVX2",), "GCC 12.2"), flags)
    assert found.state == "warning"
    assert "not AMX_INT8, which its compiler (GCC 12.2) got wrong" in found.detail
    assert "GCC 14" in found.advice
    elsewhere = Backends((), (), "native", ("AVX2",), "GCC 12.2")
    assert processor(elsewhere, frozenset({"avx2"})).state == "ok"


def test_a_runtime_that_ends_its_process(monkeypatch: pytest.MonkeyPatch):
    def killed(*_arguments: str, module: str) -> bytes:
        raise ModelUnusable(f"{module} was ended by signal 4.")

    monkeypatch.setattr(runtime, "run", killed)
    found = {one.name: one for one in system.look()}
    assert found["runtime"].state == "failed"
    assert "ended by signal 4" in found["runtime"].detail
    assert "pip install" in found["runtime"].advice
    assert "processor" not in found


def test_a_card_that_the_runtime_was_built_for_and_does_not_find():
    cpu = Device("CPU", "a processor", is_card=False, free_bytes=0)
    assert backend(Backends((cpu,), (), "native", ())).state == "ok"
    found = backend(Backends((cpu,), ("vulkan",), "native", ()))
    assert found.state == "warning"
    assert "no card for Vulkan" in found.detail
    assert "driver" in found.advice


def test_what_computes_and_why_not_a_card():
    full = Placement(0, 31, reason="a card (CUDA0) has no room for a layer")
    assert placement(str(full)).state == "warning"
    assert "CUDA0" in placement(str(full)).detail
    assert "engine.gpuLayers" in placement(str(full)).advice
    card = Device("CUDA0", "Nvidia: a card", is_card=True, free_bytes=0)
    for fine in (Placement(0, 31), Placement(4, 31, (card,))):
        assert placement(str(fine)).state == "ok"


def test_budgets_that_do_not_fit_the_context():
    assert context(Settings()).state == "ok"
    small = Settings(
        completion=CompletionSettings(max_tokens=64),
        context=ContextSettings(prefix_tokens=1000, suffix_tokens=400, definition_tokens=100),
        engine=EngineSettings(context_tokens=1500),
    )
    assert context(small).state == "warning"
    assert "1564" in context(small).advice


def test_the_network_in_words():
    assert "can open no network socket" in network(Settings(), "").detail
    unsealed = network(Settings(offline=True), "no filter")
    assert unsealed.state == "warning"
    assert "used for nothing" in unsealed.detail
    assert "no filter" in unsealed.detail
    assert network(Settings(), None).state == "ok"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def knows_us(name: str) -> bool:
    return next(is_set_up(one) for one in EDITORS if one.name == name)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("VS Code", ".vscode/extensions/slm-lsp.slm-lsp-0.1.0"),
        ("VS Code", ".vscode-oss/extensions/slm-lsp.slm-lsp-0.1.0"),
        ("Neovim", ".local/share/nvim/lazy/slm/lua/slm_lsp"),
        ("Neovim", ".local/share/nvim/site/pack/any/start/slm/lua/slm_lsp"),
    ],
)
def test_an_editor_is_set_up_where_our_extension_is(name: str, folder: str, home: Path):
    (home / folder).parent.mkdir(parents=True)
    assert not knows_us(name)
    (home / folder).mkdir()
    assert knows_us(name)


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("Neovim", ".config/nvim/init.lua", "vim.lsp.enable('slm_lsp')"),
        ("Helix", ".config/helix/languages.toml", "[language-server.slm-lsp]"),
        ("Emacs", ".emacs.d/init.el", '("slm-lsp")'),
    ],
)
def test_an_editor_is_set_up_where_its_configuration_names_us(
    name: str, file: str, content: str, home: Path
):
    (home / file).parent.mkdir(parents=True)
    (home / file).write_text(content.replace("slm", "other"))
    assert not knows_us(name)
    (home / file).write_text(content)
    assert knows_us(name)


def test_a_pipe_among_an_editors_files_is_not_waited_for(home: Path):
    (home / ".config" / "helix").mkdir(parents=True)
    os.mkfifo(home / ".config" / "helix" / "languages.toml")
    assert not knows_us("Helix")


def test_an_editors_configuration_is_looked_for_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert not knows_us("Helix")
    (tmp_path / "helix").mkdir()
    (tmp_path / "helix" / "languages.toml").write_text('command = "slm-lsp"')
    assert knows_us("Helix")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from {home}/code/app/slm-lsp.toml, ignored", "from <project>/slm-lsp.toml, ignored"),
        ("from {home}/code/slm-lsp.toml", "from <project>/slm-lsp.toml"),
        ("no {home}/other/secret.gguf.", "no <home>"),
        ("({home}/code/app/secret.py)", "(<project>)"),
        ("/mnt/disk/secret.gguf is no model", "<path> is no model"),
        ("'/mnt/disk/secret'", "'<path>'"),
        (
            "/usr/bin/nvim and /etc/slm-lsp/policy.toml",
            "/usr/bin/nvim and /etc/slm-lsp/policy.toml",
        ),
        ("https://secret.example.com/x", "<url>"),
        ("at https://me:hunter2@secret.example:8443/x, too", "at <url> too"),
        ("'{home}/other files/secret.py' and '{home}'", "'<home>' and '<home>'"),
        ("'/mnt/my disk/secret' is", "'<path>' is"),
        ("'/usr/my disk/x' is", "'/usr/my disk/x' is"),
        ("reads 3/4 of it", "reads 3/4 of it"),
    ],
)
def test_places_are_taken_out(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = tmp_path / "a person"
    monkeypatch.setenv("HOME", str(home))
    assert redacted(text.format(home=home), home / "code" / "app") == expected


def test_a_place_that_only_begins_as_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/srv/al")
    said = "/srv/al, /srv/alice/secret and /srv/al.old/secret"
    assert redacted(said, tmp_path) == "<home>, <path> and <path>"


def test_what_is_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", "/srv/tmp")
    assert redacted("/srv/tmp/secret.py is", tmp_path) == "<temporary> is"


def test_a_home_that_is_the_root_takes_nothing_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/")
    assert redacted("10 tokens/s in /etc/x", tmp_path) == "10 tokens/s in /etc/x"


@pytest.mark.parametrize("unknown", [KeyError, OSError])
def test_a_user_without_a_name(
    unknown: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def nobody() -> str:
        raise unknown("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(platform, "node", lambda: "host1.corp.example")
    assert redacted("host1, host1.corp.example", tmp_path) == "<name>, <name>"


def test_a_bundle_replaces_no_file(tmp_path: Path):
    file = tmp_path / "main.py"
    file.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write(file, tmp_path, [])
    assert file.read_text() == "mine"


def test_names_are_taken_out_as_words_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOGNAME", "jane")
    assert redacted("jane, janet", tmp_path) == "<name>, janet"
