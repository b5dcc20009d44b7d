"""What the program knows about languages: one row each.

A row is all that a new language takes. With a `grammar` it is parsed; without one it is completed
from its text alone. Node kinds are those of the language's official tree-sitter grammar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Language:
    """One language.

    `id` is the editors' language id. `files` are file extensions with their dot, or whole file
    names. `grammar` is `module:function` of the wheel that carries the grammar. `comment` starts a
    comment that ends with its line. `block` is the last character of a line that opens a block,
    `indent` what a body is indented by where the text does not tell. `quotes` delimit strings.
    The rest are kinds of nodes; `functions` and `classes` have a field `body`, and `compounds`
    are the statements other than those whose body a `:` opens.
    """

    id: str
    files: tuple[str, ...]
    comment: str = ""
    block: Literal["", ":", "{"] = ""
    indent: str = "    "
    grammar: str = ""
    quotes: str = ""
    strings: frozenset[str] = frozenset()
    comments: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    compounds: frozenset[str] = frozenset()


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _script(
    language: str, files: tuple[str, ...], grammar: str, classes: str = "", imports: str = ""
) -> Language:
    """Return the row of JavaScript or a relative, whose grammar adds `classes` and `imports`."""
    return Language(
        language,
        files,
        "//",
        "{",
        "  ",
        grammar,
        quotes="\"'`",
        strings=_kinds("string template_string"),
        comments=_kinds("comment html_comment"),
        functions=_kinds(
            "function_declaration generator_function_declaration function_expression"
            " arrow_function method_definition"
        ),
        classes=_kinds("class_declaration class " + classes),
        imports=_kinds("import_statement " + imports),
    )


_TYPESCRIPT_CLASSES = (
    "abstract_class_declaration interface_declaration enum_declaration internal_module module"
)

LANGUAGES = (
    Language(
        "python",
        (".py", ".pyi", ".pyw"),
        "#",
        ":",
        grammar="tree_sitter_python:language",
        quotes="\"'",
        strings=_kinds("string"),
        comments=_kinds("comment"),
        functions=_kinds("function_definition"),
        classes=_kinds("class_definition"),
        imports=_kinds("import_statement import_from_statement future_import_statement"),
        compounds=_kinds(
            "if_statement elif_clause else_clause for_statement while_statement try_statement"
            " except_clause finally_clause with_statement match_statement"
            " case_clause"
        ),
    ),
    _script("javascript", (".js", ".mjs", ".cjs"), "tree_sitter_javascript:language"),
    _script("javascriptreact", (".jsx",), "tree_sitter_javascript:language"),
    _script(
        "typescript",
        (".ts", ".mts", ".cts"),
        "tree_sitter_typescript:language_typescript",
        _TYPESCRIPT_CLASSES,
        "import_alias",
    ),
    _script(
        "typescriptreact",
        (".tsx",),
        "tree_sitter_typescript:language_tsx",
        _TYPESCRIPT_CLASSES,
        "import_alias",
    ),
    Language(
        "go",
        (".go",),
        "//",
        "{",
        "\t",
        "tree_sitter_go:language",
        quotes="\"'`",
        strings=_kinds("interpreted_string_literal raw_string_literal rune_literal"),
        comments=_kinds("comment"),
        functions=_kinds("function_declaration method_declaration func_literal"),
        imports=_kinds("package_clause import_declaration"),
    ),
    Language(
        "rust",
        (".rs",),
        "//",
        "{",
        grammar="tree_sitter_rust:language",
        quotes='"',
        strings=_kinds("string_literal raw_string_literal char_literal"),
        comments=_kinds("line_comment block_comment"),
        functions=_kinds("function_item"),
        classes=_kinds("impl_item trait_item mod_item struct_item enum_item union_item"),
        imports=_kinds("use_declaration extern_crate_declaration"),
    ),
    Language(
        "java",
        (".java",),
        "//",
        "{",
        grammar="tree_sitter_java:language",
        quotes="\"'",
        strings=_kinds("string_literal character_literal"),
        comments=_kinds("line_comment block_comment"),
        functions=_kinds("method_declaration constructor_declaration"),
        classes=_kinds(
            "class_declaration interface_declaration enum_declaration record_declaration"
            " annotation_type_declaration"
        ),
        imports=_kinds("package_declaration import_declaration"),
    ),
    Language(
        "c",
        (".c", ".h"),
        "//",
        "{",
        grammar="tree_sitter_c:language",
        quotes="\"'",
        strings=_kinds("string_literal char_literal system_lib_string"),
        comments=_kinds("comment"),
        functions=_kinds("function_definition"),
        classes=_kinds("struct_specifier union_specifier enum_specifier"),
        imports=_kinds("preproc_include"),
    ),
    Language(
        "cpp",
        (".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".inl"),
        "//",
        "{",
        grammar="tree_sitter_cpp:language",
        quotes="\"'",
        strings=_kinds("string_literal raw_string_literal char_literal system_lib_string"),
        comments=_kinds("comment"),
        functions=_kinds("function_definition"),
        classes=_kinds(
            "class_specifier struct_specifier union_specifier enum_specifier namespace_definition"
        ),
        imports=_kinds("preproc_include using_declaration"),
    ),
    Language("bat", (".bat", ".cmd"), "REM "),
    Language("clojure", (".clj", ".cljs", ".cljc", ".edn"), ";"),
    Language("coffeescript", (".coffee",), "#"),
    Language("csharp", (".cs", ".csx"), "//", "{"),
    Language("css", (".css",), "", "{", "  "),
    Language("cuda-cpp", (".cu", ".cuh"), "//", "{"),
    Language("dart", (".dart",), "//", "{", "  "),
    Language("dockerfile", ("Dockerfile", "Containerfile", ".dockerfile"), "#"),
    Language("elixir", (".ex", ".exs"), "#", indent="  "),
    Language("erlang", (".erl", ".hrl"), "%"),
    Language("fsharp", (".fs", ".fsx", ".fsi"), "//"),
    Language("graphql", (".graphql", ".gql"), "#", "{", "  "),
    Language("groovy", (".groovy", ".gradle", "Jenkinsfile"), "//", "{"),
    Language("haskell", (".hs",), "--", indent="  "),
    Language("html", (".html", ".htm", ".xhtml"), indent="  "),
    Language("ini", (".ini", ".cfg"), ";"),
    Language("json", (".json", ".webmanifest"), "", "{", "  "),
    Language("jsonc", (".jsonc",), "//", "{", "  "),
    Language("julia", (".jl",), "#"),
    Language("kotlin", (".kt", ".kts"), "//", "{"),
    Language("latex", (".tex", ".sty", ".cls"), "%", indent="  "),
    Language("less", (".less",), "//", "{", "  "),
    Language("lua", (".lua",), "--", indent="  "),
    Language("makefile", ("Makefile", "makefile", "GNUmakefile", ".mk"), "#", indent="\t"),
    Language("markdown", (".md", ".markdown")),
    Language("nix", (".nix",), "#", "{", "  "),
    Language("objective-c", (".m",), "//", "{"),
    Language("objective-cpp", (".mm",), "//", "{"),
    Language("ocaml", (".ml", ".mli"), indent="  "),
    Language("perl", (".pl", ".pm"), "#", "{"),
    Language("php", (".php",), "//", "{"),
    Language("powershell", (".ps1", ".psm1", ".psd1"), "#", "{"),
    Language("proto", (".proto",), "//", "{", "  "),
    Language("r", (".r", ".R"), "#", "{", "  "),
    Language("restructuredtext", (".rst",)),
    Language("ruby", (".rb", ".rake", ".gemspec", "Gemfile", "Rakefile"), "#", indent="  "),
    Language("scala", (".scala", ".sc"), "//", "{", "  "),
    Language("scss", (".scss",), "//", "{", "  "),
    Language("shellscript", (".sh", ".bash", ".zsh", ".ksh"), "#"),
    Language("sql", (".sql",), "--"),
    Language("svelte", (".svelte",), indent="  "),
    Language("swift", (".swift",), "//", "{"),
    Language("terraform", (".tf", ".tfvars"), "#", "{", "  "),
    Language("toml", (".toml",), "#"),
    Language("vim", (".vim",), '"'),
    Language("vue", (".vue",), indent="  "),
    Language("xml", (".xml", ".xsd", ".xsl", ".svg"), indent="  "),
    Language("yaml", (".yaml", ".yml"), "#", indent="  "),
    Language("zig", (".zig",), "//", "{"),
)
