"""`slm-lsp doctor`: what it says, and what its support bundle does not say."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.administrator import decree
from tests.harness.world import World

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary"

LOG = f"""Traceback (most recent call last):
  File "/home/{CANARY}/lib/slm_lsp/inference/worker/process.py", line 12, in _load
    {CANARY} = load("{CANARY}")
ValueError: {CANARY} is no number
/home/{CANARY}/llama.cpp/ggml/src/ggml.c:1633: GGML_ASSERT(n > 0) failed
{CANARY}
"""


def choose(world: World, settings: str) -> None:
    (world.config / "slm-lsp" / "slm-lsp.toml").write_text(settings, encoding="utf-8")


async def findings(world: World, code: int) -> dict[str, dict[str, Any]]:
    finished = await world.cli("doctor", "--json")
    assert finished.code == code, finished
    return {one["name"]: one for one in json.loads(finished.stdout)["findings"]}


async def test_it_is_content_with_a_working_model(world: World):
    choose(world, f'model = "{world.fake({"after": "", "text": "a + b"})}"')
    found = await findings(world, 0)
    assert found["engine"]["state"] == found["model"]["state"] == "ok"
    assert "offline is off" in found["settings"]["detail"]
    assert found["processor"]["state"] != "failed"
    assert found["engines"]["detail"].startswith("none is running")
    assert "the engine" in found["network"]["detail"]
    again = await findings(world, 0)
    assert "is ready for 0 clients" in again["engines"]["detail"]


async def test_it_says_what_to_do_about_a_missing_model(world: World):
    found = await findings(world, 1)
    assert found["model"]["state"] == "failed"
    assert "slm-lsp models pull" in found["model"]["detail"]


async def test_it_says_why_a_model_does_not_load(world: World):
    choose(world, f'model = "{world.fake(load_error="The file is no good.")}"')
    found = await findings(world, 1)
    assert "The file is no good." in found["engine"]["detail"]
    assert "no engine runs" in found["network"]["detail"]


async def test_it_names_what_is_wrong_in_settings(world: World):
    choose(world, f'model = "{world.fake()}"\ncolour = 1\n[context]\nprefix-tokens = 9000\n')
    found = await findings(world, 0)
    assert "'colour'" in found["settings"]["detail"]
    assert found["settings"]["state"] == found["context"]["state"] == "warning"


async def test_it_shows_the_policy(world: World):
    decree(world, "offline = true\nallowed-models = []\n[locked-settings]\nstatistics = false\n")
    choose(world, f'model = "{world.fake()}"\n')
    found = await findings(world, 1)
    assert found["policy"]["state"] == "ok"
    assert "locked: statistics, offline" in found["policy"]["detail"]
    assert "offline is on" in found["settings"]["detail"]
    assert "does not allow this model" in found["engine"]["detail"]
    decree(world, "ofline = true\n")
    found = await findings(world, 1)
    assert found["policy"]["state"] == "failed"
    assert "ofline" in found["policy"]["detail"]
    assert found["engine"]["state"] == "failed"


@pytest.mark.model
async def test_it_knows_the_default_model():
    world = World(test_model=True)
    try:
        found = await findings(world, 0)
        assert "SHA-256" in found["checksum"]["detail"]
        assert "tokens/s" in found["speed"]["detail"]
        assert "2112 of 2560 tokens" in found["context"]["detail"]
        assert found["engine"]["state"] == "ok"
    finally:
        world.close()


def settle(world: World) -> Path:
    """Give `world` a home, a project and a log whose names and contents are all the canary's."""
    home = world.root / f"{CANARY} home"
    project = home / f"{CANARY}-client" / f"{CANARY} project"
    project.mkdir(parents=True)
    (project / f"{CANARY}.py").write_text(f"{CANARY} = 1\n", encoding="utf-8")
    (project.parent / "slm-lsp.toml").write_text(
        "colour = 5\n[context]\ndefinition-tokens = 100\n", encoding="utf-8"
    )
    script = home / f"{CANARY}.json"
    script.write_text(json.dumps({"load_error": f"{home}/{CANARY}.gguf is no model"}), "utf-8")
    (home / ".config" / "slm-lsp").mkdir(parents=True)
    settings = f'model = "fake:{script}"\n'
    (home / ".config" / "slm-lsp" / "slm-lsp.toml").write_text(settings, encoding="utf-8")
    world.env |= {"HOME": str(home), "HTTPS_PROXY": f"http://{CANARY}:{CANARY}@proxy"}
    for name in ("CONFIG", "CACHE", "STATE", "DATA"):
        del world.env[f"XDG_{name}_HOME"]
    del world.env["SLM_LSP_STORE"]
    world.runtime.mkdir(mode=0o700)
    (world.runtime / "engine.log").write_text(LOG, encoding="utf-8")
    return project


async def test_the_support_bundle_has_no_code_no_places_and_no_names(world: World):
    project = settle(world)
    file = world.root / "support.zip"
    finished = await world.cli("doctor", "--bundle", str(file), cwd=project)
    assert finished.code == 1  # the model does not load
    assert CANARY in finished.stdout, "what is printed for the user may name it"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(parts) == {"doctor.json", "settings.json", "versions.json", "engine-log.json"}
    assert not [text for text in parts.values() if CANARY in text]
    found = {one["name"]: one for one in json.loads(parts["doctor.json"])["findings"]}
    assert "<project>/slm-lsp.toml: unknown setting 'colour'" in found["settings"]["detail"]
    assert found["engine"]["detail"] == "<home> is no model"
    assert json.loads(parts["settings.json"])["context"]["definitionTokens"] == 100
    assert "msgspec" in json.loads(parts["versions.json"])
    assert json.loads(parts["engine-log.json"]) == [
        "  worker/process.py:12 in _load",
        "ValueError",
        "ggml.c:1633: GGML_ASSERT(n > 0) failed",
        "3 other lines were left out",
    ]


async def test_a_bundle_that_cannot_be_written_is_an_error(world: World):
    choose(world, f'model = "{world.fake()}"')
    finished = await world.cli("doctor", "--bundle", str(world.root / "none" / "x.zip"))
    assert finished.code == 2
    assert "x.zip cannot be written" in finished.stderr
