"""Text made fit to be shown."""

from __future__ import annotations

import pytest

from migsafe.plain import shortened


@pytest.mark.parametrize(
    ("sql", "characters", "shown"),
    [
        ("ALTER  TABLE t\n  ADD a int", 40, "ALTER TABLE t ADD a int"),
        ("-- the column\n-- is new\nALTER TABLE t ADD a int -- yes", 40, "ALTER TABLE t ADD a int -- yes"),
        ("/* one\n * two */ -- three\n\n /* four */ DROP TABLE t", 40, "DROP TABLE t"),
        ("SELECT 'a -- b', /* c */ 1 FROM t", 26, "SELECT 'a -- b', /* c */ …"),
        ("-- nothing else", 40, "-- nothing else"),
    ],
)
def test_a_statement_is_shown_on_one_line_without_the_comments_before_it(sql: str, characters: int, shown: str) -> None:
    assert shortened(sql, characters) == shown
