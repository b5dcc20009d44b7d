"""The rules of the source tree: who may import whom, and what a file may say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "slm_lsp"
FILES = sorted(PACKAGE.rglob("*.py"))

LAYERS = (
    {"__main__"},
    {"cli"},
    {"doctor"},
    {"server"},
    {"training"},
    {"evaluation"},
    {"actions"},
    {"completion"},
    {"index"},
    {"context"},
    {"syntax"},
    {"inference"},
    {"bundle"},
    {"models", "usage"},
    {"settings"},
    {"platform"},
    {"text"},
    {"errors"},
    {"__init__"},
)
"""From top to bottom: a module imports from its own layer or from below."""

ONLY_IN = {
    "pygls": ("server",),
    "lsprotocol": ("server",),
    "llama_cpp": ("inference",),
    "tree_sitter": ("syntax",),
    "torch": ("training",),
    "gguf": ("training", "models"),
}


def layer(module: str) -> int:
    name = module.split(".")[1] if "." in module else "__init__"
    return next(at for at, names in enumerate(LAYERS) if name in names)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> set[str]:
    """Return every module that `path` imports, at any depth, under TYPE_CHECKING too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_down(path: Path):
    own = layer(module_of(path))
    for imported in imports(path):
        if imported.startswith("slm_lsp.") and imported.split(".")[1] in set().union(*LAYERS):
            assert layer(imported) >= own, f"{name(path)} imports {imported} from above"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_libraries_stay_in_their_package(path: Path):
    for imported in imports(path):
        packages = ONLY_IN.get(imported.split(".")[0])
        if packages is not None:
            own = module_of(path).partition(".")[2].partition(".")[0]
            assert own in packages, f"{name(path)}: {imported}"


def test_every_module_has_a_layer():
    for path in FILES:
        layer(module_of(path))


def test_a_bundle_is_verified_and_installed_by_a_python_without_packages(tmp_path: Path):
    program = (
        f"import sys; sys.path.append({str(ROOT)!r}); from slm_lsp.cli import main; main.main()"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    for name in ("verify", "install"):
        ended = subprocess.run(
            [*command, "bundle", name, tmp_path], capture_output=True, text=True, check=False
        )
        assert f"{tmp_path / 'SHA256SUMS'} cannot be read" in ended.stderr, ended.stderr
        assert "Traceback" not in ended.stderr


def test_the_rules_can_fail(tmp_path: Path):
    source = tmp_path / "x.py"
    source.write_text("def f():\n    from slm_lsp.server.app import create\n")
    assert "slm_lsp.server.app" in imports(source)
    assert layer("slm_lsp.server.app") < layer("slm_lsp.completion.eligibility")
