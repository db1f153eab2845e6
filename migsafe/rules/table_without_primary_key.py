"""CREATE TABLE without a primary key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AddConstraint, ConstraintKind, CreateTable, Kind

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateTable, context: Context) -> Iterator[Match]:
    other = action.as_query or action.partition_of or action.inherits or action.like or not action.complete
    if action.temporary or action.kind is not Kind.TABLE or other:
        return
    if any(each.kind is ConstraintKind.PRIMARY_KEY for each in action.all_constraints):
        return
    later = (step.action for step in context.later)
    if any(isinstance(each, AddConstraint) and each.constraint.kind is ConstraintKind.PRIMARY_KEY for each in later):
        return
    yield Match(f"{action.name} has no primary key.", "-- name a primary key", action.name)


RULE = Rule(
    id="table-without-primary-key",
    hazard="D20",
    title="A table has no primary key",
    explanation="Without a primary key rows can't be told apart, and logical replication refuses UPDATE and DELETE.",
    on=(CreateTable,),
    find=find,
    default=False,
    aliases=(
        "require-primary-key",
        "MP045",
    ),
    claims=(Answers("CREATE PUBLICATION p FOR TABLE t; UPDATE t SET id = 1", before="42P01", after="55000"),),
    bad="CREATE TABLE t (id bigint);",
    good="CREATE TABLE t (id bigint PRIMARY KEY);",
)
