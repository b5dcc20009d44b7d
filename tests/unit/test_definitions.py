"""Definitions in other files, and how the model reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.index.database import database_path
from slm_lsp.index.definitions import Definition, definitions, stub
from slm_lsp.index.indexer import run
from slm_lsp.syntax.symbols import Symbol
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import Document

if TYPE_CHECKING:
    from pathlib import Path

CART = '''
class Cart:
    """What somebody is about to buy."""

    owner: str

    def total(self, tax: float) -> float:
        return 0.0


def unused(): ...
'''


class Shop:
    """A workspace with its index."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.root / name.replace("__", "/").replace("DOT", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        list(run(self.root))

    def used(self, text: str, language: str = "python", path: str = "app.py", line: int = 0):
        document = Document.of(text, uri=f"file:///{path}", language=language, path=path)
        syntax = parse(document)
        assert isinstance(syntax, Syntax)
        return definitions(database_path(self.root), document, syntax, line)

    def names(self, *args, **kwargs) -> list[str]:
        return [f"{it.path}:{it.symbol.name}" for it in self.used(*args, **kwargs)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Shop((tmp_path / "shop").resolve())


def test_an_imported_class_with_its_members(shop):
    shop.write(shop__cartDOTpy=CART)
    [cart] = shop.used("from shop.cart import Cart\ncart = Cart()\n")
    assert cart.path == "shop/cart.py"
    assert cart.symbol.fields == ("owner: str",)
    assert cart.methods == ("def total(self, tax: float) -> float:",)


@pytest.mark.parametrize(
    "imports",
    [
        "from shop.cart import Cart",
        "from .cart import Cart",
        "from shop import Cart",
        "from shop.cart import (\n    unknown,\n    Cart as Trolley,\n)",
    ],
)
def test_ways_to_import_it(shop, imports):
    shop.write(shop__cartDOTpy=CART)
    assert shop.names(imports + "\n", path="shop/app.py") == ["shop/cart.py:Cart"]


@pytest.mark.parametrize(
    "text",
    [
        "cart = Cart()\n",
        "import json\ncart = Cart()\n",
        "from shop.cart import other\nx = unused()\n",
        "from elsewhere import Cart\n",
    ],
)
def test_a_name_that_no_import_leads_to(shop, text):
    shop.write(shop__cartDOTpy=CART)
    assert shop.names(text) == []


def test_its_own_file_is_no_other(shop):
    shop.write(shop__cartDOTpy=CART)
    assert shop.names(CART, path="shop/cart.py") == []


def test_the_import_decides_between_files(shop):
    shop.write(shop__cartDOTpy=CART, old__cartDOTpy=CART, testsDOTpy=CART)
    assert shop.names("from old.cart import Cart\n") == ["old/cart.py:Cart"]
    assert shop.names("from shop.cart import Cart\n") == ["shop/cart.py:Cart"]


def test_a_package_goes_by_the_name_of_its_folder(shop):
    shop.write(shop__otherDOTpy="")
    (shop.root / "shop" / "__init__.py").write_text(CART)
    list(run(shop.root))
    assert shop.names("from shop import Cart\n") == ["shop/__init__.py:Cart"]


def test_other_languages_are_not_meant(shop):
    shop.write(shop__cartDOTpy=CART, shop__cartDOTts="export class Cart { owner = 1 }\n")
    source = 'import { Cart } from "./cart";\nnew Cart();\n'
    assert shop.names(source, "typescript", "shop/app.ts") == ["shop/cart.ts:Cart"]
    assert shop.names(source, "javascript", "shop/app.js") == ["shop/cart.ts:Cart"]


@pytest.mark.parametrize(
    ("language", "file", "defined", "path", "text"),
    [
        ("go", "store/db.go", "package store\nfunc Open(p string) {}\n", "main.go",
         'package main\nimport "example.com/x/store"\nfunc main() { store.Open() }\n'),
        ("go", "main/db.go", "package main\nfunc Open(p string) {}\n", "main/main.go",
         "package main\nfunc main() { Open() }\n"),
        ("java", "com/shop/Open.java", "class Open { int x; }\n", "com/app/App.java",
         "import com.shop.Open;\nclass App { Open open; }\n"),
        ("c", "include/cart.h", "int Open(int x);\n", "src/app.c",
         '#include "cart.h"\nint main(void) { return Open(1); }\n'),
        ("cpp", "include/cart.h", "int Open(int x);\n", "src/app.cpp",
         '#include "cart.h"\nint main() { return Open(1); }\n'),
        ("c++", "include/cart.h", "int Open(int x);\n", "src/app.cpp",
         '#include "cart.h"\nint main() { return Open(1); }\n'),
        ("rust", "src/store.rs", "pub fn Open(p: &str) {}\n", "src/main.rs",
         "use crate::store::Open;\nfn main() { Open(1); }\n"),
    ],
)  # fmt: skip
def test_languages(shop, language, file, defined, path, text):
    (shop.root / file).parent.mkdir(parents=True)
    (shop.root / file).write_text(defined)
    list(run(shop.root))
    assert shop.names(text, language, path) == [f"{file}:Open"]


def test_what_is_used_near_the_line_comes_first(shop):
    shop.write(shop__aDOTpy="def alpha(): ...\n", shop__bDOTpy="def beta(): ...\n")
    text = "from shop.a import alpha\nfrom shop.b import beta\n" + "x = 1\n" * 300
    text += "alpha()\nalpha()\nbeta()\n"
    assert shop.names(text, line=300) == ["shop/a.py:alpha", "shop/b.py:beta"]
    text += "x = 1\n" * 300 + "beta()\n"
    assert shop.names(text, line=600)[0] == "shop/b.py:beta"


def test_without_an_index_there_is_nothing(shop):
    assert shop.names("from shop.cart import Cart\n") == []
    shop.write(shop__cartDOTpy=CART)
    database_path(shop.root).write_bytes(b"damaged" * 1000)
    assert shop.names("from shop.cart import Cart\n") == []


def test_a_name_defined_everywhere_says_nothing(shop):
    shop.write(**{f"shop__m{at}DOTpy": "def run(): ...\n" for at in range(30)})
    assert shop.names("from shop.m3 import run\n") == []


CLASS = Definition(
    "shop/cart.py",
    Symbol("Cart", "class", "", "class Cart:", ("owner: str",), "To buy.", 4),
    ("def total(self) -> float:",),
)
FUNCTION = Definition("a.py", Symbol("f", "function", "", "def f(x):", (), "", 0))


def test_the_model_reads_comments():
    assert stub([CLASS, FUNCTION], "python", 1000) == (
        "# a.py\n# def f(x):\n# shop/cart.py\n# class Cart:  To buy.\n"
        "#     owner: str\n#     def total(self) -> float:\n"
    )
    assert stub([FUNCTION], "rust", 1000) == "// a.py\n// def f(x):\n"


def test_what_does_not_fit_loses_its_members_first():
    whole = stub([CLASS], "python", 1000)
    assert stub([CLASS], "python", len(whole) - 1) == "# shop/cart.py\n# class Cart:  To buy.\n"
    assert stub([CLASS], "python", 20) == ""


def test_languages_without_a_comment_of_one_line_get_nothing():
    assert stub([CLASS], "html", 1000) == ""


TEXT = st.text("ab \u202ex.", max_size=30)
SYMBOLS = st.builds(
    Symbol, TEXT, st.just("class"), TEXT, TEXT, st.tuples(TEXT, TEXT), TEXT, st.integers(0, 9)
)
DEFINITIONS = st.lists(st.builds(Definition, TEXT, SYMBOLS, st.tuples(TEXT)), max_size=6)


@given(DEFINITIONS, st.integers(0, 300))
def test_it_fits_and_is_nothing_but_comments(defined: list[Definition], room: int):
    text = stub(defined, "python", room)
    assert len(text) <= room
    assert all(line.startswith("# ") for line in text.splitlines())
    assert text == "" or text.endswith("\n")
    assert "\u202e" not in text


@given(DEFINITIONS)
def test_their_rank_does_not_change_the_text(defined: list[Definition]):
    unique = list({(it.path, it.symbol.line): it for it in defined}.values())
    assert stub(unique, "python", 10_000) == stub(unique[::-1], "python", 10_000)
