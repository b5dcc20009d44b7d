"""Finding a language's row and loading its grammar.

What the program knows about languages: one row each.

A row and a file of queries are all that a new language takes. With a `grammar` it is parsed;
without one it is completed from its text alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath
from typing import Literal

import tree_sitter


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    `id` is the editors' language id. `files` are file extensions with their dot, or whole file
    names. `comment` starts a comment that ends with its line. `block` is the last character of a
    line that opens a block, `indent` what a body is indented by where the text does not tell.
    `grammar` is `module:function` of the wheel that carries the grammar. `quotes` delimit strings.
    `queries` names the folder of its queries where that is another language's. `aliases` are what
    it is called elsewhere, in the fences of Markdown for one. Where the grammar is not `complete`,
    code that it does not understand may be sound. A `host` holds text of other languages.
    """

    id: str
    files: tuple[str, ...]
    comment: str = ""
    block: Literal["", ":", "{"] = ""
    indent: str = "    "
    grammar: str = ""
    quotes: str = ""
    queries: str = ""
    aliases: tuple[str, ...] = ()
    complete: bool = True
    host: bool = False


def _page(language: str, files: tuple[str, ...], *, complete: bool = True) -> Language:
    """Return the row of HTML or a relative."""
    grammar = "tree_sitter_html:language"
    return Language(
        language, files, "", "", "  ", grammar, "\"'", "html", complete=complete, host=True
    )


LANGUAGES = (
    Language(
        "python",
        (".py", ".pyi", ".pyw"),
        "#",
        ":",
        grammar="tree_sitter_python:language",
        quotes="\"'",
        aliases=("py", "python3"),
    ),
    Language(
        "javascript",
        (".js", ".mjs", ".cjs"),
        "//",
        "{",
        "  ",
        "tree_sitter_javascript:language",
        "\"'`",
        aliases=("js",),
    ),
    Language(
        "javascriptreact",
        (".jsx",),
        "//",
        "{",
        "  ",
        "tree_sitter_javascript:language",
        "\"'`",
        "javascript",
        ("jsx",),
    ),
    Language(
        "typescript",
        (".ts", ".mts", ".cts"),
        "//",
        "{",
        "  ",
        "tree_sitter_typescript:language_typescript",
        "\"'`",
        aliases=("ts",),
    ),
    Language(
        "typescriptreact",
        (".tsx",),
        "//",
        "{",
        "  ",
        "tree_sitter_typescript:language_tsx",
        "\"'`",
        "typescript",
        ("tsx",),
    ),
    Language(
        "go", (".go",), "//", "{", "\t", "tree_sitter_go:language", "\"'`", aliases=("golang",)
    ),
    Language(
        "rust",
        (".rs",),
        "//",
        "{",
        grammar="tree_sitter_rust:language",
        quotes='"',
        aliases=("rs",),
    ),
    Language("java", (".java",), "//", "{", grammar="tree_sitter_java:language", quotes="\"'"),
    Language("c", (".c", ".h"), "//", "{", grammar="tree_sitter_c:language", quotes="\"'"),
    Language(
        "cpp",
        (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".inl"),
        "//",
        "{",
        grammar="tree_sitter_cpp:language",
        quotes="\"'",
        aliases=("c++",),
    ),
    Language("bat", (".bat", ".cmd"), "REM "),
    Language("clojure", (".clj", ".cljs", ".cljc", ".edn"), ";"),
    Language("coffeescript", (".coffee",), "#"),
    Language(
        "csharp",
        (".cs", ".csx"),
        "//",
        "{",
        "    ",
        "tree_sitter_c_sharp:language",
        "\"'",
        aliases=("cs", "c#"),
    ),
    Language("css", (".css",), "", "{", "  ", "tree_sitter_css:language", "\"'"),
    Language("cuda-cpp", (".cu", ".cuh"), "//", "{"),
    Language("dart", (".dart",), "//", "{", "  ", "tree_sitter_dart:language", "\"'"),
    Language("dockerfile", ("Dockerfile", "Containerfile", ".dockerfile"), "#"),
    Language("elixir", (".ex", ".exs"), "#", "", "  ", "tree_sitter_elixir:language", "\"'"),
    Language("erlang", (".erl", ".hrl"), "%"),
    Language("fsharp", (".fs", ".fsx", ".fsi"), "//"),
    Language("graphql", (".graphql", ".gql"), "#", "{", "  "),
    Language("groovy", (".groovy", ".gradle", "Jenkinsfile"), "//", "{"),
    Language(
        "haskell", (".hs",), "--", "", "  ", "tree_sitter_haskell:language", '"', aliases=("hs",)
    ),
    _page("html", (".html", ".htm", ".xhtml")),
    Language("ini", (".ini", ".cfg"), ";"),
    Language("json", (".json", ".webmanifest"), "", "{", "  ", "tree_sitter_json:language", '"'),
    Language("jsonc", (".jsonc",), "//", "{", "  ", "tree_sitter_json:language", '"', "json"),
    Language(
        "julia", (".jl",), "#", "", "    ", "tree_sitter_julia:language", '"', aliases=("jl",)
    ),
    Language(
        "kotlin",
        (".kt", ".kts"),
        "//",
        "{",
        "    ",
        "tree_sitter_kotlin:language",
        "\"'",
        aliases=("kt",),
    ),
    Language("latex", (".tex", ".sty", ".cls"), "%", indent="  "),
    Language("less", (".less",), "//", "{", "  "),
    Language("lua", (".lua",), "--", "", "  ", "tree_sitter_lua:language", "\"'"),
    Language(
        "makefile",
        ("Makefile", "makefile", "GNUmakefile", ".mk"),
        "#",
        "",
        "\t",
        "tree_sitter_make:language",
        aliases=("make",),
        complete=False,
    ),
    Language(
        "markdown",
        (".md", ".markdown"),
        grammar="tree_sitter_markdown:language",
        aliases=("md",),
        host=True,
    ),
    Language("nix", (".nix",), "#", "{", "  "),
    Language("objective-c", (".m",), "//", "{"),
    Language("objective-cpp", (".mm",), "//", "{"),
    Language(
        "ocaml", (".ml",), "", "", "  ", "tree_sitter_ocaml:language_ocaml", '"', aliases=("ml",)
    ),
    Language("perl", (".pl", ".pm"), "#", "{"),
    Language("php", (".php",), "//", "{", "    ", "tree_sitter_php:language_php", "\"'"),
    Language("powershell", (".ps1", ".psm1", ".psd1"), "#", "{"),
    Language("proto", (".proto",), "//", "{", "  "),
    Language("r", (".r", ".R"), "#", "{", "  "),
    Language("restructuredtext", (".rst",)),
    Language(
        "ruby",
        (".rb", ".rake", ".gemspec", "Gemfile", "Rakefile"),
        "#",
        "",
        "  ",
        "tree_sitter_ruby:language",
        "\"'",
        aliases=("rb",),
    ),
    Language("scala", (".scala", ".sc"), "//", "{", "  ", "tree_sitter_scala:language", "\"'"),
    Language("scss", (".scss",), "//", "{", "  "),
    Language(
        "shellscript",
        (".sh", ".bash", ".zsh", ".ksh"),
        "#",
        "",
        "    ",
        "tree_sitter_bash:language",
        "\"'",
        aliases=("sh", "bash", "shell", "zsh"),
    ),
    Language("sql", (".sql",), "--", "", "    ", "tree_sitter_sql:language", "'", complete=False),
    _page("svelte", (".svelte",), complete=False),
    Language("swift", (".swift",), "//", "{", "    ", "tree_sitter_swift:language", '"'),
    Language(
        "terraform",
        (".tf", ".tfvars"),
        "#",
        "{",
        "  ",
        "tree_sitter_hcl:language",
        '"',
        aliases=("hcl", "tf"),
    ),
    Language("toml", (".toml",), "#", "", "    ", "tree_sitter_toml:language", "\"'"),
    Language("vim", (".vim",), '"'),
    _page("vue", (".vue",), complete=False),
    Language(
        "xml", (".xml", ".xsd", ".xsl", ".svg"), "", "", "  ", "tree_sitter_xml:language_xml", "\"'"
    ),
    Language(
        "yaml",
        (".yaml", ".yml"),
        "#",
        "",
        "  ",
        "tree_sitter_yaml:language",
        "\"'",
        aliases=("yml",),
    ),
    Language("zig", (".zig",), "//", "{", "    ", "tree_sitter_zig:language", "\"'"),
)


