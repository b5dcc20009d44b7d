"""Secrets do not get into a prompt: files of them are not read, others are masked.

A mask says nothing about what it hides, not even its length. So a secret that is being typed keeps
the prompt as it is, and the engine has nothing new to read.

What secrets look like: names of files that hold them, and patterns of them in text.

A row is all that a new kind of secret takes. Its pattern is only tried on a line that contains one
of its anchors. Where a pattern has a group `secret`, that group is the secret, otherwise all that
matches. Patterns are open at their
ends: a secret that is still being typed is recognised after a few characters and stays recognised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of secret with a form of its own, wherever it stands."""

    name: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Named:
    """A kind of secret that is told by the name before it, of which case does not count.

    `pattern` begins with one of the `anchors`, which are in lower case.
    """

    name: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]


def _kind(name: str, anchors: str, pattern: str) -> Kind:
    return Kind(name, tuple(anchors.split()), re.compile(pattern))


def _named(name: str, anchors: str, pattern: str) -> Named:
    flags = re.IGNORECASE | re.MULTILINE
    return Named(name, tuple(anchors.split()), re.compile(pattern, flags))


_SEPARATOR = r"(?:[\s\"'`,;]|\\[nr]|\+\s)"

PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*-----(?P<secret>"
    rf"(?:{_SEPARATOR}*+(?:(?:Proc-Type|DEK-Info|Version|Comment):[^\n]*|[A-Za-z0-9+/=]{{16,}}+))+"
    rf"(?:{_SEPARATOR}*+[A-Za-z0-9+/=]+(?={_SEPARATOR}*+-----END))?)"
)
"""The only secrets of several lines: those between such marks, also in the strings of a program."""

_WORDS = "passw passphrase pwd"
_WORD = r"(?:passw(?:or)?d|passphrase|pwd)"
_KEYS = "secret token credential _auth api access private account signing encryption master license"
_KEY = (
    r"(?:secret|token|credentials?|_auth\b"
    r"|(?:api|access|private|account|signing|encryption|master|license)[_-]?key)"
)

_TO = r"[\"'`]?\]?\s*+(?::\s*+\w++\s*+)?(?:=>|:=|[:=])\s*+"
"""Between a name and its value: an assignment, an entry of a table, a parameter with a type."""

_OPEN = r"[bru]{0,2}(?P<quote>[\"'`])(?![$<%{]|\{\{)"
_REST = r"(?:\\.|(?!(?P=quote))[^\\\n])"
_MIXED = r"(?=[^\s\"'`]*\d)(?=[^\s\"'`]*[a-z])"
_BARE = r"(?![\w.]*\()(?![a-z_]\w*(?:\.\w+)+\s*$)"
_IS = r"[ \t]*+[:=][ \t]*+"
_VALUE = r"[^\s\"'`#,;(){}\[\]<>$]"

KINDS = (
    _kind("age key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{8,}"),
    _kind("AWS access key", "AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}"),
    _kind("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{8,}"),
    _kind("GitHub fine-grained token", "github_pat_", r"\bgithub_pat_\w{8,}"),
    _kind("GitLab token", "glpat- glrt- gldt-", r"\bgl(?:pat|rt|dt)-[\w-]{8,}"),
    _kind("Slack token", "xox xapp-", r"\bx(?:ox[abeoprs]|app)-[\w-]{8,}"),
    _kind("Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/(?P<secret>[\w/]{8,})"),
    _kind("Discord webhook", "/webhooks/", r"/api/webhooks/\d+/(?P<secret>[\w-]{8,})"),
    _kind("Stripe key", "_live_ _test_ whsec_", r"\b(?:[rs]k_(?:live|test)_|whsec_)\w{8,}"),
    _kind("model provider key", "sk-", r"\bsk-(?=[\w-]*\d)[\w-]{16,}"),
    _kind("Google key", "AIza", r"\bAIza[\w-]{16,}"),
    _kind("Google OAuth", "GOCSPX- ya29.", r"\b(?:GOCSPX-|ya29\.)[\w.-]{8,}"),
    _kind("JSON web token", "eyJ", r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"),
    _kind("npm token", "npm_", r"\bnpm_(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{20,}"),
    _kind("PyPI token", "pypi-Ag", r"\bpypi-Ag[\w-]{8,}"),
    _kind("SendGrid key", "SG.", r"\bSG\.[\w-]{16,}(?:\.[\w-]*)?"),
    _kind("Twilio key", "SK", r"\bSK[0-9a-f]{32}\b"),
    _kind("Hugging Face token", "hf_", r"\bhf_(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{16,}"),
    _kind("Telegram token", ":AA", r"\b\d{8,10}:AA[\w-]{16,}"),
    _kind("DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[0-9a-f]{8,}"),
    _kind("Shopify token", "shp", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{8,}"),
    _kind("Databricks token", "dapi", r"\bdapi(?=[a-f]*\d)[0-9a-f]{16,}"),
    _kind("Docker token", "dckr_pat_", r"\bdckr_pat_[\w-]{8,}"),
    _kind("Vault token", "hvs. hvb.", r"\bhv[sb]\.[\w-]{16,}"),
    _kind("Grafana token", "glsa_ glc_", r"\bgl(?:sa|c)_[\w+/=]{16,}"),
    _kind("Linear key", "lin_api_", r"\blin_api_\w{8,}"),
    _kind("Postman key", "PMAK-", r"\bPMAK-[\w-]{8,}"),
    _kind("New Relic key", "NRAK-", r"\bNRAK-[A-Z0-9]{8,}"),
    _kind("Mailgun key", "key-", r"\bkey-[0-9a-f]{16,}"),
    _kind("password in a URL", "://", r"://[^\s:@/\"'`]*:(?![{$<%])(?P<secret>[^\s@/\"'`]+)@"),
)

LONG_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/])(?=[A-Za-z+/]*\d)(?=[A-Z0-9+/]*[a-z])(?=[a-z0-9+/]*[A-Z])"
    r"[A-Za-z0-9+/]{60,}={0,2}"
)
"""A line of a private key, none of which is shorter: a window may begin in the middle of one."""

