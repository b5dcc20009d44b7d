"""Where nothing is offered, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slm_lsp.completion.eligibility import (
    SURE_BEFORE_CODE,
    closed,
    gate,
    gate_by_syntax,
    least_confidence,
)
from slm_lsp.completion.request import Request
from slm_lsp.settings.schema import CompletionSettings, Settings
from slm_lsp.text.document import Cursor, Document
from tests.unit.marked import marked


def at(source: str, *, invoked: bool = False) -> Request:
    return Request(*marked(source), invoked)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("x = |\n", ""),
        ("x = f(|)\n", ""),
        ("x = fo|o\n", "inside a word"),
        ("x = | + 1\n", ""),
        ("\n|", "nothing before the cursor"),
        ('password = "hunter|"\n', "inside a secret"),
        ('password = "hunter2"|\n', ""),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabcdefghijklmn1234|\n",
            "inside a secret",
        ),
    ],
)
def test_reasons_without_syntax(source, reason):
    assert gate(at(source), Settings()) == reason


@pytest.mark.parametrize(
    ("source", "least"),
    [
        ("x = |\n", 0.5),
        ("x = f(|)\n", 0.5),
        ("x = |  # why\n", 0.5),
        ("x = | + 1\n", SURE_BEFORE_CODE),
        ("x = f(|, y)\n", SURE_BEFORE_CODE),
        ("f(|)?;\n", 0.5),
        ("x = a ? | : b\n", SURE_BEFORE_CODE),
        ("<p className={|}>a</p>\n", 0.5),
        ('<p className={|} id="a" key={b}>\n', 0.5),
        ("x = {|} > b\n", SURE_BEFORE_CODE),
    ],
)
def test_what_pushes_code_aside_has_to_be_the_surer(source, least):
    settings = Settings(completion=CompletionSettings(min_confidence=0.5))
    assert least_confidence(at(source), settings) == pytest.approx(least)
    assert least_confidence(at(source, invoked=True), settings) == 0
    surer = Settings(completion=CompletionSettings(min_confidence=0.9))
    assert least_confidence(at(source), surer) == pytest.approx(0.9)


@pytest.mark.parametrize("source", ["x = | + 1\n", "x = |\n"])
def test_somebody_who_asks_gets_an_answer_where_others_would_be_disturbed(source):
    settings = Settings(completion=CompletionSettings(trigger="manual"))
    request = replace(at(source), undone=True)
    assert gate(request, settings) == "only on demand"
    assert gate(replace(request, invoked=True), settings) == ""


def test_an_undo_is_followed_by_silence():
    assert gate(replace(at("x = |\n"), undone=True), Settings()) == "just undone"


def test_a_rejected_offer_is_followed_by_silence():
    assert gate(replace(at("x = |\n"), rejected=True), Settings()) == "just rejected"


@pytest.mark.parametrize(
    ("source", "in_strings", "in_comments", "reason"),
    [
        ('x = "a |"\n', True, True, ""),
        ('x = "a |"\n', False, True, "inside a string"),
        ("# a |\n", False, True, ""),
        ("# a |\n", True, False, "inside a comment"),
        ("x = |\n", False, False, ""),
    ],
)
def test_strings_and_comments_by_setting(source, in_strings, in_comments, reason):
    wanted = CompletionSettings(in_strings=in_strings, in_comments=in_comments)
    assert gate_by_syntax(at(source), Settings(completion=wanted)) == reason
    assert gate_by_syntax(at(source, invoked=True), Settings(completion=wanted)) == ""


@pytest.mark.parametrize("uri", ["file:///app/.env", "file:///home/me/.aws/credentials"])
def test_nothing_is_offered_in_a_file_of_secrets_even_to_who_asks(uri):
    document = Document.of("A=1\n", uri=uri, language="plaintext", path="x")
    assert closed(document, Settings()) == "a file of secrets"
    assert gate(Request(document, None, Cursor(0, 3), True), Settings()) == "a file of secrets"


@pytest.mark.parametrize(
    ("language", "switched_off"),
    [
        ("python.django", "python"),
        ("python.django", "django"),
        ("python.django", "python.django"),
        ("yaml.ansible", "yaml"),
        ("sh", "shellscript"),
    ],
)
def test_a_language_is_switched_off_by_each_of_its_names(language, switched_off):
    document = Document.of("x\n", uri="file:///a", language=language)
    assert closed(document, Settings(languages={switched_off: False})) == "switched off"
    assert closed(document, Settings(languages={"go": False})) == ""


@pytest.mark.parametrize("language", ["json", "css", "html", "xml", "ocaml", "plaintext"])
def test_code_behind_the_cursor_is_told_from_a_comment_where_lines_have_none(language):
    request = Request(Document.of("a b c", uri="file:///a", language=language), None, Cursor(0, 2))
    settings = Settings(completion=CompletionSettings(min_confidence=0.5))
    assert least_confidence(request, settings) == pytest.approx(SURE_BEFORE_CODE)
