"""The tables of the target and the references between them, as they must be known to copy rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.errors import BaselineError
from migsafe.plain import many
from migsafe.postgres.catalogs import user_schemas

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table that is to be copied. ``columns`` are its columns but for generated ones, ``key`` its primary key's.

    ``printed`` is its name as PostgreSQL prints it. ``partitioned`` ones hold no rows themselves; they are what a
    foreign key may name. ``unread`` says why its rows can't be read, where that is known beforehand.
    """

    oid: int
    printed: str
    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    partitioned: bool
    unread: str | None = None

    @property
    def source(self) -> sql.Composable:
        """What stands after FROM to read the table's own rows: those of children are read by themselves."""
        return self.identifier if self.partitioned else sql.SQL("ONLY {}").format(self.identifier)

    @property
    def sink(self) -> sql.Composable:
        """What stands after COPY to write it; a table of no columns has no list of them."""
        names = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return sql.SQL("{} ({})").format(self.identifier, names) if self.columns else self.identifier

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: ``columns`` of ``child`` name ``keys`` of ``parent``.

    ``types`` are those of the columns, as SQL writes them; ``operators`` (schema and name) say which key a value names,
    with the key on the left. ``period``: several rows of the parent together cover what a row names (from 18 on).
    """

    name: str
    child: SourceTable
    columns: tuple[str, ...]
    parent: SourceTable
    keys: tuple[str, ...]
    types: tuple[str, ...]
    operators: tuple[tuple[str, str], ...]
    period: bool = False


_TABLES = """
SELECT
    c.oid::bigint,
    c.oid::regclass::text,
    n.nspname,
    c.relname,
    coalesce(a.columns, '[]'),
    coalesce(k.key, '[]'),
    c.relkind = 'p',
    CASE
        WHEN c.relkind = 'f' THEN 'a foreign table: its rows are on another server'
        WHEN c.relkind = 'r' AND row_security_active(c.oid) THEN 'a row-level security policy hides rows from the role'
        WHEN c.relpersistence = 'u' AND pg_is_in_recovery() THEN 'an unlogged table, which a standby does not have'
    END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN user_schema u ON u.oid = n.oid
CROSS JOIN LATERAL (
    SELECT jsonb_agg(attname ORDER BY attnum) AS columns
    FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
) a
CROSS JOIN LATERAL (
    SELECT jsonb_agg(attname ORDER BY array_position(i.indkey::int2[], attnum)) AS key
    FROM pg_index i
    JOIN pg_attribute ON attrelid = c.oid AND attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
    WHERE i.indrelid = c.oid AND i.indisprimary
) k
WHERE u.oid IS NOT NULL
    AND c.relkind IN ('r', 'p', 'f')
    AND c.relpersistence <> 't'
    AND NOT EXISTS (
        SELECT
        FROM pg_depend d
        LEFT JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.deptype = 'e'
            AND c.oid <> ALL (coalesce(e.extconfig, '{}'))
    )
ORDER BY n.nspname, c.relname
"""

_REFERENCES = """
SELECT
    con.conname,
    con.conrelid::bigint,
    con.confrelid::bigint,
    array_agg(child.attname::text ORDER BY pair.position),
    array_agg(parent.attname::text ORDER BY pair.position),
    array_agg(format_type(child.atttypid, child.atttypmod) ORDER BY pair.position),
    jsonb_agg(jsonb_build_array(schema.nspname, equality.oprname) ORDER BY pair.position),
    coalesce(bool_or((to_jsonb(con) ->> 'conperiod')::boolean), false)
FROM pg_constraint con
CROSS JOIN LATERAL unnest(con.conkey, con.confkey, con.conpfeqop)
    WITH ORDINALITY AS pair (child, parent, operator, position)
JOIN pg_operator equality ON equality.oid = pair.operator
JOIN pg_namespace schema ON schema.oid = equality.oprnamespace
JOIN pg_attribute child ON child.attrelid = con.conrelid AND child.attnum = pair.child
JOIN pg_attribute parent ON parent.attrelid = con.confrelid AND parent.attnum = pair.parent
WHERE con.contype = 'f' AND con.conparentid = 0
GROUP BY con.oid, con.conname, con.conrelid, con.confrelid
ORDER BY con.conrelid::regclass::text, con.conname
"""


def find_tables(connection: psycopg.Connection) -> list[SourceTable]:
    """Every table whose rows are the user's, foreign ones by name. Run it with an empty ``search_path``."""
    rows = connection.execute(user_schemas() + _TABLES).fetchall()
    return [
        SourceTable(oid, printed, schema, name, tuple(columns), tuple(key), partitioned, unread)
        for oid, printed, schema, name, columns, key, partitioned, unread in rows
    ]


def require_readable(connection: psycopg.Connection, tables: Sequence[SourceTable], user: str) -> None:
    """Raise :class:`BaselineError` with every table whose rows, and so whose definition too, the role may not have.

    ``pg_dump`` locks each table that it dumps, which takes the right to read it; a copy without the table would be no
    likeness: a migration that touches it would fail there for nothing.
    """
    rows = connection.execute(
        "SELECT oid::bigint FROM pg_class WHERE oid = ANY (%s::oid[])"
        " AND NOT (has_table_privilege(oid, 'SELECT') AND has_schema_privilege(relnamespace, 'USAGE'))",
        ([table.oid for table in tables],),
    ).fetchall()
    hidden = {oid for (oid,) in rows}
    names = [table.printed for table in tables if table.oid in hidden]
    if names:
        schemas = sorted({sql.Identifier(table.schema).as_string(None) for table in tables if table.oid in hidden})
        role = sql.Identifier(user).as_string(None)
        raise BaselineError(
            f"the role may not read {many(len(names), 'table')}: {', '.join(names)}",
            hint=f"GRANT USAGE ON SCHEMA {', '.join(schemas)} TO {role}; GRANT SELECT ON {', '.join(names)} TO {role}; "
            "or, from 14 on, everything: GRANT pg_read_all_data.",
        )


def require_closed(references: Sequence[Reference]) -> None:
    """Raise :class:`BaselineError` where rows that can be read name rows that can't: their keys could not be made."""
    for reference in references:
        if reference.parent.unread and not reference.child.unread:
            raise BaselineError(
                f"{reference.parent.unread}, and {reference.name} of {reference.child.printed} refers to them",
                where=reference.parent.printed,
                hint="Give the role BYPASSRLS, rehearse as another one, or without rows (--rows none).",
            )


def find_references(connection: psycopg.Connection, tables: Sequence[SourceTable]) -> list[Reference]:
    """Every foreign key between these tables; one of a partitioned table once, for the whole."""
    by_oid = {table.oid: table for table in tables}
    return [
        Reference(
            name,
            by_oid[child],
            tuple(columns),
            by_oid[parent],
            tuple(keys),
            tuple(types),
            tuple((schema, operator) for schema, operator in operators),
            period,
        )
        for name, child, parent, columns, keys, types, operators, period in connection.execute(_REFERENCES).fetchall()
        if child in by_oid and parent in by_oid
    ]