NAMED = (
    _named(
        "quoted password",
        _WORDS,
        rf"{_WORD}[\w-]*+{_TO}{_OPEN}(?P<secret>{_REST}{{3,}})",
    ),
    _named(
        "quoted key",
        _KEYS,
        rf"{_KEY}[\w-]*+(?:{_TO}|[\"'`]\s*,\s*){_OPEN}{_MIXED}(?P<secret>[^\s\"'`]{{8,}})",
    ),
    _named(
        "fallback password",
        _WORDS,
        rf"{_WORD}\w*+[\"'`]\s*,\s*{_OPEN}{_MIXED}(?P<secret>[^\s\"'`]{{6,}})",
    ),
    _named(
        "bare password",
        _WORDS,
        rf"{_WORD}[\w-]*+{_IS}{_BARE}{_MIXED}(?P<secret>{_VALUE}{{6,}})(?![(\[])",
    ),
    _named(
        "bare key",
        _KEYS,
        rf"{_KEY}[\w-]*+{_IS}{_BARE}{_MIXED}(?P<secret>{_VALUE}{{16,}})(?![(\[])",
    ),
    # No digit is asked for in the files of environments, because code does not look like this.
    _named(
        "environment",
        "passw passphrase pwd secret token api access private",
        r"(?-i:(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|(?:API_?|ACCESS_|PRIVATE_)KEY)[A-Z0-9_]*)"
        rf"={_BARE}(?P<secret>{_VALUE}{{4,}})(?![(\[])",
    ),
    _named(
        "connection string",
        "password= pwd= accountkey= sharedaccesskey= sharedsecret=",
        r"(?:(?<=;)|(?<=;[ ]))\w++=(?![$<%{])(?P<secret>[^;\"'`\n]{3,})",
    ),
    _named("query", "sig= key=", r"(?<=[?&])\w++=(?P<secret>[\w%+/.~-]{16,})"),
    _named(
        "authorization",
        "bearer basic",
        rf"(?:bearer|basic)\s++{_MIXED}(?P<secret>[\w+/.=~-]{{12,}})",
    ),
)

SAMPLES = (".example", ".sample", ".template", ".dist", ".defaults")
"""Endings of files that show which secrets a project wants, and hold none."""

