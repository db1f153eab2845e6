"""What a migration did while it ran, for a person at a terminal: every statement in a table, and when what was locked.

The time line is drawn to scale from the monotonic clock: a gap is time in which the tool sent nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import set_cell_size

from migsafe.findings import Lock, MigrationReport, Report, Statement, Verdict
from migsafe.plain import many, one_line, shortened, size
from migsafe.reports import terminal
from migsafe.reports.counts import summary
from migsafe.reports.page import Page
from migsafe.reports.terminal import title
from migsafe.reports.told import BAD, DOUBTFUL, SOFT, length, notes

STYLES = {BAD: "red", DOUBTFUL: "yellow", SOFT: "dim"}

SHOWN = 400
"""Statements of one migration in the table; JSON has all of them."""

DRAWN = 40
"""Statements of one migration, the longest, that get a bar in the time line."""

LABEL = 28
"""Columns of the time line for the names of statements and relations."""

LETTERS = (("reads", "R"), ("writes", "W"), ("DDL", "D"))
"""What stands in a lane for the strongest lock that is held at that time, from the strongest on."""

STYLE_OF_LETTERS = {"R": "red", "W": "yellow", "D": "dim"}

HEADS = (("#", 3), ("ms", 9), ("rows", 9), ("WAL", 8), ("in", 3), ("timeout", 7))


def render(report: Report, *, width: int, colour: bool) -> str:
    """Each migration's statements and time line, then what was found and what was not looked at."""
    page = Page(width, colour=colour)
    terminal.head(page, report)
    if not report.migrations:
        page.write("\nThere are no new migrations to trace.")
    for migration in report.migrations:
        _migration(page, migration)
    terminal.findings(page, report)
    terminal.not_checked(page, report)
    _last_line(page, report)
    return page.text()


def _migration(page: Page, migration: MigrationReport) -> None:
    statements = migration.statements
    page.write()
    told = f"{many(len(statements), 'statement')} in {length(statements):,.1f} ms"
    page.write((title(migration), "bold"), f": {told}", hanging=2)
    if migration.not_traced:
        page.write(f"locks, rewrites and scans are not known: {one_line(migration.not_traced)}", indent=2)
    if not statements:
        return
    page.write()
    _table(page, statements)
    page.write()
    _time_line(page, statements)


def _table(page: Page, statements: Sequence[Statement]) -> None:
    page.write(("  ".join(f"{head:>{columns}}" for head, columns in HEADS) + "  statement", "bold"))
    room = page.width - sum(columns + 2 for _, columns in HEADS)
    for number, statement in enumerate(statements[:SHOWN], start=1):
        cells = (
            str(number),
            f"{statement.milliseconds:,.1f}",
            "" if statement.rows is None else f"{statement.rows:,}",
            "" if statement.wal_bytes is None else size(statement.wal_bytes),
            "" if statement.transaction is None else str(statement.transaction),
            _timeout(statement),
        )
        row = "  ".join(f"{cell:>{columns}}" for cell, (_, columns) in zip(cells, HEADS, strict=True))
        sql = shortened(statement.sql, max(room, 20))
        if len(row) + 2 + len(sql) > page.width:  # a wide number, or a narrow terminal
            page.write(row)
            page.write(sql, indent=5, hanging=2)
        else:
            page.write(f"{row}  {sql}")
        if statement.location.file:
            page.write((f"at {one_line(str(statement.location))}", "dim"), indent=5, hanging=2)
        for kind, text in notes(statement):
            page.write((one_line(text), STYLES[kind]), indent=5, hanging=2)
    if len(statements) > SHOWN:
        page.write(f"… and {many(len(statements) - SHOWN, 'more statement')}; --format json has all of them", indent=5)
    page.write(("in: the transaction (none: the statement was its own); timeout: lock_timeout", "dim"), hanging=2)


def _timeout(statement: Statement) -> str:
    if statement.lock_timeout is None:
        return "?"
    seconds, rest = divmod(statement.lock_timeout, 1000)
    return "none" if not statement.lock_timeout else f"{seconds:,} s" if not rest else f"{statement.lock_timeout:,} ms"


def _time_line(page: Page, statements: Sequence[Statement]) -> None:
    whole = length(statements)
    columns = page.width - LABEL - 4
    if whole <= 0 or columns < 8:
        return
    scale = columns / whole
    page.write((f"when: {whole:,.1f} ms, {whole / columns:,.2g} ms a column", "bold"))
    drawn = sorted(sorted(range(len(statements)), key=lambda each: -statements[each].milliseconds)[:DRAWN])
    for index in drawn:
        statement = statements[index]
        label = f"{index + 1:>3} {shortened(statement.sql, LABEL - 4)}"
        bar = _bar(statement.started, statement.milliseconds, scale, columns)
        page.write(_padded(label), "  " + " " * bar.start, ("=" * len(bar), "red" if statement.error else ""))
    if len(statements) > DRAWN:
        page.write(f"the {DRAWN} longest of {len(statements):,} statements", indent=4)
    lanes = _lanes(statements, scale, columns)
    if not lanes:
        return
    page.write(("held: R blocks reads, writes and DDL; W writes and DDL; D only DDL", "bold"), hanging=2)
    for relation, lane in lanes.items():
        page.write(_padded(f"    {one_line(relation)}"), "  ", *_coloured(lane))


def _bar(start: float, milliseconds: float, scale: float, columns: int) -> range:
    """The columns of something that takes so long: at least one of them, and none beyond the last."""
    first = min(int(start * scale), columns - 1)
    return range(first, max(first + 1, min(round((start + milliseconds) * scale), columns)))


def _lanes(statements: Sequence[Statement], scale: float, columns: int) -> Mapping[str, Sequence[str]]:
    """For each relation that is locked a letter a column, of the strongest lock that is held then; by first lock."""
    lanes: dict[str, list[str]] = {}
    strongest_last = sorted(_held(statements), key=lambda held: -"RWD".index(held[0]))
    for _, lock, _ in _held(statements):
        lanes.setdefault(lock.relation, [" "] * columns)
    for letter, lock, start in strongest_last:
        rest = columns / scale - start
        for column in _bar(start, rest if lock.milliseconds is None else lock.milliseconds, scale, columns):
            lanes[lock.relation][column] = letter
    return lanes


def _held(statements: Sequence[Statement]) -> Iterator[tuple[str, Lock, float]]:
    for statement in statements:
        for lock in statement.locks:
            letter = next((letter for what, letter in LETTERS if what in lock.blocks), None)
            if letter:
                yield letter, lock, statement.started


def _coloured(lane: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lane in runs of one letter."""
    run = ""
    for letter in (*"".join(lane).rstrip(), None):
        if run and letter != run[0]:
            yield run, STYLE_OF_LETTERS.get(run[0], "")
            run = ""
        run += letter or ""


def _padded(label: str) -> str:
    return set_cell_size(label, LABEL)


def _last_line(page: Page, report: Report) -> None:
    if report.verdict is not Verdict.SAFE or report.command != "trace":
        terminal.verdict(page, report)
        return
    count = sum(len(migration.statements) for migration in report.migrations)
    _, _, seconds = summary(report).rpartition("; ")
    page.write()
    told = f": {many(len(report.migrations), 'migration')}, {many(count, 'statement')}; {seconds}"
    page.write(("TRACED", "bold green"), told)
