"""From PostgreSQL's parse tree to actions: one function for each kind of statement, found in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from postgast import pg_query_pb2 as pb

from migsafe.sql.actions import Action, Other
from migsafe.sql.reading import data, objects, queries, sessions, tables

Reader = Callable[[Any], Iterable[Action | pb.Node]]
"""Gives what a statement of one kind does, and as a node each statement inside it that does something itself."""

READERS: Mapping[str, Reader] = {
    **tables.READERS,
    **queries.READERS,
    **objects.READERS,
    **data.READERS,
    **sessions.READERS,
}
"""The reader of each kind of statement, by the grammar's name of it."""


def actions_of(node: pb.Node) -> tuple[Action, ...]:
    """What a statement does. Of a kind that no reader knows, :class:`Other` says the name."""
    kind = str(node.WhichOneof("node"))
    reader = READERS.get(kind)
    found = reader(getattr(node, kind)) if reader else (Other(kind),)
    return tuple(action for each in found for action in (actions_of(each) if isinstance(each, pb.Node) else (each,)))
