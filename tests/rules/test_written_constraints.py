"""The rules on how a constraint is written find it wherever it may stand: by itself, in a table, beside a column."""

from __future__ import annotations

import pytest

from migsafe.rules import rules
from tests.rules.test_examples import lint

PLACES = (
    "ALTER TABLE t ADD {column};",
    "CREATE TABLE t (id bigint, {column});",
    "CREATE TABLE t (id bigint, customer bigint, {alone});",
    "ALTER TABLE t ADD {alone};",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("id_", "column", "alone", "found"),
    [
        ("constraint-not-enforced", "a int CHECK (a > 0)", "CHECK (id > 0)", False),
        ("constraint-not-enforced", "a int CHECK (a > 0) NOT ENFORCED", "CHECK (id > 0) NOT ENFORCED", True),
        ("foreign-key-not-deferrable", "a int REFERENCES c", "FOREIGN KEY (id) REFERENCES c", True),
        (
            "foreign-key-not-deferrable",
            "a int REFERENCES c DEFERRABLE",
            "FOREIGN KEY (id) REFERENCES c DEFERRABLE",
            False,
        ),
        ("foreign-key-without-on-delete", "a int REFERENCES c", "FOREIGN KEY (id) REFERENCES c", True),
        (
            "foreign-key-without-on-delete",
            "a int REFERENCES c ON DELETE RESTRICT",
            "FOREIGN KEY (id) REFERENCES c ON DELETE SET NULL",
            False,
        ),
    ],
)
def test_a_constraint_is_found_in_every_place(place: str, id_: str, column: str, alone: str, *, found: bool) -> None:
    assert bool(lint(rules()[id_], place.format(column=column, alone=alone))) is found


def test_words_may_stand_on_lines_of_their_own_and_in_comments() -> None:
    (found,) = lint(rules()["foreign-key-valid-at-once"], "ALTER TABLE t ADD FOREIGN\n  KEY (a) REFERENCES c (id);")
    assert found.remedy
    assert found.remedy.startswith(
        "ALTER TABLE t ADD CONSTRAINT t_a_fkey FOREIGN\n  KEY (a) REFERENCES c (id) NOT VALID"
    )
    (found,) = lint(rules()["index-unnamed"], "CREATE INDEX /* on purpose */ ON t (a);")
    assert found.remedy == "CREATE INDEX /* on purpose */ t_a_idx ON t (a);"
