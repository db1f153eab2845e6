"""What is brought over is what was there: schema, rows, sequences, of one moment."""

from __future__ import annotations

import psycopg
import pytest

from migsafe.errors import BaselineError, SettingsError
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from migsafe.rehearsal.bring_over import read_wanted
from migsafe.rehearsal.profile import read_profile
from migsafe.rehearsal.target import read_only_session, refusals
from migsafe.state import State, compare_states, read_state
from tests.fix_rehearsal import Bring
from tests.fix_state import Fresh


def state_of(address: Address) -> State:
    with psycopg.connect(address.url(), autocommit=True) as connection:
        return read_state(connection)


def test_a_database_of_every_kind_of_object_comes_over_whole(
    bring: Bring, server: Server, every_kind: tuple[str, State]
) -> None:
    name, state = every_kind
    with bring(server.address.on(name)) as rehearsed:
        difference = compare_states(state, read_state(rehearsed.connection))
        mapping = "user mapping reporter on server far: removed"
        assert difference.describe() == (mapping,)
        assert rehearsed.brought.not_checked["schema"] == f"not as on the target: {mapping}"
    with read_only_session(server.address.on(name), statement_timeout=9, lock_timeout=9) as connection:
        assert "user mappings" in read_profile(connection, "postgres").left_behind


def test_who_owns_an_extension_is_no_difference(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url(), autocommit=True) as connection:
        connection.execute("UPDATE pg_extension SET extowner = 'pg_monitor'::regrole")  # no statement gives it another
    with bring(shop) as rehearsed:
        assert "schema" not in rehearsed.brought.not_checked


def test_what_is_committed_during_the_copy_is_not_seen(bring: Bring, shop: Address) -> None:
    before = state_of(shop)

    def change() -> None:
        with psycopg.connect(shop.url()) as connection:
            connection.execute("DELETE FROM orders WHERE id % 2 = 0")
            connection.execute("INSERT INTO customers (email) VALUES ('late@example.com')")
            connection.execute("INSERT INTO orders (customer, cents) SELECT max(id), 1 FROM customers")

    with bring(shop, meanwhile=change) as rehearsed:
        difference = compare_states(before, read_state(rehearsed.connection)).without_sequence_positions()
        assert difference.describe() == ()
    assert compare_states(before, state_of(shop))


def test_nothing_is_brought_but_the_version_table_where_no_rows_are_wanted(bring: Bring, shop: Address) -> None:
    with bring(shop, rows="none") as rehearsed:
        assert rehearsed.rows("SELECT version FROM public.schema_migrations") == [(1,)]
        assert rehearsed.rows("SELECT FROM public.customers") == []


def test_sequences_go_on_where_they_stood(bring: Bring, shop: Address) -> None:
    with bring(shop, rows="5%") as rehearsed:
        assert rehearsed.rows("SELECT nextval('public.orders_id_seq')") == [(20001,)]


