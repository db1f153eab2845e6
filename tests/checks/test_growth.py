"""Labels of statements from what they did at two sizes: unit tests, without a server."""

from __future__ import annotations

from dataclasses import replace

from migsafe.checks.growth import confirmed, labels, with_growth
from migsafe.findings import Growth, Scan, ServerError, Statement

ALTER = Statement("ALTER TABLE orders ADD COLUMN n int", 1.0, "ALTER TABLE")
UPDATE = Statement("UPDATE orders SET n = 1 WHERE id < 100", 1.0, "UPDATE 10", rows=10, transaction=1)


def growth(small: Statement, large: Statement) -> Growth:
    return labels([small], [small], [large], 1_000)[0].growth


def test_counts_that_grow_make_the_work_grow_however_fast_it_is() -> None:
    scanned = [replace(ALTER, scans=(Scan("public.orders", rows, whole=True),)) for rows in (10, 40)]
    assert growth(*scanned) is Growth.GROWING
    assert growth(UPDATE, replace(UPDATE, rows=40, milliseconds=0.5)) is Growth.GROWING
    assert growth(replace(ALTER, wal_bytes=50_000), replace(ALTER, wal_bytes=400_000)) is Growth.GROWING


def test_counts_that_stay_and_pages_of_the_catalogs_are_constant() -> None:
    assert growth(UPDATE, replace(UPDATE, milliseconds=3.0)) is Growth.CONSTANT
    assert growth(replace(ALTER, wal_bytes=500), replace(ALTER, wal_bytes=90_000)) is Growth.CONSTANT


def test_what_a_commit_writes_was_done_before_it() -> None:
    commit = Statement("COMMIT", 1.0, "COMMIT", wal_bytes=100_000)
    assert growth(commit, replace(commit, wal_bytes=4_000_000)) is Growth.CONSTANT


def test_time_alone_tells_only_beyond_a_floor_and_twice() -> None:
    assert growth(ALTER, replace(ALTER, milliseconds=90.0)) is Growth.CONSTANT
    slow = labels([ALTER], [ALTER], [replace(ALTER, milliseconds=400.0)], 0)
    fast = labels([ALTER], [ALTER], [replace(ALTER, milliseconds=5.0)], 0)
    stalled = labels([ALTER], [replace(ALTER, milliseconds=200.0)], [replace(ALTER, milliseconds=410.0)], 0)
    assert confirmed(slow, slow)[0].growth is Growth.GROWING
    assert confirmed(slow, fast)[0].growth is Growth.CONSTANT
    assert confirmed(slow, stalled)[0].growth is Growth.CONSTANT


def test_the_time_of_answers_that_came_together_is_nobodys() -> None:
    first = replace(ALTER, transaction=1)
    together = replace(UPDATE, milliseconds=0.01)
    found = labels([first, together], [first, together], [replace(first, milliseconds=900.0), together], 0)
    assert found[0].growth is Growth.CONSTANT


def test_batches_are_known_again_by_their_place_and_text_without_numbers() -> None:
    batch = [replace(UPDATE, sql=f"UPDATE orders SET n = 1 WHERE id < {n}") for n in range(8)]
    apart = [replace(each, transaction=number) for number, each in enumerate(batch)]
    assert {each.growth for each in labels(batch[:2], batch[:2], batch, 0).values()} == {Growth.GROWING}
    assert {each.growth for each in labels(apart[:2], apart[:2], apart, 0).values()} == {Growth.CONSTANT}


def test_what_failed_or_was_not_run_at_both_sizes_has_no_label() -> None:
    failed = replace(UPDATE, error=ServerError("23505", "duplicate key"))
    found = labels([ALTER, UPDATE], [ALTER, UPDATE], [ALTER, failed], 0)
    assert [each.growth for each in with_growth([ALTER, UPDATE], found)] == [Growth.CONSTANT, None]
