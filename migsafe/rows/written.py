"""What becomes of a few rows that were written lately: found by the transaction that wrote them, followed by their key.

A row's ``xmin`` is the transaction that wrote it (PostgreSQL manual, 5.5). Rows that a trigger wrote over are among
them. Rows of a table whose primary key is gone, or that has none, can't be followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.rows.contents import MODULUS
from migsafe.rows.identity import cast, fetch, join
from migsafe.rows.lineage import follow
from migsafe.rows.matching import SAMPLES, Sample, Tally
from migsafe.rows.survival import Survival, carried, classify, key_type, shown

if TYPE_CHECKING:
    import psycopg

    from migsafe.rows.contents import ColumnContents, Contents, TableContents
    from migsafe.rows.lineage import ColumnPair, Pair, Relation

Row = Mapping[int, str | None]
"""The values of a row as text, by the number of the column."""


def next_transaction(connection: psycopg.Connection) -> str:
    """The id that the next transaction to write gets, at the earliest."""
    ((transaction,),) = fetch(connection, sql.SQL("SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text").format())
    return str(transaction)


def written_since(
    connection: psycopg.Connection, relations: Sequence[Relation], transaction: str
) -> Mapping[int, Sequence[Row]]:
    """The rows that this transaction and later ones wrote, by the oid of the table. Locks: ACCESS SHARE."""
    found = {}
    for pair in follow(relations, relations, {}).pairs:
        columns = [old for old, _ in pair.columns]
        query = sql.SQL("SELECT r.row FROM (SELECT t.xmin, ARRAY[{}]::text[] AS row FROM {}) AS r {}").format(
            join(sql.SQL("{}::text").format(cast(column, carried(column))) for column in columns),
            pair.old.source,
            sql.SQL("WHERE age(r.xmin) <= age({}::xid)").format(sql.Literal(transaction)),
        )
        numbers = [column.number for column in columns]
        found[pair.old.oid] = [dict(zip(numbers, row, strict=True)) for (row,) in fetch(connection, query)]
    return found


def what_became_of(connection: psycopg.Connection, pair: Pair, rows: Sequence[Row]) -> Iterator[Tally]:
    """How many of these rows of ``pair.old`` are gone, and what became of the others' values; as data is compared.

    The pair must have a key. Locks: ACCESS SHARE.
    """
    ends: list[tuple[int, Survival, Sample]] = []
    for row, there, survivals, values in fetch(connection, _side_by_side(pair, rows)):
        old = rows[row]
        key = ", ".join(f"{column.name}={old[column.number]}" for column, _ in pair.key)
        if there is None:
            ends.append((-1, Survival.DISAPPEARED, Sample(key)))
            continue
        ends += (
            (place, Survival(survival), Sample(key, old[column.number], value))
            for place, (survival, value, (column, _)) in enumerate(zip(survivals, values, pair.columns, strict=True))
            if survival
        )
    ends.sort(key=lambda each: each[:2])
    for (place, survival), group in groupby(ends, key=lambda each: each[:2]):
        samples = tuple(sample for *_, sample in group)
        column = None if place < 0 else pair.columns[place]
        yield Tally(column, survival, len(samples), samples[:SAMPLES])


def _side_by_side(pair: Pair, rows: Sequence[Row]) -> sql.Composed:
    """One line for each of the rows: its place, whether it is there, the survival of each value and the new value."""
    keys = [(each, key_type(*each), sql.Identifier(f"k{place}")) for place, each in enumerate(pair.key)]
    values = [(each, carried(each[0]), sql.Identifier(f"c{place}")) for place, each in enumerate(pair.columns)]
    old = [sql.Identifier("place"), *(name for *_, name in (*keys, *values))]
    new = [
        *(sql.SQL("{} AS {}").format(cast(after, kind), name) for (_, after), kind, name in keys),
        *(sql.SQL("{} AS {}").format(after.value, name) for (_, after), _, name in values),
    ]
    return sql.SQL(
        "SELECT o.place, n.there, ARRAY[{survivals}]::text[], ARRAY[{shown}]::text[] FROM (VALUES {rows}) AS o ({old})"
        " LEFT JOIN (SELECT true AS there, {new} FROM {source}) AS n ON {matched} ORDER BY o.place"
    ).format(
        survivals=join(classify(*each, *_both(name)) for each, _, name in values),
        shown=join(shown(_both(name)[1]) for *_, name in values),
        rows=join(
            _literals(place, row, [(each, kind) for each, kind, _ in (*keys, *values)])
            for place, row in enumerate(rows)
        ),
        old=join(old),
        new=join(new),
        source=pair.new.source,
        matched=sql.SQL(" AND ").join(sql.SQL("{} = {}").format(*_both(name)) for *_, name in keys),
    )


def _both(name: sql.Identifier) -> tuple[sql.Composed, sql.Composed]:
    return sql.SQL("o.{}").format(name), sql.SQL("n.{}").format(name)


def _literals(place: int, row: Row, columns: Iterable[tuple[ColumnPair, str]]) -> sql.Composed:
    values = (sql.SQL("{}::{}").format(sql.Literal(row[old.number]), sql.SQL(kind)) for (old, _), kind in columns)
    return sql.SQL("({}, {})").format(sql.Literal(place), join(values))


def without_rows(contents: Contents, before: Contents, written: Contents) -> Contents:
    """What a database would hold without the rows that made ``written`` of ``before``, had nothing touched them since.

    Digests are sums, so that what the rows added can be taken away again. Where a column was digested otherwise it
    stays as it is, and so nothing can be proved of it.
    """
    tables = {
        name: _less(table, before.tables[name], written.tables[name])
        if name in before.tables and name in written.tables
        else table
        for name, table in contents.tables.items()
    }
    return replace(contents, tables=tables)


def _less(table: TableContents, before: TableContents, written: TableContents) -> TableContents:
    if not table.key == before.key == written.key:
        return table
    was, then = ({each.number: each for each in side.columns.values()} for side in (before, written))
    columns = {
        name: _less_values(each, was.get(each.number), then.get(each.number)) for name, each in table.columns.items()
    }
    digest = _difference(table.row_digest, before.row_digest, written.row_digest)
    return replace(table, rows=table.rows - written.rows + before.rows, columns=columns, row_digest=digest, buckets=())


def _less_values(
    column: ColumnContents, before: ColumnContents | None, written: ColumnContents | None
) -> ColumnContents:
    if before is None or written is None or not column.method == before.method == written.method:
        return column
    values = _difference(column.values, before.values, written.values)
    digest = _difference(column.digest, before.digest, written.digest)
    return replace(column, values=values, digest=digest)


def _difference(total: int | None, before: int | None, written: int | None) -> int | None:
    if total is None or before is None or written is None:
        return None
    return (total - written + before) % MODULUS
