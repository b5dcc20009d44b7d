"""Documents name the actor; code in them is not read as prose."""

from __future__ import annotations

import pytest

from tools.prose import own_complaints, pages, prose, proselint_complaints


def complaints(page: str) -> list[tuple[int, int]]:
    return [(one.line, one.column) for one in own_complaints(prose(page))]


@pytest.mark.parametrize(
    ("page", "places"),
    [
        ("The file that somebody opens.\n", [(1, 15)]),
        ("Nobody asks.\nWhoever asks.\n", [(1, 1), (2, 1)]),
        ("# A title\n\nWhat is typed is kept.\n", [(3, 1)]),
        ("It waits.\nWho waits longest comes first.\n", [(2, 1)]),
        ("- What fails is tried again.\n", [(1, 3)]),
    ],
)
def test_a_sentence_without_an_actor_is_found_where_it_stands(page, places):
    assert complaints(page) == places


@pytest.mark.parametrize(
    "page",
    [
        "The user asks. The engine answers.\n",
        "It is open.\n\nWhat does the model read?\n",
        "**What it learns from.** Files.\n",
        "`nobody` is a user, and so is [that](docs/nobody.md).\n",
        "```sh\nsudo -u nobody true\n```\n",
        "| who | `somebody` |\n",
    ],
)
def test_code_questions_and_headings_are_left_alone(page):
    assert complaints(page) == []


def test_prose_keeps_every_line_and_column():
    page = "a `b c` d\n```\ne\n```\n| f | g |\n"
    assert [len(line) for line in prose(page).splitlines()] == [
        len(line) for line in page.splitlines()
    ]


def test_a_word_written_twice_is_found_and_cells_with_one_word_are_not():
    pages = ["One.\nIt is is so.\n", "| build | build |\n"]
    found = proselint_complaints([prose(page) for page in pages])
    assert [[one.line for one in page] for page in found] == [[2], []]


def test_the_documents_are_found():
    names = {page.name for page in pages()}
    assert {"README.md", "ARCHITECTURE.md", "security.md"} <= names
    assert "CHANGELOG.md" not in names