PLAIN_TEXT = "plaintext"
"""The language id of what no row claims."""

QUERIES = Path(__file__).with_name("queries")
"""A folder for each language that has queries, named after its id."""

_log = logging.getLogger(__name__)

_BY_ID = {row.id: row for row in LANGUAGES}
_BY_NAME = {name: row.id for row in LANGUAGES for name in (row.id, *row.aliases)}
_BY_FILE = {name: row.id for row in LANGUAGES for name in row.files}


def find(language: str) -> Language:
    """Return the row of the editor's language id `language`; an unknown one gets an empty row.

    Not every editor has the ids of the specification: Neovim says `sh` and `cs`, Emacs `c++`. Of a
    compound id (`python.django`, `typescript.tsx`) the last part with a row counts.
    """
    for name in (language, *reversed(language.split("."))):
        if row := _BY_ID.get(name) or _BY_ID.get(called(name)):
            return row
    return Language(language, ())


def language_of(path: str) -> str:
    """Guess the editor's language id of the file at `path` by its name; `plaintext` if unknown."""
    name = PurePath(path).name
    suffix = PurePath(path).suffix
    return _BY_FILE.get(name) or _BY_FILE.get(suffix) or _BY_FILE.get(suffix.lower()) or PLAIN_TEXT


def called(name: str) -> str:
    """Return the language id of what is called `name` in a Markdown fence, or an empty string."""
    return _BY_NAME.get(name.lower(), "")


def with_grammar() -> tuple[str, ...]:
    """Return the language ids whose grammar is installed and loads."""
    return tuple(row.id for row in LANGUAGES if grammar(row) is not None)


@cache
def grammar(language: Language) -> tree_sitter.Language | None:
    """Load the grammar of `language`; None if it has none or the installed one does not load."""
    if not language.grammar:
        return None
    module, function = language.grammar.split(":")
    try:
        return tree_sitter.Language(getattr(import_module(module), function)())
    except (ImportError, AttributeError, ValueError) as error:
        _log.warning("No syntax for %s: its grammar does not load (%s)", language.id, error)
        return None


@cache
def query(language: Language, name: str = "syntax") -> tree_sitter.Query | None:
    """Return the query `name` of `language`, or None if it has no such query or no grammar.

    What the captures of `syntax` mean is told in `captures`.
    """
    made = grammar(language)
    path = QUERIES / (language.queries or language.id) / f"{name}.scm"
    if made is None or not path.exists():
        return None
    return tree_sitter.Query(made, path.read_text(encoding="utf-8"))
