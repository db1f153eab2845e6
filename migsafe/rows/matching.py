"""Lays the rows of a table before a migration beside those after it, and counts what became of each value.

The old rows (only the columns in question) are streamed into a copy of the migrated database and joined there, so that
memory doesn't grow with the table. Where the migrated database may only be read, the new ones are streamed to a third
place likewise. Rows are matched by the old primary key; where there is none, or it is gone, by the
columns that kept their values, if these tell rows apart; and as whole rows where nothing else is left.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.errors import CannotCheck
from migsafe.postgres.reading import SETTINGS, consistent_reading
from migsafe.rows.digest import Column
from migsafe.rows.identity import Identity, cast, fetch, identify, join
from migsafe.rows.survival import Survival, carried, classify, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from migsafe.rows.lineage import ColumnPair, Pair, Relation, TypedColumn

SAMPLES = 3
_OF_ROWS = (Survival.DISAPPEARED, Survival.APPEARED)
_WORK_MEMORY = "64MB"


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: its key as ``name=value``, or the row itself, and the value on both sides (none: null)."""

    key: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many values of a column (rows, where ``column`` is none) ended in one way, with the first few by key."""

    column: ColumnPair | None
    survival: Survival
    count: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """Idle connections to the database before, to the one after, and to where rows are joined, which is written to.

    ``scratch`` is ``after`` itself where that is a copy that may be written.
    """

    before: psycopg.Connection
    after: psycopg.Connection
    scratch: psycopg.Connection

    @property
    def broken(self) -> bool:
        return self.before.broken or self.after.broken or self.scratch.broken


@contextmanager
def side_by_side(sides: Sides) -> Iterator[None]:
    """Snapshots of the databases that are read, and a transaction on ``scratch`` that leaves nothing behind.

    Event triggers of the user's don't fire on what is made in between, if the server lets us say so.
    """
    scratch = sides.scratch
    with ExitStack() as stack:
        for connection in {sides.before, sides.after} - {scratch}:
            stack.enter_context(consistent_reading(connection))
        stack.enter_context(scratch.transaction(force_rollback=True))
        for name, value in {**SETTINGS, "work_mem": _WORK_MEMORY}.items():
            scratch.execute("SELECT set_config(%s, %s, true)", (name, value))
        scratch.execute(
            "SELECT set_config('session_replication_role', 'replica', true)"
            " FROM pg_roles WHERE rolname = current_user AND rolsuper"
        )
        yield


def compare_pair(
    sides: Sides,
    pair: Pair,
    columns: Sequence[ColumnPair],
    shifting: Collection[ColumnPair] = (),
) -> tuple[Tally, ...]:
    """Compare these columns of a pair, within :func:`side_by_side`; what is kept has no tally.

    ``shifting`` are columns whose new values depend on the session's time zone. Rows that can only be matched as
    wholes give tallies of rows alone. Locks: ACCESS SHARE. Raises :class:`CannotCheck` when it can't be known which old
    row is which new one.
    """
    identity = identify(sides.before, sides.after, pair)
    if identity is None:
        return ()
    scratch = sides.scratch
    looked_at = [column for column in columns if column not in identity.columns]
    scratch.execute("CREATE SCHEMA IF NOT EXISTS migsafe_sandbox")
    _bring(sides.before, scratch, "before", pair.old, identity.types, identity.old, [old for old, _ in looked_at])
    _lay_out(scratch, pair, identity, looked_at, shifting, _new_rows(sides, pair, identity, looked_at))
    tallies = tuple(_tallies(scratch, identity, looked_at))
    if not looked_at and len(tallies) > 1:
        gone, fresh = (next(each.count for each in tallies if each.survival is kind) for kind in _OF_ROWS)
        raise CannotCheck(
            f"rows are gone ({gone:,}) and rows are new ({fresh:,}), "
            "and nothing tells whether they are the same ones, changed"
        )
    return tallies


def _bring(
    source: psycopg.Connection,
    scratch: psycopg.Connection,
    name: str,
    relation: Relation,
    types: Sequence[str],
    key: Sequence[sql.Composable],
    columns: Sequence[TypedColumn],
) -> None:
    """Stream the keys and these columns of one side's rows into a table of that name."""
    table = sql.Identifier("migsafe_sandbox", name)
    definition = (
        sql.SQL('{} {} COLLATE "C"' if kind.startswith("text") else "{} {}").format(column, sql.SQL(kind))
        for column, kind in zip(
            [*_keys(len(types)), *_values(len(columns))], [*types, *map(carried, columns)], strict=True
        )
    )
    scratch.execute(sql.SQL("CREATE UNLOGGED TABLE {} ({})").format(table, join(definition)))
    select = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT binary)").format(
        join([*key, *(cast(column, carried(column)) for column in columns)]), relation.source
    )
    with (
        source.cursor().copy(select) as rows,
        scratch.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)) as copied,
    ):
        for block in rows:
            copied.write(block)
    scratch.execute(sql.SQL("ANALYZE {}").format(table))


