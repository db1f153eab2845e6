"""Servers in containers, of several major versions."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from migsafe.errors import CannotCheck, ClientToolMissing, ServerUnavailable
from migsafe.postgres import clients, databases
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers.container import Container, image_of
from tests.fix_server import Hold, wait_for

MAJORS = (13, 15, 17, 18)


def skip(reason: str) -> None:
    """Skip, or fail where an engine and the images are owed."""
    if os.environ.get("MIGSAFE_REQUIRE_DOCKER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine() -> Any:
    docker = pytest.importorskip("docker", reason="the extra 'container' is not installed")
    try:
        return docker.from_env()
    except docker.errors.DockerException as error:
        return skip(f"no Docker engine: {error}")


def image(engine: Any, major: int) -> str:
    name = f"migsafe/postgres:{major}"
    if not engine.images.list(name):
        skip(f"the image is not there; build it with: docker/postgres-image {major}")
    return name


@pytest.fixture(scope="module")
def contained(engine: Any) -> Iterator[Server]:
    with Container().start(ServerSettings(image=image(engine, 15))) as server:
        yield server


def containers_of(engine: Any, run_id: str) -> list[Any]:
    found: list[Any] = engine.containers.list(all=True, filters={"label": f"migsafe.run={run_id}"})
    return found


@pytest.mark.parametrize("major", MAJORS)
def test_every_major_version_runs_with_the_wanted_settings(engine: Any, major: int) -> None:
    settings = ServerSettings(image=image(engine, major), settings={"TimeZone": "Asia/Tokyo"}, roles=("reader",))
    with Container().start(settings) as server, databases.connect(server, "postgres") as connection:
        assert server.major == major
        assert connection.execute("SHOW TimeZone").fetchone() == ("Asia/Tokyo",)
        assert connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'reader'").fetchone() == (True,)
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
        original, copy = (databases.name_for(server, label) for label in ("original", "copy"))
        databases.create(server, original)
        databases.create(server, copy, template=original)
    assert containers_of(engine, server.run_id) == []


def test_the_first_query_is_answered_within_four_seconds(engine: Any) -> None:
    settings = ServerSettings(image=image(engine, 15))
    began = time.monotonic()
    with Container().start(settings) as server, databases.connect(server, "postgres") as connection:
        connection.execute("SELECT 1")
        assert time.monotonic() - began < 4


def test_a_server_that_runs_and_is_not_reached_is_told_from_one_that_did_not_start(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migsafe.postgres.servers.container._PATIENCE", 3.0)
    elsewhere = ServerSettings(image=image(engine, 15), settings={"port": "6000"})
    with pytest.raises(ServerUnavailable, match="can't be reached at postgres@"), Container().start(elsewhere):
        pass
    wrong = ServerSettings(image=image(engine, 15), settings={"shared_buffers": "no"})
    with pytest.raises(ServerUnavailable, match="did not start in its container"), Container().start(wrong):
        pass


def test_the_port_is_not_published_to_the_network(engine: Any, contained: Server) -> None:
    (container,) = containers_of(engine, contained.run_id)
    published = container.attrs["NetworkSettings"]["Ports"]["5432/tcp"] or []
    assert not {"0.0.0.0", "::"} & {binding["HostIp"] for binding in published}


def test_a_program_runs_inside_when_this_machine_has_none(contained: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_here(program: str, *_: object) -> None:
        raise ClientToolMissing(f"{program} was not found")

    monkeypatch.setattr(clients, "find", none_here)
    source, target = (databases.name_for(contained, label) for label in ("source", "target"))
    databases.create(contained, source)
    databases.create(contained, target)
    contained.client("psql", ["-qf", "-"], source, stdin=io.BytesIO(b"CREATE TABLE \"\xc3\xa4\" (a) AS SELECT 'x y';"))
    dump = io.BytesIO()
    assert contained.client("pg_dump", ["--format=custom"], source, stdout=dump) == b""
    dump.seek(0)
    contained.client("pg_restore", ["--exit-on-error", f"--dbname={target}"], target, stdin=dump)
    assert contained.client("psql", ["-Atc", 'TABLE "ä"'], target) == b"x y\n"
    with pytest.raises(CannotCheck, match='relation "nothing" does not exist'):
        contained.client("psql", ["-c", "TABLE nothing"], target)
    with pytest.raises(ClientToolMissing):
        contained.client("pg_restore", ["/a/file/of/this/machine"], target)


def test_a_killed_runs_container_is_deleted_by_the_next_run(engine: Any, hold: Hold) -> None:
    holder = hold("container", image(engine, 15))
    holder.process.kill()
    holder.process.wait()
    with Container().start(ServerSettings(image=image(engine, 15))):
        assert wait_for(lambda: containers_of(engine, holder.run_id) == [])  # maybe another worker's run is at it


def test_a_living_runs_container_is_left_alone(engine: Any, hold: Hold) -> None:
    holder = hold("container", image(engine, 15))
    with Container().start(ServerSettings(image=image(engine, 15))):
        (container,) = containers_of(engine, holder.run_id)
        assert container.status == "running"


def test_a_setting_that_the_server_refuses_is_shown_with_its_words(engine: Any) -> None:
    settings = ServerSettings(image=image(engine, 15), settings={"work_mem": "much"})
    with (
        pytest.raises(ServerUnavailable, match='invalid value for parameter "work_mem"'),
        Container().start(settings),
    ):
        pass


def test_an_image_that_cannot_be_had_is_named_with_ways_to_get_it(engine: Any) -> None:
    settings = ServerSettings(image="localhost:1/no-such-image:1")
    with pytest.raises(ServerUnavailable, match="can't be pulled") as caught, Container().start(settings):
        pass
    assert caught.value.where == "localhost:1/no-such-image:1"
    assert "docker/postgres-image" in str(caught.value.hint)


def test_without_an_engine_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("testcontainers", reason="the extra 'container' is not installed")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ServerUnavailable, match="no Docker engine answers") as caught:
        Container().describe(ServerSettings())
    assert "systemctl start docker" in str(caught.value.hint)


def test_the_image_is_the_official_one_of_the_wanted_version() -> None:
    assert image_of(ServerSettings(version=16)) == "postgres:16"
    assert image_of(ServerSettings(version=16, image="mirror/postgis")) == "mirror/postgis"


def test_an_interrupted_run_leaves_no_container(engine: Any, hold: Hold) -> None:
    holder = hold("container", image(engine, 15))
    holder.process.send_signal(signal.SIGINT)
    assert holder.process.wait(20) == 130
    assert containers_of(engine, holder.run_id) == []
