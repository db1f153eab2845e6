"""``migsafe rehearse`` from the outside."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from tests.fix_project import Project
from tests.fix_rehearsal import SHOP

FAILS_ON_ROWS = {"migrations/2_paid.up.sql": "ALTER TABLE orders ADD CHECK (cents < 20000);\n"}


@pytest.fixture
def password(shop: Address) -> str:
    assert shop.password
    return shop.password


def test_it_says_what_would_change_and_how_many_rows_that_touches(shop_project: Project, shop: Address) -> None:
    ran = shop_project.migsafe("rehearse", "--target", "env:SHOP", "--format", "json", SHOP=shop.url())
    assert ran.exit_code == 0, ran.errors
    (migration,) = ran.report["migrations"]
    assert migration["version"] == "2"
    (effects,) = (check for check in migration["checks"] if check["check"] == "effects")
    assert effects["answer"] == "20,000 rows"
    changed, statements = effects["findings"][0]["evidence"]
    assert changed["text"] == "column public.orders.paid: added"
    assert "20,000 rows" in statements["text"]
    assert "advisory_lock" not in statements["text"]
    assert ran.report["baseline"]["revision"] == "1"
    assert ran.report["baseline"]["rows"] == 24000


def test_a_sample_gives_an_estimate_that_says_it_is_one(shop_project: Project, shop: Address) -> None:
    ran = shop_project.migsafe("rehearse", "--target", "env:SHOP", "--rows", "5%", "--check", "apply", SHOP=shop.url())
    assert ran.exit_code == 0, ran.errors
    assert "at most" in ran.output
    assert "an estimate" in ran.output
    assert "5 % of the rows" in ran.output


def test_a_migration_that_fails_on_the_rows_that_are_there_is_unsafe(shop_project: Project, shop: Address) -> None:
    shop_project.write(FAILS_ON_ROWS)
    ran = shop_project.migsafe("rehearse", "--target", "env:SHOP", SHOP=shop.url())
    assert ran.exit_code == 1
    assert "violated" in ran.output
    with psycopg.connect(shop.url()) as connection:
        assert connection.execute("SELECT version FROM schema_migrations").fetchall() == [(1,)]


def test_a_target_that_has_everything_is_safe(shop_project: Project, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("UPDATE schema_migrations SET version = 2")
    ran = shop_project.migsafe("rehearse", "--target", "env:SHOP", SHOP=shop.url())
    assert ran.exit_code == 0
    assert "no new migrations" in ran.output


@pytest.mark.parametrize("way", ["variable", "setting", "PGPASSWORD"])
def test_no_password_need_stand_in_the_arguments(shop_project: Project, shop: Address, password: str, way: str) -> None:
    bare = replace(shop, password=None).url()
    ways = {
        "variable": (["--target", "env:SHOP"], {"SHOP": shop.url()}),
        "setting": ([], {"MIGSAFE_REHEARSE_TARGET": shop.url()}),
        "PGPASSWORD": (["--target", bare], {"PGPASSWORD": password}),
    }
    arguments, environment = ways[way]
    ran = shop_project.migsafe("rehearse", "--rows", "none", "--check", "apply", *arguments, **environment)
    assert ran.exit_code == 0, ran.errors
    assert password not in ran.output + ran.errors


def test_without_a_target_it_says_how_to_name_one(shop_project: Project) -> None:
    ran = shop_project.migsafe("rehearse")
    assert ran.exit_code == 2
    assert "--target" in ran.errors
    assert shop_project.migsafe("rehearse", "--target", "env:NOT_SET").exit_code == 2


def test_a_target_that_does_not_answer_is_no_verdict(shop_project: Project, shop: Address, password: str) -> None:
    ran = shop_project.migsafe("rehearse", "--target", replace(shop, password="wr0ng").url())
    assert ran.exit_code == 3
    assert "wr0ng" not in ran.output + ran.errors


def test_a_server_of_another_version_must_be_asked_for(shop_project: Project, shop: Address, server: Server) -> None:
    if server.major != 15:
        pytest.skip("needs a target that is not of the wheel's versions")
    ran = shop_project.migsafe("rehearse", "--target", "env:SHOP", "--server", "embedded", SHOP=shop.url())
    assert ran.exit_code == 3
    assert "the target is PostgreSQL 15" in ran.errors
    asked = ("--server", "embedded", "--server-version", "18", "--rows", "5%", "--check", "apply")
    ran = shop_project.migsafe("rehearse", "--target", "env:SHOP", *asked, SHOP=shop.url())
    assert ran.exit_code == 0, ran.errors
    assert "the target is PostgreSQL 15, this is 18" in ran.output


def test_a_history_without_books_must_be_told_where_the_target_stands(sql_project: Project, shop: Address) -> None:
    sql_project.write({"migrations/2.sql": "CREATE TABLE IF NOT EXISTS paid ();"})
    ran = sql_project.migsafe("rehearse", "--target", "env:SHOP", SHOP=shop.url())
    assert ran.exit_code == 2
    assert "--revision" in ran.errors
    ran = sql_project.migsafe(
        "rehearse", "--target", "env:SHOP", "--revision", "1", "--check", "apply", "--format", "json", SHOP=shop.url()
    )
    assert [migration["version"] for migration in ran.report["migrations"]] == ["2"]


def test_a_target_without_the_version_table_is_taken_to_have_nothing(shop_project: Project, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("DROP TABLE schema_migrations")
    ran = shop_project.migsafe(
        "rehearse", "--target", "env:SHOP", "--check", "apply", "--format", "json", SHOP=shop.url()
    )
    assert [migration["version"] for migration in ran.report["migrations"]] == ["1", "2"]
    assert "pending migrations" in {each["subject"] for each in ran.report["not_checked"]}


def test_masks_come_from_the_settings(shop_project: Project, shop: Address) -> None:
    shop_project.write(
        {
            "migsafe.toml": '[history]\nkind = "golang-migrate"\npath = "migrations"\n'
            '[rehearse]\nmask = { "public.customers.email" = "hash" }\n',
            "migrations/2_paid.up.sql": "ALTER TABLE customers ADD CHECK (email NOT LIKE '%@%');\n",
        }
    )
    ran = shop_project.migsafe("rehearse", "--target", "env:SHOP", "--check", "apply", SHOP=shop.url())
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize(("encoding", "name"), [("LATIN1", "größe"), ("UTF8", "größe 鍵")])
def test_names_in_every_encoding_are_brought_over_whatever_the_locale_is(
    shop_project: Project, server: Server, encoding: str, name: str
) -> None:
    database = databases.name_for(server, encoding)
    making = "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LOCALE 'C'"
    with databases.connect(server, "postgres") as connection:
        connection.execute(sql.SQL(making).format(sql.Identifier(database), sql.Literal(encoding)))
    try:
        with databases.connect(server, database) as connection:
            connection.execute(SHOP)
            connection.execute(sql.SQL("CREATE TABLE {} AS SELECT 1 AS a").format(sql.Identifier(name)))
        ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        target = server.address.on(database).url()
        ran = shop_project.migsafe("rehearse", "--target", "env:T", T=target, **ascii_only)
        assert ran.exit_code == 0, ran
    finally:
        databases.drop(server, database)
