from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from migsafe.postgres.dump import dump, restore
from migsafe.postgres.names import TableName
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.rows.contents import ColumnName
from migsafe.state import State, compare_states, read_state
from tests.fix_state import EVERY_KIND, Fresh, fresh_database

EveryKind = tuple[str, State]

EDITS = re.findall(r"^-- (.+)\n(.+;)$", (EVERY_KIND.parent / "edits.sql").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("line", "edit"), EDITS, ids=[edit[:60] for _, edit in EDITS])
def test_a_single_edit_is_seen_and_named(fresh: Fresh, every_kind: EveryKind, edit: str, line: str) -> None:
    name, before = every_kind
    with fresh(name) as connection:
        connection.execute("SET allow_system_table_mods = on")
        connection.execute(edit.encode())
        difference = compare_states(before, read_state(connection))
    assert difference
    assert line in "\n".join(difference.describe(limit=1000))


def test_a_clone_has_the_same_state(fresh: Fresh, every_kind: EveryKind) -> None:
    name, before = every_kind
    with fresh(name) as connection:
        difference = compare_states(before, read_state(connection))
    assert not difference
    assert difference.describe() == ()
    assert set(difference.not_checked) == {"shop.remote", "shop.unfilled"}


def test_a_dump_restored_has_the_same_state(
    server: Server, fresh: Fresh, every_kind: EveryKind, tmp_path: Path
) -> None:
    name, before = every_kind
    with (tmp_path / "dump").open("wb") as file:
        server.client("pg_dump", ["--format=custom"], name, stdout=file)
    with fresh() as connection, (tmp_path / "dump").open("rb") as file:
        database = connection.info.dbname
        server.client("pg_restore", ["--exit-on-error", f"--dbname={database}"], database, stdin=file)
        assert compare_states(before, read_state(connection)).describe() == ()


def test_a_dump_without_owners_and_privileges_has_the_same_state_but_for_those(
    server: Server, fresh: Fresh, every_kind: EveryKind, tmp_path: Path
) -> None:
    name, before = every_kind
    dump(server, name, tmp_path / "dump")
    with fresh() as connection:
        restore(server, tmp_path / "dump", connection.info.dbname)
        difference = compare_states(before, read_state(connection))
    assert difference
    assert not difference.without_privileges()


def test_every_kind_of_object_is_read(every_kind: EveryKind) -> None:
    assert {kind for kind, _ in every_kind[1].schema} == {
        "access method", "aggregate", "base type", "cast", "collation", "column", "composite type", "constraint",
        "conversion", "default privileges", "domain", "enum", "event trigger", "extension", "foreign server",
        "foreign table", "foreign-data wrapper", "function", "index", "language", "materialized view", "operator",
        "operator class", "operator family", "policy", "procedure", "publication", "publication table", "range", "rule",
        "schema", "sequence", "statistics", "table", "text search configuration", "text search dictionary",
        "text search parser", "text search template", "transform", "trigger", "user mapping", "view",
    }  # fmt: skip


def test_no_field_holds_a_password(every_kind: EveryKind) -> None:
    assert "hidden secret" not in repr(list(every_kind[1].schema.values()))


@pytest.mark.parametrize("major", [16, 18])
def test_other_major_versions_read_and_see_the_same(major: int, every_kind: EveryKind) -> None:
    embedded = ServerSettings(use="embedded", version=major)
    with servers.start(embedded) as server, fresh_database(server) as connection:
        connection.execute(EVERY_KIND.read_bytes())
        first = read_state(connection)
        assert not compare_states(first, read_state(connection))
        connection.execute("COMMENT ON COLUMN shop.customer.note IS 'other'")
        difference = compare_states(first, read_state(connection))
    assert difference.describe() == ("column shop.customer.note: comment: anything → other",)
    assert _names(first) == _names(every_kind[1])
    columns = [object_.fields for object_ in first.schema.of_kind("column")]
    assert columns == [object_.fields for object_ in every_kind[1].schema.of_kind("column")]


def _names(state: State) -> list[tuple[str, str]]:
    """Without transforms, which PostgreSQL 18 names in other words."""
    return [key for key in state.schema if key[0] != "transform"]


