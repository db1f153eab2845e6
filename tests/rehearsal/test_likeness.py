"""The throwaway server is set up like the target's: locale, settings, roles, extensions."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from migsafe.errors import CannotCheck
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from migsafe.postgres.servers.running import RunningServer
from migsafe.rehearsal.likeness import check_version, make_likeness
from migsafe.rehearsal.profile import Profile, read_profile
from migsafe.rehearsal.target import read_only_session
from tests.fix_rehearsal import Bring


def profile_of(address: Address) -> Profile:
    with read_only_session(address, statement_timeout=9, lock_timeout=9) as connection:
        return read_profile(connection, address.user)


def altered(address: Address, *settings: str) -> Profile:
    with psycopg.connect(address.url(), autocommit=True) as connection:
        for setting in settings:
            connection.execute(f"ALTER DATABASE {address.database} SET {setting}")  # type: ignore[arg-type]
    return profile_of(address)


def test_settings_of_the_database_reach_every_copy_as_they_were(bring: Bring, shop: Address) -> None:
    altered(shop, 'search_path TO "$user", shop, public', "TimeZone TO 'Asia/Tokyo'", "shop.tenant TO '7'")
    with bring(shop) as rehearsed:
        address = shop.on(rehearsed.brought.database)
    with bring(shop) as rehearsed, psycopg.connect(shop.on(rehearsed.brought.database).url()) as connection:
        names = ("search_path", "TimeZone", "shop.tenant")
        values = [connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
        assert values == [('"$user", shop, public',), ("Asia/Tokyo",), ("7",)]
    assert address.database.startswith("migsafe_")


def test_the_roles_own_settings_go_before_the_databases(shop: Address) -> None:
    with psycopg.connect(shop.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE has_settings LOGIN PASSWORD 'secret'")
        try:
            connection.execute(f"ALTER DATABASE {shop.database} SET shop.a TO 'database'")
            connection.execute(f"ALTER DATABASE {shop.database} SET DateStyle TO 'German'")
            connection.execute("ALTER ROLE has_settings SET shop.a TO 'role'")
            connection.execute("ALTER ROLE has_settings SET DateStyle TO 'SQL'")
            parameters = profile_of(replace(shop, user="has_settings", password="secret")).parameters
            assert (parameters["shop.a"], parameters["DateStyle"]) == ("role", "SQL, MDY")
        finally:
            connection.execute("DROP ROLE has_settings")


def test_settings_that_would_stop_every_migration_are_named_and_not_set(shop: Address) -> None:
    profile = altered(shop, "default_transaction_read_only TO on", "statement_timeout TO '30s'")
    assert profile.parameters.keys().isdisjoint({"default_transaction_read_only", "statement_timeout"})
    assert "30000 ms" in profile.left_behind["setting statement_timeout"]
    assert "setting default_transaction_read_only" in profile.left_behind


def test_what_the_throwaway_server_does_not_have_is_named(server: Server, shop: Address) -> None:
    assert isinstance(server, RunningServer)
    own = replace(server, run_id="0123456789ab")
    profile = profile_of(shop)
    strange = replace(
        profile,
        properties=replace(profile.properties, collate="xx_XX.UTF-8", ctype="xx_XX.UTF-8"),
        extensions={**profile.extensions, "postgis": "3.4.2"},
        parameters={"TimeZone": "Mars/Olympus_Mons"},
    )
    likeness = make_likeness(own, strange)
    try:
        assert likeness.missing == ("postgis",)
        assert set(likeness.unlike) == {"locale", "extension postgis", "setting TimeZone"}
        assert "TimeZone" not in own.database_settings
    finally:
        databases.drop(own, likeness.database)


def test_locale_and_encoding_are_the_targets(bring: Bring, server: Server) -> None:
    with psycopg.connect(server.address.url(), autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE migsafe_icu TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            " LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'"
        )
    try:
        with bring(server.address.on("migsafe_icu")) as rehearsed:
            query = "SELECT datlocprovider, daticulocale FROM pg_database WHERE datname = current_database()"
            assert rehearsed.rows(query) == [("i", "de-DE")]
    finally:
        with psycopg.connect(server.address.url(), autocommit=True) as connection:
            connection.execute("DROP DATABASE migsafe_icu")


def test_a_server_of_another_version_must_be_newer_and_asked_for(server: Server, shop: Address) -> None:
    assert isinstance(server, RunningServer)
    profile, newer = replace(profile_of(shop), major=15), replace(server, major=16)
    check_version(replace(server, major=15), profile, None)
    check_version(newer, profile, 16)
    with pytest.raises(CannotCheck, match="the target is PostgreSQL 15"):
        check_version(newer, profile, None)


def test_an_older_server_will_not_do(server: Server, shop: Address) -> None:
    assert isinstance(server, RunningServer)
    with pytest.raises(CannotCheck, match="older"):
        check_version(replace(server, major=14), profile_of(shop), 14)
