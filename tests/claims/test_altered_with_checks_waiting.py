"""Where PostgreSQL refuses to alter a table whose rows were changed, and where it doesn't: on a server, and by lint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.postgres.server import Server
from migsafe.rules import rules
from tests.claims.running import example
from tests.rules.test_examples import lint

RULE = rules()["altered-with-checks-waiting"]
ALTER = "ALTER TABLE orders ADD COLUMN note text;"
UPDATE = "UPDATE orders SET customer = 1 WHERE id = 2;"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (f"INSERT INTO orders VALUES (0, 1);\n{ALTER}", True),
        (f"{UPDATE}\nALTER TABLE orders ALTER customer SET NOT NULL;", True),
        (f"{UPDATE}\nCREATE INDEX orders_customer ON orders (customer);", True),
        (f"SET CONSTRAINTS ALL IMMEDIATE;\n{ALTER}", False),
        (f"UPDATE orders SET id = -id;\n{ALTER}", False),
        (f"{UPDATE}\nALTER TABLE customers ADD COLUMN note text;", False),
        (f"{UPDATE}\nCOMMIT;\n{ALTER}", False),
        (f"INSERT INTO customers VALUES (0);\n{ALTER}", False),
    ],
)
def test_lint_and_server_agree(server: Server, script: str, *, found: bool) -> None:
    rule = replace(RULE, bad=script)
    with example(server, rule) as before, before.clone() as database:
        seen = before.run(database, script)
    assert ("55006" in seen.said) is found
    assert bool(lint(rule, script)) is found


def test_a_foreign_key_that_is_checked_at_once_leaves_nothing_for_the_commit() -> None:
    given = RULE.given.replace(" DEFERRABLE INITIALLY DEFERRED", "")
    assert given != RULE.given
    assert not lint(replace(RULE, given=given), RULE.bad)
