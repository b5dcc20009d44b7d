"""What is hidden from the model, and what is not."""

from __future__ import annotations

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_lsp.context.secrets import (
    MASK,
    in_secret,
    is_secret_file,
    masked,
    masked_around,
    secrets,
)
from tests.unit.planted import FORMS, KINDS, plant

CODE = (
    "password: str",
    "password = get_password1(user)",
    "connect(user=user, password=password)",
    "token = next_token2(stream)",
    "token_type = tokens.Keyword2.Type",
    'token = "+"',
    'TOKENS = ["password", "email"]',
    "secret = os.environ['API_SECRET']",
    "password = settings.DATABASE1.password",
    'f"postgres://{user}:{password}@{host}/db"',
    '"https://user:${PASSWORD}@host"',
    'if key.startswith("-----BEGIN RSA PRIVATE KEY-----"):',
    'url = "https://example.org:8080/path@v2"',
    'author = "x1y2z3w4v5"',
    "import sk_learn_metrics as sk_metrics",
    "commit = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'",
    "cache_key = 'user_profile_v2'",
    "passed = 12345678",
    "The basic authentication of version 2 is tokenless.",
)


@pytest.mark.parametrize("line", CODE)
def test_code_about_secrets_is_shown(line):
    assert masked(line) == line


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_hidden_wherever_it_stands(kind):
    for seed in range(20):
        secret, text = plant(kind, random.Random(seed))
        shown = masked(f"before = 1\n{text}\nafter = 2\n")
        assert MASK in shown
        assert all(part not in shown for part in secret.split("\n"))
        assert shown.startswith("before = 1\n")
        assert shown.endswith("\nafter = 2\n")


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_hidden_on_either_side_of_the_cursor(kind):
    secret, text = plant(kind, random.Random(1))
    at = text.index(secret)
    for cut in range(at, at + len(secret) + 1):
        before, after = masked_around("x\n" + text[:cut], text[cut:] + "\ny")
        hidden = before + after
        assert not any(piece in hidden for piece in pieces(secret, 16))
        assert before.startswith("x\n")
        assert after.endswith("\ny")


def pieces(secret: str, length: int) -> list[str]:
    parts = secret.split("\n")
    return [part[at : at + length] for part in parts for at in range(len(part) - length + 1)]


# A private key is pasted, and only an "@" tells a password in a URL from a port.
@pytest.mark.parametrize("kind", [it for it in FORMS if it != "database URL"])
def test_typing_a_secret_does_not_change_the_prompt_once_it_is_recognised(kind):
    secret, text = plant(kind, random.Random(2))
    end = text.index(secret) + len(secret)
    prompts = [masked(text[:at]) for at in range(end + 1)]
    begun = [at for at in range(1, end + 1) if MASK in prompts[at] and MASK not in prompts[at - 1]]
    assert begun, "never recognised"
    for at in range(begun[-1] + 1, end + 1):
        assert prompts[at] == prompts[at - 1]


@given(st.text(string.printable), st.text(string.printable))
def test_text_without_secrets_stays_as_it_is(before, after):
    if not list(secrets(before + after)):
        assert masked_around(before, after) == (before, after)
    assert masked(masked(before)) == masked(before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_typed_in_a_secret_becomes_part_of_it(kind):
    _, text = plant(kind, random.Random(3))
    text = f"first = 1\n{text}"
    for cut in range(len(text) + 1):
        after = text[cut:].split("\n")[0]
        hidden = any(start < cut <= end for start, end in secrets(text[:cut] + after))
        assert in_secret(text[:cut], after) is hidden


@pytest.mark.parametrize("anchor", ["token=", "sk-", "password: ", "-----BEGIN "])
def test_a_line_of_any_length_above_costs_a_key_nothing(anchor):
    above = anchor * 10_000 + "\n"
    started = time.perf_counter()
    assert not in_secret(above + "x = ", "")
    assert time.perf_counter() - started < 0.5


def test_half_of_a_private_key_is_hidden_too():
    _, text = plant("private key", random.Random(3))
    lines = text.split("\n")
    for start in range(1, len(lines)):
        shown = masked("\n".join(lines[start:]))
        assert not any(len(line) > 40 and line in shown for line in lines)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "app/.env.local",
        ".env.production",
        "prod.env",
        ".envrc",
        "C:\\Users\\me\\.ENV",
        "/home/me/.ssh/id_ed25519",
        "id_rsa",
        "server.pem",
        "tls/server.key",
        "release.keystore",
        "/home/me/.aws/credentials",
        "/home/me/.kube/config",
        ".netrc",
        ".npmrc",
        ".pypirc",
        ".git-credentials",
        "credentials.json",
        "config/secrets.yml",
        "app-secrets.toml",
        "client_secret_123.json",
        "service-account.json",
        "terraform.tfvars",
        "terraform.tfstate",
        ".htpasswd",
    ],
)
def test_files_of_secrets_are_told_by_their_names(path):
    assert is_secret_file(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "env.py",
        ".env.example",
        "environment.ts",
        "secrets.py",
        "credentials.go",
        "src/secrets/store.rs",
        "id_rsa.pub",
        "keys.ts",
        "keyboard.c",
        ".ssh/config",
        "package.json",
        "token.py",
        "docs/credentials.md",
    ],
)
def test_other_files_are_not(path):
    assert not is_secret_file(path)
