"""The settings, declared once.

Editors send them as camelCase JSON in the section `slm-lsp`; files spell them in kebab-case, in
`slm-lsp.toml` or under `[tool.slm-lsp]` in `pyproject.toml`. The schema that
`slm-lsp config schema` prints, the editors' settings and the table in `docs/settings.md` are held
to this file by a test.

Where they are read from is the business of `sources`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeGuard

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION = "slm-lsp"

AUTO = "auto"
"""The value that leaves a choice to this program."""

MIN_CONFIDENCE = 0.3
"""Where the catalog says nothing of the model in use."""

Restricted = Meta(extra_json_schema={"restricted": True})
"""Marks a setting that a project file may not set."""

RENAMED = {"engine.placesMegabytes": "engine.promptCacheMegabytes"}
"""Former names of settings. They work until the next minor version, with a warning that names the
current one."""


FimFormat = Literal[
    "auto",
    "none",
    "codegemma",
    "codellama",
    "codestral",
    "deepseek-coder",
    "granite",
    "granite-4",
    "mellum",
    "qwen",
    "santacoder",
    "seed-coder",
    "stable-code",
    "starcoder",
    "starcoder2",
]
"""The families are those of `engine/families.py`, held to it by a test."""


class CompletionSettings(msgspec.Struct, frozen=True, rename="camel"):
    """When and how much to offer."""

    trigger: Annotated[
        Literal["automatic", "manual"],
        Meta(description="Offer while typing, or only when the editor's user asks for it."),
    ] = "automatic"
    multiline: Annotated[
        Literal["auto", "never"],
        Meta(description="Whole blocks where the syntax tree opens one, or always a single line."),
    ] = "auto"
    max_tokens: Annotated[
        int, Meta(ge=1, le=512, description="The longest completion, in tokens of the model.")
    ] = 64
    budget_ms: Annotated[
        int,
        Meta(
            ge=50,
            le=60000,
            description="Milliseconds until ghost text; what takes longer is left out.",
        ),
    ] = 300
    min_confidence: Annotated[
        Literal["auto"] | Annotated[float, Meta(ge=0, le=1)],
        Meta(
            description="Ghost text ends where the model's probability of it falls below this; "
            "`auto`: what was measured for the model in use.",
        ),
    ] = "auto"
    in_strings: Annotated[
        bool, Meta(description="Offer inside strings, too; where not, on demand only.")
    ] = True
    in_comments: Annotated[
        bool, Meta(description="Offer inside comments, too; where not, on demand only.")
    ] = True
    prefetch: Annotated[
        bool,
        Meta(description="Prepare, while no key is typed, what comes after the text on screen."),
    ] = True
    learn: Annotated[
        bool,
        Meta(
            description="Ask for more or less confidence where ghost text was mostly rejected or "
            "accepted here; needs `statistics`, and `completion.minConfidence` to be `auto`."
        ),
    ] = True
    menu: Annotated[
        bool,
        Meta(description="Offer in completion menus, too, for editors without ghost text."),
    ] = False

    @property
    def least_confidence(self) -> float:
        """The number that `min_confidence` stands for."""
        return MIN_CONFIDENCE if self.min_confidence == "auto" else self.min_confidence


class ContextSettings(msgspec.Struct, frozen=True, rename="camel"):
    """How much of the file, and of others, the model reads."""

    prefix_tokens: Annotated[
        int, Meta(ge=64, le=32768, description="Budget before the cursor, in tokens.")
    ] = 1024
    suffix_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=8192,
            description="Budget after the cursor, in tokens, for models that fill in.",
        ),
    ] = 1024
    definition_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=4096,
            description="Budget for definitions in other files, in tokens; 0: no index is made.",
        ),
    ] = 0


class EngineSettings(msgspec.Struct, frozen=True, rename="camel"):
    """The process that runs the model."""

    sharing: Annotated[
        Literal["shared", "private"],
        Restricted,
        Meta(description="One engine for all editor windows of a user, or one for each."),
    ] = "shared"
    threads: Annotated[
        int,
        Restricted,
        Meta(
            ge=0,
            le=256,
            description="Threads of the model; 0 takes the fast physical cores.",
        ),
    ] = 0
    gpu_layers: Annotated[
        Literal["auto"] | Annotated[int, Meta(ge=0, le=1024)],
        Restricted,
        Meta(description="Layers of the model on graphics cards; `auto`: as many as fit."),
    ] = "auto"
    context_tokens: Annotated[
        int,
        Restricted,
        Meta(ge=512, le=131072, description="Tokens of context the engine reserves memory for."),
    ] = 2560
    idle_minutes: Annotated[
        float,
        Restricted,
        Meta(gt=0, le=1440, description="Minutes without a request after which the engine leaves."),
    ] = 30.0
    background_share: Annotated[
        float,
        Restricted,
        Meta(
            ge=0,
            le=1,
            description="Share of the time the model may work while no user waits; 0: never.",
        ),
    ] = 0.5
    prompt_cache_megabytes: Annotated[
        int,
        Restricted,
        Meta(
            ge=0,
            le=65536,
            description="Memory for prompts read before, so that going back needs no reading.",
        ),
    ] = 256
    fim: Annotated[
        FimFormat,
        Restricted,
        Meta(description="How the model fills in: as its file says, not at all, or as a family."),
    ] = "auto"


class Settings(msgspec.Struct, frozen=True, rename="camel"):
    """Everything that can be configured. Immutable: a change is a new value."""

    enabled: Annotated[bool, Meta(description="Offer completions at all.")] = True
    languages: Annotated[
        dict[str, bool],
        Meta(description="Switches for single languages by the editor's language id."),
    ] = {}
    model: Annotated[
        str,
        Restricted,
        Meta(
            min_length=1,
            description="The name of an installed model; `auto`: the largest that is in time here.",
        ),
    ] = "auto"
    offline: Annotated[
        bool,
        Restricted,
        Meta(description="Forbid every network connection, `models pull` included."),
    ] = False
    mirror: Annotated[
        str,
        Restricted,
        Meta(description="A URL or a folder to pull models from, in place of their publishers."),
    ] = ""
    statistics: Annotated[
        bool,
        Meta(description="Count on this machine what becomes of completions; see `slm-lsp stats`."),
    ] = True
    completion: CompletionSettings = CompletionSettings()
    context: ContextSettings = ContextSettings()
    engine: EngineSettings = EngineSettings()

    def enabled_for(self, language: str) -> bool:
        """Tell whether completions are on for the editor's language id `language`.

        A compound one (`python.django`) is off when one of its parts is.
        """
        names = (language, *language.split("."))
        return self.enabled and all(self.languages.get(name, True) for name in names)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the settings as an editor writes them."""
    return msgspec.json.schema(Settings)


def setting_names() -> Iterator[str]:
    """Yield every setting's dotted name as an editor writes it, without the section."""
    return _keys(Settings, ())


def _keys(struct: type[msgspec.Struct], path: tuple[str, ...]) -> Iterator[str]:
    for field in msgspec.structs.fields(struct):
        here = (*path, field.encode_name)
        if is_section(field.type):
            yield from _keys(field.type, here)
        else:
            yield ".".join(here)


def is_section(hint: object) -> TypeGuard[type[msgspec.Struct]]:
    """Tell whether a field's type is a group of settings."""
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)
