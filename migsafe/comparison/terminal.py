"""A comparison for a person at a terminal: what differs, row by row as far as it is shown, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migsafe.comparison.result import ComparedTable, Comparison
from migsafe.errors import ExitCode
from migsafe.plain import many, one_line, value
from migsafe.reports.page import Page
from migsafe.rows.compare import RowDifference, Values

LONGEST_VALUE = 120
"""Characters of a value that are shown."""

VERDICTS = {
    ExitCode.SAFE: ("EQUAL", "bold green"),
    ExitCode.UNSAFE: ("DIFFERENT", "bold red"),
    ExitCode.CANNOT_CHECK: ("NOT CHECKED", "bold yellow"),
}


def render(comparison: Comparison, *, width: int, colour: bool) -> str:
    """The comparison in ``width`` columns; rows are lines that are never broken."""
    page = Page(width, colour=colour)
    page.write(("migsafe compare", "bold"))
    for sign, side in (("-", comparison.old), ("+", comparison.new)):
        page.write(f"{sign} {one_line(side.name)} ({side.kind}, PostgreSQL {one_line(side.version)})", hanging=2)
    if comparison.sample < 1:
        percent = f"{comparison.sample * 100:.7f}".rstrip("0").rstrip(".")
        page.write(f"a sample of {percent}% of the rows, by the hash of their key")
    if comparison.where:
        page.write(f"rows where {one_line(comparison.where)}", hanging=2)
    for table in comparison.tables:
        if table.differs:
            _table(page, table)
    _lists(page, comparison)
    _verdict(page, comparison)
    return page.text()


def _table(page: Page, table: ComparedTable) -> None:
    page.write()
    page.write((_name(table), "bold"), ": ", "; ".join(_counts(table)), hanging=2)
    for row in table.samples:
        page.verbatim(one_line(_row(row)), indent=2)
    if table.samples and table.unseen > 0:
        page.write(f"… and {table.unseen:,} more", indent=2)


def _name(table: ComparedTable) -> str:
    return one_line(f"{table.name} → {table.new_name}" if table.new_name else table.name)


def _counts(table: ComparedTable) -> Iterator[str]:
    old, new = table.rows
    yield f"{old:,} → {new:,} rows" if old != new else many(old, "row")
    for count, what in ((table.changed, "changed"), (table.missing, "missing"), (table.extra, "extra")):
        if count:
            yield f"{count:,} {what}"
    if table.columns:
        yield "columns " + ", ".join(_column(name, count, table) for name, count in table.columns.items())
    if table.whole_rows and not table.columns and old == new:
        yield "values have changed places between rows"
    if table.unread:
        yield "differs, in rows that can't be read"
    if table.buckets:
        yield f"in {table.buckets[0]} of {many(table.buckets[1], 'part')}"


def _column(name: str, count: int | None, table: ComparedTable) -> str:
    if count is None or count == table.changed:
        return one_line(name)
    of = "" if table.looked_into == table.changed else f" of {table.looked_into:,} looked into"
    return one_line(f"{name} ({count:,}{of})")


def _row(row: RowDifference) -> str:
    if row.old is None or row.new is None:
        sign = "+" if row.old is None else "-"
        copies = f" ({row.copies:,} copies)" if row.copies > 1 else ""
        rest = _values(row.old or row.new or {})
        return f"{sign} {_values(row.key)}{': ' if rest else ''}{rest}{copies}"
    changes = ", ".join(f"{name}: {_shown(row.old[name])} → {_shown(row.new[name])}" for name in row.old)
    return f"~ {_values(row.key)}: {changes}"


def _values(values: Values) -> str:
    return ", ".join(f"{name}={_shown(value)}" for name, value in values.items())


def _shown(text: str | None) -> str:
    if text is not None and len(text) > LONGEST_VALUE:
        return f"{text[:LONGEST_VALUE]!r}… ({len(text):,} characters)"
    return value(text)


def _lists(page: Page, comparison: Comparison) -> None:
    _list(page, "only in the old side", {name: many(rows, "row") for name, rows in comparison.only_old.items()})
    _list(page, "only in the new side", {name: many(rows, "row") for name, rows in comparison.only_new.items()})
    _list(page, "columns not compared", dict(_left_out(comparison)))
    _list(page, "compared by their text, as the types differ", dict(_retyped(comparison)))
    sequences = comparison.sequences
    _list(page, "sequences that stand elsewhere", {c.name: f"{c.old} → {c.new}" for c in sequences.changes})
    _list(page, "sequences only in the old side", dict.fromkeys(sequences.only_old, ""))
    _list(page, "sequences only in the new side", dict.fromkeys(sequences.only_new, ""))
    _list(page, "sequences behind their column", dict.fromkeys(sequences.behind, ""))
    _list(page, "not checked", comparison.not_checked)
    _list(page, "to know", dict.fromkeys(comparison.notes, ""))


def _left_out(comparison: Comparison) -> Iterator[tuple[str, str]]:
    for table in comparison.tables:
        sides = (("old", table.only_old), ("new", table.only_new))
        found = [f"{', '.join(columns)} only in the {side} side" for side, columns in sides if columns]
        if found:
            yield _name(table), "; ".join(found)


def _retyped(comparison: Comparison) -> Iterator[tuple[str, str]]:
    for table in comparison.tables:
        for column, (old, new) in table.retyped.items():
            yield f"{_name(table)}, column {column}", f"{old} → {new}"


def _list(page: Page, title: str, lines: Mapping[str, str]) -> None:
    if lines:
        page.write()
        page.write((title, "bold"))
    for subject, text in lines.items():
        page.write(one_line(f"{subject}: {text}" if text else subject), indent=2, hanging=2)


def _verdict(page: Page, comparison: Comparison) -> None:
    differing = sum(table.differs for table in comparison.tables)
    rows = sum(max(table.rows) for table in comparison.tables)
    page.write()
    page.write(
        VERDICTS[comparison.exit_code],
        f": {many(len(comparison.tables), 'table')} compared, {many(rows, 'row')}; "
        f"{many(differing, 'table')} {'differs' if differing == 1 else 'differ'}; "
        f"{len(comparison.not_checked):,} not checked; {comparison.seconds:.1f} s",
        hanging=2,
    )
