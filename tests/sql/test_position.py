from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.sql.position import excerpt, line_and_column


def test_lines_and_columns_count_from_one_and_in_characters() -> None:
    assert line_and_column("a\né ü", 4) == (2, 3)
    assert line_and_column("a\n", 2) == (2, 1)


@pytest.mark.parametrize(
    ("text", "offset", "shown"),
    [
        ("SELECT 1\nSELECT x\n", 16, "SELECT x\n       ^"),
        ("\tSELECT x", 8, " SELECT x\n        ^"),
        ("日本 x", 3, "日本 x\n     ^"),
        ("e\u0301 x", 3, "e\u0301 x\n  ^"),
        ("SELECT", 6, "SELECT\n      ^"),
        ("a\x1bb", 2, "a·b\n  ^"),
        ("a\r\nb", 0, "a\n^"),
    ],
)
def test_the_caret_stands_under_the_character(text: str, offset: int, shown: str) -> None:
    assert excerpt(text, offset) == shown


@given(st.text(alphabet="abc日\t", max_size=300), st.integers(min_value=0, max_value=300))
def test_a_long_line_is_cut_to_the_width_and_the_caret_stays_inside(text: str, offset: int) -> None:
    line, caret = excerpt(text, offset, width=40).split("\n")
    columns = sum(2 if character == "日" else 1 for character in line)
    assert columns <= 42
    assert len(caret) <= columns + 1
