"""The Python extension's interface, as a VSIX of a few lines: the real one takes a shop to install.

It finds what the real one finds first: a virtual environment called `.venv` in the folder.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from zipfile import ZipFile

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = {
    "name": "python",
    "publisher": "ms-python",
    "version": "1.0.0",
    "engines": {"vscode": "^1.91.0"},
    "main": "./extension.js",
    "activationEvents": [],
    "extensionKind": ["workspace"],
    "capabilities": {"untrustedWorkspaces": {"supported": True}},
}

_CODE = """
const { join } = require('node:path');
const { existsSync } = require('node:fs');
const { Uri } = require('vscode');
exports.activate = () => ({
  ready: Promise.resolve(),
  environments: {
    getActiveEnvironmentPath: (folder) => ({
      id: 'active',
      path: folder === undefined ? '' : join(folder.fsPath, '.venv', 'bin', 'python'),
    }),
    resolveEnvironment: async ({ path }) =>
      existsSync(path) ? { executable: { uri: Uri.file(path) } } : undefined,
  },
});
"""

_MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="python" Version="1.0.0" Publisher="ms-python"/>
    <DisplayName>Python</DisplayName>
    <Description>Which Python is active</Description>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json"/>
  </Assets>
</PackageManifest>
"""


def python_extension(folder: Path) -> Path:
    """Write the VSIX into `folder` and return its path."""
    path = folder / "python.vsix"
    with ZipFile(path, "w") as archive:
        archive.writestr("extension.vsixmanifest", _MANIFEST)
        archive.writestr("extension/package.json", json.dumps(_PACKAGE))
        archive.writestr("extension/extension.js", _CODE)
    return path
