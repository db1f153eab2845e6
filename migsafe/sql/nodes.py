"""The parse tree of a statement, for who needs nothing but a look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postgast import pg_query_pb2 as pb


def first_node(sql: str) -> pb.Node | None:
    """The tree of the first statement; none where there is none, or the text can't be read."""
    import postgast

    try:
        return postgast.parse(sql).stmts[0].stmt
    except (postgast.PgQueryError, IndexError):
        return None
