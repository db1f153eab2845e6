from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migsafe.errors import CannotCheck
from migsafe.postgres.server import Server
from migsafe.rows.buckets import BYTES_PER_KEY, buckets_for, division_by_range
from migsafe.rows.compare import RowDifference, compare_rows
from migsafe.state import compare_states, read_state
from tests.fix_state import fresh_database

Sides = tuple[psycopg.Connection, psycopg.Connection]
Rows = dict[int, tuple[str | None, int | None]]

TEXTS = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
VALUES = st.tuples(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1))
TABLES = st.dictionaries(st.integers(-3, 40), VALUES, max_size=25)


@pytest.fixture(scope="module")
def sides(server: Server) -> Iterator[Sides]:
    with fresh_database(server) as before, fresh_database(server) as after:
        yield before, after


def fill(connection: psycopg.Connection, rows: list[tuple[object, ...]], key: str) -> None:
    connection.execute(
        f'DROP TABLE IF EXISTS t; CREATE TABLE t (place integer {key}, "key" text, "a ""b" bigint)'.encode()
    )
    connection.cursor().executemany("INSERT INTO t VALUES (%s, %s, %s)", rows)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=TABLES, new=TABLES, kept=st.sets(st.integers(-3, 40)))
def test_exactly_the_rows_that_differ_are_found(sides: Sides, old: Rows, new: Rows, kept: set[int]) -> None:
    new |= {key: old[key] for key in kept & old.keys()}
    for connection, rows in zip(sides, (old, new), strict=True):
        fill(connection, [(key, *values) for key, values in rows.items()], "PRIMARY KEY")
    found = compare_rows(*sides, "public.t", limit=1000)
    changed = {key for key in old.keys() & new.keys() if old[key] != new[key]}
    assert (found.missing, found.extra, found.changed) == (len(old.keys() - new), len(new.keys() - old), len(changed))
    assert {int(sample.key["place"] or "") for sample in found.samples} == (old.keys() ^ new.keys()) | changed
    assert bool(found) == bool(compare_states(*map(read_state, sides)).contents)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=st.lists(VALUES, max_size=12), new=st.lists(VALUES, max_size=12), kept=st.integers(0, 12))
def test_without_a_key_rows_are_compared_as_a_multiset(
    sides: Sides, old: list[tuple[object, ...]], new: list[tuple[object, ...]], kept: int
) -> None:
    new = new + old[:kept]
    for connection, rows in zip(sides, (old, new), strict=True):
        fill(connection, [(1, *values) for values in rows], "")
    found = compare_rows(*sides, "public.t")
    before, after = Counter(old), Counter(new)
    assert (found.missing, found.extra, found.changed) == ((before - after).total(), (after - before).total(), 0)
    assert bool(found) == bool(compare_states(*map(read_state, sides)).contents)


def test_a_changed_row_is_shown_with_the_columns_that_changed(sides: Sides) -> None:
    fill(sides[0], [(1, "x", 1), (2, "y", 2), (3, None, 3)], "PRIMARY KEY")
    fill(sides[1], [(1, "x", 1), (2, "z", 2), (4, "", 4)], "PRIMARY KEY")
    found = compare_rows(*sides, "public.t")
    assert sorted(found.samples, key=lambda sample: str(sample.key)) == [
        RowDifference({"place": "2"}, {"key": "y"}, {"key": "z"}),
        RowDifference({"place": "3"}, {"key": None, 'a "b': "3"}, None),
        RowDifference({"place": "4"}, None, {"key": "", 'a "b': "4"}),
    ]


def test_only_the_buckets_that_differ_are_read_and_counts_stay_exact_beyond_the_samples(sides: Sides) -> None:
    for connection in sides:
        fill(connection, [], "PRIMARY KEY")
        connection.execute("INSERT INTO t SELECT i, i, i FROM generate_series(1, 20000) i")
    sides[1].execute("UPDATE t SET \"key\" = 'x' WHERE place % 1000 = 0")
    found = compare_rows(*sides, "public.t", limit=3)
    assert (found.missing, found.extra, found.changed, len(found.samples)) == (0, 0, 20, 3)
    assert found == compare_rows(*sides, "public.t", limit=3)


@pytest.mark.parametrize("key", ["i", "i - 10000", "i::bigint << 22", "i + 9223372036854755807"])
def test_rows_of_a_large_table_are_found_wherever_its_keys_lie(sides: Sides, key: str) -> None:
    for connection in sides:
        connection.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigint PRIMARY KEY, v integer)")
        connection.execute(f"INSERT INTO t SELECT {key}, i FROM generate_series(1, 20000) i".encode())
    sides[0].execute("DELETE FROM t WHERE v IN (20000, 7)")
    sides[1].execute("DELETE FROM t WHERE v IN (1, 8)")
    sides[1].execute("UPDATE t SET v = -v WHERE v % 5000 = 9")
    found = compare_rows(*sides, "public.t", limit=1000)
    assert (found.missing, found.extra, found.changed, found.rows) == (2, 2, 4, (19998, 19998))
    assert {abs(int(sample.old["v"] or "")) for sample in found.samples if sample.old} == {1, 8, 9, 5009, 10009, 15009}


