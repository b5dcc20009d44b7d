"""A short sound file in each language, and where things are in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """`text` has marks: `‹s›` in a string, `‹c›` in a comment, `‹k›` in code, deepest in scopes.

    `scopes` are the headers around `‹k›`, `imports` the lines of imports. `breaks` makes the file
    unsound where it is put at `‹k›`; empty where nothing can.
    """

    language: str
    text: str
    scopes: tuple[str, ...] = ()
    imports: tuple[int, ...] = ()
    breaks: str = ")"


SAMPLES = (
    Sample(
        "python",
        'import os\n\n\nclass A:\n    def f(self):\n        # n‹c›o\n        x = "a‹s›b"\n'
        "        ‹k›\n        return x\n",
        ("class A:", "def f(self):"),
        (0,),
    ),
    Sample(
        "javascript",
        "import a from 'a';\nclass A {\n  f(x) {\n    // n‹c›o\n    const y = `a‹s›b`;\n    ‹k›\n"
        "    return y;\n  }\n}\n",
        ("class A", "f(x)"),
        (0,),
    ),
    Sample(
        "javascriptreact",
        "const A = () => {\n  // n‹c›o\n  ‹k›\n  return <p a='b‹s›c'>d</p>;\n};\n",
        ("() =>",),
    ),
    Sample(
        "typescript",
        "import a from 'a';\ninterface I {\n  a: string;\n}\nclass A {\n  f(x: number): string {\n"
        "    /* n‹c›o */\n    const y: string = 'a‹s›b';\n    ‹k›\n    return y;\n  }\n}\n",
        ("class A", "f(x: number): string"),
        (0,),
    ),
    Sample(
        "typescriptreact",
        "function A(x: number) {\n  // n‹c›o\n  ‹k›\n  return <p a='b‹s›c'>d</p>;\n}\n",
        ("function A(x: number)",),
    ),
    Sample(
        "go",
        'package m\n\nimport "fmt"\n\nfunc (a *A) f(x int) string {\n\t// n‹c›o\n\ty := "a‹s›b"\n\t‹k›\n'
        "\treturn y\n}\n",
        ("func (a *A) f(x int) string",),
        (0, 2),
    ),
    Sample(
        "rust",
        "use std::io;\n\nimpl A {\n    fn f(&self) -> u8 {\n        // n‹c›o\n"
        '        let x = "a‹s›b";\n        ‹k›\n        1\n    }\n}\n',
        ("impl A", "fn f(&self) -> u8"),
        (0,),
    ),
    Sample(
        "java",
        "package a;\nimport b.C;\n\nclass A {\n  String f(int x) {\n    // n‹c›o\n"
        '    String y = "a‹s›b";\n    ‹k›\n    return y;\n  }\n}\n',
        ("class A", "String f(int x)"),
        (0, 1),
    ),
    Sample(
        "c",
        '#include <a.h>\n\nint f(int x) {\n  /* n‹c›o */\n  char *y = "a‹s›b";\n  ‹k›\n  return 1;\n}\n',
        ("int f(int x)",),
        (0,),
    ),
    Sample(
        "cpp",
        "#include <a>\n\nnamespace n {\nclass A {\n  int f(int x) {\n    // n‹c›o\n"
        '    auto y = "a‹s›b";\n    ‹k›\n    return 1;\n  }\n};\n}\n',
        ("namespace n", "class A", "int f(int x)"),
        (0,),
    ),
    Sample(
        "csharp",
        "using System;\n\nnamespace N\n{\n  class A\n  {\n    string F(int x)\n    {\n      // n‹c›o\n"
        '      var y = $"a‹s›b";\n      ‹k›\n      return y;\n    }\n  }\n}\n',
        ("namespace N", "class A", "string F(int x)"),
        (0,),
    ),
    Sample(
        "ruby",
        "require 'a'\n\nmodule M\n  class A\n    def f(x)\n      # n‹c›o\n      y = \"a‹s›b\"\n      ‹k›\n"
        "      y\n    end\n  end\nend\n",
        ("module M", "class A", "def f(x)"),
        (0,),
    ),
    Sample(
        "php",
        "<?php\nnamespace A;\nuse B\\C;\n\nclass D {\n  function f($x) {\n    // n‹c›o\n"
        "    $y = 'a‹s›b';\n    ‹k›\n    return $y;\n  }\n}\n",
        ("class D", "function f($x)"),
        (1, 2),
    ),
    Sample(
        "shellscript",
        'f() {\n  # n‹c›o\n  x="a‹s›b"\n  ‹k›\n  echo "$x"\n}\n',
        ("f()",),
    ),
    Sample("html", '<html>\n<!-- n‹c›o -->\n<p class="a‹s›b">c</p>\n‹k›\n</html>\n', breaks="<"),
    Sample(
        "css",
        "@import 'a.css';\n/* n‹c›o */\np {\n  content: 'a‹s›b';\n  ‹k›\n  color: red;\n}\n",
        ("p {",),
        (0,),
        breaks="}",
    ),
    Sample(
        "json", '{\n  "a": {\n    "b": "c‹s›d",\n    ‹k›"e": 1\n  }\n}\n', ('"a": {',), breaks="}"
    ),
    Sample(
        "jsonc", '{\n  // n‹c›o\n  "a": {\n    "b": "c‹s›d",\n    ‹k›"e": 1\n  }\n}\n', ('"a": {',)
    ),
    Sample(
        "lua",
        'local a = require "a"\n\nlocal function f(x)\n  -- n‹c›o\n  local y = "a‹s›b"\n  ‹k›\n'
        "  return y\nend\n",
        ("local function f(x)",),
        (0,),
    ),
    Sample(
        "kotlin",
        "package a\nimport b.c\n\nclass A {\n  fun f(x: Int): String {\n    // n‹c›o\n"
        '    val y = "a‹s›b"\n    ‹k›\n    return y\n  }\n}\n',
        ("class A {", "fun f(x: Int): String {"),
        (0, 1),
    ),
    Sample(
        "scala",
        "package a\nimport b.c\n\nobject A {\n  def f(x: Int): String = {\n    // n‹c›o\n"
        '    val y = "a‹s›b"\n    ‹k›\n    y\n  }\n}\n',
        ("object A", "def f(x: Int): String ="),
        (0, 1),
    ),
    Sample(
        "swift",
        'import A\n\nclass B {\n  func f(x: Int) -> String {\n    // n‹c›o\n    let y = "a‹s›b"\n    ‹k›\n'
        "    return y\n  }\n}\n",
        ("class B", "func f(x: Int) -> String"),
        (0,),
    ),
    Sample("yaml", "# n‹c›o\na:\n  b: 'c‹s›d'\n  ‹k›e: f\n", ("a:",), breaks="}"),
    Sample("toml", '# n‹c›o\n[a]\nb = "c‹s›d"\n‹k›\ne = 1\n', ("[a]",), breaks="]"),
    Sample("sql", "-- n‹c›o\nSELECT a\nFROM t\nWHERE b = 'c‹s›d'\n‹k›;\n", breaks=""),
    Sample(
        "haskell",
        'module M where\nimport A\n\nf :: Int -> String\nf x =\n  -- n‹c›o\n  g "a‹s›b" ‹k› x\n',
        ("f x =",),
        (1,),
    ),
    Sample(
        "ocaml",
        'open A\n\nmodule M = struct\n  let f x =\n    (* n‹c›o *)\n    let y = "a‹s›b" in\n    ‹k›\n    y\nend\n',
        ("M =", "f x ="),
        (0,),
    ),
    Sample(
        "julia",
        'using A\n\nmodule M\nfunction f(x)\n  # n‹c›o\n  y = "a‹s›b"\n  ‹k›\n  y\nend\nend\n',
        ("module M", "function f(x)"),
        (0,),
    ),
    Sample(
        "elixir",
        'defmodule A do\n  import B\n\n  def f(x) do\n    # n‹c›o\n    y = "a‹s›b"\n    ‹k›\n    y\n  end\nend\n',
        ("defmodule A do", "def f(x) do"),
    ),
    Sample(
        "zig",
        'const std = @import("std");\n\nfn f(x: u32) u32 {\n  // n‹c›o\n  const y = "a‹s›b";\n  ‹k›\n'
        "  return y;\n}\n",
        ("fn f(x: u32) u32",),
        (0,),
    ),
    Sample(
        "dart",
        "import 'a.dart';\n\nclass A {\n  String f(int x) {\n    // n‹c›o\n    var y = 'a‹s›b';\n    ‹k›\n"
        "    return y;\n  }\n}\n",
        ("class A",),
        (0,),
    ),
    Sample(
        "terraform",
        'resource "a" "b" {\n  # n‹c›o\n  c = "d‹s›e"\n  ‹k›\n}\n',
        ('resource "a" "b" {',),
        breaks="}",
    ),
    Sample("makefile", "include a.mk\n# n‹c›o\nall: b\n\tc\n‹k›\n", ("all: b",), (0,), breaks=""),
    Sample("xml", '<a b="c‹s›d">\n<!-- n‹c›o -->\n‹k›\n</a>\n', ('<a b="cd">',), breaks="</b>"),
    Sample("markdown", "# A\n\n<!-- n‹c›o -->\n\ntext ‹k›\n", ("# A",), breaks=""),
)
