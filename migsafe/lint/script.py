"""The unit that is linted: the statements of one migration with their places, and the transactions they run in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from migsafe.findings import Location
from migsafe.history.text import MigrationText, Runs
from migsafe.sql.actions import Transaction
from migsafe.sql.parsing import NotParsed, ParsedStatement, Within, parse_changes, parse_script
from migsafe.sql.position import line_and_column

__all__ = ["NotAnalysed", "Runs", "Script", "script_of", "script_of_text", "transactions"]


@dataclass(frozen=True, slots=True)
class NotAnalysed:
    """Something in a script that nobody here could take apart: where it is, and why.

    ``refused``: it isn't SQL, so that a server will refuse it too. ``run``: the script runs it, or may.
    """

    location: Location
    reason: str
    refused: bool = False
    run: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """One migration as it is linted.

    ``transactions`` has one entry a statement: the number of the transaction that holds it together with others, or
    none for a statement that is a transaction of its own. ``committed``: the runner ends with a COMMIT. ``place`` turns
    an offset of a statement into a location.
    """

    name: str
    statements: tuple[ParsedStatement, ...]
    transactions: tuple[int | None, ...]
    place: Callable[[int], Location]
    not_analysed: tuple[NotAnalysed, ...] = ()
    file: Path | None = None
    description: str = ""
    committed: bool = False


def script_of(
    sql: str,
    *,
    file: Path | None = None,
    runs: Runs = Runs.ONE_BY_ONE,
    place: Callable[[int], Location] | None = None,
    followed: bool = False,
) -> Script:
    """A script from its text. ``place`` is given where offsets in ``sql`` aren't offsets in the file.

    One that is only ``followed`` has no statements but those that may change the catalog, and says nothing of their
    transactions.
    """
    where = place or _places(sql, file)
    pieces = list(parse_changes(sql) if followed else parse_script(sql))
    statements = tuple(piece for piece in pieces if isinstance(piece, ParsedStatement))
    return Script(
        name=file.name if file else "standard input",
        statements=statements,
        transactions=() if followed else tuple(transactions(statements, runs)),
        place=where,
        not_analysed=tuple(
            NotAnalysed(where(piece.offset), piece.reason, piece.refused, piece.within is not Within.FUNCTION)
            for piece in pieces
            if isinstance(piece, NotParsed)
        ),
        file=file,
        committed=runs is Runs.TOGETHER,
    )


def script_of_text(text: MigrationText, *, followed: bool = False) -> Script:
    """A migration of the history as it is linted, or only ``followed``."""
    script = script_of(text.sql, file=text.file, runs=text.runs, place=text.place, followed=followed)
    missing = tuple(NotAnalysed(location, reason) for location, reason in text.not_analysed)
    return replace(
        script,
        name=text.version,
        description=text.description,
        not_analysed=tuple(
            sorted((*script.not_analysed, *missing), key=lambda each: (each.location.line or 0, each.reason))
        ),
    )


def _places(sql: str, file: Path | None) -> Callable[[int], Location]:
    def place(offset: int) -> Location:
        line, column = line_and_column(sql, offset)
        return Location(file=file, line=line, column=column)

    return place


def transactions(statements: Iterable[ParsedStatement], runs: Runs) -> Iterator[int | None]:
    """The transaction of each statement: BEGIN and COMMIT in the script count, and what the runner puts around it.

    A COMMIT ends the runner's transaction too; what follows it is outside of any, as on the server.
    """
    statements = tuple(statements)
    several = sum(each.within is Within.SCRIPT for each in statements) > 1
    is_open = runs is Runs.TOGETHER or (runs is Runs.AS_ONE_QUERY and several)
    number = 1 if is_open else 0
    for statement in statements:
        change = next((each.what for each in statement.actions if isinstance(each, Transaction)), None)
        if change == "begin" and not is_open and statement.within is Within.SCRIPT:
            number, is_open = number + 1, True
        yield number if is_open else None
        if change in ("commit", "rollback") and statement.within is Within.SCRIPT:
            is_open = statement.actions[-1] == Transaction("begin")
            number += is_open
