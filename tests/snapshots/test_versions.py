"""A round trip of every kind of object on every major version of PostgreSQL that this machine has in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.errors import ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.snapshots.restore import How, restore
from migsafe.snapshots.take import take
from migsafe.snapshots.verify import damage, verify_deep
from migsafe.state import compare_states, read_state
from tests.fix_state import EVERY_KIND


@pytest.mark.parametrize("version", [16, 17, 18])
def test_every_kind_of_object_comes_back_beside_and_in_place_and_is_verified_elsewhere(
    version: int, tmp_path: Path
) -> None:
    settings = ServerSettings(use="embedded", version=version)
    try:
        with servers.start(settings) as server:
            name = databases.name_for(server, "every_kind")
            databases.create(server, name)
            address = server.address.on(name)
            with databases.connect(server, name) as connection:
                connection.execute(EVERY_KIND.read_bytes())
                before = read_state(connection)
            snapshot = take(address, tmp_path, jobs=2, privileges=True)
            assert damage(snapshot) == ()
            for how in (How(), How(in_place=True)):
                with databases.connect(server, name) as connection:
                    connection.execute("CREATE TABLE public.left_over (a int); CREATE SCHEMA left_behind")
                assert restore(snapshot, address, how, lambda _: None).differences == ()
                with databases.connect(server, name) as connection:
                    assert compare_states(before, read_state(connection)).describe() == ()
    except ServerUnavailable as error:
        pytest.skip(error.message)
    assert not verify_deep(snapshot, settings, jobs=2, progress=lambda _: None).difference
