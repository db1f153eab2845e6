"""Rows are made of the schema alone, as the server takes them; what it doesn't take is listed with its reason."""

from __future__ import annotations

from migsafe.populate.invent import invent
from tests.fix_state import Fresh

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE DOMAIN share AS numeric(5, 2) CHECK (VALUE >= 0);
CREATE TABLE parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(8) NOT NULL UNIQUE);
CREATE TABLE child (
    a integer, b uuid, parent bigint NOT NULL REFERENCES parent, other bigint REFERENCES parent, mood mood NOT NULL,
    kind text NOT NULL CHECK (kind IN ('one', 'two')), amount numeric(6, 2) CHECK (amount > 0), part share,
    at timestamptz NOT NULL DEFAULT now(), twice integer GENERATED ALWAYS AS (small::integer * 2) STORED,
    tags text[] NOT NULL, extra jsonb, span int4range, small smallint, "Größe" text, PRIMARY KEY (a, b)
);
CREATE TABLE circle (id integer PRIMARY KEY, next integer NOT NULL REFERENCES circle);
CREATE TABLE refused (id integer PRIMARY KEY);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no rows here'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def test_each_table_gets_rows_that_its_schema_takes_and_refusals_are_listed(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(SCHEMA)
        invented = invent(connection)
        assert invented.rows["parent"] == 3
        assert invented.rows["child"] == 3, invented
        assert set(invented.not_invented) == {"circle", "refused"}, invented
        assert "no rows here" in invented.not_invented["refused"]
        assert connection.execute("SELECT count(*) FROM child WHERE other IS NULL").fetchone() == (1,)
        assert connection.execute("SELECT max(length(name)) FROM parent").fetchone() == (8,)
        assert connection.execute("SELECT count(DISTINCT mood) FROM child").fetchone() == (2,)


def test_the_same_schema_gets_the_same_rows(fresh: Fresh) -> None:
    rows = []
    for _ in range(2):
        with fresh() as connection:
            connection.execute(SCHEMA)
            invent(connection)
            query = "SELECT array_agg(to_jsonb(c) - 'at' ORDER BY a, b) FROM child AS c"
            rows.append(connection.execute(query).fetchone())
    assert rows[0] == rows[1]
