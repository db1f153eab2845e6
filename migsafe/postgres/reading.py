"""A session in which a database is read: one snapshot, nothing written, everything printed in one way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

SETTINGS = {
    "search_path": "",
    "client_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "row_security": "off",
    "jit": "off",
}
"""With an empty search path every name is printed qualified; with row security off a hidden row is an error."""


@contextmanager
def consistent_reading(connection: psycopg.Connection, snapshot: str | None = None) -> Iterator[None]:
    """A REPEATABLE READ READ ONLY transaction (manual, 13.2.2) with settings of its own, which end with it.

    ``snapshot`` is one that another session exported (manual, 9.27.5) and holds open; none: one of its own. The
    connection must be idle: raises ``ValueError`` when it is in a transaction, whose snapshot may be older.
    """
    if connection.info.transaction_status.name != "IDLE":
        raise ValueError("a consistent state can't be read inside a transaction that is already open")
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if snapshot is not None:
            connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        setting = sql.SQL("pg_catalog.set_config({}, {}, true)")
        settings = (setting.format(sql.Literal(name), sql.Literal(value)) for name, value in SETTINGS.items())
        connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(settings)))
        yield
