"""What a bundle says of itself, in `bundle.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from slm_lsp.errors import BundleDamaged

if TYPE_CHECKING:
    from pathlib import Path

FILE = "bundle.json"
WHEELS = "wheels"
MODELS = "models"
VSIX = "editors/slm-lsp.vsix"
NVIM = "editors/nvim"


@dataclass(frozen=True)
class BundledModel:
    """A model: its name, and the `file` in the bundle that it is or that carries it.

    With `use` it becomes the user's model, because it is not the one that is when nothing is set.
    `adapter` is the file with what is added to its weights, empty where it has none. One that is
    `pulled` is in the catalog, and the store takes it from its folder in the bundle.
    """

    name: str
    file: str
    use: bool
    adapter: str = ""
    pulled: bool = False


@dataclass(frozen=True)
class Manifest:
    """Which slm-lsp it is and where it can be installed.

    `platforms` are keys of `targets.PLATFORMS`, `pythons` versions such as `3.12`; `glibc` is the
    oldest one of the engine on each Linux in `platforms`.
    """

    version: str
    platforms: tuple[str, ...]
    pythons: tuple[str, ...]
    glibc: dict[str, str]
    model: BundledModel | None = None

    def write(self, bundle: Path) -> None:
        """Write it into the folder `bundle`."""
        (bundle / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


def read(bundle: Path) -> Manifest:
    """Read it from the folder `bundle`. Raises BundleDamaged."""
    try:
        said = json.loads((bundle / FILE).read_text("utf-8"))
        model = said["model"] and BundledModel(**said["model"])
        return Manifest(
            said["version"],
            tuple(said["platforms"]),
            tuple(said["pythons"]),
            dict(said["glibc"]),
            model,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleDamaged(
            f"{bundle / FILE} cannot be read ({error}): is {bundle} a bundle?"
        ) from error
