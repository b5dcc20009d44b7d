"""Secrets made up at random, as they stand in files. None of them opens anything."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_WORD = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + string.digits
_HEX = "0123456789abcdef"

FORMS = {
    "AWS access key": ('aws_id = "{}"', "AKIA", _UPPER, 16),
    "AWS secret key": ("aws_secret_access_key = {}", "", _WORD + "/+", 40),
    "GitHub token": ('gh = "{}"', "ghp_", _WORD, 36),
    "GitHub fine-grained token": ("  {}", "github_pat_", _WORD + "_", 60),
    "GitLab token": ("curl --header {}", "glpat-", _WORD, 20),
    "Slack token": ("let t = '{}';", "xoxb-", _WORD, 40),
    "Slack webhook": ("https://hooks.slack.com/services/{}", "T", _WORD + "/", 40),
    "Discord webhook": ("https://discord.com/api/webhooks/987654321/{}", "", _WORD, 60),
    "Stripe key": ('stripe("{}")', "sk_live_", _WORD, 24),
    "OpenAI key": ("key: {}", "sk-proj-", _WORD, 48),
    "Google key": ('"{}"', "AIza", _WORD, 35),
    "JSON web token": ("x = `{}`", "eyJ", _WORD, 80),
    "npm token": ("//registry.npmjs.org/:_authToken={}", "npm_", _WORD, 36),
    "PyPI token": ("# {}", "pypi-AgEI", _WORD + "-_", 80),
    "SendGrid key": ('"{}"', "SG.", _WORD, 60),
    "Hugging Face token": ("login('{}')", "hf_", _WORD, 34),
    "Telegram token": ('bot("{}")', "123456789:AA", _WORD, 33),
    "DigitalOcean token": ("{}", "dop_v1_", _HEX, 64),
    "Vault token": ("export VAULT={}", "hvs.", _WORD, 90),
    "database URL": ('db = "postgres://admin:{}@db.example.org/app"', "", _WORD, 12),
    "connection string": ('"Server=db;User Id=sa;Password={};"', "", _WORD, 14),
    "Azure account key": ('"AccountName=a;AccountKey={}"', "", _WORD + "+/", 86),
    "quoted password": ('password = "{}"', "", _WORD + " !#%", 14),
    "environment": ("DB_PASSWORD={}", "", string.ascii_lowercase, 10),
    "YAML password": ("  password: {}", "", _WORD, 14),
    "authorization header": ('"Authorization: Bearer {}"', "", _WORD, 40),
    "API key in JSON": ('{{"apiKey": "{}"}}', "", _HEX, 32),
    "fallback": ('os.environ.get("SECRET_KEY", "{}")', "", _WORD, 32),
}
"""By kind: the line around a secret, how it begins, its further characters and their number."""

KINDS = [*FORMS, "private key", "private key in a string"]


def plant(kind: str, chance: random.Random) -> tuple[str, str]:
    """Return a secret of `kind` and the text that it stands in."""
    if kind.startswith("private key"):
        ends = (64, 64, 64, 20)
        lines = ["".join(chance.choices(_WORD + "+/", k=length)) + "a1A" for length in ends]
        if kind == "private key":
            body = "\n".join(lines)
            return body, f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
        body = "\\n".join(lines)
        return body, f'key = "-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----"'
    line, start, alphabet, length = FORMS[kind]
    # A digit and a letter of each case early on, as nearly all random secrets have them.
    mixed = "" if alphabet in (_HEX, _UPPER, string.ascii_lowercase) else "a7Z"
    if kind == "JSON web token":
        mixed += "b3V" * 4 + ".e30."
    secret = start + mixed + "".join(chance.choices(alphabet, k=length)).strip()
    return secret, line.format(secret)
