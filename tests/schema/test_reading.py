from __future__ import annotations

from typing import Any

import psycopg

from migsafe.differences.reading import read_catalog
from migsafe.postgres.server import Server
from migsafe.state import State
from tests.fix_state import fresh_database


class Counting(psycopg.Cursor[Any]):
    queries = 0

    def execute(self, *arguments: Any, **keywords: Any) -> Any:
        Counting.queries += 1
        return super().execute(*arguments, **keywords)


def queries_for(connection: psycopg.Connection) -> int:
    connection.cursor_factory = Counting
    Counting.queries = 0
    assert read_catalog(connection).version
    return Counting.queries


def test_the_number_of_queries_does_not_grow_with_the_schema(server: Server, every_kind: tuple[str, State]) -> None:
    with fresh_database(server) as empty, fresh_database(server, every_kind[0]) as full:
        assert queries_for(empty) == queries_for(full)


def test_what_needs_what_is_told_by_the_objects_that_are_there(server: Server) -> None:
    with fresh_database(server) as connection:
        connection.execute(
            """
            CREATE TYPE mood AS ENUM ('ok');
            CREATE FUNCTION f() RETURNS mood LANGUAGE sql AS $$SELECT 'ok'::mood$$;
            CREATE TABLE t (a mood[] DEFAULT ARRAY[f()], b integer);
            CREATE VIEW v AS SELECT a FROM t;
            CREATE VIEW w AS SELECT t FROM t;
            """
        )
        needs = read_catalog(connection).needs
    assert needs["column", "public.t.a"] == {("enum", "public.mood"), ("function", "public.f()")}
    assert ("column", "public.t.a") in needs["view", "public.v"]
    assert ("column", "public.t.b") not in needs["view", "public.v"]
    assert ("table", "public.t") in needs["column", "public.w.t"]
