"""``migsafe trace`` shows what each statement of the new migrations did, and when what was locked."""

from __future__ import annotations

import json
import re

import psycopg
import pytest

from migsafe.postgres.address import Address
from tests.fix_project import Project

ORDERS = """
CREATE TABLE orders (id int PRIMARY KEY, total int);
INSERT INTO orders SELECT n, n FROM generate_series(1, 5000) AS n;
"""
COLUMNS = 48
WIDER = """SET lock_timeout = '2s';
BEGIN;
ALTER TABLE orders ALTER total TYPE bigint;
SELECT pg_sleep(0.2);
COMMIT;
CREATE INDEX totals ON orders (total);
"""


@pytest.fixture
def orders(sql_project: Project) -> Project:
    sql_project.write({"migrations/1.sql": ORDERS, "migrations/2_wider.sql": WIDER, "migrations/3.sql": "SELECT 3;"})
    return sql_project


def lane(text: str, name: str) -> str:
    """What is drawn behind a name in the time line."""
    (found,) = re.findall(rf"^ *{name} +(\S.*)$", text.partition("when:")[2], re.MULTILINE)
    return str(found)


def test_every_statement_is_shown_with_its_place_locks_and_rewrites(orders: Project) -> None:
    ran = orders.migsafe("trace", "--quiet", "--revision", "1")
    assert (ran.exit_code, ran.errors) == (0, "")
    assert "at migrations/2_wider.sql:3:1" in ran.output
    assert "ACCESS EXCLUSIVE on public.orders, blocks reads, writes, DDL, held" in ran.output
    assert "writes the table public.orders anew: column type" in ran.output
    assert re.search(r"^  3 .* 1 +2 s  ALTER TABLE orders", ran.output, re.MULTILINE)
    assert ran.output.splitlines()[-1].startswith("TRACED: 2 migrations, 7 statements; ")


def test_the_time_line_shows_how_long_reads_and_then_writes_are_blocked(orders: Project) -> None:
    report = orders.root / "trace.json"
    ran = orders.migsafe("trace", "--quiet", "--revision", "1", "--report", f"json={report}", "2")
    drawn = lane(ran.output, "public.orders")
    assert re.fullmatch("R+W+", drawn.replace(" ", ""))
    statements = json.loads(report.read_text())["migrations"][0]["statements"]
    begun, ended = statements[0]["started"], statements[-1]["started"] + statements[-1]["milliseconds"]
    strongest = statements[2]["locks"][0]
    assert (strongest["mode"], strongest["relation"]) == ("ACCESS EXCLUSIVE", "public.orders")
    assert abs(drawn.count("R") - COLUMNS * strongest["milliseconds"] / (ended - begun)) < 3


def test_only_the_migration_that_is_named_is_shown(orders: Project) -> None:
    ran = orders.migsafe("trace", "--quiet", "--revision", "1", "3", "--format", "json")
    assert [each["version"] for each in ran.report["migrations"]] == ["3"]
    assert ran.report["migrations"][0]["statements"][0]["sql"] == "SELECT 3"


def test_the_start_of_each_statement_is_in_the_json(orders: Project) -> None:
    (migration,) = orders.migsafe("trace", "--quiet", "--revision", "1", "2", "--format", "json").report["migrations"]
    started = [each["started"] for each in migration["statements"]]
    assert started[0] == 0
    assert started == sorted(started)
    assert started[4] - started[3] >= 200  # COMMIT after the sleep


def test_a_version_that_is_not_new_is_a_usage_error_that_names_the_nearest(orders: Project) -> None:
    ran = orders.migsafe("trace", "--quiet", "--revision", "1", "2_wder")
    assert (ran.exit_code, ran.output) == (2, "")
    assert 'the nearest is "2_wider"' in ran.errors


def test_a_migration_that_fails_is_shown_with_what_it_locked(orders: Project) -> None:
    orders.write({"migrations/2_wider.sql": "BEGIN;\nLOCK TABLE orders;\nSELECT 1 / 0;\nCOMMIT;\n"})
    ran = orders.migsafe("trace", "--quiet", "--revision", "1", "3")
    assert ran.exit_code == 1
    assert "ACCESS EXCLUSIVE on public.orders" in ran.output
    assert "ERROR 22012: division by zero" in ran.output


def test_a_server_that_lets_no_locks_be_seen_is_no_trace(orders: Project, database: Address) -> None:
    with psycopg.connect(database.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE modest LOGIN CREATEDB PASSWORD 'modest'")
    try:
        url = f"postgresql://modest:modest@{database.host}:{database.port}/postgres"
        ran = orders.migsafe("trace", "--quiet", "--revision", "1", "--server", url)
    finally:
        with psycopg.connect(database.url(), autocommit=True) as connection:
            connection.execute("DROP ROLE modest")
    assert ran.exit_code == 3
    assert "event triggers can't be made" in " ".join(ran.output.split())


@pytest.mark.parametrize(("form", "says"), [("terminal", "locks that others wait for"), ("markdown", "2 locks that")])
def test_a_check_says_which_locks_others_wait_for(orders: Project, form: str, says: str) -> None:
    ran = orders.migsafe("check", "--quiet", "--revision", "1", "--check", "apply", "--format", form)
    assert ran.exit_code == 0
    assert says in ran.output
    assert "migrations/2_wider.sql:3:1" in ran.output.replace("\\_", "_")
