"""What to write instead of a check that stands beside a new column."""

from __future__ import annotations

from migsafe.catalog import Catalog
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of
from migsafe.rules.check_valid_at_once import RULE


def test_the_rewrite_of_a_check_beside_a_new_column_adds_the_column_first() -> None:
    catalog = Catalog(complete=True)
    follow(script_of("CREATE TABLE members (id bigint)"), catalog)
    sql = "ALTER TABLE members ADD COLUMN role text CONSTRAINT known CHECK (role IN ('a', 'b'))"
    (finding,) = Linter((RULE,)).lint(script_of(sql), catalog)
    assert finding.remedy is not None
    first, second, *_ = finding.remedy.splitlines()
    assert first == "-- after ADD COLUMN role without it"
    assert second.startswith("ALTER TABLE members ADD CONSTRAINT known CHECK (role ")
