"""What counts as a hole within a line, and as ended by the model itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks.filling import measure
from slm_lsp.evaluation.cases import Case
from slm_lsp.inference.worker.fake import Script

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("expected", "written", "within", "exact", "ended"),
    [
        ("items", "items", 1, 1, 1),
        ("items", "items\nitems", 1, 1, 0),
        ("items", "item", 1, 0, 1),
        ("eturn\n ", "eturn\n ", 0, 1, None),
        ("eturn\n ", "else", 0, 0, None),
        ("a = 1\nb = 2", "a = 1\nb = 2", 0, 1, None),
    ],
)
def test_a_hole_with_a_line_end_in_it_is_none_within_a_line(
    tmp_path: Path, expected: str, written: str, within: int, exact: int, ended: int | None
):
    script = tmp_path / "script.json"
    script.write_bytes(msgspec.json.encode(Script(default=written)))
    case = Case("1", "python", "r", "\n", expected, "span", "a.py")
    rows = {row["holes"]: row for row in measure(f"fake:{script}", [case])}
    assert rows["within a line"]["n"] == within
    assert rows["all"]["exact_match"] == rows["span"]["exact_match"] == exact
    assert rows["all"]["ended"] == rows["within a line"]["ended"] == ended
