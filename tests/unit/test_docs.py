"""The documents say what is true of the code, and point at what exists."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from slm_lsp.cli import main
from slm_lsp.evaluation.metrics import Figures
from slm_lsp.server import app, status
from slm_lsp.server.handlers import answering
from slm_lsp.settings import schema
from tests.unit.test_architecture import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "slm_lsp"
BUILT = {"build", "dist", "node_modules"}


def tree(*patterns: str) -> list[Path]:
    """Return the repository's own files of these names."""
    found = (path for pattern in patterns for path in ROOT.rglob(pattern))
    parts = ((path, path.relative_to(ROOT).parts) for path in found)
    return sorted(p for p, names in parts if not any(n[0] == "." or n in BUILT for n in names))


PAGES = tree("*.md")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_table_of_settings_is_the_settings():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w.]+)` \|(.*)\|$", page, re.MULTILINE))
    assert list(rows) == list(schema.setting_names())
    definitions = schema.schema()["$defs"]
    for key, row in rows.items():
        *section, field = key.split(".")
        struct = f"{section[0].capitalize()}Settings" if section else "Settings"
        about = definitions[struct]["properties"][field]
        default, values, who, description = (cell.strip() for cell in row.split("|"))
        assert default == f"`{json.dumps(about['default'])}`"
        assert description == about["description"]
        assert who == ("user" if about.get("restricted") else "anyone")
        assert all(f"`{value}`" in values for value in about.get("enum", ()))
        assert values.endswith(limits(about))


def limits(about: dict[str, Any]) -> str:
    """Return how the page says between which numbers a setting lies; empty where it is none."""
    if "exclusiveMinimum" in about:
        return f"{about['type']} above {about['exclusiveMinimum']}, up to {about['maximum']}"
    if "minimum" in about:
        return f"{about['type']} from {about['minimum']} to {about['maximum']}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_that_are_told_exist(page: Path):
    sections = "|".join({key.split(".")[0] for key in schema.setting_names() if "." in key})
    named = set(re.findall(rf"`((?:{sections})\.\w+)", page.read_text(encoding="utf-8")))
    assert named <= set(schema.setting_names())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)", text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        assert there.exists(), f"{name(page)} -> {target}"
        assert not anchor or anchor in anchors(there), f"{name(page)} -> {target}"


