"""In which documents code is written, by their URIs."""

from __future__ import annotations

import pytest

from slm_lsp.server.schemes import is_editable


@pytest.mark.parametrize(
    "uri",
    [
        "file:///a.py",
        "untitled:Untitled-1",
        "vscode-notebook-cell:/a.ipynb#W0",
        "vscode-vfs://github/owner/name/a.py",
        "vsls:/a.py",
        "memfs:/a.py",
        "scp://host/a.py",
        "oil-ssh://host/a.py",
        "inmemory:///model.ts",
        "inmemory://model/1",
        "member:/library/source",
        "ssh://host/a.py",
        "docker:/container/a.py",
    ],
)
def test_code_is_written_under_any_scheme(uri: str):
    assert is_editable(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "git:/a.py?ref=HEAD",
        "GIT:/a.py",
        "gitlens://x/a.py",
        "output:tasks",
        "vscode-settings:/settings",
        "walkthrough:/x",
        "walkThrough:/x",
        "fugitive:///project/.git//0/a.py",
        "jdt://contents/java.base/String.class",
        "zipfile:///a.zip::a.py",
    ],
)
def test_what_only_shows_something_is_left_alone(uri: str):
    assert not is_editable(uri)
