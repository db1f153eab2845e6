"""Brings large objects over, in pieces, so that memory doesn't grow with them.

No foreign key says which row names which of them, so that a sample can't have those of its rows alone: they come with
all rows, or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

PIECE = 1 << 18
"""Bytes that are read at a time."""

_COUNT = """
SELECT count(*) FILTER (WHERE readable), count(*) FILTER (WHERE NOT readable)
FROM ({}) AS objects (oid, readable)
"""

_OBJECTS = """
SELECT oid, pg_has_role(lomowner, 'USAGE') OR EXISTS (
    SELECT FROM aclexplode(lomacl) WHERE privilege_type = 'SELECT' AND (grantee = 0 OR pg_has_role(grantee, 'USAGE'))
)
FROM pg_largeobject_metadata
"""
"""Each with whether the role may read it: ``has_largeobject_privilege`` is there from 18 on only."""

_PIECES = """
WITH RECURSIVE piece (oid, place, content) AS (
    SELECT oid, 0::bigint, lo_get(oid, 0, {piece}) FROM ({objects}) AS objects (oid, readable) WHERE readable
    UNION ALL
    SELECT oid, place + {piece}, lo_get(oid, place + {piece}, {piece}) FROM piece WHERE octet_length(content) = {piece}
)
SELECT oid, place, content FROM piece
"""

NAME = "large objects"
"""Under which they stand among what is not checked."""


def bring_large_objects(source: psycopg.Connection, into: psycopg.Connection, *, wanted: bool) -> dict[str, str]:
    """Copy those that the role may read, with their numbers; what doesn't come is returned with the reason."""
    readable, hidden = source.execute(_COUNT.format(_OBJECTS).encode()).fetchone() or (0, 0)
    if not wanted and readable + hidden:
        return {NAME: f"{readable + hidden} not brought over: nothing tells which rows name them"}
    if readable:
        query = _PIECES.format(piece=PIECE, objects=_OBJECTS)
        with into.transaction(), source.cursor() as reader, into.cursor() as writer:
            writer.execute("CREATE TEMPORARY TABLE pieces (oid oid, place bigint, content bytea) ON COMMIT DROP")
            with (
                reader.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(sql.SQL(query))) as pieces,
                writer.copy("COPY pg_temp.pieces FROM STDIN (FORMAT binary)") as copied,
            ):
                for block in pieces:
                    copied.write(block)
            writer.execute("SELECT count(lo_create(oid)) FROM pg_temp.pieces WHERE place = 0")
            writer.execute("SELECT count(lo_put(oid, place, content)::text) FROM pg_temp.pieces")
    return {NAME: f"{hidden} not brought over: the role may not read them"} if hidden else {}
