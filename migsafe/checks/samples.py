"""The first rows in which two kept databases differ, for a finding's evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from psycopg.errors import CharacterNotInRepertoire

from migsafe.findings import Evidence
from migsafe.plain import value
from migsafe.rows.compare import compare_rows

if TYPE_CHECKING:
    import psycopg

    from migsafe.rows.compare import RowDifference, RowsDifference, Values
    from migsafe.sandbox import Sandbox
    from migsafe.state import StateDifference

ROWS_SHOWN = 5
TABLES_SHOWN = 5


def changes(sandbox: Sandbox, before: str, after: str, difference: StateDifference) -> list[Evidence]:
    """What differs, and the first rows of it. Locks: as :func:`row_samples`."""
    changed = Evidence("changed", "\n".join(difference.describe()))
    return [changed, *row_samples(sandbox, before, after, difference)]


def row_samples(sandbox: Sandbox, before: str, after: str, difference: StateDifference) -> list[Evidence]:
    """Exact counts and up to five rows for each of the first five tables that both have and that ``difference`` names.

    Locks: ACCESS SHARE on those tables.
    """
    tables = [change.name for change in difference.contents.tables if change.old and change.new]
    with sandbox.connect(before) as ours, sandbox.connect(after) as theirs:
        return [Evidence(f"rows of {table}", _told(ours, theirs, table)) for table in tables[:TABLES_SHOWN]]


def _told(ours: psycopg.Connection, theirs: psycopg.Connection, table: str) -> str:
    """A database in SQL_ASCII may hold what is no text at all: that is said, as the finding doesn't rest on it."""
    try:
        return "\n".join(_lines(compare_rows(ours, theirs, table, limit=ROWS_SHOWN)))
    except (UnicodeDecodeError, CharacterNotInRepertoire) as error:
        return f"they can't be shown: {error}"


def _lines(rows: RowsDifference) -> Iterator[str]:
    counts = {"changed": rows.changed, "gone": rows.missing, "new": rows.extra}
    yield ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "no row differs"
    yield from map(_line, rows.samples)
    unseen = rows.changed + rows.missing + rows.extra - len(rows.samples)
    if unseen > 0:
        yield f"… and {unseen:,} more"


def _line(row: RowDifference) -> str:
    if row.old is None or row.new is None:
        copies = f" ({row.copies:,} copies)" if row.copies > 1 else ""
        sign = "+" if row.old is None else "-"
        return f"{sign} {_values(row.key)}: {_values(row.old or row.new or {})}".removesuffix(": ") + copies
    changes = ", ".join(f"{name} {value(row.old[name])} → {value(row.new[name])}" for name in row.old)
    return f"  {_values(row.key)}: {changes}"


def _values(values: Values) -> str:
    return ", ".join(f"{name}={value(text)}" for name, text in values.items())
