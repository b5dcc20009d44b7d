"""The model files on this machine, each opened only after its checksum matched the record.

`catalog` knows what can be had, `download` fetches it, `optimize` fits it to this machine, and
`installed` (whose names are here) is all the engine needs.
"""

from slm_lsp.models.installed import (
    InstalledModel,
    check,
    permitted,
    resolve,
    verify,
)

__all__ = ["InstalledModel", "check", "permitted", "resolve", "verify"]
