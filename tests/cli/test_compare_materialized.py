"""What is said of materialized views that differ: they hold what their last refresh found."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.postgres.server import Server
from migsafe.snapshots.take import take
from tests.fix_sides import Run, Sides, compared, on_both

TABLE_AND_VIEW = """
CREATE TABLE t (id integer PRIMARY KEY);
INSERT INTO t VALUES (1);
CREATE MATERIALIZED VIEW v AS SELECT id FROM t;
CREATE MATERIALIZED VIEW same AS SELECT 1 AS one;
"""
SAID = "public.v: a materialized view holds what its last REFRESH found"


@pytest.fixture
def stale(run: Run, server: Server, sides: Sides, tmp_path: Path) -> Path:
    """A store with the snapshot of OLD, which has a stale view; NEW is what was restored from it."""
    sides[0].execute((TABLE_AND_VIEW + "INSERT INTO t VALUES (2)").encode())
    take(server.address.on(sides[0].info.dbname), tmp_path, jobs=1)
    name = sides[1].info.dbname
    sides[1].close()
    found = run("snapshot", "restore", "latest", "--directory", tmp_path, "--target", "env:OLD", "--into", name)
    assert found.exit_code == 0, found.output
    assert "public.v: a materialized view that was stale; the restore has refreshed it" in found.stdout
    return tmp_path


def test_a_view_that_a_restore_has_refreshed_differs_and_the_cause_is_said(run: Run, stale: Path) -> None:
    assert run("fingerprint", "env:OLD", "-o", stale / "file").exit_code == 0
    for side in ("env:OLD", "latest", stale / "file"):
        found = run("compare", side, "env:NEW", "--directory", stale)
        assert (found.exit_code, SAID in " ".join(found.stdout.split())) == (1, True), found.output
        assert "public.same" not in found.stdout
        document = compared(run, side, "env:NEW", "--directory", stale)
        assert any(note.startswith(SAID) for note in document["notes"])  # type: ignore[attr-defined]
        materialized = {table["table"]: table["materialized"] for table in document["tables"]}  # type: ignore[attr-defined]
        assert materialized == {"public.same": True, "public.t": False, "public.v": True}
        assert run("compare", side, "env:NEW", "--directory", stale, "--exclude", "v").exit_code == 0


def test_a_view_that_was_fresh_is_equal_after_a_restore_and_nothing_is_said(run: Run, sides: Sides) -> None:
    on_both(sides, TABLE_AND_VIEW)
    found = run("compare", "env:OLD", "env:NEW")
    assert (found.exit_code, "REFRESH" in found.stdout) == (0, False)
    sides[1].execute("INSERT INTO t VALUES (2)")
    found = run("compare", "env:OLD", "env:NEW")
    assert (found.exit_code, "REFRESH" in found.stdout) == (1, False)