NAMES = re.compile(
    r"""
    \.env(?:\..+|rc)? | .+\.env
    | id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?
    | .+\.(?:pem|key|p12|pfx|p8|jks|keystore|kdbx?|ppk|gpg|pgp)
    | \.?netrc | _netrc | \.pgpass | \.my\.cnf | \.npmrc | \.pypirc | \.git-credentials | \.htpasswd
    | \.dockercfg | \.vault-token | \.boto | \.s3cfg | rclone\.conf | kubeconfig | .+\.kubeconfig
    | .+\.(?:tfvars|tfstate)(?:\.json|\.backup)?
    | (?:.+[._-])?(?:credentials?|secrets?|passwords?|vault)
      (?:[._-].+)?\.(?:json|jsonc|toml|ya?ml|ini|cfg|conf|properties|txt|csv|xml|enc)
    | credentials | secrets | passwords?
    | (?:.+[._-])?(?:service[._-]?account|client[._-]secret)(?:[._-].+)?\.json
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Names of files that hold secrets."""

PLACES = re.compile(
    r"(?:.*/)?(?:\.aws/.+|\.gnupg/.+|\.kube/config|\.docker/config\.json|\.ssh/(?!config|known_hosts).+)",
    re.IGNORECASE,
)
"""Paths, with slashes, of files that hold secrets."""


MASK = "<SECRET>"
"""What stands in a prompt in place of a secret."""

_ANCHOR = re.compile("|".join(re.escape(anchor) for kind in KINDS for anchor in kind.anchors))
_NAME_ANCHORS = tuple({anchor: None for named in NAMED for anchor in named.anchors})
"""Nearly every line has none of them, which costs less to find out at once than kind by kind."""

REMEMBERED_LINES = 4096
"""Lines whose secrets are known: between two keys nearly all of a window stays the same."""


def is_secret_file(path: str) -> bool:
    """Tell whether the file at `path` is one that holds secrets, by its name and folder alone.

    `path` may be absolute or relative, with slashes of either kind. Public keys and files like
    `.env.example` are not secret.
    """
    path = path.replace("\\", "/")
    name = PurePosixPath(path).name
    if name.lower().endswith((*SAMPLES, ".pub")):
        return False
    return bool(NAMES.fullmatch(name) or PLACES.fullmatch(path))


def in_secret(before: str, after: str) -> bool:
    """Tell whether what is typed between `before` and `after` becomes part of a secret.

    `after` is the rest of the line. Of the lines above only a private key reaches the cursor; to
    look for others there would take seconds where somebody has a line of megabytes.
    """
    cut, line = len(before), before.rfind("\n") + 1
    found = [_extent(match) for match in PRIVATE_KEY.finditer(before + after)]
    found += [(line + start, line + end) for start, end in _in_line(before[line:] + after)]
    return any(start < cut <= end for start, end in found)


def masked(text: str) -> str:
    """Return `text` with `MASK` for each secret; lines end in a line feed."""
    return masked_around(text, "")[0]


def masked_around(before: str, after: str) -> tuple[str, str]:
    """Return `before` and `after` masked; a secret that reaches over both is hidden in both."""
    text, cut, at = before + after, len(before), 0
    head: list[str] = []
    tail: list[str] = []
    for start, end in secrets(text):
        head += [text[at : min(start, cut)], MASK if start < cut else ""]
        tail += [text[max(at, cut) : start], MASK if start >= cut else ""]
        at = end
    return "".join([*head, text[at:cut]]), "".join([*tail, text[max(at, cut) :]])


def secrets(text: str) -> Iterator[tuple[int, int]]:
    """Yield from where to where secrets reach in `text`, in their order and apart."""
    found = [_extent(match) for match in PRIVATE_KEY.finditer(text)]
    at = 0
    for line in text.split("\n"):
        found += [(at + start, at + end) for start, end in _in_line(line)]
        at += len(line) + 1
    found.sort()
    for number, (start, end) in enumerate(found):
        if number + 1 < len(found) and found[number + 1][0] <= end:
            found[number + 1] = (start, max(end, found[number + 1][1]))
        else:
            yield start, end


@lru_cache(REMEMBERED_LINES)
def _in_line(line: str) -> tuple[tuple[int, int], ...]:
    return tuple(map(_extent, _matches(line))) or tuple(map(_extent, LONG_BASE64.finditer(line)))


def _extent(match: re.Match[str]) -> tuple[int, int]:
    return match.span("secret" if "secret" in match.re.groupindex else 0)


def _matches(line: str) -> Iterator[re.Match[str]]:
    for kind in KINDS if _ANCHOR.search(line) else ():
        if any(anchor in line for anchor in kind.anchors):
            yield from kind.pattern.finditer(line)
    folded = line.replace("\u0130", "i").lower()  # the only letter that grows in lower case
    for named in NAMED if any(anchor in folded for anchor in _NAME_ANCHORS) else ():
        for start in _starts(folded, named.anchors):
            if match := named.pattern.match(line, start):
                yield match


def _starts(folded: str, anchors: tuple[str, ...]) -> Iterator[int]:
    for anchor in anchors:
        at = folded.find(anchor)
        while at >= 0:
            yield at
            at = folded.find(anchor, at + 1)
