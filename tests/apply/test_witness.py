from __future__ import annotations

from contextlib import closing
from datetime import datetime

import psycopg
import pytest

from migsafe.apply.witness import Witness
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to


def now(connection: psycopg.Connection) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row
    time: datetime = row[0]
    return time


def test_nobody_is_seen_where_nobody_was(database: Address) -> None:
    with connect_to(database) as connection:
        witness = Witness(connection)
        witness.begin()
        assert witness.seen(now(connection)) == ()


@pytest.mark.parametrize("how", ["stays", "leaves", "was there and leaves", "was there and stays"])
def test_whoever_wrote_since_is_seen(database: Address, how: str) -> None:
    with connect_to(database) as connection:
        witness = Witness(connection)
        early = psycopg.connect(database.url(), autocommit=True) if "was there" in how else None
        witness.begin()
        moment = now(connection)
        with closing(early or psycopg.connect(database.url(), autocommit=True)) as other:
            other.execute("CREATE TABLE t (a int)")
            if "stays" in how:
                assert len(witness.seen(moment)) == 1
        assert len(witness.seen(moment)) == 1


def test_who_was_idle_all_the_time_is_not_seen(database: Address) -> None:
    with (
        connect_to(database) as connection,
        closing(psycopg.connect(database.url(), autocommit=True)) as other,
    ):
        other.execute("SELECT 1")
        witness = Witness(connection)
        witness.begin()
        assert witness.seen(now(connection)) == ()


def test_an_open_transaction_may_still_write(database: Address) -> None:
    with connect_to(database) as connection, closing(psycopg.connect(database.url())) as other:
        other.execute("SELECT 1")
        witness = Witness(connection)
        witness.begin()
        assert "idle in transaction" in witness.seen(now(connection))[0]


def test_our_own_sessions_are_taken_off(database: Address) -> None:
    with connect_to(database) as connection:
        witness = Witness(connection)
        witness.begin()
        moment = now(connection)
        with connect_to(database) as ours:
            ours.execute("SELECT 1")
        witness.add_ours(1)
        assert witness.seen(moment) == ()