def test_generated_columns_and_tables_of_no_columns_come_over(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE TABLE twice (n int, doubled int GENERATED ALWAYS AS (n * 2) STORED)")
        connection.execute("INSERT INTO twice VALUES (21)")
        connection.execute("CREATE TABLE nothing ()")
        connection.execute("INSERT INTO nothing SELECT FROM generate_series(1, 3)")
    with bring(shop) as rehearsed:
        assert rehearsed.rows("SELECT doubled FROM public.twice") == [(42,)]
        assert rehearsed.rows("SELECT count(*) FROM public.nothing") == [(3,)]


def test_materialized_views_are_filled_whatever_order_they_were_made_in(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE VIEW between AS SELECT 1 AS n")
        connection.execute("CREATE MATERIALIZED VIEW older AS SELECT * FROM between")
        connection.execute("CREATE MATERIALIZED VIEW younger AS SELECT count(*)::int AS n FROM orders")
        connection.execute("CREATE OR REPLACE VIEW between AS SELECT n FROM younger")
        connection.execute("REFRESH MATERIALIZED VIEW older")
    with bring(shop) as rehearsed:
        assert rehearsed.rows("SELECT n FROM public.older") == [(20000,)]


def test_a_database_in_another_encoding_comes_over_byte_for_byte(bring: Bring, server: Server) -> None:
    with psycopg.connect(server.address.url(), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE migsafe_latin TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    address = server.address.on("migsafe_latin")
    try:
        with psycopg.connect(address.url(), autocommit=True) as connection:
            connection.execute("SET client_encoding TO 'SQL_ASCII'")
            connection.execute("CREATE TABLE odd (t text)")
            connection.execute("INSERT INTO odd VALUES (E'caf\\xe9')")
        with bring(address) as rehearsed:
            assert rehearsed.rows("SHOW server_encoding") == [("SQL_ASCII",)]  # asked for in UTF-8
            assert rehearsed.rows("SELECT t::bytea FROM public.odd") == [(b"caf\xe9",)]
    finally:
        with psycopg.connect(server.address.url(), autocommit=True) as connection:
            connection.execute("DROP DATABASE migsafe_latin WITH (FORCE)")


def test_a_schema_public_that_was_dropped_is_not_there(bring: Bring, fresh: Fresh, server: Server) -> None:
    with fresh() as connection:
        connection.execute("DROP SCHEMA public; CREATE SCHEMA shop; CREATE TABLE shop.orders AS SELECT 1 AS id")
        with bring(server.address.on(connection.info.dbname)) as rehearsed:
            assert rehearsed.rows("SELECT to_regnamespace('public')") == [(None,)]
            assert rehearsed.rows("SELECT id FROM shop.orders") == [(1,)]
            assert "schema" not in rehearsed.brought.not_checked


def test_what_pg_dump_leaves_out_is_found_by_a_second_look(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("ALTER SCHEMA public RENAME TO shop")  # its first privileges are in no dump
    with bring(shop) as rehearsed:
        assert "schema shop: privileges" in rehearsed.brought.not_checked["schema"]


def test_what_cannot_be_brought_over_is_named(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS file_fdw")
        connection.execute("CREATE SERVER files FOREIGN DATA WRAPPER file_fdw")
        connection.execute("CREATE FOREIGN TABLE passwd (line text) SERVER files OPTIONS (filename '/etc/passwd')")
        connection.execute("CREATE USER MAPPING FOR PUBLIC SERVER files")
    with bring(shop) as rehearsed:
        assert "on another server" in rehearsed.brought.not_checked["public.passwd"]
        assert rehearsed.rows("SELECT FROM pg_user_mappings") == []


def test_an_extension_that_is_missing_hinders_only_what_needs_it(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE EXTENSION citext; COMMENT ON EXTENSION citext IS 'texts'")
    with bring(shop, missing=("citext",)) as rehearsed:
        assert rehearsed.rows("SELECT FROM pg_extension WHERE extname = 'citext'") == []
    with psycopg.connect(shop.url()) as connection:
        connection.execute("ALTER TABLE customers ADD nick citext")
    with pytest.raises(BaselineError, match="citext") as caught, bring(shop, missing=("citext",)):
        pass
    assert "has no extension citext" in str(caught.value.hint)


def test_a_query_that_takes_too_long_is_ended_there(shop: Address) -> None:
    with (
        pytest.raises(BaselineError) as caught,
        read_only_session(shop, statement_timeout=1, lock_timeout=1) as session,
        refusals(shop),
    ):
        session.execute("SELECT pg_sleep(30)")
    assert "statement_timeout" in str(caught.value.hint)


def test_a_migration_that_waits_for_a_lock_is_not_waited_for(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as blocker:
        blocker.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(BaselineError, match="lock timeout") as caught, bring(shop):
            pass
    assert caught.value.hint
    assert "exclusive lock" in caught.value.hint


@pytest.mark.parametrize("text", ["half", "", "101%", "-1%", "5"])
def test_a_share_that_is_none_is_a_usage_error(text: str) -> None:
    with pytest.raises(SettingsError, match="5%"):
        read_wanted(text)
