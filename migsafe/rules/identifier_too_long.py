"""A name of more than 63 bytes, which PostgreSQL cuts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Says
from migsafe.rules.rule import Match, Rule
from migsafe.sql import actions
from migsafe.sql.limits import LONGEST_NAME

if TYPE_CHECKING:
    from migsafe.rules.context import Context


_MAY_BE_TOO_LONG = re.compile(rb'"|[a-z0-9_$\x80-\xff]{64}', re.IGNORECASE)


def find(_: actions.Action, context: Context) -> Iterator[Match]:
    if context.earlier and context.earlier[-1].statement is context.statement:
        return  # said at its first action
    for name in _identifiers(context.statement.text):
        size = len(name.encode())
        if size > LONGEST_NAME:
            cut = name.encode()[:LONGEST_NAME].decode(errors="ignore")
            message = f"The name {name} has {size} bytes: PostgreSQL takes it for {cut}."
            yield Match(message, "-- write a shorter one", cut)


def _identifiers(sql: str) -> Iterator[str]:
    from postgast import scan
    from postgast.pg_query_pb2 import Token

    text, kind = sql.encode(), Token.Value("IDENT")
    if not _MAY_BE_TOO_LONG.search(text):
        return
    for token in scan(sql).tokens:
        if token.token == kind:
            name = text[token.start : token.end].decode()
            yield name[1:-1].replace('""', '"') if name.startswith('"') else name


RULE = Rule(
    id="identifier-too-long",
    hazard="I7",
    title="A name is cut",
    explanation="Names end at 63 bytes: the rest is dropped with no more than a notice (42622). A second name that "
    "begins alike is then the same, and tools that look for the whole name don't find it.",
    on=(
        actions.CreateTable,
        actions.AddColumn,
        actions.AddConstraint,
        actions.CreateIndex,
        actions.CreateView,
        actions.CreateSequence,
        actions.CreateType,
        actions.CreateFunction,
        actions.Create,
        actions.Rename,
    ),
    find=find,
    claims=(Says("42622"),),
    bad="CREATE TABLE orders_of_customers_that_have_moved_to_another_country_this_year (id bigint);",
    good="CREATE TABLE orders_of_customers_that_have_moved (id bigint);",
)
