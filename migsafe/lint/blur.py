"""What a statement may do that nobody can follow by its text."""

from __future__ import annotations

from migsafe.catalog import Catalog
from migsafe.lint.script import Script
from migsafe.sql.actions import (
    Action,
    AlterTable,
    Create,
    CreateIndex,
    CreateView,
    Delete,
    Do,
    Insert,
    Kind,
    Other,
    Query,
    SetVariable,
    Transaction,
    Update,
)
from migsafe.sql.names import Name
from migsafe.sql.parsing import ParsedStatement

_WITHOUT_TABLES = frozenset(
    (
        "btree_gin",
        "btree_gist",
        "citext",
        "cube",
        "earthdistance",
        "fuzzystrmatch",
        "hstore",
        "intarray",
        "isn",
        "ltree",
        "pg_trgm",
        "pgcrypto",
        "plpgsql",
        "seg",
        "tablefunc",
        "unaccent",
        "uuid-ossp",
        "vector",
    )
)
"""Extensions that bring no table or view."""

_UNFOLLOWED = ("call_stmt", "import_foreign_schema_stmt", "execute_stmt", "merge_stmt")


def blur(script: Script, catalog: Catalog) -> None:
    """Say in the catalog, before a script is followed, that a part of it can't be."""
    if any(each.run for each in script.not_analysed):
        catalog.blurred = True


def blur_by(statement: ParsedStatement, catalog: Catalog) -> None:
    """Say in the catalog, behind a statement, that it may have done what its text doesn't show.

    A table that nobody made says that the history begins with a schema of which it tells nothing.
    """
    if catalog.complete and any(_is_unseen(name, catalog) for action in statement.actions for name in _needed(action)):
        catalog.complete = False
    if not catalog.blurred and any(_may_do_more(action, statement, catalog) for action in statement.actions):
        catalog.blurred = True


def _needed(action: Action) -> tuple[Name, ...]:
    match action:
        case AlterTable() | CreateIndex() | Insert() | Update() | Delete():
            return (action.table,)
        case CreateView() | Query():
            return action.tables
        case _:
            return ()


def _is_unseen(name: Name, catalog: Catalog) -> bool:
    system = name.schema in ("pg_catalog", "information_schema") or name.name.startswith("pg_")
    return not system and catalog.find(name) is None and not catalog.was_dropped(Kind.TABLE, name)


def _may_do_more(action: Action, statement: ParsedStatement, catalog: Catalog) -> bool:
    match action:
        case Query():
            return any(catalog.other(Kind.FUNCTION, each) for each in action.functions)
        case Create(kind=Kind.EXTENSION):
            return action.name.name not in _WITHOUT_TABLES
        case Do():
            return action.language != "plpgsql"
        case Other():
            return action.what in _UNFOLLOWED
        case SetVariable() | Transaction() | Insert() | Update() | Delete():
            return False
        case _:
            return statement.conditional
