from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from migsafe.errors import CannotCheck, UsageError
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to, drop_with
from migsafe.postgres.properties import read_properties
from migsafe.postgres.server import Server
from migsafe.snapshots.manifest import Snapshot
from migsafe.snapshots.restore import How, check_target, restore
from migsafe.snapshots.take import take
from migsafe.state import State, compare_states, read_state

WAYS = ("beside", "in place")

NEEDS_A_SEARCH_PATH = """
CREATE FUNCTION known(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM customers WHERE id = $1)';
ALTER TABLE orders ADD CHECK (known(customer));
"""
"""pg_dump can't restore rows of such a table: it works with an empty search path."""


def state_of(address: Address) -> State:
    with connect_to(address) as connection:
        return read_state(connection)


def databases_of(server: Server) -> set[str]:
    with connect_to(server.address) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def quiet(_: str) -> None:
    pass


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    """A role that exists while the test runs; ``filled`` is gone before it."""
    with connect_to(server.address) as connection:
        connection.execute("CREATE ROLE newcomer")
        yield "newcomer"
        connection.execute("DROP ROLE newcomer")


@pytest.fixture
def odd(server: Server) -> Iterator[Address]:
    """The address of a database with a name that needs quoting; it doesn't exist yet."""
    name = 'Odd "é" database; select'
    yield server.address.on(name)
    with connect_to(server.address) as connection:
        drop_with(connection, name)


PARTITIONED = (
    "CREATE TABLE parted (id integer PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE one PARTITION OF parted "
)
PARTITIONED += "FOR VALUES IN (1); INSERT INTO parted VALUES (1);"


@pytest.mark.parametrize("given", ["", "GRANT CREATE ON SCHEMA public TO {role}; COMMENT ON SCHEMA public IS 'ours'"])
@pytest.mark.parametrize("privileges", [True, False])
def test_the_schema_public_comes_back_in_place_with_all_that_is_in_it(
    role: str, filled: Address, tmp_path: Path, given: str, *, privileges: bool
) -> None:
    with connect_to(filled) as connection:
        connection.execute((PARTITIONED + given.format(role=role)).encode())
    before, snapshot = state_of(filled), take(filled, tmp_path, jobs=1, privileges=privileges)
    with connect_to(filled) as connection:
        connection.execute("DROP TABLE one; ALTER TABLE parted ADD more text; COMMENT ON SCHEMA public IS 'theirs'")
        connection.execute(f"ALTER SCHEMA public OWNER TO {role}; GRANT CREATE ON SCHEMA public TO PUBLIC".encode())
    assert restore(snapshot, filled, How(in_place=True), quiet).differences == ()
    difference = compare_states(before, state_of(filled))
    assert (difference if privileges else difference.without_privileges()).describe() == ()


def test_a_template_is_replaced_by_another_one_and_nothing_is_left(
    server: Server, filled: Address, tmp_path: Path
) -> None:
    name = sql.Identifier(filled.database)
    with connect_to(server.address) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(name))
        snapshot, there = take(filled, tmp_path, jobs=1), databases_of(server)
        assert restore(snapshot, filled, How(), quiet).differences == ()
        assert databases_of(server) == there
        query = "SELECT datistemplate FROM pg_database WHERE datname = %s"
        assert connection.execute(query, (filled.database,)).fetchone() == (True,)
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(name))


@pytest.mark.parametrize("way", WAYS)
def test_a_database_of_every_kind_comes_back_as_it_was(
    server: Server, every_kind: tuple[str, State], every_kind_snapshot: Snapshot, odd: Address, way: str
) -> None:
    with connect_to(server.address) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(odd.database)))
    with connect_to(odd) as connection:
        connection.execute("CREATE TABLE leftover (a int); CREATE SCHEMA shop; CREATE TABLE shop.customer ()")
    restored = restore(every_kind_snapshot, odd, How(in_place=way == "in place"), quiet)
    assert restored.differences == ()
    assert compare_states(every_kind[1], state_of(odd)).describe() == ()


