"""What files define, in every language that has a query for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.syntax.languages import QUERIES, find
from slm_lsp.syntax.symbols import (
    MAX_FIELDS,
    MAX_SIGNATURE,
    has_symbols,
    symbols,
)

PYTHON = '''
LIMIT = 3

@decorated
class Cart(Base):
    """What somebody is about to buy.

    More.
    """

    owner: str
    items: list[int] = []

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.paid = False

    def total(self, tax: float = 0.2) -> float:
        "With tax."
        local = 1
        def inner(): ...
        return local

try:
    import x
except ImportError:
    def fallback(a,
                 b): ...
'''

GO = """
package shop
// Cart is what somebody is about to buy.
// More.
type Cart struct {
	Owner string
	items []int
}
type Payer interface {
	Pay(sum int) error
}
const Limit = 3
// Total has tax.
func (c *Cart) Total(tax float64) float64 { inner := func() {}; return 0 }
func New(owner string) *Cart { return nil }
"""

RUST = """
/// What somebody is about to buy.
#[derive(Debug)]
pub struct Cart<T> { owner: String, items: Vec<T> }
impl<T> Cart<T> {
    /// With tax.
    pub fn total(&self, tax: f64) -> f64 { fn inner() {} 0.0 }
}
pub enum State { Open, Paid(u32) }
pub fn open(owner: &str) -> State { State::Open }
"""

TYPESCRIPT = """
/** What somebody is about to buy. */
export class Cart<T> extends Base {
  owner: string = "";
  total(tax: number): number { const inner = () => 1; return inner(); }
}
export interface Payer { pay(sum: number): void; name: string }
export const open = (owner: string): Cart => { return new Cart() };
export const LIMIT = 3;
export type Id = string | number;
"""

JAVA = """
/** What somebody is about to buy. */
public class Cart extends Base {
  private final String owner;
  public double total(double tax) { return 0; }
}
enum State { OPEN, PAID }
"""

C = """
#define LIMIT 3
/* What somebody is about to buy. */
struct cart { char *owner; int items; };
typedef struct { int x; } point;
double total(struct cart *cart, double tax);
static char *owner(struct cart *cart) { return 0; }
"""

CPP = """
namespace shop {
/// What somebody is about to buy.
class Cart : public Base {
 public:
  double total(double tax) const { return 0; }
 private:
  int items_ = 0;
};
double Cart::sum(int a) { return a; }
}
"""

JAVASCRIPT = """
// What somebody is about to buy.
export class Cart extends Base { items = []; total(tax) { return 1 } }
exports.open = function (owner) { return 1 }
export const LIMIT = 3
"""


def found(source: str, language: str) -> dict[str, tuple[str, str, tuple[str, ...], str]]:
    return {
        f"{it.container}.{it.name}".lstrip("."): (it.kind, it.signature, it.fields, it.doc)
        for it in symbols(source.encode(), language)
    }


def test_python():
    assert found(PYTHON, "python") == {
        "LIMIT": ("constant", "LIMIT = 3", (), ""),
        "Cart": (
            "class",
            "class Cart(Base):",
            ("owner: str", "items: list[int] = []", "paid"),
            "What somebody is about to buy.",
        ),
        "Cart.__init__": ("function", "def __init__(self, owner: str) -> None:", (), ""),
        "Cart.total": ("function", "def total(self, tax: float = 0.2) -> float:", (), "With tax."),
        "fallback": ("function", "def fallback(a, b):", (), ""),
    }


def test_go():
    defined = found(GO, "go")
    assert defined["Cart"] == (
        "class",
        "type Cart struct",
        ("Owner string", "items []int"),
        "Cart is what somebody is about to buy.",
    )
    assert defined["Payer"][2] == ("Pay(sum int) error",)
    assert defined["Cart.Total"][1] == "func (c *Cart) Total(tax float64) float64"
    assert defined["Cart.Total"][3] == "Total has tax."
    assert defined.keys() == {"Cart", "Payer", "Limit", "Cart.Total", "New"}


def test_rust():
    defined = found(RUST, "rust")
    assert defined["Cart"] == (
        "class",
        "pub struct Cart<T>",
        ("owner: String", "items: Vec<T>"),
        "What somebody is about to buy.",
    )
    assert defined["Cart.total"][3] == "With tax."
    assert defined["State"][2] == ("Open", "Paid(u32)")
    assert defined.keys() == {"Cart", "Cart.total", "State", "open"}


@pytest.mark.parametrize("language", ["typescript", "typescriptreact"])
def test_typescript(language: str):
    source = TYPESCRIPT.replace("<T>", "") if language == "typescriptreact" else TYPESCRIPT
    defined = found(source, language)
    assert defined["Cart"][2:] == (('owner: string = ""',), "What somebody is about to buy.")
    assert defined["Cart.total"][1] == "total(tax: number): number"
    assert defined["Payer"][2] == ("pay(sum: number): void", "name: string")
    assert defined["open"][0] == "function"
    assert defined.keys() == {"Cart", "Cart.total", "Payer", "open", "LIMIT", "Id"}


def test_java():
    defined = found(JAVA, "java")
    assert defined["Cart"] == (
        "class",
        "public class Cart extends Base",
        ("private final String owner",),
        "What somebody is about to buy.",
    )
    assert defined["State"][2] == ("OPEN", "PAID")
    assert defined.keys() == {"Cart", "Cart.total", "State"}


def test_c():
    defined = found(C, "c")
    assert defined["cart"][2:] == (("char *owner", "int items"), "What somebody is about to buy.")
    assert defined["point"][2] == ("int x",)
    assert defined["owner"][1] == "static char *owner(struct cart *cart)"
    assert defined.keys() == {"LIMIT", "cart", "point", "total", "owner"}


def test_cpp():
    defined = found(CPP, "cpp")
    assert defined["Cart"][2:] == (("int items_ = 0",), "What somebody is about to buy.")
    assert defined["Cart.total"][1] == "double total(double tax) const"
    assert "Cart.sum" in defined


def test_javascript():
    defined = found(JAVASCRIPT, "javascript")
    assert defined["Cart"][2:] == (("items = []",), "What somebody is about to buy.")
    assert defined.keys() == {"Cart", "Cart.total", "open", "LIMIT"}


def test_every_query_belongs_to_a_language_and_compiles():
    for path in QUERIES.glob("*/symbols.scm"):
        assert find(path.parent.name).grammar, path
        assert has_symbols(path.parent.name)


def test_a_language_without_a_query_has_none():
    assert not has_symbols("markdown")
    assert symbols(b"# Title", "markdown") == ()


def test_long_ones_are_shortened():
    many = "\n".join(f"    field_{at}: int" for at in range(100))
    source = f"class A:\n{many}\ndef f({', '.join(f'argument_{at}' for at in range(100))}): ...\n"
    first, second = symbols(source.encode(), "python")
    assert len(first.fields) == MAX_FIELDS
    assert len(second.signature) <= MAX_SIGNATURE
    assert second.signature.endswith("…")


PIECES = st.sampled_from([PYTHON, GO, RUST, TYPESCRIPT, JAVA, C, CPP, JAVASCRIPT])
LANGUAGES = st.sampled_from(
    ["python", "go", "rust", "typescript", "java", "c", "cpp", "javascript"]
)


@given(PIECES, LANGUAGES, st.integers(0, 800), st.integers(0, 800), st.binary(max_size=9))
def test_any_text_is_read(source: str, language: str, start: int, end: int, put: bytes):
    broken = source.encode()[:start] + put + source.encode()[end:]
    for symbol in symbols(broken, language):
        assert 0 <= symbol.line <= broken.count(b"\n")
        for text in (symbol.name, symbol.signature, symbol.doc, *symbol.fields):
            assert "\n" not in text
