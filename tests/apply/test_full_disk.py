"""The server's own disk fills up during ``migsafe apply`` or a restore: nothing is lost, and the way back is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import chown

import psycopg
import pytest
from psycopg import sql

from migsafe.errors import CannotCheck, MigsafeError, ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.snapshots.restore import How, restore
from migsafe.snapshots.take import take
from migsafe.state import compare_states
from tests.apply.test_faults import Run, assert_saved, bring, state_of
from tests.fix_disk import Disk, small_disk
from tests.fix_project import Project
from tests.fix_server import wait_for
from tests.fix_snapshots import SHOP

MEGABYTES = 64


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project")
    project.write({"migsafe.toml": "", "sql/V0__shop.sql": SHOP})
    return project


@contextmanager
def database_on(server: Server, disk: Disk, label: str) -> Iterator[Address]:
    """A database whose files lie on the disk, in a tablespace of its own."""
    name, space = databases.name_for(server, label), databases.name_for(server, f"{label}_space")
    with connect_to(server.address) as connection:
        (data,) = connection.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
        if not Path(data).is_dir():
            pytest.skip("the server's files are not on this machine")
        place = disk.path / "space"
        place.mkdir()
        chown(place, Path(data).stat().st_uid)
        make = sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(sql.Identifier(space), sql.Literal(str(place)))
        connection.execute(make)
        make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 TABLESPACE {}")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(space)))
        try:
            yield server.address.on(name)
        finally:
            disk.free()
            databases.drop_with(connection, name)
            connection.execute(sql.SQL("DROP TABLESPACE {}").format(sql.Identifier(space)))


@pytest.mark.parametrize("struck", ["dumping", "applying 1", "applying 2", "looking at the values", "restoring"])
def test_a_full_tablespace_leaves_the_old_state_or_the_way_back(server: Server, shop: Project, struck: str) -> None:
    with small_disk(MEGABYTES) as disk, database_on(server, disk, "full") as address:
        before = bring(shop, address)
        run = Run(shop, address, disk.fill, struck=struck)
        with suppress(MigsafeError):
            run()
        disk.free()
        assert struck in run.phases
        assert_saved(run, before, struck)


@pytest.mark.parametrize("struck", ["dumping", "applying 1", "applying 2", "restoring"])
def test_a_full_data_directory_leaves_the_old_state_or_the_way_back(shop: Project, struck: str) -> None:
    with small_disk(3 * MEGABYTES) as disk, servers.start(ServerSettings(directory=disk.path)) as own:
        name = databases.name_for(own, "full")
        databases.create(own, name)
        address = own.address.on(name)
        before = bring(shop, address)
        run = Run(shop, address, disk.fill, struck=struck)
        with suppress(MigsafeError):
            run()
        disk.free()
        assert wait_for(lambda: answers(address), 30), "the server comes back as soon as there is room"
        assert_saved(run, before, struck)


def answers(address: Address) -> bool:
    with suppress(ServerUnavailable, psycopg.Error):
        connect_to(address).close()
        return True
    return False


@pytest.mark.parametrize("in_place", [False, True])
def test_a_restore_that_finds_no_room_leaves_the_database_as_it_is(
    server: Server, shop: Project, *, in_place: bool
) -> None:
    with small_disk(MEGABYTES) as disk, database_on(server, disk, "no_room") as address:
        bring(shop, address)
        snapshot = take(address, shop.root / ".migsafe" / "snapshots", jobs=1)
        with connect_to(address) as connection:
            connection.execute("UPDATE orders SET amount = -1")
        before = state_of(address)
        disk.fill()
        with pytest.raises(CannotCheck) as refusal:
            restore(snapshot, address, How(in_place=in_place), lambda _: None)
        assert "No space left on device" in str(refusal.value)
        assert "space" in str(refusal.value.hint)
        disk.free()
        assert not compare_states(before, state_of(address))
        assert restore(snapshot, address, How(in_place=in_place), lambda _: None).differences == ()
