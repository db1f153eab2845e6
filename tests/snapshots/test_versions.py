"""A round trip of every kind of object on every major version of PostgreSQL that there is a server of."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.errors import CannotCheck, ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.snapshots.restore import How, restore
from migsafe.snapshots.take import take
from migsafe.snapshots.verify import damage, verify_deep
from migsafe.state import compare_states, read_state
from tests.fix_state import EVERY_KIND
from tests.postgres.test_container import MAJORS, engine, image

__all__ = ["engine"]


@pytest.mark.parametrize("version", [16, 17, 18])
def test_every_kind_of_object_comes_back_beside_and_in_place_and_is_verified_elsewhere(
    version: int, tmp_path: Path
) -> None:
    settings = ServerSettings(use="embedded", version=version)
    try:
        round_trip(settings, tmp_path)
    except ServerUnavailable as error:
        pytest.skip(error.message)


@pytest.mark.parametrize("version", MAJORS)
def test_every_kind_of_object_comes_back_in_a_container(engine: object, version: int, tmp_path: Path) -> None:
    round_trip(ServerSettings(use="container", version=version, image=image(engine, version)), tmp_path)


def round_trip(settings: ServerSettings, store: Path) -> None:
    with servers.start(settings) as server:
        name = databases.name_for(server, "every_kind")
        databases.create(server, name)
        address = server.address.on(name)
        with databases.connect(server, name) as connection:
            connection.execute(EVERY_KIND.read_bytes())
            before = read_state(connection)
        snapshot = take(address, store, jobs=2, privileges=True)
        assert damage(snapshot) == ()
        assert snapshot.state == before
        for how in (How(), How(in_place=True)):
            with databases.connect(server, name) as connection:
                connection.execute("CREATE TABLE public.left_over (a int); CREATE SCHEMA left_behind")
            assert restore(snapshot, address, how, lambda _: None).differences == ()
            with databases.connect(server, name) as connection:
                assert compare_states(before, read_state(connection)).describe() == ()
    assert not verify_deep(snapshot, settings, jobs=2, progress=lambda _: None).difference


def test_another_major_version_brings_back_what_it_prints_alike_and_is_named_where_it_does_not(
    filled: Address, tmp_path: Path
) -> None:
    plain = take(filled, tmp_path, jobs=1)
    with databases.connect_to(filled) as connection:
        connection.execute("CREATE VIEW seen AS SELECT customers.id FROM customers")
    snapshot = take(filled, tmp_path, jobs=1)
    with servers.start(ServerSettings(use="embedded", version=18)) as other:
        if plain.manifest.major == other.major:
            pytest.skip("both servers are of one version")
        address = other.address.on(databases.name_for(other, "elsewhere"))
        assert restore(plain, address, How(), lambda _: None).differences == ()
        restored = restore(snapshot, address, How(), lambda _: None)
        assert any("view public.seen: definition" in line for line in restored.differences)
        assert f"the snapshot is of PostgreSQL {plain.manifest.major}" in restored.notes[-1]
        with databases.connect_to(address) as connection:
            assert connection.execute("SELECT to_regclass('seen')").fetchone() == (None,)


def test_a_column_number_that_only_one_build_knows_is_named_where_it_stops_a_restore(
    engine: object, tmp_path: Path
) -> None:
    settings = ServerSettings(use="container", version=17, image=image(engine, 17))
    with servers.start(settings) as server:
        name = databases.name_for(server, "numbered")
        databases.create(server, name)
        with databases.connect(server, name) as connection:
            connection.execute("CREATE TABLE t (id integer PRIMARY KEY)")
            numbered = connection.execute("SELECT 1 FROM pg_attribute WHERE attoptions IS NOT NULL").fetchone()
        snapshot = take(server.address.on(name), tmp_path, jobs=1)
    if numbered is None or snapshot.manifest.pg_dump == snapshot.manifest.server.partition(" ")[0]:
        pytest.skip("this server gives columns no number, or its own pg_dump leaves it out")
    with servers.start(ServerSettings(use="embedded", version=18)) as other:
        for in_place in (False, True):
            name = databases.name_for(other, "numbered")
            if in_place:
                databases.create(other, name)
            with pytest.raises(CannotCheck, match="pg_attver") as refusal:
                restore(snapshot, other.address.on(name), How(in_place=in_place), lambda _: None)
            assert "that only its own pg_dump leaves out" in str(refusal.value.hint)


def test_what_postgresql_can_not_restore_is_refused_before_it_is_dumped(tmp_path: Path) -> None:
    """The twin, a partitioned table whose key overlaps nothing by being unique, is among every kind of object."""
    with servers.start(ServerSettings(use="embedded", version=18)) as server:
        name = databases.name_for(server, "temporal")
        databases.create(server, name)
        with databases.connect(server, name) as connection:
            connection.execute(
                "CREATE TABLE stays (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS))"
                " PARTITION BY LIST (room)"
            )
            assert take(server.address.on(name), tmp_path, jobs=1).manifest.tables == 0
            connection.execute("CREATE TABLE rooms PARTITION OF stays DEFAULT")
        before = list(tmp_path.iterdir())
        with pytest.raises(CannotCheck, match="can't bring back its own dump of stays_pkey"):
            take(server.address.on(name), tmp_path, jobs=1)
        assert list(tmp_path.iterdir()) == before
