"""Revisions rendered offline: the SQL that Alembic would send, each statement with its line of Python."""

from __future__ import annotations

from migsafe.history.text import MigrationText, Runs
from tests.fix_alembic import AlembicProject


def texts(project: AlembicProject) -> dict[str, MigrationText]:
    history = project.history()
    return {text.version: text for text in history.texts(history.migrations, 15)}


def test_each_statement_has_its_line_in_the_revision(project: AlembicProject) -> None:
    project.write(
        "alembic/versions/one.py",
        "from alembic import op\nimport sqlalchemy as sa\nrevision = 'one'\ndown_revision = None\n\n\n"
        "def upgrade():\n"
        "    op.create_table('t', sa.Column('id', sa.BigInteger), sa.Column('k', sa.Enum('a', name='e')))\n"
        "    op.execute('''\n        UPDATE t\n        SET id = 1''')\n"
        "    op.get_bind().execute(sa.text('UPDATE t SET id = :n'), {'n': 2})\n",
    )
    text = texts(project)["one"]
    assert text.not_analysed == ()
    assert text.runs is Runs.TOGETHER
    lines = {
        word: text.place(text.sql.index(word)).line for word in ("CREATE TYPE", "CREATE TABLE", "id = 1", "id = 2")
    }
    assert lines == {"CREATE TYPE": 8, "CREATE TABLE": 8, "id = 1": 9, "id = 2": 12}
    assert "alembic_version" not in text.sql


def test_an_autocommit_block_ends_the_transaction(project: AlembicProject) -> None:
    project.write(
        "alembic/versions/one.py",
        "from alembic import op\nrevision = 'one'\ndown_revision = None\n\n\n"
        "def upgrade():\n    with op.get_context().autocommit_block():\n"
        "        op.create_index('i', 't', ['a'], postgresql_concurrently=True)\n",
    )
    words = [line for line in texts(project)["one"].sql.replace(";", "").splitlines() if line]
    assert [word.split()[0] for word in words] == ["COMMIT", "CREATE", "BEGIN"]


def test_a_revision_that_asks_the_database_is_named_and_the_next_one_goes_on(project: AlembicProject) -> None:
    project.write(
        "alembic/versions/one.py",
        "from alembic import op\nimport sqlalchemy as sa\nrevision = 'one'\ndown_revision = None\n\n\n"
        "def upgrade():\n    op.execute('SELECT 1')\n"
        "    for row in op.get_bind().execute(sa.text('SELECT a FROM t')):\n        op.execute(str(row))\n",
    )
    project.revision("two", "one", "op.execute('SELECT 2')")
    found = texts(project)
    ((place, reason),) = found["one"].not_analysed
    assert (place.line, "reads the result of: SELECT a FROM t" in reason) == (9, True)
    assert "SELECT 1" in found["one"].sql
    assert "SELECT 2" in found["two"].sql
