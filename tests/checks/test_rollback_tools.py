"""Every tool is taken back its own way, and its books must be as they were before."""

from __future__ import annotations

import sys
from pathlib import Path

from migsafe.checks.rollback.check import check_rollback
from migsafe.history.command import CommandHistory
from migsafe.history.model import HistorySettings
from tests.fix_alembic import AlembicProject
from tests.fix_sql_files import Folder
from tests.fix_steps import Stand

TABLE = "CREATE TABLE t (id integer PRIMARY KEY, v text);"
ROWS = "INSERT INTO t VALUES (1, 'a'), (2, NULL)"
DROPPED = "ALTER TABLE t DROP COLUMN v;"
ANEW = "ALTER TABLE t ADD COLUMN v text;"

TOOL = """
import os, sys
import psycopg

MIGRATIONS = {"2": ("ALTER TABLE t ADD COLUMN w text", "ALTER TABLE t DROP COLUMN w"),
              "3": ("CREATE TABLE u ()", "DROP TABLE u")}

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS schema_migrations (version text)")
    connection.execute("CREATE TABLE IF NOT EXISTS _yoyo_log (version text, direction text)")
    applied = [row[0] for row in connection.execute("SELECT version FROM schema_migrations ORDER BY 1")]
    if sys.argv[1] == "up":
        for version in MIGRATIONS.keys() - {*applied}:
            connection.execute(MIGRATIONS[version][0])
            connection.execute("INSERT INTO schema_migrations VALUES (%s)", [version])
            connection.execute("INSERT INTO _yoyo_log VALUES (%s, 'up')", [version])
    elif applied:
        connection.execute(MIGRATIONS[applied[-1]][1])
        connection.execute("DELETE FROM schema_migrations WHERE version = %s", [applied[-1]])
        connection.execute("INSERT INTO _yoyo_log VALUES (%s, 'down')", [applied[-1]])
"""


def test_golang_migrate_goes_back_by_its_down_file(stand: Stand, sql_files: Folder) -> None:
    files = {"1_t.up.sql": TABLE, "2_v.up.sql": DROPPED, "2_v.down.sql": ANEW}
    result = check_rollback(stand(sql_files(files, kind="golang-migrate"), ROWS))
    assert (result.answer, result.findings[0].location.object) == ("lossy", "public.t.v")


def test_flyway_goes_back_by_its_undo_file_and_none_is_no_way_back(stand: Stand, sql_files: Folder) -> None:
    files = {"V1__t.sql": TABLE, "V2__w.sql": "ALTER TABLE t ADD w text;", "U2__w.sql": "ALTER TABLE t DROP COLUMN w;"}
    assert check_rollback(stand(sql_files(files, kind="flyway"), ROWS)).answer == "lossless"
    files = {"V3__x.sql": "ALTER TABLE t ADD x text;"}
    assert check_rollback(stand(sql_files(files, kind="flyway"), ROWS)).answer == "absent"


def test_alembic_goes_back_by_downgrade(stand: Stand, project: AlembicProject) -> None:
    project.revision("one", None, f'op.execute("{TABLE}")')
    project.revision("two", "one", f'op.execute("{DROPPED}")', f'op.execute("{ANEW}")')
    result = check_rollback(stand(project.history(), ROWS))
    assert (result.answer, result.findings[0].location.object) == ("lossy", "public.t.v")


def test_alembic_takes_a_merge_back_without_the_branches_that_it_joined(stand: Stand, project: AlembicProject) -> None:
    project.revision("one", None)
    project.revision("left", "one")
    project.revision("right", "one")
    project.revision("both", ("left", "right"), "op.execute('CREATE TABLE m ()')", "op.execute('DROP TABLE m')")
    result = check_rollback(stand(project.history()))
    assert result.answer == "lossless", result


def test_a_command_is_run_again_until_its_books_are_as_they_were(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(TOOL)
    up, down = (f"{sys.executable} tool.py {way}" for way in ("up", "down"))
    history = CommandHistory(HistorySettings(root=tmp_path, runner=up, rollback=down))
    result = check_rollback(stand(history, f"{TABLE} {ROWS}"))
    assert (result.answer, result.findings) == ("lossless", ())
    assert check_rollback(stand(CommandHistory(HistorySettings(root=tmp_path, runner=up)), TABLE)).answer == "absent"
