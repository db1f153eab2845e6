"""The target is only read: the server itself refuses whatever would write."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migsafe.errors import BaselineError
from migsafe.postgres.address import Address
from migsafe.rehearsal.target import open_target, read_only_session
from migsafe.state import compare_states
from tests.fix_rehearsal import Bring
from tests.rehearsal.test_bring_over import state_of

LIMITS = {"statement_timeout": 60, "lock_timeout": 1}


@pytest.fixture
def reader(shop: Address) -> Iterator[Address]:
    """The shop for a role that may only SELECT."""
    with psycopg.connect(shop.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE only_reads LOGIN PASSWORD 'secret'")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_reads")
        connection.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO only_reads")
        yield Address(shop.host, shop.port, "only_reads", shop.database, "secret")
        connection.execute("DROP OWNED BY only_reads; DROP ROLE only_reads")


def test_nothing_can_be_written_in_any_session(shop: Address) -> None:
    with open_target(shop, **LIMITS) as target, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        target.connection.execute("DELETE FROM public.orders")
    with read_only_session(shop, **LIMITS) as connection:
        connection.read_only = None
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM public.orders")


VERSIONS = """
SELECT 'orders', ctid::text, xmin::text, xmax::text FROM orders
UNION ALL SELECT 'customers', ctid::text, xmin::text, xmax::text FROM customers
UNION ALL SELECT 'classes', ctid::text, xmin::text, xmax::text FROM pg_class
UNION ALL SELECT 'columns', ctid::text, xmin::text, xmax::text FROM pg_attribute
UNION ALL SELECT 'statistics', ctid::text, xmin::text, xmax::text FROM pg_statistic
"""
"""Which transaction wrote each row version, and which locked or deleted it."""


@pytest.mark.parametrize("rows", ["all", "5%", "none"])
def test_the_target_is_as_it_was_to_the_last_row_version(bring: Bring, shop: Address, rows: str) -> None:
    with psycopg.connect(shop.url(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {shop.database} SET default_transaction_read_only TO on")
        state, versions = state_of(shop), connection.execute(VERSIONS).fetchall()
        with bring(shop, rows=rows):
            pass
        assert compare_states(state, state_of(shop)).describe() == ()
        assert connection.execute(VERSIONS).fetchall() == versions


def test_a_role_that_may_only_select_is_enough(bring: Bring, reader: Address) -> None:
    with bring(reader, rows="5%") as rehearsed:
        assert rehearsed.rows("SELECT count(*) > 0 FROM public.orders") == [(True,)]
        assert "schema" not in rehearsed.brought.not_checked


def test_every_table_that_may_not_be_read_is_named_with_what_to_do(
    bring: Bring, shop: Address, reader: Address
) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("REVOKE SELECT ON orders, customers FROM only_reads")
    with pytest.raises(BaselineError, match=r"the role may not read 2 tables: ") as caught, bring(reader):
        pass
    assert "public.customers, public.orders" in caught.value.message
    assert "GRANT SELECT ON public.customers, public.orders TO" in str(caught.value.hint)


def test_rows_that_a_policy_hides_are_left_out_by_name_unless_others_refer_to_them(
    bring: Bring, shop: Address, reader: Address
) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
    for rows in ("all", "5%"):
        with bring(reader, rows=rows) as rehearsed:
            assert "row-level security" in rehearsed.brought.not_checked["public.orders"]
            assert rehearsed.rows("SELECT FROM public.orders") == []
            assert len(rehearsed.rows("SELECT FROM public.customers LIMIT 1")) == 1
    with psycopg.connect(shop.url()) as connection:
        connection.execute("ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE orders DISABLE ROW LEVEL SECURITY")
    with pytest.raises(BaselineError, match="row-level security") as caught, bring(reader):
        pass
    assert caught.value.where == "public.customers"
    with bring(reader, rows="none"):
        pass


def test_large_objects_come_as_far_as_the_role_may_read_them_and_not_with_a_sample(
    bring: Bring, shop: Address, reader: Address
) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("SELECT lo_from_bytea(50001, convert_to(repeat('0123456789', 100000), 'UTF8'))")
        connection.execute("SELECT lo_from_bytea(50002, ''), lo_from_bytea(50003, 'for the owner alone')")
        connection.execute("GRANT SELECT ON LARGE OBJECT 50001, 50002 TO only_reads")
    try:
        with bring(reader) as rehearsed:
            found = rehearsed.rows("SELECT oid::int, length(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid")
            assert found == [(50001, 1000000), (50002, 0)]
            ((same,),) = rehearsed.rows("SELECT lo_get(50001) = convert_to(repeat('0123456789', 100000), 'UTF8')")
            assert same
            assert rehearsed.brought.not_checked["large objects"].startswith("1 not")
        with bring(reader, rows="5%") as rehearsed:
            assert rehearsed.brought.not_checked["large objects"].startswith("3 not")
    finally:
        with psycopg.connect(shop.url()) as connection:
            connection.execute("SELECT lo_unlink(oid) FROM pg_largeobject_metadata")


def test_readers_and_writers_are_not_held_up(shop: Address) -> None:
    with open_target(shop, **LIMITS), psycopg.connect(shop.url()) as other:
        other.execute("SET lock_timeout TO '1s'")
        other.execute("UPDATE orders SET cents = cents + 1 WHERE id = 1")
        modes = other.execute(
            "SELECT DISTINCT mode FROM pg_locks WHERE relation = 'orders'::regclass AND pid <> pg_backend_pid()"
        ).fetchall()
        assert modes == [("AccessShareLock",)]
