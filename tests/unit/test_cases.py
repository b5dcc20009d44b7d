"""Places that people meet, with what a scripted model writes there and what is to be offered.

The cursor stands at the `‸`. Each row is a kind of its own, in several languages.
"""

from __future__ import annotations

import pytest

from slm_lsp.completion.answers import Answers
from slm_lsp.completion.complete import complete
from slm_lsp.completion.prefetch import line_below
from slm_lsp.completion.request import Request
from slm_lsp.inference.model import AbortFlag
from slm_lsp.inference.worker.fake import FakeModel, Reply, Script
from slm_lsp.inference.worker.scheduler import Scheduler
from slm_lsp.settings.schema import Settings
from slm_lsp.syntax.syntax import Syntax, parse
from slm_lsp.text.document import Cursor, Document


def _request(language: str, source: str, *, invoked: bool = False) -> Request:
    before, after = source.split("‸")
    document = Document.of(before + after, uri="file:///project/file", language=language)
    lines = before.split("\n")
    parsed = parse(document)
    syntax = parsed if isinstance(parsed, Syntax) else None
    cursor = Cursor(len(lines) - 1, len(lines[-1]))
    return Request(document, syntax, cursor, invoked)


async def offer(
    language: str, source: str, written: str, *, invoked: bool = False, unsure: bool = False
) -> str:
    model = FakeModel(Script((Reply("", written, -0.5 if unsure else -0.001),)))
    engine = Scheduler(model, AbortFlag())
    outcome = await complete(
        _request(language, source, invoked=invoked), Settings(), Answers(), engine
    )
    await engine.close()
    return outcome.completions[0].text if outcome.completions else ""


WHOLE = [  # an inner line equals the line below; others repeat by right
    (
        "javascript",
        "function f(xs) {\n  ‸\n}\n",
        "for (const x of xs) {\n    use(x);\n  }\n  return 1;",
    ),
    (
        "typescript",
        "function f(xs: X[]) {\n\t‸\n}\n",
        "for (const x of xs) {\n\t\tuse(x);\n\t}\n\treturn 1;",
    ),
    (
        "rust",
        "fn f(x: u8) -> u8 {\n    ‸\n}\n",
        "match x {\n        0 => 1,\n        _ => 2,\n    }",
    ),
    (
        "go",
        "package p\n\nfunc f() error {\n\t‸\n}\n",
        "if err := g(); err != nil {\n\t\treturn err\n\t}\n\treturn nil",
    ),
    (
        "java",
        "class A {\n  int f(int n) {\n    ‸\n  }\n}\n",
        "if (n > 0) {\n      return 1;\n    }\n    return 2;",
    ),
    (
        "python",
        "def f(x):\n    if x:\n        ‸\n    return None\n",
        "for y in x:\n            if y:\n                return None\n        return x",
    ),
    (
        "python",
        "def f(k):\n    ‸\n",
        (
            "if k == 1:\n        return\n    if k == 2:\n        return\n"
            "    if k == 3:\n        return"
        ),
    ),
    (
        "python",
        "def f():\n    ‸\n",
        "return [\n        [0, 0, 0],\n        [0, 0, 0],\n        [0, 0, 0],\n    ]",
    ),
    ("python", "x = ‸\n", "[0, 0, 0, 0, 0, 0, 0, 0]"),
]


@pytest.mark.parametrize(("language", "source", "written"), WHOLE)
async def test_what_repeats_by_right_is_offered_whole(language, source, written):
    assert await offer(language, source, written + "\n") == written


@pytest.mark.parametrize(
    ("language", "source", "written", "expected"),
    [
        ("css", "@media print {\n  a {\n    ‸\n  }\n}\n", "color: red;\n  }\n", "color: red;"),
        ("javascript", "function f(a) {\n  ‸\n}\n", "      return a;\n", "return a;"),
        ("css", ".a {\n  ‸\n}\n", "  width: 100%;\n", "width: 100%;"),
        ("go", "package p\n\nfunc f() int {\n\t‸\n}\n", "\treturn 1\n", "return 1"),
        ("python", "def f(a):\n    ‸\n", "    b = a\n    return b\n", "b = a\n    return b"),
    ],
)
async def test_indentation_and_closers_are_brought_to_the_blocks(
    language, source, written, expected
):
    assert await offer(language, source, written) == expected


