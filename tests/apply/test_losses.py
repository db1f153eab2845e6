from __future__ import annotations

import psycopg
import pytest

from migsafe.apply.losses import losses
from migsafe.rows.contents import Contents
from migsafe.state import read_state
from tests.fix_snapshots import SHOP
from tests.fix_state import Fresh


@pytest.mark.parametrize(
    ("migration", "lost"),
    [
        ("ALTER TABLE orders ADD COLUMN note text", ()),
        ("ALTER TABLE orders RENAME TO purchases", ()),
        ("ALTER TABLE orders RENAME COLUMN amount TO total", ()),
        ("ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases RENAME COLUMN amount TO total", ()),
        ("UPDATE orders SET amount = amount + 1", ()),
        ("ALTER TABLE orders ADD COLUMN empty text; ALTER TABLE orders DROP COLUMN empty", ()),
        ("ALTER TABLE orders DROP COLUMN amount", ("column public.orders.amount: gone with 300 values",)),
        ("UPDATE orders SET amount = NULL WHERE id < 3", ("column public.orders.amount: 300 → 298 values",)),
        ("DELETE FROM orders WHERE id < 3", ("table public.orders: 300 → 298 rows",)),
        ("DROP TABLE orders", ("table public.orders: gone with 300 rows",)),
        ("DROP TABLE orders; CREATE TABLE orders (id int)", ("table public.orders: 300 → 0 rows",)),
        (
            "ALTER TABLE orders RENAME COLUMN amount TO total; ALTER TABLE orders ADD COLUMN amount int",
            (),
        ),
        (
            "CREATE TABLE new AS SELECT id, customer FROM orders; DROP TABLE orders; ALTER TABLE new RENAME TO orders",
            ("column public.orders.amount: gone with 300 values",),
        ),
    ],
)
def test_what_a_migration_loses_is_named_and_what_it_moves_is_not(
    fresh: Fresh, migration: str, lost: tuple[str, ...]
) -> None:
    with fresh() as connection:
        connection.execute(SHOP.encode())
        before = contents(connection)
        connection.execute(migration.encode())
        assert losses(before, contents(connection)) == lost


def contents(connection: psycopg.Connection) -> Contents:
    return read_state(connection).contents
