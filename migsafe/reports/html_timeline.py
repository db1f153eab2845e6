"""The statements of a migration as they ran, one below the other, each as long as it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from migsafe.findings import Statement
from migsafe.plain import one_line, plain

SHOWN = 400
"""Statements of one migration that are drawn; JSON has all of them."""

LONGEST = 2_000
"""Characters of one statement that are shown."""


def timeline(statements: Sequence[Statement]) -> Iterator[str]:
    """A table; a line above a statement says that another transaction begins there."""
    whole = sum(statement.milliseconds for statement in statements) or 1.0
    yield '<div class="scroll"><table class="timeline"><thead><tr><th>statement</th><th>when</th><th>ms</th>'
    yield "<th>rows</th><th>transaction</th></tr></thead><tbody>"
    started, before = 0.0, None
    for number, statement in enumerate(statements[:SHOWN]):
        begins = number > 0 and (statement.transaction is None or statement.transaction != before)
        yield f"<tr{' class=begins' if begins else ''}>{_cells(statement, started / whole, whole)}</tr>"
        started, before = started + statement.milliseconds, statement.transaction
    yield "</tbody></table></div>"
    if len(statements) > SHOWN:
        yield f'<p class="soft">… and {len(statements) - SHOWN:,} more statements; --format json has all of them.</p>'


def _cells(statement: Statement, start: float, whole: float) -> str:
    width = statement.milliseconds / whole
    failed = ' class="failed"' if statement.error else ""
    bar = f'<div{failed} style="margin-left:{100 * min(start, 0.99):.2f}%;width:{100 * width:.2f}%"></div>'
    transaction = "its own" if statement.transaction is None else str(statement.transaction)
    return "".join(
        [
            f'<td class="sql"><code>{_sql(statement.sql)}</code>{_told(statement)}</td>',
            f'<td class="lane">{bar}</td>',
            f'<td class="number">{statement.milliseconds:,.1f}</td>',
            f'<td class="number">{"" if statement.rows is None else f"{statement.rows:,}"}</td>',
            f"<td>{transaction}</td>",
        ]
    )


def _sql(sql: str) -> str:
    text = plain(sql.strip().expandtabs())
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _told(statement: Statement) -> str:
    """What the server refused it with."""
    if statement.error is None:
        return ""
    said = one_line(f"{statement.error.severity} {statement.error.sqlstate}: {statement.error.message}")
    return f'<br><span class="failed">{escape(said)}</span>'
