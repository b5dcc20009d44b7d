"""Settings: what is accepted from whom, and what is said about the rest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.settings import schema, sources
from slm_lsp.settings.schema import Settings
from slm_lsp.settings.sources import Source, merge

if TYPE_CHECKING:
    from pathlib import Path


def editor(**values: Any) -> Source:
    return Source("editor", values, "camel")


def test_defaults_without_sources():
    assert merge([]) == (Settings(), ())


def test_the_first_source_wins_key_by_key():
    project = Source("file", {"completion": {"max-tokens": 7, "multiline": "never"}}, "kebab")
    settings, problems = merge([editor(completion={"maxTokens": 9}), project])
    assert (settings.completion.max_tokens, settings.completion.multiline) == (9, "never")
    assert problems == ()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"completion": {"maxTokens": 0}}, "completion.maxTokens"),
        ({"completion": {"trigger": "sometimes"}}, "completion.trigger"),
        ({"completion": 3}, "completion"),
        ({"enabled": "yes"}, "enabled"),
        ({"languages": {"python": 1}}, "languages"),
        ({"nonsense": 1}, "nonsense"),
        ({"engine": {"nonsense": 1}}, "engine.nonsense"),
        ({"engine": {"gpuLayers": "all"}}, "engine.gpuLayers"),
        ({"engine": {"gpuLayers": -1}}, "engine.gpuLayers"),
    ],
)
def test_what_is_wrong_is_named_and_the_default_used(values: dict[str, Any], named: str):
    settings, problems = merge([Source("editor", values, "camel")])
    assert settings == Settings()
    assert len(problems) == 1
    assert f"'{named}'" in problems[0].message
    assert "editor" in problems[0].message


@pytest.mark.parametrize(
    "values",
    [
        {"model": "evil"},
        {"offline": False},
        {"engine": {"sharing": "private"}},
        {"engine": {"threads": 200}},
        {"engine": {"gpu-layers": 99}},
        {"engine": {"context-tokens": 131072}},
    ],
)
def test_a_project_may_not_choose_programs_models_or_resources(values: dict[str, Any]):
    settings, problems = merge([Source("project", values, "kebab", trusted=False)])
    assert settings == Settings()
    assert "may not be set by a project" in problems[0].message


def test_nothing_switches_offline_back_on():
    user = Source("user", {"offline": True}, "kebab")
    assert merge([editor(offline=False), user])[0].offline
    assert merge([editor(offline=True), Source("user", {"offline": False}, "kebab")])[0].offline


@pytest.mark.parametrize("value", ["yes", 1, None, "false"])
def test_an_unclear_offline_counts_as_on(value: object):
    settings, problems = merge([editor(offline=value)])
    assert settings.offline
    assert "'offline'" in problems[0].message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["enabled", "model", "completion", "engine", "x"]), JSON))
def test_no_settings_whatever_stop_the_server(values: dict[str, Any]):
    settings, problems = merge([Source("editor", values, "camel")])
    assert isinstance(settings, Settings)
    assert all(problem.message for problem in problems)


def test_the_nearest_file_is_the_project_file(tmp_path: Path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "slm-lsp.toml").write_text("enabled = false")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.slm-lsp.completion]\nmax-tokens = 5\n")
    found = sources.project_source(inner)
    assert found is not None
    assert found.values == {"completion": {"max-tokens": 5}}
    assert not found.trusted


def test_a_pyproject_that_says_nothing_is_passed_over(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "slm-lsp.toml").write_text("enabled = false")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    found = sources.project_source(tmp_path / "a")
    assert found is not None
    assert found.values == {"enabled": False}


@pytest.mark.parametrize("content", [b"enabled = ", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_broken_file_is_a_problem_and_not_a_crash(tmp_path: Path, content: bytes):
    (tmp_path / "slm-lsp.toml").write_bytes(content)
    settings, problems = merge(sources.file_sources(tmp_path))
    assert settings == Settings()
    assert "cannot be read" in problems[0].message


def test_a_byte_order_mark_is_no_content(tmp_path: Path):
    (tmp_path / "slm-lsp.toml").write_bytes(b"\xef\xbb\xbfenabled = false\r\n")
    assert merge(sources.file_sources(tmp_path)) == (Settings(enabled=False), ())


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/tty", "."])
def test_a_link_to_what_is_no_file_is_a_problem(target: str, tmp_path: Path):
    (tmp_path / "slm-lsp.toml").symlink_to(target)
    found = sources.project_source(tmp_path)
    assert found is not None
    assert "it is no file" in found.error or "No such device" in found.error


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "slm-lsp.toml")
    found = sources.project_source(tmp_path)
    assert found is not None
    assert "it is no file" in found.error


@pytest.mark.parametrize(
    "content", ["#" * (sources.LARGEST + 1), "x = " + "[" * 100_000, "x = " + "{a=" * 100_000]
)
def test_a_file_that_is_too_large_or_too_deep_is_a_problem(content: str, tmp_path: Path):
    (tmp_path / "slm-lsp.toml").write_text(content)
    found = sources.project_source(tmp_path)
    assert found is not None
    assert found.error.startswith("cannot be read")


def test_the_users_file_counts_where_there_is_no_project_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "slm-lsp").mkdir(parents=True)
    (tmp_path / "config" / "slm-lsp" / "slm-lsp.toml").write_text('model = "mine"')
    project = tmp_path / "project"
    project.mkdir()
    assert merge(sources.file_sources(project))[0].model == "mine"
    (tmp_path / "config" / "slm-lsp" / "slm-lsp.toml").write_text("languages = {go = false}")
    (project / "slm-lsp.toml").write_text("enabled = false")
    settings, problems = merge(sources.file_sources(project))
    assert (settings.enabled, settings.languages) == (False, {})
    assert problems == ()


def test_no_project_file_undoes_what_only_the_user_may_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "slm-lsp").mkdir(parents=True)
    (tmp_path / "config" / "slm-lsp" / "slm-lsp.toml").write_text(
        'model = "mine"\noffline = true\nengine = {threads = 3}'
    )
    (tmp_path / "slm-lsp.toml").write_text('model = "evil"\noffline = false\nenabled = false')
    settings, _ = merge(sources.file_sources(tmp_path))
    assert (settings.model, settings.offline, settings.engine.threads) == ("mine", True, 3)
    assert not settings.enabled


def test_every_setting_is_in_the_schema_with_a_description():
    definitions = schema.schema()["$defs"]
    for key in schema.setting_names():
        *sections, name = key.split(".")
        struct = f"{sections[0].capitalize()}Settings" if sections else "Settings"
        assert definitions[struct]["properties"][name]["description"].endswith(".")


LOCK = Source("admin", {"statistics": False, "languages": {"go": False}}, "kebab", locks=True)


def test_what_is_locked_stays_and_whoever_wants_it_otherwise_is_told():
    project = Source("project", {"languages": {"go": True}}, "kebab", trusted=False)
    wanted = editor(statistics=True, languages={"go": False, "rust": False})
    settings, problems = merge([LOCK, wanted, project])
    assert not settings.statistics
    assert settings.languages == {"go": False, "rust": False}
    assert [problem.message for problem in problems] == [
        "editor: 'statistics' is locked by admin, ignored",
        "project: 'languages.go' is locked by admin, ignored",
    ]


def test_who_decides_each_setting():
    user = Source("user", {"offline": True, "statistics": True, "model": "mine"}, "kebab")
    found = sources.origins([LOCK, editor(offline=False, enabled=False), user])
    assert {key: source.name for key, source in found.items()} == {
        "statistics": "admin",
        "languages.go": "admin",
        "offline": "user",
        "enabled": "editor",
        "model": "user",
    }


@pytest.mark.parametrize(
    ("spelling", "old", "new"),
    [
        ("camel", "placesMegabytes", "promptCacheMegabytes"),
        ("kebab", "places-megabytes", "prompt-cache-megabytes"),
    ],
)
def test_a_former_name_works_and_the_warning_names_the_current_one(
    spelling: Literal["camel", "kebab"], old: str, new: str
):
    former = Source("file", {"engine": {old: 7}}, spelling)
    settings, problems = merge([former])
    assert settings.engine.prompt_cache_megabytes == 7
    assert [it.message for it in problems] == [f"file: 'engine.{old}' is now called 'engine.{new}'"]
    both = Source("file", {"engine": {old: 7, new: 9}}, spelling)
    assert merge([both])[0].engine.prompt_cache_megabytes == 9


def test_a_former_name_is_no_way_around_a_restriction():
    project = Source("file", {"engine": {"places-megabytes": 7}}, "kebab", trusted=False)
    settings, problems = merge([project])
    assert settings == Settings()
    assert any("may not be set by a project" in it.message for it in problems)


def test_former_names_are_names_no_more():
    names = set(schema.setting_names())
    assert set(schema.RENAMED.values()) <= names
    assert not set(schema.RENAMED) & names