def test_ignored_tables_are_left_out_with_what_hangs_on_them(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute("CREATE TABLE books (id serial PRIMARY KEY); CREATE TABLE kept (id integer)")
        everything = read_state(connection)
        state = read_state(connection, ignore=[TableName("books")])
        connection.execute("INSERT INTO books DEFAULT VALUES; CREATE INDEX ON books (id)")
        again = read_state(connection, ignore=[TableName("books", "public")])
    assert not compare_states(state, again)
    assert not any("books" in name for _, name in state.schema)
    assert any("books" in name for _, name in everything.schema)
    assert set(state.contents.tables) == {"public.kept"}
    assert not state.contents.sequences


def test_the_sandbox_of_migsafe_is_left_out(fresh: Fresh) -> None:
    with fresh() as connection:
        before = read_state(connection)
        connection.execute(
            "CREATE SCHEMA migsafe_sandbox; CREATE TABLE migsafe_sandbox.t (id integer);"
            "CREATE FUNCTION migsafe_sandbox.f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
            "CREATE EVENT TRIGGER migsafe_watch ON ddl_command_end EXECUTE FUNCTION migsafe_sandbox.f()"
        )
        assert not compare_states(before, read_state(connection))


def test_what_may_not_be_read_is_named_with_the_reason_and_the_rest_is_read(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(
            "CREATE TABLE open (a integer); CREATE TABLE shut (a integer); CREATE TABLE hidden (a integer);"
            "INSERT INTO open VALUES (1); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;"
            "DO $$ BEGIN IF to_regrole('guest') IS NULL THEN CREATE ROLE guest; END IF; END $$;"
            "GRANT SELECT ON open, hidden TO guest; SET ROLE guest"
        )
        state = read_state(connection)
    assert state.contents.tables["public.open"].rows == 1
    assert state.contents.not_checked == {
        "public.hidden": 'query would be affected by row-level security policy for table "hidden"',
        "public.shut": "permission denied for table shut",
    }


def test_the_session_is_left_as_it_was(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute("SET search_path = public; SET TimeZone = 'Asia/Tokyo'")
        read_state(connection)
        assert connection.execute("SELECT current_setting('search_path'), current_setting('TimeZone')").fetchone() == (
            "public",
            "Asia/Tokyo",
        )
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_the_settings_of_a_session_change_nothing(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute("CREATE TABLE t (a timestamptz, b interval[], c bytea[], d float8[]);")
        connection.execute(
            "INSERT INTO t VALUES (now(), ARRAY[interval '1 day'], ARRAY[bytea 'x'], ARRAY[0.1::float8])"
        )
        before = read_state(connection)
        connection.execute(
            "SET TimeZone = 'Asia/Tokyo'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'escape';"
            "SET extra_float_digits = 0; SET DateStyle = 'German'; SET quote_all_identifiers = on"
        )
        assert not compare_states(before, read_state(connection))


def test_reading_waits_for_nobody_who_writes_rows_and_writes_nothing(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute("CREATE TABLE t (a integer); INSERT INTO t VALUES (1)")
        with psycopg.connect(**connection.info.get_parameters(), password=connection.info.password) as writer:
            writer.execute("UPDATE t SET a = 2")
            connection.execute("SET lock_timeout = '1s'; SET default_transaction_read_only = on")
            before = read_state(connection)
            writer.commit()
            assert compare_states(before, read_state(connection)).describe() == ("column public.t.a: values differ",)


def test_an_open_transaction_is_refused(fresh: Fresh) -> None:
    with fresh() as connection, connection.transaction(), pytest.raises(ValueError, match="already open"):
        read_state(connection)


def test_columns_that_honest_runs_fill_differently_are_compared_by_their_nulls(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(
            "CREATE TABLE t (id integer PRIMARY KEY, at timestamptz, name text); INSERT INTO t VALUES (1, now(), 'a')"
        )
        first = read_state(connection)
        connection.execute("UPDATE t SET at = at + interval '1 s'")
        noise = compare_states(first, read_state(connection)).changed_columns
        assert noise == {ColumnName("public.t", "at")}
        assert not compare_states(first, read_state(connection)).without_values_of(noise)
        connection.execute("UPDATE t SET name = 'b'")
        assert compare_states(first, read_state(connection)).without_values_of(noise).describe() == (
            "column public.t.name: values differ",
        )
        connection.execute("UPDATE t SET at = NULL, name = 'a'")
        assert compare_states(first, read_state(connection)).without_values_of(noise).describe() == (
            "column public.t.at: values differ (1 → 0 not null)",
        )


@pytest.mark.parametrize("types", ["integer bigint", "varchar(10) text", "integer numeric", "text varchar(9)"])
def test_a_change_of_type_that_keeps_every_value_keeps_the_digest(fresh: Fresh, types: str) -> None:
    old, new = types.split()
    with fresh() as connection:
        connection.execute(
            f"CREATE TABLE t (id {old} PRIMARY KEY, v {old}); INSERT INTO t VALUES ('1', '7'), ('2', NULL)"
        )
        before = read_state(connection)
        connection.execute(f"ALTER TABLE t ALTER v TYPE {new}")
        difference = compare_states(before, read_state(connection))
    assert difference.schema
    assert not difference.contents


def test_a_new_primary_key_makes_digests_incomparable_not_different(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute("CREATE TABLE t (a integer NOT NULL); INSERT INTO t VALUES (1)")
        before = read_state(connection)
        connection.execute("ALTER TABLE t ADD PRIMARY KEY (a)")
        difference = compare_states(before, read_state(connection))
    assert [column.comparable for table in difference.contents.tables for column in table.columns] == [False]


def test_rows_without_a_key_are_the_same_wherever_a_column_stands(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute("CREATE TABLE t (a text, b text); INSERT INTO t VALUES ('x', 'y'), ('y', 'x'), (NULL, 'x')")
        first = read_state(connection)
        connection.execute("ALTER TABLE t RENAME a TO old; ALTER TABLE t ADD a text; UPDATE t SET a = old")
        connection.execute("ALTER TABLE t DROP old")
        moved = compare_states(first, read_state(connection))
        connection.execute("UPDATE t SET a = b, b = a")
        swapped = compare_states(first, read_state(connection))
    assert not moved.contents
    assert swapped.contents


def test_thousands_of_tables_do_not_need_thousands_of_queries(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(
            "DO $$ BEGIN FOR n IN 1..300 LOOP EXECUTE format('CREATE TABLE t%s (a integer)', n); END LOOP; END $$"
        )
        executed = 0
        original = psycopg.Cursor.execute

        def counting(cursor: psycopg.Cursor, *arguments: object, **keywords: object) -> object:
            nonlocal executed
            executed += 1
            return original(cursor, *arguments, **keywords)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(psycopg.Cursor, "execute", counting)
            state = read_state(connection)
    assert len(state.contents.tables) == 300
    assert executed < 60
