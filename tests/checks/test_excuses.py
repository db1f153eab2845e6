"""A difference has an excuse only where a crash or the clock explains it; no server is needed."""

from __future__ import annotations

import pytest

from migsafe.checks.excuses import Excuses
from migsafe.rows.contents import ColumnContents, ColumnName, Contents, SequencePosition, TableContents
from migsafe.schema.model import Schema, SchemaObject
from migsafe.state import State, StateDifference, compare_states

ID, MADE = ColumnName("public.a", "id"), ColumnName("public.a", "made")
NONE = Excuses(frozenset(), {})
VOLATILE = Excuses(frozenset({MADE}), {})
FED = Excuses(frozenset(), {"public.a_id_seq": frozenset({ID})})


def state(
    *, at: int = 5, ids: int = 1, made: int = 1, values: int = 3, objects: tuple[SchemaObject, ...] = ()
) -> State:
    columns = {"id": ColumnContents(3, ids, "hash", 1), "made": ColumnContents(values, made, "hash", 2)}
    sequences = {"public.a_id_seq": SequencePosition(at, is_called=True)}
    return State(Schema(objects), Contents({"public.a": TableContents(3, columns)}, sequences))


def left(excuses: Excuses, other: State) -> StateDifference:
    return excuses.take_from(compare_states(state(), other))


def test_values_that_two_honest_runs_make_otherwise_are_excused() -> None:
    assert left(NONE, state(made=2))
    assert not left(VOLATILE, state(made=2))


def test_nulls_in_their_place_are_not() -> None:
    assert left(VOLATILE, state(made=2, values=2))


def test_a_sequence_that_moved_on_is_excused_and_so_are_the_numbers_it_gave() -> None:
    assert not left(FED, state(at=8, ids=2))
    assert not left(NONE, state(at=8))


@pytest.mark.parametrize("excuses", [NONE, FED])
def test_other_numbers_from_a_sequence_that_did_not_move_are_no_accident(excuses: Excuses) -> None:
    assert left(excuses, state(ids=2))


def test_a_sequence_that_went_back_has_no_excuse() -> None:
    assert left(FED, state(at=2))


def test_the_schema_never_has_an_excuse() -> None:
    assert left(VOLATILE, state(objects=(SchemaObject("table", "public.b", {}),)))
