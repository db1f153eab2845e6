from __future__ import annotations

import pytest

from migsafe.postgres.server import Server
from migsafe.postgres.snapshot_sessions import snapshot_sessions
from tests.fix_state import fresh_database


@pytest.mark.parametrize("workers", [1, 2])
def test_no_timeout_of_the_server_ends_a_session_that_waits_for_the_others(server: Server, workers: int) -> None:
    names = ["idle_in_transaction_session_timeout", *(["transaction_timeout"] if server.major >= 17 else [])]
    with fresh_database(server) as connection:
        database = connection.info.dbname
        for name in names:
            connection.execute(f"ALTER DATABASE {database} SET {name} = 60000".encode())
        with snapshot_sessions(server.address.on(database), workers) as sessions:
            for session in sessions:
                for name in names:
                    row = session.execute("SELECT pg_catalog.current_setting(%s)", (name,)).fetchone()
                    assert row == ("0",)