@pytest.mark.parametrize(
    ("language", "source", "head", "closer"),
    [
        (
            "javascript",
            "function f(xs) {\n  let n = 1;\n  ‸\n}\n",
            "for (const x of xs) {",
            "\n  }",
        ),
        ("typescript", "function f(n: number) {\n\tlet t = 1;\n\t‸\n}\n", "if (n) {", "\n\t}"),
        (
            "lua",
            "local function f(xs)\n  local n = 1\n  ‸\n  return n\nend\n",
            "for _, x in ipairs(xs) do",
            "\n  end",
        ),
        ("c", "int f(int n) {\n  int t = 0;\n  ‸\n  return t;\n}\n", "while (n > 0) {", "\n  }"),
        (
            "go",
            "package p\n\nfunc f(n int) int {\n\tt := 0\n\t‸\n\treturn t\n}\n",
            "for n > 0 {",
            "\n\t}",
        ),
        ("rust", "fn f(n: u8) -> u8 {\n    let t = 0;\n    ‸\n    t\n}\n", "match n {", "\n    }"),
        (
            "java",
            "class A {\n  int f(int n) {\n    n++;\n    ‸\n    return n;\n  }\n}\n",
            "if (n > 0) {",
            "\n    }",
        ),
        ("ruby", "def f(xs)\n  n = 1\n  ‸\n  n\nend\n", "xs.each do |x|", "\n  end"),
        ("shellscript", "f() {\n  n=1\n  ‸\n  echo 1\n}\n", "for x in 1 2; do", "\n  done"),
    ],
)
async def test_a_line_that_opens_a_block_is_offered_with_its_closer(language, source, head, closer):
    assert await offer(language, source, head + "\n") == head + closer


@pytest.mark.parametrize(
    ("language", "source", "written"),
    [
        ("javascript", "if (‸) {\n  g();\n}\n", "a"),
        ("javascript", "const f = (‸) => {\n  g();\n};\n", "a, b"),
        ("typescript", "const f = (‸): void => {\n};\n", "a: string"),
        ("go", "package p\n\nfunc f(‸) error {\n\treturn nil\n}\n", "a int"),
        ("ruby", "[1].each do |‸|\nend\n", "x"),
        ("typescript", "function f(‸): number {\n  return 1;\n}\n", "a: string"),
        ("python", "def f(‸) -> int:\n    return 1\n", "a: int"),
        (
            "go",
            (
                "package p\n\nfunc f(err error) error {\n\tif ‸ {\n\t\treturn err\n\t}\n"
                "\treturn nil\n}\n"
            ),
            "err != nil",
        ),
        ("html", "<p>‸</p>\n", "Hello"),
        ("html", '<p class="‸">Text</p>\n', "wide"),
        ("html", '<p class="‸" id="a">Text</p>\n', "wide"),
        ("html", "<!-- ‸ -->\n", "the head"),
        ("javascriptreact", "const Title = ({ text }) => <h1>‸</h1>;\n", "{text}"),
        ("javascript", "/** ‸ */\nfunction f() {}\n", "Does it."),
        ("python", "x = 3\ny = ‸  # twice x\n", "x * 2"),
        ("c", "int x = 3;\nint y = ‸; // twice x\n", "x * 2"),
        (
            "vue",
            (
                "<template>\n  <p>{{ ‸ }}</p>\n</template>\n"
                "<script setup>\nconst count = 1\n</script>\n"
            ),
            "count",
        ),
        ("shellscript", "x=1\nif [ ‸ ]; then\n  echo 1\nfi\n", "-n $x"),
        ("css", "a { color: ‸; }\n", "red"),
        ("json", '{"a": "‸"}\n', "b"),
    ],
)
async def test_what_an_editor_put_behind_the_cursor_does_not_silence(language, source, written):
    assert await offer(language, source, written) == written


@pytest.mark.parametrize(
    ("language", "source", "written", "allowed"),
    [
        ("python", "while ‸:\n    pass\n", "foo(y", ("foo", "")),
        ("python", "if ‸:\n    pass\n", "a[i", ("a", "")),
        ("javascript", "while (true) {\n  if (‸) {\n  }\n}\n", "isArray(i", ("isArray", "")),
        ("c", "int f(int i) {\n  while (‸) {\n  }\n}\n", "g(i", ("g", "")),
    ],
)
@pytest.mark.parametrize("invoked", [False, True])
async def test_no_bracket_is_left_open_where_an_error_is_mended(
    language, source, written, allowed, invoked
):
    assert await offer(language, source, written, invoked=invoked) in allowed


