"""The documents say what is true of the code, and point at what exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from slm_lsp import config
from slm_lsp.cli import COMMANDS

ROOT = Path(__file__).parents[2]
BUILT = {"build", "node_modules"}
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not any(p.startswith(".") or p in BUILT for p in page.relative_to(ROOT).parts)
)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_table_of_settings_is_the_settings():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w.]+)` \|(.*)\|$", page, re.MULTILINE))
    assert list(rows) == list(config.setting_names())
    definitions = config.schema()["$defs"]
    for key, row in rows.items():
        *section, field = key.split(".")
        struct = f"{section[0].capitalize()}Settings" if section else "Settings"
        about = definitions[struct]["properties"][field]
        default, values, who, description = (cell.strip() for cell in row.split("|"))
        assert default == f"`{json.dumps(about['default'])}`"
        assert description == about["description"]
        assert who == ("user" if about.get("restricted") else "anyone")
        assert all(f"`{value}`" in values for value in about.get("enum", ()))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{name(page)} -> {target}"


def test_commands_in_the_readme_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", text, re.MULTILINE):
        assert f"\n{target}:" in makefile
    for command in re.findall(r"^slm-lsp (\w+)", text, re.MULTILINE):
        assert command in COMMANDS
