"""The opposite order of branches keeps what must come after what."""

from __future__ import annotations

from pathlib import Path

from migsafe.checks.together import other_order
from migsafe.history.model import Migration


def migration(version: str, *parents: str) -> Migration:
    return Migration(version, "", Path(f"{version}.py"), parents=parents)


def order(*migrations: Migration) -> str:
    return "".join(each.version for each in other_order(migrations))


def test_a_line_has_one_order() -> None:
    assert order(migration("1"), migration("2", "1"), migration("3", "2")) == "123"


def test_branches_change_places_and_their_merge_stays_last() -> None:
    branches = (migration("a"), migration("b"), migration("c", "a"), migration("d", "b"))
    assert order(*branches, migration("e", "c", "d")) == "bdace"


def test_a_branch_that_depends_on_another_stays_behind_it() -> None:
    assert order(migration("a", "base"), migration("b", "base", "a")) == "ab"
