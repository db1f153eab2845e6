"""Programs and drivers of other makers work through the tap, and what they send is seen."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pg8000.native
import psycopg
import pytest

from migsafe.postgres import clients, databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from migsafe.wire.tap import Tap
from tests.waiting import wait_until

NODE_SCRIPT = """
const { Client } = require("pg");
(async () => {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  const notices = [];
  client.on("notice", (notice) => notices.push(notice.message));
  await client.connect();
  await client.query("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2)");
  const prepared = { name: "fetch", text: "SELECT a FROM t WHERE a > $1", values: [1] };
  const rows = [...(await client.query(prepared)).rows, ...(await client.query(prepared)).rows];
  await client.query("DO $$ BEGIN RAISE NOTICE 'noticed'; END $$");
  const refusal = await client.query("SELECT nothing").catch((error) => error.code);
  await client.end();
  console.log(JSON.stringify({ rows, notices, refusal }));
})();
"""


def run(server: Server, program: str, address: Address, *arguments: str, text: str = "") -> str:
    found = clients.find(program, server.major)
    done = subprocess.run(
        [found.path, *arguments],
        env=clients.client_environment(address),
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_psql_asks_for_tls_is_declined_and_copies_both_ways(server: Server, tap: Tap, tmp_path: Path) -> None:
    file = tmp_path / "rows"
    script = f"""
        CREATE TEMP TABLE t (a int, b text);
        INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 1000) n;
        \\copy t TO '{file}'
        TRUNCATE t;
        \\copy t FROM '{file}'
        SELECT count(*), min(b) FROM t;
    """
    address = Address(**{**_fields(tap.address), "parameters": {"sslmode": "prefer"}})
    assert run(server, "psql", address, "-XqAt", "-v", "ON_ERROR_STOP=1", text=script) == "1000|row 1\n"
    assert [(s.sql.split()[0], s.command_tag) for s in tap.take_statements()] == [
        ("CREATE", "CREATE TABLE"),
        ("INSERT", "INSERT 0 1000"),
        ("COPY", "COPY 1000"),
        ("TRUNCATE", "TRUNCATE TABLE"),
        ("COPY", "COPY 1000"),
        ("SELECT", "SELECT 1"),
    ]


def _fields(address: Address) -> dict[str, object]:
    return {name: getattr(address, name) for name in Address.__slots__}


def test_psql_is_interrupted_as_it_is_without_the_tap(server: Server, tap: Tap, direct: psycopg.Connection) -> None:
    process = subprocess.Popen(
        [clients.find("psql", server.major).path, "-Xq", "-c", "SELECT pg_sleep(60)"],
        env=clients.client_environment(tap.address),
        stderr=subprocess.PIPE,
    )
    query = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'psql'"
    wait_until(lambda: direct.execute(query).rowcount == 1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert b"canceling statement due to user request" in errors
    (statement,) = tap.take_statements()
    assert statement.error is not None
    assert statement.error.sqlstate == "57014"


@pytest.fixture
def filled(server: Server) -> Iterator[Address]:
    """A database that is worth a dump: rows that stream, a function, names to be quoted."""
    name = databases.name_for(server, "to_dump")
    databases.create(server, name)
    with databases.connect(server, name) as connection:
        connection.execute('CREATE TABLE "weird ""table" (id bigint GENERATED ALWAYS AS IDENTITY, "select" text)')
        connection.execute(
            """INSERT INTO "weird ""table" ("select") SELECT repeat('ä\n', n % 500) FROM generate_series(1, 20000) n"""
        )
        connection.execute("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'")
    yield server.address.on(name)
    databases.drop(server, name)


def test_pg_dump_through_the_tap_equals_pg_dump_direct(server: Server, filled: Address) -> None:
    with Tap(filled) as tap:
        tapped = run(server, "pg_dump", tap.address)
        statements = tap.take_statements()
    direct = run(server, "pg_dump", filled)
    key = re.compile(r"^\\(un)?restrict .*$", re.MULTILINE)  # a random word in each dump
    assert key.sub("", tapped) == key.sub("", direct)
    assert "COPY 20000" in [statement.command_tag for statement in statements]
    assert {statement.transaction for statement in statements if statement.sql.startswith("COPY")} != {None}


@pytest.fixture(scope="session")
def node_pg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with npm's package ``pg`` in it."""
    folder = tmp_path_factory.mktemp("node")
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no node, or no npm")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--fetch-retries=0", "pg@8"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"npm can't install pg: {installed.stderr[-300:]}")
    return folder


def test_a_driver_in_javascript_works(tap: Tap, node_pg: Path) -> None:
    done = subprocess.run(
        ["node", "-e", NODE_SCRIPT],
        cwd=node_pg,
        env={**os.environ, "DATABASE_URL": tap.address.url()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '{"rows":[{"a":2},{"a":2}],"notices":["noticed"],"refusal":"42703"}\n'
    assert [(s.sql.split()[0], s.rows, s.error and s.error.sqlstate) for s in tap.take_statements()] == [
        ("CREATE", None, None),
        ("INSERT", 2, None),
        ("SELECT", 1, None),
        ("SELECT", 1, None),
        ("DO", None, None),
        ("SELECT", None, "42703"),
    ]


def test_asyncpg_works(tap: Tap) -> None:
    async def work() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(tap.address.url())
        try:
            await connection.executemany("SELECT $1::int", [(number,) for number in range(3)])
            return await connection.fetch("SELECT $1::text AS word", "ä")
        finally:
            await connection.close()

    assert [record["word"] for record in asyncio.run(work())] == ["ä"]
    assert [s.rows for s in tap.take_statements() if s.sql == "SELECT $1::int"] == [1, 1, 1]


def test_pg8000_works(tap: Tap) -> None:
    place = tap.address
    with pg8000.native.Connection(
        place.user, host=place.host, port=place.port, database=place.database, password=place.password
    ) as connection:
        assert connection.run("SELECT CAST(:word AS text)", word="ä") == [["ä"]]
    assert [s.sql for s in tap.take_statements()] == ["SELECT CAST($1 AS text)"]
