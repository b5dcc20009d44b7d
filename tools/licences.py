"""Under which licence a published package is, as an SPDX expression, from what it says itself."""

from __future__ import annotations

import json
import re
from email.parser import Parser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = {
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "boost-1.0": "BSL-1.0",
    "bsl-1": "BSL-1.0",
    "expat": "MIT",
    "go": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit/x": "MIT",
    "mit license": "MIT",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
"""Names in lower case that are not SPDX's, with what is meant; `BSD` alone is the usual one."""

_STANZA = re.compile(r"^Files:\s*\*\s*$.*?^License:\s*(\S.*?)\s*$", re.MULTILINE | re.DOTALL)
_OR = re.compile(r"\s+(or|and)\s+", re.IGNORECASE)


def licence_of(files: Mapping[str, str]) -> str:
    """Return the licence of the package that has `files` in it; empty where it does not say."""
    for path, text in sorted(files.items(), key=lambda it: it[0].count("/")):
        name = path.rpartition("/")[2]
        if name in ("PKG-INFO", "METADATA"):
            return _of_python(text)
        if name == "package.json" and path.count("/") == 0:
            found = json.loads(text).get("license", "")
            return found if isinstance(found, str) else ""
        if name == "copyright" and path.startswith("usr/share/doc/"):
            stanza = _STANZA.search(text)
            return _spdx(stanza[1]) if stanza else ""
    return ""


def _of_python(metadata: str) -> str:
    message = Parser().parsestr(metadata, headersonly=True)
    if expression := message.get("License-Expression"):
        return str(expression)
    classified = [
        str(line).rpartition("::")[2].strip()
        for line in message.get_all("Classifier", [])
        if str(line).startswith("License :: ") and not str(line).endswith("OSI Approved")
    ]
    stated = classified or [str(message.get("License", "")).split("\n")[0]]
    return " AND ".join(map(_spdx, stated))


def _spdx(name: str) -> str:
    parts = _OR.split(name.strip())
    return "".join(
        f" {part.upper()} " if part.lower() in ("or", "and") else _one(part) for part in parts
    )


def _one(name: str) -> str:
    plain = NAMES.get(name.strip().lower(), name.strip())
    return re.sub(r"^BSD-(\d)-clause$", r"BSD-\1-Clause", plain, flags=re.IGNORECASE)