def test_what_a_migration_did_in_every_kind_of_object_is_taken_back_in_place(
    server: Server, every_kind: tuple[str, State], every_kind_snapshot: Snapshot, odd: Address
) -> None:
    restore(every_kind_snapshot, odd, How(), quiet)
    again = restore(every_kind_snapshot, odd, How(in_place=True), quiet)
    assert again.differences == ()
    assert compare_states(every_kind[1], state_of(odd)).describe() == ()


@pytest.mark.parametrize("way", WAYS)
def test_owner_grants_settings_comment_and_limit_of_the_database_come_back(
    server: Server, filled: Address, tmp_path: Path, way: str
) -> None:
    name = sql.Identifier(filled.database)
    changes = """
        DROP ROLE IF EXISTS "Odd owner"; CREATE ROLE "Odd owner";
        DROP ROLE IF EXISTS "reader é"; CREATE ROLE "reader é";
        ALTER DATABASE {0} OWNER TO "Odd owner";
        REVOKE ALL ON DATABASE {0} FROM PUBLIC;
        GRANT CONNECT ON DATABASE {0} TO "reader é" WITH GRANT OPTION;
        COMMENT ON DATABASE {0} IS 'what''s in it';
        ALTER DATABASE {0} CONNECTION LIMIT 17;
        ALTER DATABASE {0} SET search_path TO "a, b", public;
        ALTER DATABASE {0} SET work_mem TO '5MB';
        ALTER DATABASE {0} SET my.own TO 'it''s';
        ALTER ROLE "reader é" IN DATABASE {0} SET statement_timeout TO '7s';
    """
    undo = """
        ALTER DATABASE {0} OWNER TO CURRENT_USER;
        GRANT ALL ON DATABASE {0} TO PUBLIC;
        COMMENT ON DATABASE {0} IS NULL;
        ALTER DATABASE {0} CONNECTION LIMIT -1;
        ALTER DATABASE {0} RESET ALL;
        ALTER DATABASE {0} SET lock_timeout TO '1s';
        ALTER ROLE "reader é" IN DATABASE {0} RESET ALL;
    """
    with connect_to(server.address) as connection:
        connection.execute(sql.SQL(changes).format(name))
        before = read_properties(connection, filled.database)
    snapshot = take(filled, tmp_path, jobs=1)
    with connect_to(server.address) as connection:
        connection.execute(sql.SQL(undo).format(name))
    restored = restore(snapshot, filled, How(in_place=way == "in place"), quiet)
    assert restored.differences == ()
    with connect_to(server.address) as connection:
        assert before is not None
        assert before.settings
        assert read_properties(connection, filled.database) == before


def test_encoding_and_locale_come_back(server: Server, odd: Address, tmp_path: Path) -> None:
    with connect_to(server.address) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'").format(
                sql.Identifier(odd.database)
            )
        )
    with connect_to(odd) as connection:
        connection.execute("CREATE TABLE words (word text); INSERT INTO words VALUES ('é')")
    snapshot = take(odd, tmp_path, jobs=1)
    with connect_to(server.address) as connection:
        drop_with(connection, odd.database)
    assert restore(snapshot, odd, How(), quiet).differences == ()
    with connect_to(odd) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("LATIN1",)


def test_a_target_that_migsafe_did_not_make_must_be_named(server: Server, filled: Address) -> None:
    with pytest.raises(UsageError) as refusal:
        check_target(server.address.on("production"), None)
    assert "--into production" in str(refusal.value.hint)
    assert check_target(server.address.on("production"), "production") == "production"
    assert check_target(filled.on("migsafe_0123456789ab_x"), None) == "migsafe_0123456789ab_x"


@pytest.mark.parametrize("way", WAYS)
def test_a_restore_while_others_are_connected_is_refused_and_says_who(
    filled: Address, tmp_path: Path, way: str
) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    with closing(psycopg.connect(filled.url(), application_name="the shop")) as other:
        with pytest.raises(CannotCheck) as refusal:
            restore(snapshot, filled, How(in_place=way == "in place"), quiet)
        assert "the shop" in str(refusal.value)
        assert other.execute("SELECT count(*) FROM orders").fetchone() == (300,)