def _new_rows(sides: Sides, pair: Pair, identity: Identity, columns: Sequence[ColumnPair]) -> sql.Composed:
    """The query for the new rows, which are brought over first if they are in another database."""
    news = [new for _, new in columns]
    names = [*_keys(len(identity.types)), *_values(len(columns))]
    if sides.scratch is sides.after:
        values = [*identity.new, *(new.value for new in news)]
        return sql.SQL("SELECT true AS there, {} FROM {}").format(join(_named(values, names)), pair.new.source)
    _bring(sides.after, sides.scratch, "after", pair.new, identity.types, identity.new, news)
    return sql.SQL("SELECT true AS there, {} FROM migsafe_sandbox.after").format(join(names))


def _lay_out(
    scratch: psycopg.Connection,
    pair: Pair,
    identity: Identity,
    columns: Sequence[ColumnPair],
    shifting: Collection[ColumnPair],
    new_rows: sql.Composed,
) -> None:
    """One row for each value that isn't kept (number 1: the first column), and for each row without a partner (0).

    ``OFFSET 0`` keeps the planner from working out each survival twice.
    """
    keys, values = _keys(len(identity.types)), _values(len(columns))
    query = sql.SQL(
        """
        CREATE UNLOGGED TABLE migsafe_sandbox.differing AS
        SELECT v.number - 1 AS number, v.survival, {key_names}, {old} AS old, {new} AS new
        FROM (
            SELECT {columns}, ARRAY[{survivals}]::text[] AS survivals
            FROM migsafe_sandbox.before AS o
            FULL JOIN ({new_rows}) AS n ON {matched}
            OFFSET 0
        ) AS r
        CROSS JOIN LATERAL unnest(r.survivals) WITH ORDINALITY AS v (survival, number)
        WHERE num_nonnulls(VARIADIC r.survivals) > 0 AND v.survival IS NOT NULL
        """
    ).format(
        key_names=join(keys),
        old=_by_number("old", values),
        new=_by_number("new", values),
        columns=join(
            [
                *(sql.SQL("coalesce(o.{0}, n.{0}) AS {0}").format(key) for key in keys),
                *(sql.SQL("o.{} AS {}").format(value, _on("old", value)) for value in values),
                *(sql.SQL("n.{} AS {}").format(value, _on("new", value)) for value in values),
            ]
        ),
        survivals=join([*_survivals(pair, columns, shifting)]),
        new_rows=new_rows,
        matched=sql.SQL(" AND ").join(sql.SQL("o.{0} = n.{0}").format(key) for key in keys),
    )
    scratch.execute(query)


def _survivals(pair: Pair, columns: Sequence[ColumnPair], shifting: Collection[ColumnPair]) -> Iterator[sql.Composable]:
    """What became of the row, then of each column's value."""
    yield _ROWS if pair.whole else sql.SQL("NULL")
    for value, column in zip(_values(len(columns)), columns, strict=True):
        old, new = (sql.SQL("{}.{}").format(sql.SQL(side), value) for side in "on")
        absent = sql.SQL("NULL") if pair.whole else sql.SQL("CASE WHEN {} IS NOT NULL THEN 'lost' END").format(old)
        survival = classify(*column, old, new, shifts=column in shifting)
        yield sql.SQL(_OF_BOTH).format(absent=absent, survival=survival)