@given(keys=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), size=st.integers(0, 2**40), spread=st.integers(0))
def test_a_division_by_range_has_a_bucket_for_each_key(keys: list[int], size: int, spread: int) -> None:
    keys = [keys[0] + (key - keys[0]) % (spread + 1) for key in keys]
    division = division_by_range(size, min(keys), max(keys))
    if division is None:
        assert (max(keys) - min(keys)) * BYTES_PER_KEY > size
    else:
        assert {(key >> (division.shift or 0)) - division.first for key in keys} <= {*range(division.number)}
        assert division.number <= buckets_for(size)


def test_sides_with_other_columns_and_types_are_compared_on_what_they_share(sides: Sides) -> None:
    sides[0].execute("DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, u text, gone text)")
    sides[1].execute("DROP TABLE IF EXISTS t; CREATE TABLE t (u uuid, id bigint PRIMARY KEY, come text)")
    for connection in sides:
        connection.execute("INSERT INTO t (id, u) SELECT i, md5(i::text)::uuid FROM generate_series(1, 5) i")
    found = compare_rows(*sides, "public.t")
    assert not found
    assert found.columns == ("id", "u")


def test_a_composite_key_tells_rows_apart(sides: Sides) -> None:
    for connection in sides:
        connection.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (a text, b integer, v text, PRIMARY KEY (b, a))")
    sides[0].execute("INSERT INTO t VALUES ('x', 1, 'p'), ('x', 2, 'q'), ('y', 1, 'r')")
    sides[1].execute("INSERT INTO t VALUES ('x', 1, 'q'), ('x', 2, 'p'), ('y', 1, 'r')")
    found = compare_rows(*sides, "public.t")
    assert found.changed == 2
    assert {tuple(sample.key.items()) for sample in found.samples} == {
        (("b", "1"), ("a", "x")),
        (("b", "2"), ("a", "x")),
    }


def test_a_table_that_is_not_there_can_not_be_compared(sides: Sides) -> None:
    with pytest.raises(CannotCheck, match="no such table"):
        compare_rows(*sides, "public.nowhere")


def test_a_surplus_of_copies_says_which_side_has_it(sides: Sides) -> None:
    fill(sides[0], [(1, "x", 1), (2, "y", 1), (2, "y", 1), (2, "y", 1)], "")
    fill(sides[1], [(1, "x", 1), (1, "x", 1), (2, "y", 1)], "")
    found = compare_rows(*sides, "public.t")
    assert sorted(found.samples, key=lambda sample: sample.copies) == [
        RowDifference({"place": "1", "key": "x", 'a "b': "1"}, None, {}, 1),
        RowDifference({"place": "2", "key": "y", 'a "b': "1"}, {}, None, 2),
    ]


def test_columns_that_changed_are_counted(sides: Sides) -> None:
    fill(sides[0], [(number, "x", number) for number in range(50)], "PRIMARY KEY")
    fill(sides[1], [(number, "x", number // 10) for number in range(49)], "PRIMARY KEY")
    found = compare_rows(*sides, "public.t", limit=0)
    assert (found.changed, found.missing, found.looked_into) == (48, 1, 48)
    assert found.changed_columns == {'a "b': 48}


def test_integers_that_postgresql_hashes_alike_are_told_apart(sides: Sides) -> None:
    for connection, value in zip(sides, (-1, 4294967295), strict=True):
        connection.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigint PRIMARY KEY, v bigint)")
        connection.execute(f"INSERT INTO t VALUES (-1, {value}), (4294967295, 1)".encode())
    found = compare_rows(*sides, "public.t")
    assert (found.changed, found.samples) == (1, (RowDifference({"id": "-1"}, {"v": "-1"}, {"v": "4294967295"}),))


def test_partitioned_tables_are_compared_as_wholes_however_they_are_divided(sides: Sides) -> None:
    for connection, middle in zip(sides, (10, 30), strict=True):
        connection.execute(
            "DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);"
            f"CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO ({middle});"
            f"CREATE TABLE high PARTITION OF t FOR VALUES FROM ({middle}) TO (100);"
            "INSERT INTO t SELECT i, i FROM generate_series(1, 60) i".encode()
        )
    assert not compare_rows(*sides, "public.t")
    sides[1].execute("UPDATE t SET v = 'other' WHERE id = 40")
    found = compare_rows(*sides, "public.t")
    sides[0].execute("DROP TABLE t")
    sides[1].execute("DROP TABLE t")
    assert found.samples == (RowDifference({"id": "40"}, {"v": "40"}, {"v": "other"}),)
