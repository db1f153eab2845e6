"""What a second run does to rows: INSERT, COPY, UPDATE, and functions that are called for what they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pb

from migsafe.catalog import Catalog, Table
from migsafe.findings import Repeatable
from migsafe.rerun.said import Said
from migsafe.sql.actions import Action, AlterColumnType, ConstraintKind, Copy, Insert, Kind, Query, Update
from migsafe.sql.functions import VOLATILE
from migsafe.sql.names import Expression, Name, nodes, quoted, relation_name, words
from migsafe.sql.parsing import ParsedStatement


def class_of_rows(action: Action, statement: ParsedStatement, catalog: Catalog) -> Said | None:
    """What is said of an action on rows; none for all others. ``catalog`` is that of the second run, before it."""
    if isinstance(action, Insert):
        return _insert(action, statement, catalog)
    if isinstance(action, Copy) and not action.reads and action.table:
        return _made_anew(action.table, catalog) or _again(action.table, (), statement, catalog)
    if isinstance(action, Update):
        return _update(action, statement)
    if isinstance(action, AlterColumnType):
        return _changed_type(action)
    if isinstance(action, Query):
        called = next((each for each in action.functions if catalog.other(Kind.FUNCTION, each)), None)
        if called and statement.node.HasField("select_stmt"):
            return Said(Repeatable.UNKNOWN, f"what the function {called} does a second time isn't known", "unknown")
    return None


def _made_anew(table: Name, catalog: Catalog) -> Said | None:
    """The second run has made the table anew, so that there is no row in it."""
    return Said(Repeatable.RE_RUNNABLE) if catalog.is_new(table) else None


def _insert(action: Insert, statement: ParsedStatement, catalog: Catalog) -> Said:
    if action.conflict:
        return Said(Repeatable.GUARDED)
    if anew := _made_anew(action.table, catalog):
        return anew
    if not action.from_query:
        return _again(action.table, action.columns, statement, catalog)
    if _looks_first(action.table, statement):
        return Said(Repeatable.GUARDED)
    return Said(Repeatable.DANGEROUS, _twice(action.table), "depends on rows")


def _twice(table: Name) -> str:
    return f"the rows are inserted into {table} again"


def _looks_first(table: Name, statement: ParsedStatement) -> bool:
    """INSERT … SELECT … WHERE NOT EXISTS (SELECT … FROM the table), or any other look at what is there already."""
    select = statement.node.insert_stmt.select_stmt
    return any(isinstance(each, pb.RangeVar) and relation_name(each).name == table.name for each in nodes(select))


def _again(table: Name, columns: tuple[str, ...], statement: ParsedStatement, catalog: Catalog) -> Said:
    """Rows that are written out: refused where a key holds all of its values, and there twice where none does."""
    known = catalog.table(table)
    key = next(_keys(known, columns, catalog), None) if known else None
    if key and not _volatile(statement):
        return Said(Repeatable.NOT_RE_RUNNABLE, f"the key {key} of {table} refuses the rows", "refuses")
    if known is None or not known.complete:
        return Said(Repeatable.DANGEROUS, _twice(table), "depends on rows")
    return Said(Repeatable.DANGEROUS, _twice(table), "diverges")


def _keys(table: Table, columns: tuple[str, ...], catalog: Catalog) -> Iterator[str]:
    """The keys of a table all of whose columns the rows name."""
    given = columns or tuple(table.columns)
    for constraint in table.constraints.values():
        if constraint.kind in (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE) and {*constraint.columns} <= {*given}:
            yield constraint.name
    for index in catalog.indexes(table.name):
        if index.unique and index.predicate is None and {*index.columns} <= {*given}:
            yield index.name.name


def _volatile(statement: ParsedStatement) -> bool:
    return any(each.name in VOLATILE for each in Expression(statement.node).functions)


def _update(action: Update, statement: ParsedStatement) -> Said:
    targets = {each.name: each.val for each in _targets(statement, action)}
    where = action.where.node if action.where else None
    if where is not None and _settled_by(where, set(action.assigned)):
        return Said(Repeatable.GUARDED)
    for column, value in targets.items():
        read = [each for each in _own_columns(value, action.table) if each in action.assigned]
        if read and not (set(read) == {column} and _settles(value)):
            reason = f"{action.table} is changed again: {column} is made of {', '.join(read)}"
            return Said(Repeatable.DANGEROUS, reason, "depends on rows")
    return Said(Repeatable.RE_RUNNABLE)


def _changed_type(action: AlterColumnType) -> Said | None:
    """A value worked out of itself by more than casts: of the new type it is another one, or none at all."""
    value = action.using.node if action.using and action.column in action.using.columns else None
    while value is not None and value.HasField("type_cast"):
        value = value.type_cast.arg
    if value is None or value.HasField("column_ref"):
        return None
    reason = f"the values of {action.table}.{quoted(action.column)} are worked out of themselves again"
    return Said(Repeatable.DANGEROUS, reason, "unknown")


def _own_columns(value: pb.Node, table: Name) -> dict[str, None]:
    """The columns that may be the updated table's: those that no other table's name stands before."""
    own: dict[str, None] = {}
    for each in nodes(value):
        if isinstance(each, pb.ColumnRef) and each.fields[-1].HasField("string"):
            *before, column = words(each.fields)
            if not before or before[-1] == table.name:
                own[column] = None
    return own


def _targets(statement: ParsedStatement, action: Update) -> Iterator[pb.ResTarget]:
    for each in nodes(statement.node):
        if isinstance(each, pb.UpdateStmt) and relation_name(each.relation) == action.table:
            yield from (target.res_target for target in each.target_list)


_RANGES = ("<", ">", "<=", ">=")


def _settled_by(where: pb.Node, assigned: set[str]) -> bool:
    """Whether the condition asks for the old value of what is assigned, other than by a range."""
    for each in nodes(where):
        if isinstance(each, pb.NullTest) and assigned & {*Expression(each.arg).columns}:
            return True
        if isinstance(each, pb.A_Expr) and each.name[-1].string.sval not in _RANGES:
            sides = {*Expression(each.lexpr).columns, *Expression(each.rexpr).columns}
            if assigned & sides:
                return True
    return False


_SETTLING = frozenset(("lower", "upper", "initcap", "trim", "btrim", "ltrim", "rtrim", "date_trunc", "abs"))
"""Functions whose result they leave as it is when they are called with it again."""


def _settles(value: Any) -> bool:
    """Whether working the value out of itself again gives the same: ``coalesce(a, 0)``, ``lower(a)``."""
    match value.WhichOneof("node"):
        case "column_ref" | "a_const":
            return True
        case "type_cast":
            return _settles(value.type_cast.arg)
        case "coalesce_expr":
            return all(_settles(each) for each in value.coalesce_expr.args)
        case "func_call":
            name = value.func_call.funcname[-1].string.sval
            return name in _SETTLING and all(_settles(each) for each in value.func_call.args)
        case "a_expr":
            return value.a_expr.kind == pb.AEXPR_NULLIF and _settles(value.a_expr.lexpr)
        case _:
            return False
