"""What a session knows of its workspace."""

from __future__ import annotations

import json

import pytest

from slm_lsp.server.app import create

FOLDERS = [
    {"uri": "file:///home/me/web", "name": "web"},
    {"uri": "file:///home/me/web/packages/core", "name": "core"},
    {"uri": "file:///home/me/tools", "name": "tools"},
]


@pytest.mark.parametrize(
    ("uri", "path", "repository"),
    [
        ("file:///home/me/web/src/app.ts", "src/app.ts", "web"),
        ("file:///home/me/web/packages/core/index.ts", "index.ts", "core"),
        ("file:///home/me/tools/x.py", "x.py", "tools"),
        ("file:///home/me/toolshed/x.py", "x.py", ""),
        (
            "vscode-notebook-cell:/home/me/tools/data/report.ipynb#W0sZ",
            "data/report.ipynb",
            "tools",
        ),
        ("untitled:Untitled-1", "Untitled-1", ""),
    ],
)
async def test_paths_are_relative_to_the_innermost_folder(uri, path, repository):
    class Nowhere:
        def write(self, data: bytes) -> None: ...

        def close(self) -> None: ...

    session = create()
    session.protocol.set_writer(Nowhere())
    params: dict[str, object] = {
        "processId": None,
        "capabilities": {},
        "workspaceFolders": FOLDERS,
        "rootUri": None,
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    session.protocol.receive(json.dumps(message).encode())
    assert session.names_for_model(uri) == (path, repository)
    await session.close()
