"""A given URL: databases of our own on a server that isn't ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from migsafe.errors import CannotCheck, ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.address import parse_url
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from tests.fix_server import Hold, wait_for


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of its own: the databases of all runs on it are looked at."""
    with servers.start(ServerSettings()) as server:
        yield server.address.url()


def names(server: Server) -> set[str]:
    with databases.connect(server, "postgres") as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate").fetchall()
        return {name for (name,) in rows}


def holds_a_lock(url: str, run_id: str) -> bool:
    with databases.connect_to(parse_url(url)) as connection:
        key = int(run_id[:8], 16) >> 1
        return bool(connection.execute("SELECT FROM pg_locks WHERE objid::bigint = %s", (key,)).fetchall())


def test_its_databases_carry_the_prefix_and_are_dropped_on_leaving(url: str) -> None:
    with servers.start(ServerSettings(use=url)) as server:
        assert server.kind == "url"
        name = databases.name_for(server, "state")
        databases.create(server, name)
        assert name.startswith(f"migsafe_{server.run_id}_")
        assert name in names(server)
    assert name not in names(server)


def test_settings_hold_on_its_databases_and_nowhere_else(url: str) -> None:
    with servers.start(ServerSettings(use=url, settings={"TimeZone": "Asia/Tokyo"})) as server:
        first, copy = (databases.name_for(server, label) for label in ("first", "copy"))
        databases.create(server, first)
        databases.create(server, copy, template=first)
        for database, expected in ((first, "Asia/Tokyo"), (copy, "Asia/Tokyo"), ("postgres", "UTC")):
            with databases.connect(server, database) as connection:
                assert connection.execute("SELECT current_setting('TimeZone')").fetchone() in (
                    (expected,),
                    (f"Etc/{expected}",),
                )


def test_databases_of_a_dead_run_are_dropped_and_of_a_living_one_kept(url: str, hold: Hold) -> None:
    living, dead = hold(url), hold(url)
    dead.process.kill()
    dead.process.wait()
    assert wait_for(lambda: not holds_a_lock(url, dead.run_id))
    with servers.start(ServerSettings(use=url)) as server:
        assert dead.database not in names(server)
        assert living.database in names(server)


def test_databases_that_only_look_like_ours_are_left_alone(url: str) -> None:
    with servers.start(ServerSettings(use=url)) as server:
        databases.create(server, "migsafe_of_somebody")
    with servers.start(ServerSettings(use=url)) as server:
        assert "migsafe_of_somebody" in names(server)


def test_a_user_who_may_not_create_databases_is_told_what_to_ask_for(url: str) -> None:
    with servers.start(ServerSettings(use=url)) as server:
        with databases.connect(server, "postgres") as connection:
            connection.execute("CREATE ROLE \"pl'ain\" LOGIN PASSWORD 'secret word'")
        address = replace(server.address, user="pl'ain", password="secret word")
        with (
            pytest.raises(CannotCheck, match="may not create databases") as caught,
            servers.start(ServerSettings(use=address.url())),
        ):
            pass
        assert 'ALTER ROLE "pl\'ain" CREATEDB' in str(caught.value.hint)
        assert "secret" not in f"{caught.value} {caught.value.hint}"


def test_a_wanted_role_that_is_missing_is_named(url: str) -> None:
    with (
        pytest.raises(CannotCheck, match='"no such role"'),
        servers.start(ServerSettings(use=url, roles=("postgres", "no such role"))),
    ):
        pass


def test_a_wrong_password_is_refused_and_not_repeated(url: str) -> None:
    wrong = url.replace(psycopg.conninfo.conninfo_to_dict(url)["password"], "not%20it")  # type: ignore[arg-type]
    with (
        pytest.raises(ServerUnavailable, match="password authentication failed") as caught,
        servers.start(ServerSettings(use=wrong)),
    ):
        pass
    assert "not it" not in f"{caught.value} {caught.value.hint}"


def test_nobody_at_the_address_says_so() -> None:
    with (
        pytest.raises(ServerUnavailable, match=r"postgres@127\.0\.0\.1:1/postgres: can't connect"),
        servers.start(ServerSettings(use="postgresql://postgres@127.0.0.1:1/postgres")),
    ):
        pass
