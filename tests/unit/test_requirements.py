"""The lock files, and that the set-up needs none of what they name."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from slm_lsp.models.sources import hub

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted((CHECKOUT / "tools").glob("*.py")), ids=lambda p: p.name)
def test_an_old_python_without_packages_can_run_the_set_up(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names | {"tools"}


def pins(name: str) -> dict[str, str]:
    """The requirements of a lock file, each with everything that belongs to it."""
    text = (CHECKOUT / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ")
    return {line.split(" --hash")[0].strip(): line for line in text.splitlines() if line.strip()}


@pytest.mark.parametrize("name", ["core", "dev", "editors", "engine", "engine-build", "installer"])
def test_lock_files_pin_everything_by_hash_and_name_no_server(name: str) -> None:
    for requirement, line in pins(name).items():
        assert re.match(r"[a-z0-9-]+==[\w.]+( ; .+)?$", requirement)
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line)
        assert "//" not in line


def test_the_lock_files_agree() -> None:
    assert pins("core").items() <= pins("dev").items() <= pins("editors").items()
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    engine = [one for one in project["dependencies"] if one.startswith("llama-cpp-python")]
    assert list(pins("engine")) == engine
    assert not any(one.startswith("llama") for one in pins("dev"))


def test_the_extra_is_what_its_absence_asks_for() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    assert project["project"]["optional-dependencies"]["hub"] == [hub._LIBRARY]
    assert hub._LIBRARY in project["dependency-groups"]["dev"]


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    names = {one.split("==")[0] for one in pins("dev") | pins("engine")}
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    assert {re.split(r"[=<>~]", one)[0] for one in wanted} <= names
