"""The table-level lock that each action takes (PostgreSQL manual, 13.3.1, and the page of each command)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from migsafe.sql import actions
from migsafe.sql.actions import Action, Kind
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import Name


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a relation."""

    mode: LockMode
    relation: Name


def locks_of(action: Action) -> Iterator[Lock]:
    """The locks that an action takes on tables it names, the strongest on each."""
    reader = _LOCKS.get(type(action))
    if reader:
        yield from reader(action)
    elif isinstance(action, actions.AlterTable):
        yield Lock(LockMode.ACCESS_EXCLUSIVE, action.table)


def _alter(mode: LockMode) -> Callable[[Any], Iterator[Lock]]:
    def locks(action: actions.AlterTable) -> Iterator[Lock]:
        yield Lock(mode, action.table)

    return locks


def _add_constraint(action: actions.AddConstraint) -> Iterator[Lock]:
    other = action.constraint.refers_to
    yield Lock(LockMode.SHARE_ROW_EXCLUSIVE if other else LockMode.ACCESS_EXCLUSIVE, action.table)
    if other:
        yield Lock(LockMode.SHARE_ROW_EXCLUSIVE, other)


def _add_column(action: actions.AddColumn) -> Iterator[Lock]:
    yield Lock(LockMode.ACCESS_EXCLUSIVE, action.table)
    for each in action.column.constraints:
        if each.refers_to:
            yield Lock(LockMode.SHARE_ROW_EXCLUSIVE, each.refers_to)


def _attach(action: actions.AttachPartition) -> Iterator[Lock]:
    yield Lock(LockMode.SHARE_UPDATE_EXCLUSIVE, action.table)
    yield Lock(LockMode.ACCESS_EXCLUSIVE, action.partition)


def _detach(action: actions.DetachPartition) -> Iterator[Lock]:
    yield Lock(LockMode.SHARE_UPDATE_EXCLUSIVE if action.concurrently else LockMode.ACCESS_EXCLUSIVE, action.table)
    yield Lock(LockMode.ACCESS_EXCLUSIVE, action.partition)


_WEAKER = {
    "SetStatistics": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "SetOptions": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "ResetOptions": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "SetRelOptions": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "ResetRelOptions": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "ClusterOn": LockMode.SHARE_UPDATE_EXCLUSIVE,
    "DropCluster": LockMode.SHARE_UPDATE_EXCLUSIVE,
    **dict.fromkeys(
        ("EnableTrig", "EnableAlwaysTrig", "EnableReplicaTrig", "EnableTrigAll", "EnableTrigUser"),
        LockMode.SHARE_ROW_EXCLUSIVE,
    ),
    **dict.fromkeys(("DisableTrig", "DisableTrigAll", "DisableTrigUser"), LockMode.SHARE_ROW_EXCLUSIVE),
}
"""The alterations that take less than ACCESS EXCLUSIVE (AlterTableGetLockLevel)."""


def _alter_other(action: actions.AlterTableOther) -> Iterator[Lock]:
    yield Lock(_WEAKER.get(action.what, LockMode.ACCESS_EXCLUSIVE), action.table)


def _create_table(action: actions.CreateTable) -> Iterator[Lock]:
    for constraint in action.all_constraints:
        if constraint.refers_to and constraint.refers_to != action.name:
            yield Lock(LockMode.SHARE_ROW_EXCLUSIVE, constraint.refers_to)
    if action.partition_of:
        yield Lock(LockMode.ACCESS_EXCLUSIVE, action.partition_of)


def _create_index(action: actions.CreateIndex) -> Iterator[Lock]:
    yield Lock(LockMode.SHARE_UPDATE_EXCLUSIVE if action.concurrently else LockMode.SHARE, action.table)


def _drop(action: actions.Drop) -> Iterator[Lock]:
    if action.kind is Kind.INDEX:
        yield Lock(LockMode.SHARE_UPDATE_EXCLUSIVE if action.concurrently else LockMode.ACCESS_EXCLUSIVE, action.name)
    elif action.kind in (Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.FOREIGN_TABLE, Kind.SEQUENCE):
        yield Lock(LockMode.ACCESS_EXCLUSIVE, action.name)
    elif action.table is not None:
        yield Lock(LockMode.ACCESS_EXCLUSIVE, action.table)


def _create(action: actions.Create) -> Iterator[Lock]:
    if action.table is not None:
        yield Lock(
            LockMode.SHARE_ROW_EXCLUSIVE if action.kind is Kind.TRIGGER else LockMode.ACCESS_EXCLUSIVE, action.table
        )


def _rename(action: actions.Rename) -> Iterator[Lock]:
    if action.kind in (Kind.TABLE, Kind.COLUMN, Kind.CONSTRAINT, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.TRIGGER):
        yield Lock(LockMode.ACCESS_EXCLUSIVE, action.name)
    elif action.kind is Kind.INDEX:
        yield Lock(LockMode.SHARE_UPDATE_EXCLUSIVE, action.name)


def _each(mode: LockMode) -> Callable[[Any], Iterator[Lock]]:
    def locks(action: actions.Truncate) -> Iterator[Lock]:
        yield from (Lock(mode, table) for table in action.tables)

    return locks


def _lock_table(action: actions.LockTable) -> Iterator[Lock]:
    yield from (Lock(action.mode, table) for table in action.tables)


def _vacuum(action: actions.Vacuum) -> Iterator[Lock]:
    mode = LockMode.ACCESS_EXCLUSIVE if action.full else LockMode.SHARE_UPDATE_EXCLUSIVE
    yield from (Lock(mode, table) for table in action.tables)


def _refresh(action: actions.RefreshMaterializedView) -> Iterator[Lock]:
    yield Lock(LockMode.EXCLUSIVE if action.concurrently else LockMode.ACCESS_EXCLUSIVE, action.name)


def _cluster(action: actions.Cluster) -> Iterator[Lock]:
    if action.table:
        yield Lock(LockMode.ACCESS_EXCLUSIVE, action.table)


def _reindex(action: actions.Reindex) -> Iterator[Lock]:
    if action.name and action.what in ("index", "table"):
        yield Lock(LockMode.SHARE_UPDATE_EXCLUSIVE if action.concurrently else LockMode.SHARE, action.name)


_LOCKS: Mapping[type[Action], Callable[[Any], Iterator[Lock]]] = {
    actions.AddConstraint: _add_constraint,
    actions.AddColumn: _add_column,
    actions.ValidateConstraint: _alter(LockMode.SHARE_UPDATE_EXCLUSIVE),
    actions.AttachPartition: _attach,
    actions.DetachPartition: _detach,
    actions.AlterTableOther: _alter_other,
    actions.CreateTable: _create_table,
    actions.CreateIndex: _create_index,
    actions.Drop: _drop,
    actions.Create: _create,
    actions.Rename: _rename,
    actions.SetSchema: lambda action: iter((Lock(LockMode.ACCESS_EXCLUSIVE, action.name),)),
    actions.Truncate: _each(LockMode.ACCESS_EXCLUSIVE),
    actions.LockTable: _lock_table,
    actions.Vacuum: _vacuum,
    actions.RefreshMaterializedView: _refresh,
    actions.Cluster: _cluster,
    actions.Reindex: _reindex,
    actions.Insert: _alter(LockMode.ROW_EXCLUSIVE),
    actions.Update: _alter(LockMode.ROW_EXCLUSIVE),
    actions.Delete: _alter(LockMode.ROW_EXCLUSIVE),
}
