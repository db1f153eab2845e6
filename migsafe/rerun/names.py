"""What a statement names and a second run doesn't find any more."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.catalog import Catalog
from migsafe.catalog.names import is_missing, missing_column
from migsafe.sql.parsing import ParsedStatement
from migsafe.sql.scopes import ColumnUse, TableUse, uses


def missing_names(statement: ParsedStatement, catalog: Catalog) -> Iterator[str]:
    """The server's error for each table and column of a query that surely isn't there."""
    for use in uses(statement.node):
        if isinstance(use, TableUse) and is_missing(use.table, catalog):
            yield f'relation "{use.table}" does not exist'
        elif isinstance(use, ColumnUse) and missing_column(use, catalog):
            yield f'column "{use.column}" does not exist'
