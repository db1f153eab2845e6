"""Databases are made in the way that was seen to be the fastest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from psycopg import errors

from migsafe.postgres import cloning, databases
from migsafe.postgres.cloning import FILE_CLONE, FILE_COPY, PLAIN, WAL_LOG, Cloning, Way
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers


def measured(times: Mapping[tuple[int, Way], float]) -> Cloning:
    return Cloning({key: [seconds] for key, seconds in times.items()})


def test_each_way_is_tried_and_then_the_fastest_is_taken() -> None:
    known = (FILE_COPY, WAL_LOG)
    assert measured({}).way(known, 0) is FILE_COPY
    assert measured({(0, FILE_COPY): 1.0}).way(known, 0) is WAL_LOG
    assert measured({(0, FILE_COPY): 1.0, (0, WAL_LOG): 0.5}).way(known, 0) is WAL_LOG
    assert measured({(0, FILE_COPY): 0.5, (0, WAL_LOG): 1.0}).way(known, 0) is FILE_COPY


def test_a_way_that_was_much_slower_for_smaller_templates_is_not_tried_for_larger_ones() -> None:
    slow = measured({(0, FILE_COPY): 0.1, (0, WAL_LOG): 0.5, (3, FILE_COPY): 2.0})
    near = measured({(0, FILE_COPY): 0.1, (0, WAL_LOG): 0.15, (3, FILE_COPY): 2.0})
    assert slow.way((FILE_COPY, WAL_LOG), 3) is FILE_COPY
    assert near.way((FILE_COPY, WAL_LOG), 3) is WAL_LOG


@pytest.mark.parametrize("major", [None, 18])
def test_a_server_makes_its_databases_in_every_way_that_it_knows(server: Server, major: int | None) -> None:
    chosen = ServerSettings(use="embedded", version=major) if major else ServerSettings()
    with servers.start(chosen) as running:
        template = databases.name_for(running, "template")
        databases.create(running, template)
        with databases.connect(running, template) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            known = cloning.ways(connection)
        assert known == {13: (PLAIN,), 18: (FILE_CLONE, FILE_COPY, WAL_LOG)}.get(running.major, (FILE_COPY, WAL_LOG))
        for number in range(4):
            copy = databases.name_for(running, f"copy_{number}")
            databases.create(running, copy, template)
            with databases.connect(running, copy) as connection:
                assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        taken = {each.way: each.databases for each in running.cloning.taken}
        assert taken.keys() == {way.name for way in known}
        assert sum(taken.values()) == 5


def test_a_file_system_that_can_not_share_blocks_is_copied(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def refuse(_: object, way: Way) -> Iterator[None]:
        if way is FILE_CLONE:
            raise errors.InternalError_("could not clone file: Operation not supported")
        yield

    monkeypatch.setattr(cloning, "_method", refuse)
    monkeypatch.setattr(
        cloning, "ways", lambda _: (FILE_CLONE, FILE_COPY) if server.major >= 15 else (FILE_CLONE, PLAIN)
    )
    own, name = Cloning(), databases.name_for(server, "refused")
    with databases.connect(server, "postgres") as connection:
        own.create(connection, name, "template0")
    databases.drop(server, name)
    assert [each.way for each in own.taken] == ["file_copy" if server.major >= 15 else "plain"]