@pytest.mark.parametrize(
    ("language", "source", "written"),
    [
        ("python", "def f(numbers):\n    ‸\n    return d\n", "d = {} + 1"),
        ("python", "def f(x):\n    y = 1\n    ‸\n    return 2\n", "if len(x) % 2 == 0:"),
        ("python", "class A:\n    def f(self):\n        y = 1\n        ‸\n", "self.total = y"),
        ("python", "def f(x):\n    y = 1\n    ‸\n", "return [x] + y"),
        ("javascript", "function f(x) {\n  g();\n  ‸\n}\n", "const y = x"),
        ("javascript", "function f(x) {\n  g();\n  ‸\n}\n", "this.total = 1"),
    ],
)
async def test_no_fragment_is_shown_in_doubt(language, source, written):
    assert await offer(language, source, written, unsure=True) == ""


async def test_in_doubt_a_text_ends_where_an_expression_may():
    assert await offer("python", "def f(first):\n    x = ‸\n", "first + 1", unsure=True) == "first"


@pytest.mark.parametrize(
    ("language", "source", "written", "expected"),
    [
        ("javascript", "function f() {\n  ‸\n}\n", "if (a) {\n    b();", "if (a) {\n    b();\n  }"),
        (
            "javascript",
            "function f() {\n  ‸\n}\n",
            "g(() => {\n    if (a) {\n      b();",
            "g(() => {\n    if (a) {\n      b();\n    }\n  })",
        ),
        ("python", "def f(x):\n    ‸\n    return 1\n", "self", ""),
        ("python", "def f(x):\n    ‸\n", "x = (1,\n         2", ""),
    ],
)
async def test_a_missing_closer_is_added_and_a_fragment_is_not_shown(
    language, source, written, expected
):
    assert await offer(language, source, written + "\n") == expected


@pytest.mark.parametrize(
    ("language", "source", "unit"),
    [
        ("python", "def f(a):\n  g()\n\ndef h(a):‸\n", "  "),
        ("python", "def f(a):\n\tg()\n\ndef h(a):‸\n", "\t"),
        ("python", "def f(a):\r\n  g()\r\n\r\ndef h(a):‸\r\n", "  "),
        ("javascript", "function f() {\n  g();\n}\nfunction h() {‸\n", "  "),
        ("go", "func h() {‸\n", "\t"),
        ("rust", "fn h() {‸\n", "    "),
    ],
)
def test_the_line_that_is_prepared_is_indented_as_the_file_is(language, source, unit):
    request = _request(language, source)
    assert line_below(request.document, request.cursor) == unit


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("b = a\n    return b\n", "b = a\n    return b"),
        ("if a:\n        g()\n", "if a:\n        g()"),
    ],
)
async def test_a_document_with_carriage_returns_gets_the_same(written, expected):
    text = await offer("python", "def f(a):\r\n    ‸\r\n", written)
    assert text == expected.replace("\n", "\r\n")
    head = await offer("c", "int f() {\r\n  g();\r\n  ‸\r\n  h();\r\n}\r\n", "while (n) {\n")
    assert head == "while (n) {\r\n  }"


BODIES = [
    (
        "python",
        "def f(xs):\n    a = 1\n    for x ‸\n    return a\n",
        "in xs:\n        a += x\n    b",
    ),
    ("javascript", "function f(a) {\n  g();\n  if ‸\n  h();\n}\n", "(a) {\n    k();\n  }\n  h();"),
    ("rust", "fn f(x: u8) {\n    g();\n    if ‸\n    h();\n}\n", "x > 1 {\n        k();\n    }\n"),
    ("go", "package p\n\nfunc f() {\n\tg()\n\tfor ‸\n\th()\n}\n", "{\n\t\tk()\n\t}\n\tx()"),
    ("java", "class A {\n  void f(int n) {\n    while ‸\n  }\n}\n", "(n > 0) {\n      n--;\n    }"),
    ("c", "void f(int n) {\n  g();\n  if ‸\n  h();\n}\n", "(n) {\n    k();\n  }\n  x();"),
]


@pytest.mark.parametrize(("language", "source", "written"), BODIES)
async def test_a_line_that_opens_a_block_brings_its_body_and_what_closes_it(
    language: str, source: str, written: str
):
    closer = written.rpartition("}")[1]
    body = written[: written.rindex("}")].rstrip() if closer else written.rpartition("\n")[0]
    found = await offer(language, source, written)
    assert found.startswith(body)
    assert found.removeprefix(body).strip() == closer
    assert await offer(language, source, written, unsure=True) != found


@pytest.mark.parametrize(("language", "source", "written"), BODIES)
async def test_a_body_that_stands_below_already_is_not_written_again(
    language: str, source: str, written: str
):
    body = written.split("\n")[1]
    found = await offer(language, source.replace("‸\n", f"‸\n{body}\n"), written)
    assert body.strip() not in found
