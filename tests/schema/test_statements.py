"""The statements that lead from one schema to another lead there, on a real PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migsafe.differences.reading import catalog_in_transaction, read_catalog
from migsafe.postgres.dump import dump_text
from migsafe.postgres.server import Server
from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import compare_schemas
from migsafe.schema.model import Schema, SchemaObject
from migsafe.schema.statements.kinds import WRITERS
from migsafe.schema.statements.script import Script, write_script
from migsafe.state import State
from tests.fix_state import fresh_database

HERE = Path(__file__).parent
EDITS = [
    statement
    for statement in re.findall(r"^-- .*\n((?!--).+)$", (HERE / "edits.sql").read_text(), re.MULTILINE)
    if not re.match(
        r"INSERT|DELETE|SELECT|UPDATE (?!pg_)|ALTER SEQUENCE shop.number RESTART|DROP EXTENSION plpgsql", statement
    )
]
"""Single edits of the schema in every_kind.sql; the comment on initdb's own plpgsql is not read."""

EACH_KIND = [
    (statement, int(since or 0))
    for since, statement in re.findall(
        r"^-- [a-z -]+?(?: from (\d+))?\n((?!--).+)$", (HERE / "each_kind.sql").read_text(), re.MULTILINE
    )
]
"""More of them, each with the first major version that knows it: every kind is made, dropped and changed."""


def lead(connection: psycopg.Connection, wanted: Catalog) -> Script:
    """Run what leads from the schema that is there to the wanted one; everything else that differs must be told."""
    script = write_script(read_catalog(connection), wanted)
    for statement in script.statements:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            raise AssertionError("\n".join([statement, str(error), "", *script.statements])) from error
    told = {each.object for each in script.not_written}
    left = compare_schemas(read_catalog(connection).schema, wanted.schema)
    assert not left.added
    assert not left.removed
    assert [str(each.new) for each in left.changed if not told & {str(each.new), f"table {each.new.parent}"}] == []
    return script


def schema_dump(server: Server, connection: psycopg.Connection, file: Path) -> list[str]:
    """pg_dump's text of the schema: without where sequences stand, which is no part of it."""
    dump_text(server, connection.info.dbname, file)
    lines = file.read_text().splitlines()
    passing = r"SELECT pg_catalog.setval|\\(un)?restrict|ALTER .*TABLE .* SET \(pg_attver=|$"  # which Debian 17.12 adds
    return [line for line in lines if not re.match(passing, line)]


def test_what_objects_that_need_each_other_make_hard_leads_there(server: Server, tmp_path: Path) -> None:
    with fresh_database(server) as a, fresh_database(server) as b:
        a.execute((HERE / "pair" / "a.sql").read_bytes())
        b.execute((HERE / "pair" / "b.sql").read_bytes())
        script = lead(a, read_catalog(b))
        assert script.not_written == ()
        assert schema_dump(server, a, tmp_path / "a") == schema_dump(server, b, tmp_path / "b")
        assert not write_script(read_catalog(a), read_catalog(b))
        lead_back(server, b)
    text = "\n".join(script.statements)
    assert "CREATE OR REPLACE VIEW public.replaced" in text
    assert "DROP TABLE public.customers" not in text
    assert "ALTER TABLE public.customers ALTER COLUMN born TYPE date USING born::date" in text
    assert "ALTER TYPE public.mood ADD VALUE 'so-so' AFTER 'sad'" in text
    assert 'ALTER TABLE public.customers ADD COLUMN "select" bigserial' in text
    assert "CREATE OR REPLACE FUNCTION public.note_change" in text


def lead_back(server: Server, connection: psycopg.Connection) -> None:
    with fresh_database(server) as a:
        a.execute((HERE / "pair" / "a.sql").read_bytes())
        told = {each.object for each in lead(connection, read_catalog(a)).not_written}
        assert told == {"enum public.mood", "table public.customers"}


def test_every_kind_of_object_is_made_from_nothing_and_dropped(
    server: Server, every_kind: tuple[str, State], tmp_path: Path
) -> None:
    with fresh_database(server) as empty, fresh_database(server, every_kind[0]) as full:
        nothing, everything = read_catalog(empty), read_catalog(full)
        (password,) = lead(empty, everything).not_written
        assert password.object == "user mapping reporter on server far"
        lead(full, nothing)
        assert not write_script(read_catalog(full), nothing)
        made = schema_dump(server, empty, tmp_path / "made")
    with fresh_database(server, every_kind[0]) as full:
        full.execute("ALTER USER MAPPING FOR reporter SERVER far OPTIONS (DROP password)")
        full.execute("SELECT lo_unlink(4242)")
        wanted = schema_dump(server, full, tmp_path / "wanted")
    assert schema_only(made) == schema_only(wanted)


def schema_only(lines: Iterable[str]) -> list[str]:
    """Without rows, large objects, and whether a materialized view is filled, which is told by a REFRESH."""
    rows = False
    found = []
    for line in lines:
        if line.startswith(("COPY ", "-- Data for Name")):
            rows = True
        elif line.startswith("-- Name") or line == r"\.":
            rows = False
        if not rows and line not in (r"\.", "--"):
            found.append(line)
    return found


WITHOUT_ROWS = "TRUNCATE shop.customer, shop.purchase, shop.scratch CASCADE; REFRESH MATERIALIZED VIEW shop.summary"
"""So that no row is against a key that comes back."""

