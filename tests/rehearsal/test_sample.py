"""A sample is closed under foreign keys, however they run, and always the same."""

from __future__ import annotations

import random

import psycopg
import pytest

from migsafe.postgres.address import Address
from migsafe.postgres.server import Server
from tests.fix_rehearsal import Bring
from tests.fix_state import Fresh

GRAPH = """
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE countries (code citext PRIMARY KEY, capital bigint);
CREATE TABLE people (id bigint, region text, boss bigint, boss_region text, country citext REFERENCES countries,
    PRIMARY KEY (id, region), FOREIGN KEY (boss, boss_region) REFERENCES people);
CREATE TABLE cities (id bigint PRIMARY KEY, mayor bigint, region text, FOREIGN KEY (mayor, region) REFERENCES people);
ALTER TABLE countries ADD FOREIGN KEY (capital) REFERENCES cities;
CREATE TABLE events (id bigint, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
CREATE TABLE "Weird ""notes" ("select" int PRIMARY KEY, event int, day date, city int NOT NULL REFERENCES cities,
    FOREIGN KEY (event, day) REFERENCES events);
"""
"""Cycles over three tables, a reference to itself, composite keys, a partitioned table, other types on both sides."""


def fill(connection: psycopg.Connection, seed: int, size: int) -> None:
    """Rows whose references are drawn by lot."""
    chance = random.Random(seed)
    connection.execute("SET session_replication_role TO replica")
    with connection.cursor() as cursor:
        for n in range(size):
            other, country = chance.randrange(size), f"c{chance.randrange(size)}"
            boss = (None, None) if chance.random() < 0.3 else (other, "x")
            values = (n, "x", *boss, country.upper() if chance.random() < 0.5 else country)
            cursor.execute("INSERT INTO people VALUES (%s, %s, %s, %s, %s)", values)
            cursor.execute("INSERT INTO countries VALUES (%s, %s)", (f"c{n}", chance.randrange(size)))
            cursor.execute("INSERT INTO cities VALUES (%s, %s, 'x')", (n, chance.randrange(size)))
            day = f"202{chance.randrange(3, 5)}-01-01"
            cursor.execute("INSERT INTO events VALUES (%s, %s)", (n, day))
            city = chance.randrange(size)
            cursor.execute('INSERT INTO "Weird ""notes" VALUES (%s, %s, %s, %s)', (n, n, day, city))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_reference_holds_in_a_sample_of_a_tangled_graph(
    bring: Bring, fresh: Fresh, server: Server, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("migsafe.rehearsal.sample.SMALL_TABLE", 0)
    monkeypatch.setattr("migsafe.rehearsal.sample.KEYS_PER_QUERY", 7)
    with fresh() as connection:
        connection.execute(GRAPH)
        fill(connection, seed, 400)
        with bring(server.address.on(connection.info.dbname), rows="1%") as rehearsed:
            # that it came at all proves the closure: the foreign keys were made after the rows
            valid = rehearsed.rows("SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'")
            assert valid == [(connection.execute(COUNT).fetchone()[0], True)]  # type: ignore[index]
            for table in ("people", "countries", "cities", "events", '"Weird ""notes"'):
                assert set(rehearsed.rows(f"SELECT t::text FROM public.{table} t")) <= set(  # type: ignore[arg-type]
                    connection.execute(f"SELECT t::text FROM {table} t").fetchall()  # type: ignore[arg-type]
                )
            notes = rehearsed.rows('SELECT count(*) FROM public."Weird ""notes"')
            assert 0 < notes[0][0] < 40


KINDS = """
CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
CREATE TABLE parents_low PARTITION OF parents FOR VALUES FROM (MINVALUE) TO (1000);
CREATE TABLE parents_high PARTITION OF parents FOR VALUES FROM (1000) TO (MAXVALUE) PARTITION BY RANGE (b);
CREATE TABLE parents_deep PARTITION OF parents_high DEFAULT;
INSERT INTO parents SELECT i, i % 7 FROM generate_series(1, 3000) i;
CREATE TABLE halves (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES parents MATCH FULL);
INSERT INTO halves SELECT i, CASE WHEN i % 3 > 0 THEN i END, CASE WHEN i % 3 > 0 THEN i % 7 END
    FROM generate_series(1, 3000) i;
CREATE TABLE partly (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES parents);
INSERT INTO partly SELECT i, CASE WHEN i % 2 > 0 THEN i ELSE -1 END, CASE WHEN i % 2 > 0 THEN i % 7 END
    FROM generate_series(1, 3000) i;
CREATE TABLE left_side (id int PRIMARY KEY, other int NOT NULL);
CREATE TABLE right_side (id int PRIMARY KEY, other int NOT NULL REFERENCES left_side DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE left_side ADD FOREIGN KEY (other) REFERENCES right_side DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO left_side SELECT i, 1 + (i * 7) % 3000 FROM generate_series(1, 3000) i;
INSERT INTO right_side SELECT i, 1 + (i * 11) % 3000 FROM generate_series(1, 3000) i;
COMMIT;
CREATE TABLE chain (id int PRIMARY KEY, before int REFERENCES chain);
INSERT INTO chain SELECT i, nullif(i - 1, 0) FROM generate_series(1, 3000) i;
"""
"""A partitioned parent of two levels, MATCH FULL and keys that are half null, a deferred circle, a long chain."""


def test_each_kind_of_reference_holds_in_a_sample(bring: Bring, fresh: Fresh, server: Server) -> None:
    with fresh() as connection:
        connection.execute(KINDS)
        with bring(server.address.on(connection.info.dbname), rows="0.3%") as rehearsed:
            expected = connection.execute(COUNT).fetchone()
            assert rehearsed.rows("SELECT count(*), bool_and(convalidated) FROM pg_constraint WHERE contype = 'f'") == [
                (expected[0], True)  # type: ignore[index]
            ]
            for table in ("parents", "halves", "partly", "right_side"):
                (rows,) = rehearsed.rows(f"SELECT count(*), count(DISTINCT t::text) FROM public.{table} t")  # type: ignore[arg-type]
                assert 0 < rows[0] < 3000
                assert rows[0] == rows[1]


COUNT = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"


def test_the_same_share_is_the_same_rows_every_time(bring: Bring, shop: Address) -> None:
    query = "SELECT array_agg(id ORDER BY id) FROM public.orders"
    with bring(shop, rows="2%") as first:
        rows = first.rows(query)
        assert 250 < len(rows[0][0]) < 550
    with bring(shop, rows="2%") as second:
        assert second.rows(query) == rows
    with bring(shop, rows="4%") as more:
        assert set(rows[0][0]) < set(more.rows(query)[0][0])


def test_a_small_table_comes_whole(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE TABLE states (name text); INSERT INTO states VALUES ('new'), ('paid')")
    with bring(shop, rows="0.1%") as rehearsed:
        assert rehearsed.rows("SELECT count(*) FROM public.states") == [(2,)]
        sampled = {table.name: rows for table, rows in rehearsed.brought.sampled.items()}
        assert sampled["states"] == (2, 2)
        there, here = sampled["orders"]
        assert there == 20000
        assert rehearsed.rows("SELECT count(*) FROM public.orders") == [(here,)]


def test_a_reference_that_never_held_does_not_hinder(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE TABLE legacy (customer bigint)")
        connection.execute("INSERT INTO legacy SELECT 3900 + n FROM generate_series(1, 2000) AS n")
        connection.execute("ALTER TABLE legacy ADD FOREIGN KEY (customer) REFERENCES customers NOT VALID")
    with bring(shop, rows="5%") as rehearsed:
        assert rehearsed.rows("SELECT count(*) > 0 FROM public.legacy") == [(True,)]


def test_a_table_of_equal_rows_without_a_key_is_sampled_by_whole_rows(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE TABLE logs (n int)")
        connection.execute("INSERT INTO logs SELECT n % 1500 FROM generate_series(0, 2999) AS n")
    with bring(shop, rows="10%") as rehearsed:
        assert rehearsed.rows("SELECT DISTINCT count(*) FROM public.logs GROUP BY n") == [(2,)]
