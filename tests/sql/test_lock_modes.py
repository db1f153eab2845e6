"""Lock modes conflict as the table in the manual says, and as the server says."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.sql.lock_modes import LockMode, lock_mode


def test_conflicts_are_mutual() -> None:
    assert all(one.conflicts_with(other) == other.conflicts_with(one) for one in LockMode for other in LockMode)


def test_what_a_mode_blocks_is_what_applications_do() -> None:
    assert LockMode.ACCESS_EXCLUSIVE.blocks == ("reads", "writes", "DDL")
    assert LockMode.SHARE.blocks == ("writes", "DDL")
    assert LockMode.SHARE_UPDATE_EXCLUSIVE.blocks == ("DDL",)


@pytest.mark.parametrize("mode", LockMode)
def test_the_server_agrees_on_names_and_conflicts(tapped: Address, mode: LockMode) -> None:
    with connect_to(tapped) as holder, connect_to(tapped) as other:
        name = f"locked_{mode.strength}"
        holder.execute(sql.SQL("CREATE TABLE {} ()").format(sql.Identifier(name)))
        lock = sql.SQL("LOCK TABLE {} IN {} MODE NOWAIT")
        with holder.transaction():
            holder.execute(lock.format(sql.Identifier(name), sql.SQL(mode.value)))  # type: ignore[arg-type]
            query = "SELECT mode FROM pg_locks WHERE relation = %s::regclass AND pid = pg_backend_pid()"
            assert [lock_mode(row[0]) for row in holder.execute(query, [name])] == [mode]
            for wanted in LockMode:
                try:
                    with other.transaction():
                        other.execute(lock.format(sql.Identifier(name), sql.SQL(wanted.value)))  # type: ignore[arg-type]
                    refused = False
                except psycopg.errors.LockNotAvailable:
                    refused = True
                assert refused == mode.conflicts_with(wanted), wanted
        holder.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