ANY_EDIT = st.sampled_from([*EDITS, *(statement for statement, _ in EACH_KIND)])


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.generate],  # each step of shrinking would take a second
)
@given(st.lists(ANY_EDIT, max_size=25, unique=True), st.lists(ANY_EDIT, max_size=25))
def test_any_edits_of_two_schemas_lead_from_one_to_the_other(
    server: Server, every_kind: tuple[str, State], ours: list[str], theirs: list[str]
) -> None:
    with fresh_database(server, every_kind[0]) as old, fresh_database(server, every_kind[0]) as new:
        for connection, edits in ((old, ours), (new, theirs)):
            connection.execute(WITHOUT_ROWS)
            for edit in edits:
                with suppress(psycopg.Error):  # what it is about may be gone by an edit before it
                    connection.execute(edit.encode())
        lead(old, read_catalog(new))


@pytest.mark.parametrize("part", range(4))
def test_each_edit_leads_there_or_back(server: Server, every_kind: tuple[str, State], part: int) -> None:
    """Every edit is made in a transaction of its own on one database; one is made by statements, the next undone."""
    edits = [*EDITS, *(statement for statement, since in EACH_KIND if since <= server.major)]
    with fresh_database(server, every_kind[0]) as connection:
        connection.execute(WITHOUT_ROWS)
        start = read_catalog(connection)
        for number, edit in enumerate(edits[part::4]):
            with connection.transaction(force_rollback=True):
                connection.execute(edit.encode())
                changed = catalog_in_transaction(connection)
                if number % 2:
                    run(connection, changed, start)
                    assert untold(connection, changed, start) == [], edit
            if number % 2 == 0:
                with connection.transaction(force_rollback=True):
                    run(connection, start, changed)
                    assert untold(connection, start, changed) == [], edit


def run(connection: psycopg.Connection, old: Catalog, new: Catalog) -> None:
    for statement in write_script(old, new).statements:
        connection.execute(statement.encode())


def untold(connection: psycopg.Connection, old: Catalog, new: Catalog) -> list[str]:
    told = {each.object for each in write_script(old, new).not_written}
    left = compare_schemas(catalog_in_transaction(connection).schema, new.schema)
    found = [*left.added, *left.removed, *(each.new for each in left.changed)]
    return [str(each) for each in found if not told & {str(each), f"table {each.parent}"}]


ONE_KEY = "CREATE TABLE r (code int CONSTRAINT one UNIQUE); CREATE TABLE u (code int REFERENCES r (code))"
OTHER_KEY = f"{ONE_KEY.replace('one', 'another')}; ALTER TABLE u ALTER CONSTRAINT u_code_fkey DEFERRABLE"
LATE = f"{ONE_KEY}; CREATE TABLE w (code int REFERENCES r (code)); CREATE VIEW v AS SELECT code FROM w"
EARLY = f"{ONE_KEY.replace('one', 'another')}; CREATE VIEW v AS SELECT code FROM u"
TO_ITSELF = """CREATE TABLE s (id int, here int, there int, UNIQUE (id, here));
ALTER TABLE s ADD FOREIGN KEY (id, there) REFERENCES s (id, here)"""
SEVERAL_KEYS = """CREATE TABLE t (a int PRIMARY KEY);
ALTER TABLE t ADD CONSTRAINT o UNIQUE (a); ALTER TABLE t ADD CONSTRAINT q UNIQUE (a)"""


@pytest.mark.parametrize(
    ("a", "b"),
    [(ONE_KEY, OTHER_KEY), (LATE, EARLY), (TO_ITSELF, "CREATE TABLE s (id int)"), ("SELECT 1", SEVERAL_KEYS)],
    ids=[
        "another key behind a foreign key",
        "one that goes late",
        "a foreign key to its own table",
        "keys of the same columns",
    ],
)
def test_keys_and_what_holds_on_to_them_lead_there_and_back(server: Server, a: str, b: str) -> None:
    with fresh_database(server) as one, fresh_database(server) as other:
        one.execute(a.encode())
        other.execute(b.encode())
        before, after = read_catalog(one), read_catalog(other)
        assert lead(one, after).not_written == ()
        assert lead(other, before).not_written == ()


def test_equal_schemas_need_no_statement() -> None:
    catalog = Catalog(Schema([SchemaObject("schema", "s", {"owner": "ann"})]))
    assert not write_script(catalog, catalog)


def test_every_kind_has_edits_of_its_own() -> None:
    kinds = re.findall(r"^-- ([a-z -]+?)(?: from \d+)?\n(?!--)", (HERE / "each_kind.sql").read_text(), re.MULTILINE)
    assert {*kinds} == {*WRITERS}


def test_the_name_of_a_not_null_is_free_before_another_column_takes_it() -> None:
    def table(**columns: dict[str, str | bool]) -> Catalog:
        items = [
            SchemaObject("column", f"s.t.{name}", {"position": place, "type": "text", **fields}, "s.t")
            for place, (name, fields) in enumerate(columns.items(), start=1)
        ]
        return Catalog(Schema([SchemaObject("table", "s.t", {}), *items]))

    old = table(name={"not_null": True})
    new = table(name={}, plain={"not_null": True, "not_null_constraint": "t_name_not_null"})
    assert write_script(old, new).statements == (
        "ALTER TABLE s.t ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE s.t ADD COLUMN plain text CONSTRAINT t_name_not_null NOT NULL",
    )


def test_only_who_lost_the_grant_option_loses_it() -> None:
    def table(*privileges: str) -> Catalog:
        return Catalog(Schema([SchemaObject("table", "s.t", {"owner": "o", "privileges": ["o=r/o", *privileges]})]))

    old, new = table("a=r*w*/o", "b=r*/o", "c=w*/o"), table("a=rw*/o", "b=r/o", "c=w*/o")
    assert write_script(old, new).statements == (
        "REVOKE GRANT OPTION FOR SELECT ON TABLE s.t FROM a",
        "REVOKE GRANT OPTION FOR SELECT ON TABLE s.t FROM b",
    )
