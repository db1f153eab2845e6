"""Crash points: the connection can be cut at any answer, before or after the client has it."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest

from migsafe.errors import Defect, MigsafeError
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.wire.observer import Decision, Event, Ready, StatementEnded
from migsafe.wire.session import Session
from migsafe.wire.tap import Tap

Condition = Callable[[Event], bool]


def cut_at(condition: Condition, decision: Decision) -> Callable[[Event], Decision]:
    return lambda event: decision if condition(event) else Decision.FORWARD


def rows(direct: psycopg.Connection) -> int:
    found = direct.execute("SELECT count(*) FROM observed").fetchone()
    assert found is not None
    return int(found[0])


@pytest.fixture
def observed(direct: psycopg.Connection) -> psycopg.Connection:
    """An empty table, and the connection that looks into it past the tap."""
    direct.execute("DROP TABLE IF EXISTS observed; CREATE TABLE observed (a int)")
    return direct


def test_every_answer_is_seen_in_order(tapped: Address, observed: psycopg.Connection) -> None:
    events: list[Event] = []
    with (
        Tap(tapped, observer=lambda event: events.append(event) or Decision.FORWARD) as tap,
        databases.connect_to(tap.address) as connection,
    ):
        connection.execute("BEGIN")
        connection.execute("SELECT %s", (1,))
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        connection.execute("ROLLBACK")
        backend = connection.info.backend_pid
    seen = [event.state if isinstance(event, Ready) else event.command_tag for event in events]
    assert seen == ["I", "BEGIN", "T", "SELECT 1", "T", None, "E", "ROLLBACK", "I"]
    refused = events[5]
    assert isinstance(refused, StatementEnded)
    assert (refused.sql, refused.state, refused.backend) == ("SELECT 1 / 0", "T", backend)
    assert refused.error is not None
    assert refused.error.sqlstate == "22012"


def test_a_commit_whose_answer_never_came_back(tapped: Address, observed: psycopg.Connection) -> None:
    def is_commit(event: Event) -> bool:
        return isinstance(event, StatementEnded) and event.command_tag == "COMMIT"

    with Tap(tapped, observer=cut_at(is_commit, Decision.CUT_BEFORE)) as tap:
        connection = databases.connect_to(tap.address)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO observed VALUES (1)")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")
        assert connection.broken
        last = tap.take_statements()[-1]
    assert (last.sql, last.command_tag) == ("COMMIT", "COMMIT")
    assert rows(observed) == 1


@pytest.mark.parametrize("parameters", [None, (1,)], ids=["simple protocol", "extended protocol"])
def test_an_autocommit_whose_answer_never_came_back(
    tapped: Address, observed: psycopg.Connection, parameters: tuple[int] | None
) -> None:
    inserted = False

    def is_durable(event: Event) -> bool:
        nonlocal inserted
        inserted |= isinstance(event, StatementEnded) and event.command_tag == "INSERT 0 1"
        return inserted and isinstance(event, Ready) and event.state == "I"

    with Tap(tapped, observer=cut_at(is_durable, Decision.CUT_BEFORE)) as tap:
        connection = databases.connect_to(tap.address)
        statement = "INSERT INTO observed VALUES (%s)" if parameters else "INSERT INTO observed VALUES (1)"
        with pytest.raises(psycopg.OperationalError):
            connection.execute(statement, parameters)  # type: ignore[call-overload]
        assert connection.broken
    assert rows(observed) == 1


def test_a_cut_inside_an_open_transaction_rolls_it_back(tapped: Address, observed: psycopg.Connection) -> None:
    def is_inside(event: Event) -> bool:
        return isinstance(event, StatementEnded) and event.command_tag == "INSERT 0 1" and event.state == "T"

    with Tap(tapped, observer=cut_at(is_inside, Decision.CUT_AFTER)) as tap:
        connection = databases.connect_to(tap.address)
        connection.execute("BEGIN")
        assert connection.execute("INSERT INTO observed VALUES (1)").rowcount == 1
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")
    assert rows(observed) == 0


def test_what_the_client_says_to_the_last_answer_does_not_reach_the_server(
    tapped: Address, observed: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is quicker than the tap's own thread; the delay stands for a busy machine."""
    cut = Session.cut

    def cut_late(session: Session) -> None:
        time.sleep(0.2)
        cut(session)

    def is_inside(event: Event) -> bool:
        return isinstance(event, StatementEnded) and event.command_tag == "INSERT 0 1"

    monkeypatch.setattr(Session, "cut", cut_late)
    with Tap(tapped, observer=cut_at(is_inside, Decision.CUT_AFTER)) as tap:
        connection = databases.connect_to(tap.address)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO observed VALUES (1)")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")
    assert rows(observed) == 0


def test_after_a_cut_new_connections_are_served(tapped: Address) -> None:
    with Tap(tapped, observer=cut_at(lambda event: event.state == "T", Decision.CUT_BEFORE)) as tap:
        with pytest.raises(psycopg.OperationalError):
            databases.connect_to(tap.address).execute("BEGIN")
        with databases.connect_to(tap.address) as connection:
            connection.execute("SELECT 1")
        assert [statement.sql for statement in tap.take_statements()] == ["BEGIN", "SELECT 1"]


def test_what_an_observer_raises_cuts_the_connection_and_reaches_the_owner(tapped: Address) -> None:
    def observer(event: Event) -> Decision:
        raise Defect("the observer is broken")

    with Tap(tapped, observer=observer) as tap:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(**tap.address.keywords())  # type: ignore[arg-type]
        with pytest.raises(Defect, match="the observer is broken"):
            tap.take_statements()


def test_a_cut_that_ends_everything_cuts_the_other_connections_and_lets_no_new_one_in(
    tapped: Address, observed: psycopg.Connection
) -> None:
    def is_insert(event: Event) -> bool:
        return isinstance(event, StatementEnded) and event.command_tag == "INSERT 0 1"

    with Tap(tapped, observer=cut_at(is_insert, Decision.CUT_BEFORE), ends_with_cut=True) as tap:
        other = databases.connect_to(tap.address)
        one = databases.connect_to(tap.address)
        with pytest.raises(psycopg.OperationalError):
            one.execute("INSERT INTO observed VALUES (1)")
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")
        with pytest.raises((psycopg.OperationalError, MigsafeError)):
            databases.connect_to(tap.address)
        assert tap.connections == 2
    assert rows(observed) == 1


def test_a_cut_that_ends_one_connection_leaves_the_others(tapped: Address, observed: psycopg.Connection) -> None:
    def is_insert(event: Event) -> bool:
        return isinstance(event, StatementEnded) and event.command_tag == "INSERT 0 1"

    with (
        Tap(tapped, observer=cut_at(is_insert, Decision.CUT_BEFORE)) as tap,
        databases.connect_to(tap.address) as other,
    ):
        with pytest.raises(psycopg.OperationalError), databases.connect_to(tap.address) as one:
            one.execute("INSERT INTO observed VALUES (1)")
        assert other.execute("SELECT 1").fetchone() == (1,)
        with databases.connect_to(tap.address) as new:
            assert new.execute("SELECT 1").fetchone() == (1,)
