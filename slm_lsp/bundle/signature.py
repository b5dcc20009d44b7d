"""Who made a bundle: SHA256SUMS signed with a key for ssh, by ssh-keygen.

How a program that was run has ended.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from slm_lsp.bundle.checksums import SIGNATURE, SUMS
from slm_lsp.errors import BundleDamaged, BundleError

if TYPE_CHECKING:
    from pathlib import Path


def last_words(ended: subprocess.CompletedProcess[bytes]) -> str:
    """Return the last line that it has printed, above all about what went wrong."""
    lines = (ended.stderr or ended.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {ended.returncode}"


NAMESPACE = "slm-lsp-bundle"
"""What the signature is for, so that one made for something else counts for nothing here."""


def sign(bundle: Path, key: Path) -> None:
    """Sign with the private key in the file `key`, or with the agent's where it is a public one.

    ssh-keygen asks for the passphrase. Raises BundleError.
    """
    (bundle / SIGNATURE).unlink(missing_ok=True)
    ended = _ssh_keygen("sign", "-f", key, "-n", NAMESPACE, bundle / SUMS)
    if ended.returncode != 0:
        raise BundleError(f"{key} could not sign the bundle: {last_words(ended)}")


def check(bundle: Path, signers: Path) -> str:
    """Return who of the file `signers`, in ssh's format ALLOWED SIGNERS, has signed the bundle.

    Raises BundleDamaged where nobody has, BundleError where it cannot be found out.
    """
    if not signers.is_file():
        raise BundleError(f"There is no file {signers}.")
    signature = bundle / SIGNATURE
    if not signature.is_file():
        raise BundleDamaged(f"{bundle} is not signed; do not install it.")
    about = ("-n", NAMESPACE, "-s", signature, "-f", signers)
    found = _ssh_keygen("find-principals", *about)
    name = found.stdout.decode("utf-8", "replace").partition("\n")[0].strip()
    ended = found
    if name:
        ended = _ssh_keygen("verify", "-I", name, *about, stdin=(bundle / SUMS).read_bytes())
    if not name or ended.returncode != 0:
        raise BundleDamaged(
            f"{bundle} was not signed by anybody in {signers}, or was changed afterwards "
            f"({last_words(ended)}); do not install it."
        )
    return name


def _ssh_keygen(
    action: str, *arguments: object, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = ["ssh-keygen", "-Y", action, *map(str, arguments)]
    try:
        return subprocess.run(command, input=stdin, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise BundleError(
            "Signatures need ssh-keygen, which is not on the PATH; OpenSSH has it."
        ) from error
