"""What a migration lost of the rows and values that were there, told from the counts before and after it."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.plain import many
from migsafe.rows.contents import ColumnContents, Contents, TableContents


def losses(before: Contents, after: Contents) -> tuple[str, ...]:
    """One line for each table with fewer rows, each column that is gone with values in it or has fewer than before.

    A rename loses nothing: what has another name now is found by equal contents, a column at its number. One that was
    renamed and rewritten at once counts as lost. What was rewritten in place, value by value, is not seen here; the
    data check of ``migsafe check`` sees it.
    """
    renamed = _renamed(before, after)
    lines = []
    for name, old in before.tables.items():
        if name in after.not_checked:
            lines.append(f"table {name}: can't be read any more: {after.not_checked[name]}")
            continue
        new = after.tables.get(renamed.get(name, name))
        if new is None:
            lines.extend([f"table {name}: gone with {many(old.rows, 'row')}"] if old.rows else [])
        else:
            lines.extend(_of_table(name, old, new))
    return tuple(lines)


def _of_table(name: str, old: TableContents, new: TableContents) -> Iterator[str]:
    if new.rows < old.rows:
        yield f"table {name}: {old.rows} → {new.rows} rows"
        return
    by_number = {column.number: column for column in new.columns.values()}
    for column, was in old.columns.items():
        moved = by_number.get(was.number)
        if moved is not None and _values(moved) == _values(was):
            continue
        now = new.columns.get(column)
        if now is None and was.values:
            yield f"column {name}.{column}: gone with {many(was.values, 'value')}"
        elif now is not None and (now.values or 0) < (was.values or 0):
            yield f"column {name}.{column}: {was.values} → {now.values} values"


def _renamed(before: Contents, after: Contents) -> dict[str, str]:
    gone = [name for name in before.tables if name not in after.tables]
    fresh = [name for name in after.tables if name not in before.tables]
    found = {}
    for name in gone:
        twin = next((each for each in fresh if _holds(after.tables[each], before.tables[name])), None)
        if twin is not None:
            found[name] = twin
            fresh.remove(twin)
    return found


def _holds(new: TableContents, old: TableContents) -> bool:
    values = [_values(column) for column in new.columns.values()]
    return new.rows == old.rows and bool(old.rows) and all(_values(each) in values for each in old.columns.values())


def _values(column: ColumnContents) -> tuple[int | None, int | None, str]:
    return column.values, column.digest, column.method