def anchors(page: Path) -> set[str]:
    """Return what GitHub calls the headings of `page`."""
    text = re.sub(
        r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    heads = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def blocks(text: str) -> str:
    """Return the shell commands in `text`, one a line and without comments."""
    found = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    return re.sub(r"#.*", "", found.replace("\\\n", " "))


def spans(text: str) -> str:
    """Return what stands in backticks, one a line."""
    return "\n".join(" ".join(span.split()) for span in re.findall(r"(?<!`)`([^`]+)`", text))


def commands(text: str) -> Iterator[str]:
    """Yield the command lines of slm-lsp that stand one a line in `text`, without its name."""
    for command in re.split(r"\n|&&|\|", text):
        if found := re.search(r"(?:^|[ /])slm-lsp +([a-z].*)", command):
            yield found[1]


def explained(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the help on `command` of slm-lsp, whatever it is given; empty where there is none."""
    path = re.match(r"(?:[a-z]+\b(?![\w.-])\s*)+", command)
    assert path, command
    with pytest.raises(SystemExit) as ended:
        main.main([*path[0].split(), "--help"])
    return capsys.readouterr().out if ended.value.code == 0 else ""


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_examples_can_be_given(page: Path):
    for command in commands(blocks(page.read_text(encoding="utf-8"))):
        words = shlex.split(command)
        main._parser(words[0]).parse_args(words)


def test_commands_that_anything_mentions_exist(capsys: pytest.CaptureFixture[str]):
    for file in [*PAGES, *tree("*.ts", "*.lua"), *PACKAGE.rglob("*.py")]:
        for command in commands(spans(file.read_text(encoding="utf-8"))):
            known = explained(command, capsys)
            assert known, f"{name(file)}: slm-lsp {command}"
            assert all(flag in known for flag in re.findall(r" (--[a-z-]+)", command)), command


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_modules_and_targets_that_are_told_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in (blocks(text) + spans(text)).splitlines():
        for module in re.findall(
            r"python3? -m ((?:slm_lsp|benchmarks|tools|tests)(?:\.[a-z_]+)*)(?![.\w])", command
        ):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
        for target in re.findall(r"^(?:[A-Z_]+=\S+ )?make ([a-z][\w-]*)", command):
            assert f"\n{target}:" in makefile, f"{name(page)}: make {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_are_told_exist(page: Path):
    folders = "slm_lsp|tests|tools|benchmarks|docs|editors|models|requirements"
    for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), f"{name(page)}: {path}"


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("page", [ROOT / "ARCHITECTURE.md", *DECISIONS], ids=name)
def test_the_modules_that_the_architecture_names_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    files = {f"/{path.relative_to(ROOT)}" for path in tree("*.py", "*.ts", "*.lua", "*.scm")}
    named = set(re.findall(r"[\w/-]+\.(?:py|ts|lua)\b", text))
    assert {it for it in named if not any(file.endswith(f"/{it}") for file in files)} == set()


def test_the_map_of_the_code_has_every_part_and_its_files():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    code_map = text.split("## Code map")[1].split("## ")[0]
    parts: set[str] = set()
    for places, about in re.findall(r"^\| (`.*?`) \| (.*) \|$", code_map, re.MULTILINE):
        row = re.findall(r"`([\w./]+)`", places)
        parts |= {place.rstrip("/") for place in row}
        inside = [PACKAGE / place for place in row if place.endswith("/")]
        for module in re.findall(r"`(\w+\.py)`", about):
            assert any((folder / module).exists() for folder in inside), f"{places}: {module}"
    there = {
        path.name for path in PACKAGE.glob("*") if path.is_file() or (path / "__init__.py").exists()
    }
    assert parts == there - {"__init__.py", "__main__.py", "py.typed"}


def test_the_order_of_the_parts_is_the_one_that_is_tested():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    told = re.search(r"\*\*Imports point down\*\*: ([^.]*), then", text)
    assert told
    names = re.findall(r"\b(?!and\b)\w+", told[1])
    packages = [
        sorted(n for n in layer if (PACKAGE / n / "__init__.py").exists()) for layer in LAYERS
    ]
    assert names == [one for layer in packages for one in layer]


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("__init__.py")), ids=name)
def test_a_package_describes_the_modules_that_it_has(file: Path):
    about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    for module in re.findall(r"\b\w+\.py\b", about):
        assert (file.parent / module).exists(), f"{name(file)}: {module}"


def test_the_benchmarks_are_listed():
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for program in (ROOT / "benchmarks").glob("*.py"):
        if '__name__ == "__main__"' in program.read_text(encoding="utf-8"):
            assert re.search(rf"`(?:python -m benchmarks\.)?{program.stem}`", page), program.stem


def test_doctors_page_has_all_its_lines():
    page = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    code = "".join(it.read_text(encoding="utf-8") for it in (PACKAGE / "doctor").glob("*.py"))
    names = set(re.findall(r"\bFinding\(\s*\"(\w+)\"", code))
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == names


def test_the_page_of_eval_has_all_figures():
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    assert sorted(re.findall(r"\w+", " ".join(rows))) == sorted(Figures.__struct_fields__)


def test_neovims_pages_have_all_subcommands():
    plugin = ROOT / "editors" / "nvim"
    code = (plugin / "lua" / "slm_lsp" / "command.lua").read_text(encoding="utf-8")
    names = re.findall(r"^  (\w+) = \{", code.split("local commands = {")[1], re.MULTILINE)
    readme = (plugin / "README.md").read_text(encoding="utf-8")
    help_page = (plugin / "doc" / "slm_lsp.txt").read_text(encoding="utf-8")
    assert names
    for command in names:
        assert f"`{command}`" in readme, command
        assert re.search(rf"SlmLsp \[?{command}\b", help_page), command


def test_these_tests_can_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page = tmp_path / "x.md"
    page.write_text(
        "# A *b*, c\n`slm-lsp tune\nx`\n```sh\nslm-lsp a && b/slm-lsp c \\\n d  # e\n```\n"
    )
    assert anchors(page) == {"a-b-c"}
    assert list(commands(blocks(page.read_text()))) == ["a ", "c   d  "]
    assert list(commands(spans(page.read_text()))) == ["tune x"]
    assert not explained("modles pull NAME", capsys)


def test_every_method_of_our_own_is_described():
    page = (ROOT / "docs" / "lsp-extensions.md").read_text(encoding="utf-8")
    own = {name for name in app.HANDLERS if name not in vars(types).values()}
    assert len(own) == 5
    for name in {*own, *app.COMMANDS, status.METHOD, answering.TIMINGS}:
        assert f"`{name}`" in page, name


def test_the_index_of_the_decisions_names_them_all():
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert all(f"({page.name})" in index for page in DECISIONS if page.name != "README.md")


def test_the_index_of_the_documents_names_them_all():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name