@pytest.mark.parametrize("way", WAYS)
def test_others_are_ended_when_that_is_asked_for(filled: Address, tmp_path: Path, way: str) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    with closing(psycopg.connect(filled.url(), autocommit=True)) as other:
        other.execute("DELETE FROM orders")
        restored = restore(snapshot, filled, How(in_place=way == "in place", end_sessions=True), quiet)
        assert restored.differences == ()
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")
    assert compare_states(snapshot.state, state_of(filled)).describe() == ()


def test_the_replaced_database_is_kept_when_that_is_asked_for(server: Server, filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    with connect_to(filled) as connection:
        connection.execute("DELETE FROM orders")
    restored = restore(snapshot, filled, How(keep_old=True), quiet)
    assert restored.old is not None
    with connect_to(filled.on(restored.old)) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
    with connect_to(server.address) as connection:
        drop_with(connection, restored.old)


def test_a_restore_leaves_no_database_behind(server: Server, filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    before = databases_of(server)
    restore(snapshot, filled, How(), quiet)
    assert databases_of(server) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_snapshot_is_not_restored(filled: Address, tmp_path: Path, way: str) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    before = state_of(filled)
    (data, *_) = snapshot.dump.glob("*.dat.gz")
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(CannotCheck, match="damaged"):
        restore(snapshot, filled, How(in_place=way == "in place"), quiet)
    assert compare_states(before, state_of(filled)).describe() == ()


@pytest.mark.parametrize("way", WAYS)
def test_a_dump_that_does_not_restore_leaves_the_database_as_it_is(
    server: Server, filled: Address, tmp_path: Path, way: str
) -> None:
    with connect_to(filled) as connection:
        connection.execute(NEEDS_A_SEARCH_PATH)
    snapshot = take(filled, tmp_path, jobs=1)
    before, names = state_of(filled), databases_of(server)
    with pytest.raises(CannotCheck, match='relation "customers" does not exist'):
        restore(snapshot, filled, How(in_place=way == "in place"), quiet)
    assert compare_states(before, state_of(filled)).describe() == ()
    assert databases_of(server) == names


def test_a_state_that_the_dump_does_not_bring_back_is_not_put_in_place(filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    with connect_to(filled) as connection:
        connection.execute("INSERT INTO orders VALUES (1000, 1, 1)")
    promised = state_of(filled)
    lying = Snapshot(snapshot.path, snapshot.manifest)
    lying.__dict__["state"] = promised
    restored = restore(lying, filled, How(), quiet)
    assert "table public.orders: 301 → 300 rows" in restored.differences
    assert compare_states(promised, state_of(filled)).describe() == ()


def test_a_role_that_is_missing_is_said_before_anything_is_done(filled: Address, tmp_path: Path) -> None:
    snapshot = take(filled, tmp_path, jobs=1)
    properties = replace(snapshot.manifest.properties, owner="no such role")
    moved = Snapshot(snapshot.path, replace(snapshot.manifest, properties=properties))
    with pytest.raises(CannotCheck, match='"no such role"'):
        restore(moved, filled, How(), quiet)


def test_a_stale_materialized_view_is_noted_not_counted(filled: Address, tmp_path: Path) -> None:
    with connect_to(filled) as connection:
        connection.execute("CREATE MATERIALIZED VIEW total AS SELECT sum(amount) FROM orders")
        connection.execute("DELETE FROM orders WHERE id = 1")
    restored = restore(take(filled, tmp_path, jobs=1), filled, How(), quiet)
    assert restored.differences == ()
    assert any("public.total" in note for note in restored.notes)


def test_a_schema_public_that_was_not_there_is_not_there_afterwards(filled: Address, tmp_path: Path) -> None:
    with connect_to(filled) as connection:
        connection.execute("ALTER SCHEMA public RENAME TO shop")
    snapshot = take(filled, tmp_path, jobs=1)
    for in_place in (False, True):
        assert restore(snapshot, filled, How(in_place=in_place), quiet).differences == ()
