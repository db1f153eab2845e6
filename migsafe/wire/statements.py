"""From what was seen on a connection to statements: texts are told apart, transactions are numbered. Never connects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from migsafe.findings import ServerError, Statement
from migsafe.sql.nodes import first_node
from migsafe.wire.instruments import Answer, Notice, Reading
from migsafe.wire.messages import text
from migsafe.wire.trace import Batch, Record


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of the text of a simple Query, and the number of characters before it."""

    sql: str
    offset: int

    def holds(self, position: int) -> bool:
        """Whether a position, counted from 1 in the whole text, lies in this piece or right behind it."""
        return self.offset < position <= self.offset + len(self.sql) + 1


class _End(Enum):
    """What a statement does to the transaction it runs in."""

    NONE = "none"
    END = "end"
    CHAIN = "end and begin the next one"


@dataclass(frozen=True, slots=True)
class Seen:
    """A statement with what was seen of it besides: monotonic times, the instruments' notices, reading and answer.

    ``index`` is its place among those that the client sent with it. Reading and answer are of the end of them all, and
    stand with the last.
    """

    statement: Statement
    started: float
    ended: float
    index: int = 0
    notices: tuple[Notice, ...] = ()
    reading: Reading | None = None
    answer: Answer | None = None


class Statements:
    """Makes the statements of one connection. ``next_number`` gives transaction numbers that are unique in the run."""

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next_number = next_number
        self._open: int | None = None

    def of(self, batch: Batch, backend: int) -> Iterator[Seen]:
        """The statements of a batch. Batches must come in order."""
        seen = [(record, piece) for record in batch.records if (piece := _piece(record)) is not None]
        numbers = self._numbers(batch, seen)
        for (record, piece), transaction in zip(seen, numbers, strict=True):
            statement = Statement(
                sql=piece.sql,
                milliseconds=record.milliseconds,
                command_tag=record.command_tag,
                rows=record.rows,
                error=_relative(record.error, piece),
                transaction=transaction,
                state_after=batch.state,
                backend=backend,
            )
            reading, answer = (batch.reading, batch.answer) if record is seen[-1][0] else (None, None)
            yield Seen(statement, record.started, record.ended, record.index, tuple(record.notices), reading, answer)

    def _numbers(self, batch: Batch, seen: Sequence[tuple[Record, Piece]]) -> list[int | None]:
        """The transaction of each statement; none for one that was a transaction of its own.

        ReadyForQuery comes once for all statements of a Query or a pipeline: where one transaction ends and the next
        begins between them is told by the statements themselves.
        """
        numbers: list[int | None] = []
        for count, (record, piece) in enumerate(seen, start=1):
            is_last = count == len(seen)
            end = _End.END if is_last and batch.state not in ("T", "E") else _end(record, piece.sql)
            if is_last or end is not _End.NONE:
                numbers += self._number(count - len(numbers), end)
        return numbers

    def _number(self, length: int, end: _End) -> list[int | None]:
        """Number the next so many statements, of one transaction, which then ends or goes on."""
        if self._open is None and (length > 1 or end is not _End.END):
            self._open = self._next_number()
        number = self._open
        if end is _End.CHAIN:
            self._open = self._next_number()
        elif end is _End.END:
            self._open = None
        return [number] * length


def _piece(record: Record) -> Piece | None:
    """The statement's own text, or all of the Query's where it can't be told apart; none for one that never began."""
    whole = text(record.sql)
    if not record.request.is_query:
        return Piece(whole, 0)
    pieces = _split(whole)
    if record.error and record.error.position:
        # A syntax error anywhere in the text is reported before its first statement runs.
        position = record.error.position
        return next((piece for piece in reversed(pieces) if piece.holds(position)), Piece(whole, 0))
    if record.request.complete and record.request.results != len(pieces):
        return Piece(whole, 0)
    if record.index < len(pieces):
        return pieces[record.index]
    return Piece(whole, 0) if record.answered else None


@lru_cache(maxsize=8)
def _split(sql: str) -> tuple[Piece, ...]:
    if ";" not in sql:
        return (Piece(sql, 0),)
    from migsafe.sql.split import split

    return tuple(Piece(statement.text, statement.offset) for statement in split(sql))


def _relative(error: ServerError | None, piece: Piece) -> ServerError | None:
    """The error with its position counted in the statement's own text."""
    if error is None or error.position is None:
        return error
    return replace(error, position=error.position - piece.offset)


def _end(record: Record, sql: str) -> _End:
    """Whether a statement ends its transaction. ROLLBACK and ROLLBACK TO SAVEPOINT have the same command tag."""
    if record.command_tag not in ("COMMIT", "ROLLBACK", "PREPARE TRANSACTION"):
        return _End.NONE
    from postgast.pg_query_pb2 import TRANS_STMT_ROLLBACK_TO

    node = first_node(sql)
    if node is None:
        return _End.END
    command = node.transaction_stmt
    if command.kind == TRANS_STMT_ROLLBACK_TO:
        return _End.NONE
    return _End.CHAIN if command.chain else _End.END
