#!/bin/sh
# Installs slm-lsp from this folder for the user who runs it, without a network and without root:
#     sh install.sh [--signers FILE]
# With a file of allowed signers (see ssh-keygen), only a bundle that one of them has signed.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

# The program that compares all checksums is itself in a file that has one.
if command -v sha256sum >/dev/null; then sums=sha256sum; else sums='shasum -a 256'; fi
(cd "$here" && $sums --check --quiet --strict SHA256SUMS) || {
    echo "This is not the bundle that was made; nothing was installed. Copy it again." >&2
    exit 1
}

pythons='@PYTHONS@'
fits='import sys; sys.exit("%d.%d" % sys.version_info[:2] not in sys.argv[1].split())'
for python in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$python" -I -c "$fits" "$pythons" 2>/dev/null; then
        export PYTHONPATH="$here/wheels/@WHEEL@" PYTHONDONTWRITEBYTECODE=1
        exec "$python" -P -s -m slm_lsp bundle install "$here" "$@"
    fi
done
echo "This bundle is for Python $pythons, and this machine has $(python3 --version 2>&1 || echo none)." >&2
exit 1
