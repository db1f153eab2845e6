"""SQL run as the small migration tools run it: simple Query messages on one connection, each error with its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import generators
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from migsafe.findings import Location
from migsafe.history.model import Failure, Place, Run, RunFailed
from migsafe.sql.split import first_words, split

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult
    from psycopg.sql import SQL, Composed

    from migsafe.history.files import Script
    from migsafe.postgres.address import Address
    from migsafe.sql.split import SourceStatement


def run(address: Address, work: Callable[[Output], None]) -> Run:
    """Do the work and say how it went. Whatever the server refuses, and a lost connection, is a failure of the run."""
    started = time.perf_counter()
    output = Output(address)
    failure = None
    try:
        work(output)
    except RunFailed as failed:
        failure = failed.failure
    except psycopg.Error as error:
        failure = failure_of(error)
    return Run(time.perf_counter() - started, "\n".join(output.lines), failure, tuple(output.places))


class Output:
    """What the tool prints during one run, the server's notices included, and the way to a new connection."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.lines: list[str] = []
        self.places: list[Place] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    @contextmanager
    def connect(self) -> Iterator[Session]:
        """An autocommit connection to the run's address, closed at the end; an open transaction is rolled back then."""
        keywords: dict[str, Any] = {**self._address.keywords(), "client_encoding": "utf8"}
        connection = psycopg.connect(**keywords, autocommit=True, prepare_threshold=None)
        with closing(connection):
            connection.add_notice_handler(lambda notice: self.say(f"{notice.severity}:  {notice.message_primary}"))
            yield Session(connection, self.places)


class Session:
    """One connection. :meth:`query` is for the tool's own books, the other two are for the user's SQL.

    To ``places`` is added where in the user's files each statement stands.
    """

    def __init__(self, connection: psycopg.Connection, places: list[Place] | None = None) -> None:
        self.connection = connection
        self._places = [] if places is None else places

    def query(
        self, sql: LiteralString | SQL | Composed, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one statement of the tool and return its rows."""
        cursor = self.connection.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def run_statement(self, script: Script, statement: SourceStatement) -> None:
        """Send one statement of the script, and the data that follows it if it is a COPY.

        Raises :class:`RunFailed` with the place in the file.
        """
        try:
            with self._at(script.location(statement.first)):
                self._send(statement)
        except psycopg.Error as error:
            raise RunFailed(failure_of(error, script, statement)) from error

    def run_whole(self, script: Script) -> None:
        """Send the whole script as one simple Query: one implicit transaction, unless it says otherwise.

        Raises :class:`RunFailed` with the place in the file; where the server names no position, that is the first
        statement that did not complete.
        """
        connection = self.connection
        places = (script.location(statement.first) for statement in split(script.text))
        try:
            with self._at(*places), connection.lock:
                connection.pgconn.send_query(script.text.encode())
                results = connection.wait(generators.execute(connection.pgconn))
        except psycopg.Error as error:
            raise RunFailed(failure_of(error, script)) from error
        for completed, result in enumerate(results):
            if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY):
                raise RunFailed(_failure_of_whole(_error(result), script, completed))

    def _send(self, statement: SourceStatement) -> None:
        if statement.copy_data is not None:
            with self.connection.cursor() as cursor, cursor.copy(statement.text.encode()) as copy:
                copy.write(statement.copy_data)
        elif _copies_out(statement.text):
            with self.connection.cursor() as cursor, cursor.copy(statement.text.encode()) as copy:
                for _ in copy:
                    pass
        else:
            self.connection.execute(statement.text.encode())

    @contextmanager
    def _at(self, *locations: Location) -> Iterator[None]:
        """Note that what is sent meanwhile stands there."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._places.append(Place(started, time.monotonic(), locations))


def _copies_out(sql: str) -> bool:
    words = first_words(sql, 8) if "stdout" in sql.lower() else []
    return words[:1] == ["COPY"] and ("TO", "STDOUT") in pairwise(words)


def _error(result: PGresult) -> psycopg.Error:
    if result.status == ExecStatus.FATAL_ERROR:
        return error_from_result(result)
    return psycopg.ProgrammingError("COPY with data in the file, or to the client, can't be sent by this tool")


def _failure_of_whole(error: psycopg.Error, script: Script, completed: int) -> Failure:
    statements = split(script.text)
    position = _position(error)
    if position is None:
        refused = statements[completed : completed + 1]
    else:
        refused = [statement for statement in statements if statement.offset <= position][-1:]
    return failure_of(error, script, refused[0] if refused else None, sent_from=0)


def failure_of(
    error: psycopg.Error,
    script: Script | None = None,
    statement: SourceStatement | None = None,
    *,
    sent_from: int | None = None,
) -> Failure:
    """The server's words with the place in the user's file.

    The position that the server names counts from the start of what was sent: the statement, or the script from
    ``sent_from`` on. Without one, the place is that of the statement's first token.
    """
    said = error.diag
    position = _position(error)
    place = statement.first if statement else None
    if position is not None:
        place = position + (statement.offset if statement and sent_from is None else sent_from or 0)
    return Failure(
        message=said.message_primary or str(error).strip(),
        sqlstate=error.sqlstate,
        detail=said.message_detail,
        hint_of_server=said.message_hint,
        context=said.context,
        statement=statement.text if statement else None,
        location=_location(script, place),
        excerpt=script.excerpt(place) if script and place is not None else None,
    )


def _position(error: psycopg.Error) -> int | None:
    """Where in what was sent, in characters from 0; the server counts from 1."""
    position = error.diag.statement_position
    return int(position) - 1 if position else None


def _location(script: Script | None, place: int | None) -> Location:
    if script is None:
        return Location()
    return Location(file=script.file) if place is None else script.location(place)
