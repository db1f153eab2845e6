"""A rule's examples on a server: rows in every table, the script through the tap, what others see afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migsafe.findings import Statement
from migsafe.postgres import databases
from migsafe.postgres.server import Server
from migsafe.rules import Rule
from migsafe.rules.claims import Answers
from migsafe.sql.split import split
from migsafe.tracing.attach import attach
from migsafe.tracing.instruments import ALONE, instruments
from migsafe.wire.tap import Tap

ROWS = 2000

_VALUES = {
    "bigint": "n",
    "integer": "n",
    "text": "n::text",
    "character varying": "n::text",
    "date": "date '2020-01-01' + n::integer",
    "tstzrange": "tstzrange(to_timestamp(n), to_timestamp(n + 1))",
    "jsonb": "'{}'::jsonb",
    "timestamp with time zone": "to_timestamp(n)",
    "email": "n::text",
    "mood": "'sad'::mood",
}
"""A value for the row numbered ``n``, by the type of the column."""

_TABLES = """
SELECT format('%I.%I', nspname, relname), array_agg(format_type(atttypid, NULL) ORDER BY attnum)
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
WHERE relkind = 'r' AND NOT relispartition AND nspname NOT IN ('pg_catalog', 'information_schema')
GROUP BY 1, pg_class.oid
ORDER BY pg_class.oid
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a script did: its statements as traced, and the SQLSTATE of each refusal and warning."""

    statements: tuple[Statement, ...]
    said: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A database as production has it before a rule's script, cloned for every use."""

    server: Server
    rule: Rule
    before: str
    rows: dict[str, int]

    @contextmanager
    def clone(self) -> Iterator[str]:
        """A database that may be changed."""
        name = f"{self.before}_clone"
        databases.create(self.server, name, template=self.before)
        yield name
        databases.drop(self.server, name)

    def run(self, database: str, script: str) -> Seen:
        """Run the script as a migration tool would, until a statement is refused."""
        said: list[str] = []
        with instruments(self.server, database, self.rows) as put_in:
            upstream = self.server.address.on(database)
            with Tap(upstream, ends_with_cut=True, parameters=ALONE, instruments=put_in) as tap:
                with closing(databases.connect_to(tap.address)) as connection:  # what is left open is rolled back
                    connection.add_notice_handler(lambda notice: said.append(str(notice.sqlstate)))
                    try:
                        self._send(connection, script)
                    except psycopg.Error as error:
                        said.append(str(error.sqlstate))
                seen = tap.take()
        assert not put_in.lost
        return Seen(attach(seen, put_in.before), tuple(said))

    def _send(self, connection: psycopg.Connection, script: str) -> None:
        if self.rule.in_transaction:
            connection.execute("BEGIN")
        for statement in split(script):
            connection.execute(statement.text.encode())
        if self.rule.in_transaction and connection.info.transaction_status is not TransactionStatus.IDLE:
            connection.execute("COMMIT")

    def answer(self, database: str, claim: Answers) -> tuple[bool, str]:
        """Whether the claim's query is accepted, and its first value; or the SQLSTATE of the refusal."""
        with databases.connect(self.server, database) as connection:
            try:
                cursor = connection.execute(claim.query.encode())
            except psycopg.Error as error:
                return False, str(error.sqlstate)
            while cursor.nextset():
                pass
            row: tuple[Any, ...] | None = cursor.fetchone() if cursor.description else None
            return True, str(row[0]) if row else ""


@contextmanager
def example(server: Server, rule: Rule) -> Iterator[Example]:
    """What production has before the rule's scripts: what is given, and rows in every table."""
    name = databases.name_for(server, rule.id)
    databases.create(server, name)
    with databases.connect(server, name) as connection:
        for statement in (*split(rule.given), *split(rule.production)):
            connection.execute(statement.text.encode())
        rows = {table: _filled(connection, table, types) for table, types in connection.execute(_TABLES).fetchall()}
    yield Example(server, rule, name, rows)
    databases.drop(server, name)


def _filled(connection: psycopg.Connection, table: str, types: list[str]) -> int:
    """The number of rows in the table, which are put into it if it is empty."""
    count = f"SELECT count(*) FROM {table}"
    (found,) = connection.execute(count.encode()).fetchone() or (0,)
    if found:
        return int(found)
    values = ", ".join(_VALUES[each] for each in types)
    return connection.execute(
        f"INSERT INTO {table} SELECT {values} FROM generate_series(1, {ROWS}) AS n".encode()
    ).rowcount
