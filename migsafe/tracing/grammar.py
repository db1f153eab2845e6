"""What a statement's own text says of locks: for those that are over, with their transaction, before anybody can look.

The modes are the manual's (13.3.1, and the pages of the commands). What functions and triggers lock besides isn't seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from migsafe.sql.lock_modes import LockMode, by_number
from migsafe.sql.nodes import first_node


@dataclass(frozen=True, slots=True)
class Named:
    """A relation as a statement names it (schema empty: by the search path), and its lock.

    ``rewritten`` is why its file is written anew, ``indexes_rewritten`` why those of its indexes are; empty where not.
    """

    schema: str
    name: str
    mode: LockMode
    rewritten: str = ""
    indexes_rewritten: str = ""


@dataclass(frozen=True, slots=True)
class TimeoutSet:
    """A SET or RESET of ``lock_timeout``: to this text, none for the session's first value."""

    value: str | None
    is_local: bool


def locks_named(sql: str) -> tuple[Named, ...]:
    """The locks that the statement takes by its kind; empty for kinds that event triggers tell of."""
    kind, node = _parse(sql)
    return tuple(_LOCKS[kind](node)) if kind in _LOCKS else ()


def timeout_set(sql: str) -> TimeoutSet | None:
    """What the statement makes of ``lock_timeout``; none for any other statement."""
    kind, node = _parse(sql)
    if kind != "variable_set_stmt" or node.name not in ("", "lock_timeout"):
        return None
    if not node.args:
        return TimeoutSet(None, is_local=node.is_local) if node.name or "ALL" in sql.upper() else None
    constant = node.args[0].a_const
    return TimeoutSet(constant.sval.sval or str(constant.ival.ival), is_local=node.is_local)


def may_call_functions(sql: str) -> bool:
    """Whether it is a statement in which event triggers tell of other statements: of what functions do."""
    return _parse(sql)[0] in _MAY_CALL_FUNCTIONS


def may_read_rows(sql: str) -> bool:
    """Whether it may go through tables, and no event trigger tells of it; triggers and defaults are not thought of."""
    kind, node = _parse(sql)
    if kind == "insert_stmt":
        return not node.select_stmt.select_stmt.values_lists and node.HasField("select_stmt")
    return kind in _READ_ROWS and not (kind == "copy_stmt" and node.is_from)


def is_vacuum(sql: str) -> bool:
    """Whether it is VACUUM (but not FULL, which is another thing) or ANALYZE."""
    kind, node = _parse(sql)
    return kind == "vacuum_stmt" and "full" not in _options(node.options)


@lru_cache(maxsize=256)
def _parse(sql: str) -> tuple[str, Any]:
    statement = first_node(sql)
    if statement is None:
        return "", None
    kind = statement.WhichOneof("node")
    return kind, getattr(statement, kind)


def _named(relation: Any, mode: LockMode, rewritten: str = "", indexes_rewritten: str = "") -> Named:
    return Named(relation.schemaname, relation.relname, mode, rewritten, indexes_rewritten)


def _writes(node: Any) -> Iterator[Named]:
    yield _named(node.relation, LockMode.ROW_EXCLUSIVE)


def _copy(node: Any) -> Iterator[Named]:
    if node.relation.relname:
        yield _named(node.relation, LockMode.ROW_EXCLUSIVE if node.is_from else LockMode.ACCESS_SHARE)


def _truncate(node: Any) -> Iterator[Named]:
    for each in node.relations:
        yield _named(each.range_var, LockMode.ACCESS_EXCLUSIVE)


def _lock(node: Any) -> Iterator[Named]:
    for each in node.relations:
        yield _named(each.range_var, by_number(node.mode))


def _options(options: Any) -> set[str]:
    """The names of options that are on."""
    off = {"false", "off", "0"}
    return {each.def_elem.defname for each in options if each.def_elem.arg.string.sval.lower() not in off}


def _vacuum(node: Any) -> Iterator[Named]:
    mode, reason = LockMode.SHARE_UPDATE_EXCLUSIVE, ""
    if "full" in _options(node.options):
        mode, reason = LockMode.ACCESS_EXCLUSIVE, "VACUUM FULL"
    for each in node.rels:
        yield _named(each.vacuum_relation.relation, mode, reason, reason)


def _cluster(node: Any) -> Iterator[Named]:
    if node.relation.relname:
        yield _named(node.relation, LockMode.ACCESS_EXCLUSIVE, "CLUSTER", "CLUSTER")


def _reindex(node: Any) -> Iterator[Named]:
    """Of an index, its table is locked as well: that name isn't in the statement."""
    concurrently = "concurrently" in _options(node.params)
    kinds = node.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number
    if not node.relation.relname:
        return
    if kinds[node.kind].name == "REINDEX_OBJECT_INDEX":
        mode = LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.ACCESS_EXCLUSIVE
        yield _named(node.relation, mode, "REINDEX")
    else:
        mode = LockMode.SHARE_UPDATE_EXCLUSIVE if concurrently else LockMode.SHARE
        yield _named(node.relation, mode, "", "REINDEX")


def _create_index(node: Any) -> Iterator[Named]:
    if node.concurrent:
        yield _named(node.relation, LockMode.SHARE_UPDATE_EXCLUSIVE)


def _drop_index(node: Any) -> Iterator[Named]:
    if node.concurrent:
        for each in node.objects:
            words = [item.string.sval for item in each.list.items]
            yield Named(words[-2] if len(words) > 1 else "", words[-1], LockMode.SHARE_UPDATE_EXCLUSIVE)


def _alter_table(node: Any) -> Iterator[Named]:
    for command in node.cmds:
        partition = getattr(command.alter_table_cmd, "def").partition_cmd
        if partition.concurrent:
            yield _named(node.relation, LockMode.SHARE_UPDATE_EXCLUSIVE)
            yield _named(partition.name, LockMode.ACCESS_EXCLUSIVE)


_LOCKS: Mapping[str, Callable[[Any], Iterator[Named]]] = {
    "insert_stmt": _writes,
    "update_stmt": _writes,
    "delete_stmt": _writes,
    "merge_stmt": _writes,
    "copy_stmt": _copy,
    "truncate_stmt": _truncate,
    "lock_stmt": _lock,
    "vacuum_stmt": _vacuum,
    "cluster_stmt": _cluster,
    "reindex_stmt": _reindex,
    "index_stmt": _create_index,
    "drop_stmt": _drop_index,
    "alter_table_stmt": _alter_table,
}

_READ_ROWS = {
    "select_stmt",
    "do_stmt",
    "call_stmt",
    "execute_stmt",
    "explain_stmt",
    "update_stmt",
    "delete_stmt",
    "merge_stmt",
    "copy_stmt",
    "vacuum_stmt",
    "cluster_stmt",
    "reindex_stmt",
}

_MAY_CALL_FUNCTIONS = {
    "select_stmt",
    "do_stmt",
    "call_stmt",
    "execute_stmt",
    "explain_stmt",
    "insert_stmt",
    "update_stmt",
    "delete_stmt",
    "merge_stmt",
    "copy_stmt",
}
