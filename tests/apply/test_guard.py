"""Read-only for others while migrations run, whatever happens on the way there."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from migsafe.apply.guard import read_only
from migsafe.errors import CannotCheck
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.properties import read_properties


def test_a_session_that_can_not_be_ended_leaves_nobody_read_only(database: Address) -> None:
    with closing(connect_to(database)), closing(connect_to(database)) as connection:
        before = read_properties(connection)
        assert before is not None
        connection.execute("CREATE ROLE weak")
        try:
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO weak").format(sql.Identifier(database.database)))
            connection.execute("SET SESSION AUTHORIZATION weak")
            with (
                pytest.raises(CannotCheck, match="can't be ended"),
                read_only(connection, database, before, lambda _: None, end_sessions=True),
            ):
                pytest.fail("it went on")
            with closing(psycopg.connect(database.url())) as other:
                assert other.execute("SHOW default_transaction_read_only").fetchone() == ("off",)
        finally:
            connection.execute("RESET SESSION AUTHORIZATION")
            connection.execute("REASSIGN OWNED BY weak TO CURRENT_USER")
            connection.execute("DROP ROLE weak")
