"""The statements of a migration as they ran, one below the other, each as long as it took, and its locks as held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from migsafe.findings import Lock, Statement
from migsafe.plain import many, one_line, plain
from migsafe.reports.told import BAD, DOUBTFUL, SOFT, length, notes

SHOWN = 400
"""Statements of one migration that are drawn; JSON has all of them."""

CLASSES = {BAD: "failed", DOUBTFUL: "unknown", SOFT: "soft"}

LONGEST = 2_000
"""Characters of one statement that are shown."""


def timeline(statements: Sequence[Statement]) -> Iterator[str]:
    """A table; a line above a statement says that another transaction begins there. Bars are to scale."""
    whole = length(statements) or 1.0
    yield '<div class="scroll"><table class="timeline"><thead><tr><th>statement</th><th>when</th><th>ms</th>'
    yield "<th>rows</th><th>transaction</th></tr></thead><tbody>"
    before = None
    for number, statement in enumerate(statements[:SHOWN]):
        begins = number > 0 and (statement.transaction is None or statement.transaction != before)
        yield f"<tr{' class=begins' if begins else ''}>{_cells(statement, statement.started / whole, whole)}</tr>"
        before = statement.transaction
    yield "</tbody></table></div>"
    if len(statements) > SHOWN:
        more = many(len(statements) - SHOWN, "more statement")
        yield f'<p class="soft">… and {more}; --format json has all of them.</p>'


def _cells(statement: Statement, start: float, whole: float) -> str:
    width = statement.milliseconds / whole
    failed = ' class="failed"' if statement.error else ""
    bar = f'<div{failed} style="margin-left:{100 * min(start, 0.99):.2f}%;width:{100 * width:.2f}%"></div>'
    transaction = "its own" if statement.transaction is None else str(statement.transaction)
    return "".join(
        [
            f'<td class="sql"><code>{_sql(statement.sql)}</code>{_told(statement)}</td>',
            f'<td class="lane">{bar}{"".join(_held(lock, start, whole) for lock in statement.locks)}</td>',
            f'<td class="number">{statement.milliseconds:,.1f}</td>',
            f'<td class="number">{"" if statement.rows is None else f"{statement.rows:,}"}</td>',
            f"<td>{transaction}</td>",
        ]
    )


def _held(lock: Lock, start: float, whole: float) -> str:
    """A thin bar from the statement to the end of its transaction."""
    if lock.milliseconds is None:
        return ""
    width = min(lock.milliseconds / whole, 1 - start)
    kind = "lock reads" if "reads" in lock.blocks else "lock"
    title = escape(one_line(f"{lock.mode} on {lock.relation}"))
    style = f"margin-left:{100 * min(start, 0.99):.2f}%;width:{100 * width:.2f}%"
    return f'<div class="{kind}" title="{title}" style="{style}"></div>'


def _sql(sql: str) -> str:
    text = plain(sql.strip().expandtabs())
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _told(statement: Statement) -> str:
    """What is known of the statement beyond its time."""
    lines = list(notes(statement))
    if statement.wal_bytes:
        lines.append((SOFT, f"writes {many(statement.wal_bytes, 'byte')} of WAL"))
    return "".join(f'<br><span class="{CLASSES[kind]}">{escape(one_line(text))}</span>' for kind, text in lines)