_ROWS = sql.SQL("CASE WHEN n.there IS NULL THEN 'disappeared' WHEN o.k1 IS NULL THEN 'appeared' END")
_OF_BOTH = "CASE WHEN n.there IS NULL THEN {absent} WHEN o.k1 IS NOT NULL THEN {survival} END"


def _on(side: str, value: sql.Identifier) -> sql.Identifier:
    return sql.Identifier(f"{side}_{value.as_string()[1:-1]}")


def _by_number(side: str, values: Sequence[sql.Identifier]) -> sql.Composable:
    """The value, of one side of a pair of rows, that the number tells; null for a row as a whole."""
    cases = (
        sql.SQL("WHEN {} THEN {}").format(number, shown(_on(side, value)))
        for number, value in enumerate(values, start=2)
    )
    return sql.SQL("CASE v.number WHEN 1 THEN NULL {} END").format(sql.SQL(" ").join(cases))


def _tallies(scratch: psycopg.Connection, identity: Identity, columns: Sequence[ColumnPair]) -> Iterator[Tally]:
    keys = join(_keys(len(identity.types)))
    query = sql.SQL(
        """
        SELECT c.number, c.survival, c.count, sample.key, sample.old, sample.new
        FROM (SELECT number, survival, count(*) FROM migsafe_sandbox.differing GROUP BY number, survival) AS c
        CROSS JOIN LATERAL (
            SELECT row_number() OVER (ORDER BY {keys}) AS place, ARRAY[{texts}] AS key, d.old, d.new
            FROM migsafe_sandbox.differing AS d
            WHERE d.number = c.number AND d.survival = c.survival
            ORDER BY {keys}
            LIMIT {samples}
        ) AS sample
        ORDER BY c.number, c.survival, sample.place
        """
    ).format(
        keys=keys,
        texts=join(sql.SQL("{}::text").format(key) for key in _keys(len(identity.types))),
        samples=SAMPLES,
    )
    for (number, survival, count), rows in groupby(fetch(scratch, query), key=lambda row: row[:3]):
        samples = tuple(Sample(_key_text(identity, key), old, new) for *_, key, old, new in rows)
        yield Tally(columns[number - 1] if number else None, Survival(survival), count, samples)


def _key_text(identity: Identity, key: Sequence[str]) -> str:
    """``id=1``, or the text of the row where it has no key."""
    return ", ".join(f"{name}={value}" for name, value in zip(identity.names, key, strict=False)) or key[0]


def first_rows(connection: psycopg.Connection, relation: Relation, column: Column | None = None) -> tuple[Sample, ...]:
    """The first rows by key, only those with a value in ``column`` where one is given; within a consistent reading."""
    key = [each for number in relation.key if (each := relation.column(number))]
    query = sql.SQL(
        "SELECT ARRAY[{texts}]::text[], {shown} FROM (SELECT {value} AS value{keys} FROM {source}) AS r"
        " WHERE NOT r.value IS NULL ORDER BY {order} LIMIT {samples}"
    ).format(
        texts=join(sql.SQL("{}::text").format(name) for name in _keys(len(key))),
        shown=shown(sql.SQL("r.value")),
        value=column.value if column else sql.SQL("t.*::text"),
        keys=sql.SQL("").join(sql.SQL(", {}").format(each) for each in _named([k.value for k in key], _keys(len(key)))),
        source=relation.source,
        order=join(_keys(len(key))) if key else sql.SQL('r.value::text COLLATE "C"'),
        samples=SAMPLES,
    )
    names = [each.name for each in key]
    return tuple(
        Sample(", ".join(f"{name}={text}" for name, text in zip(names, texts, strict=True)) or "", value)
        for texts, value in fetch(connection, query)
    )


def _keys(number: int) -> list[sql.Identifier]:
    return [sql.Identifier(f"k{place}") for place in range(1, number + 1)]


def _values(number: int) -> list[sql.Identifier]:
    return [sql.Identifier(f"c{place}") for place in range(1, number + 1)]


def _named(expressions: Sequence[sql.Composable], names: Sequence[sql.Identifier]) -> list[sql.Composed]:
    return [sql.SQL("{} AS {}").format(each, name) for each, name in zip(expressions, names, strict=True)]
