"""What became of every value is told apart, and what can't be known is said."""

from __future__ import annotations

import pytest

from migsafe.checks.data.check import check_data
from migsafe.findings import CheckResult, Outcome
from tests.fix_data import Try

KEYED = "CREATE TABLE t (id integer PRIMARY KEY, v {type}); INSERT INTO t VALUES (1, {value}), (2, NULL);"


def rules(result: CheckResult) -> dict[str, str]:
    """The rule of each finding by the object that it is about."""
    return {str(finding.location.object): finding.rule for finding in result.findings}


CASES = [
    ("text", "'abcdef'", "ALTER TABLE t ALTER v TYPE varchar(3) USING v::varchar(3)", "truncated"),
    ("text", "'abc  '", "UPDATE t SET v = rtrim(v)", "changed"),
    ("text", "'abc'", "UPDATE t SET v = 'ABC' WHERE id = 1", "changed"),
    ("text", "'abc'", "UPDATE t SET v = NULL", "nulled"),
    ("text", "NULL", "UPDATE t SET v = 'now known'", "changed"),
    ("text", "'abc'", "ALTER TABLE t ALTER v TYPE varchar(3)", "re-typed"),
    ("text", "'a'", "CREATE TYPE e AS ENUM ('a'); ALTER TABLE t ALTER v TYPE e USING v::e", "re-typed"),
    ("text", "'1.25'", "ALTER TABLE t ALTER v TYPE integer USING v::numeric::integer", "rounded"),
    ("text", "'007'", "ALTER TABLE t ALTER v TYPE integer USING v::integer", "changed"),
    ("char(6)", "'abc'", "ALTER TABLE t ALTER v TYPE text", "re-typed"),
    ("bytea", r"'\x010203'", r"UPDATE t SET v = '\x01'", "truncated"),
    ("bit(4)", "B'1010'", "ALTER TABLE t ALTER v TYPE bit(2) USING v::bit(2)", "truncated"),
    ("text[]", "'{a,b,c}'", "UPDATE t SET v = v[1:2]", "truncated"),
    ("integer[]", "'{1,2,3}'", "ALTER TABLE t ALTER v TYPE bigint[]", "re-typed"),
    ("box[]", "'{(1,1),(0,0)}'", "UPDATE t SET v = v WHERE id = 1; INSERT INTO t VALUES (3)", "appeared"),
    ("numeric(10,2)", "1.25", "ALTER TABLE t ALTER v TYPE integer", "rounded"),
    ("numeric(10,2)", "1.20", "ALTER TABLE t ALTER v TYPE numeric(10,1)", "re-typed"),
    ("numeric", "'NaN'", "UPDATE t SET v = 1", "changed"),
    ("integer", "5", "ALTER TABLE t ALTER v TYPE bigint", "re-typed"),
    ("bigint", "123456789", "ALTER TABLE t ALTER v TYPE real", "rounded"),
    ("float8", "0.123456789", "ALTER TABLE t ALTER v TYPE real", "rounded"),
    ("float8", "'Infinity'", "UPDATE t SET v = 0 WHERE id = 1", "changed"),
    ("timestamp", "'2024-05-01 10:11:12'", "ALTER TABLE t ALTER v TYPE date", "truncated"),
    ("timestamp", "'2024-05-01'", "ALTER TABLE t ALTER v TYPE date", "re-typed"),
    ("timestamp", "'2024-05-01 10:11:12.6'", "ALTER TABLE t ALTER v TYPE timestamp(0)", "rounded"),
    ("timestamp", "'infinity'", "UPDATE t SET v = '2024-01-01' WHERE id = 1", "changed"),
    ("timestamptz", "'2024-05-01 10:11+00'", "ALTER TABLE t ALTER v TYPE timestamp", "shifted"),
    ("timestamp", "'2024-05-01 10:11'", "ALTER TABLE t ALTER v TYPE timestamptz", "shifted"),
    ("timestamp", "'infinity'", "ALTER TABLE t ALTER v TYPE timestamptz", "re-typed"),
    ("timestamptz", "'2024-05-01 10:11+00'", "ALTER TABLE t ALTER v TYPE text", "shifted"),
    (
        "timestamptz",
        "'2024-05-01 10:11+00'",
        "ALTER TABLE t ALTER v TYPE timestamp USING v AT TIME ZONE 'Asia/Tokyo'",
        "re-typed",
    ),
    (
        "timestamptz",
        "'2024-05-01 10:11+00'",
        "SET TimeZone = 'UTC'; ALTER TABLE t ALTER v TYPE timestamp",
        "re-typed",
    ),
    ("jsonb", """'{"a": 1}'""", "ALTER TABLE t ALTER v TYPE json", "re-typed"),
    ("json", """'{"a":1}'""", "ALTER TABLE t ALTER v TYPE jsonb", "re-typed"),
    ("interval", "'1 month'", "UPDATE t SET v = '30 days' WHERE id = 1", "changed"),
    ("text", "'abc'", 'ALTER TABLE t RENAME v TO "select"; ALTER TABLE t RENAME TO "weird ""table"', "kept"),
    ("text", "NULL", "ALTER TABLE t DROP v", "kept"),
    ("text", "'abc'", "ALTER TABLE t DROP v", "lost"),
    ("text", "'abc'", "DROP TABLE t", "lost"),
    ("text", "'abc'", "DELETE FROM t WHERE id = 2", "disappeared"),
    ("text", "'abc'", "INSERT INTO t VALUES (3, 'new')", "appeared"),
]


@pytest.mark.parametrize(("type", "value", "migration", "survival"), CASES)
def test_what_became_of_a_value(trial: Try, type: str, value: str, migration: str, survival: str) -> None:  # noqa: A002
    result = check_data(trial(KEYED.format(type=type, value=value), migration))
    assert result.answer == survival, result
    fails = survival in ("lost", "nulled", "truncated", "rounded", "shifted", "disappeared")
    assert result.outcome is (Outcome.FAILED if fails else Outcome.PASSED)


def test_what_fails_is_a_setting(trial: Try) -> None:
    before = KEYED.format(type="text", value="'abc'")
    assert check_data(trial(before, "ALTER TABLE t DROP v", data_fails=())).outcome is Outcome.PASSED
    assert check_data(trial(before, "UPDATE t SET v = 'b'", data_fails=("changed",))).outcome is Outcome.FAILED


def test_a_new_name_beside_a_change_is_followed(trial: Try) -> None:
    result = check_data(
        trial(
            KEYED.format(type="text", value="'abc'"), "UPDATE t SET v = 'ab' WHERE id = 1; ALTER TABLE t RENAME v TO w"
        )
    )
    assert rules(result) == {"public.t.v": "data-truncated"}


def test_a_table_that_is_made_anew_under_its_name_takes_the_place_of_the_old_one(trial: Try) -> None:
    rebuilt = (
        "CREATE TABLE n (id bigint PRIMARY KEY, v varchar(2)); INSERT INTO n SELECT id, left(v, 2) FROM t;"
        "DROP TABLE t; ALTER TABLE n RENAME TO t"
    )
    assert rules(check_data(trial(KEYED.format(type="text", value="'abc'"), rebuilt))) == {
        "public.t.v": "data-truncated"
    }


def test_values_that_went_to_another_table_are_followed_there_and_missed_where_they_are_not(trial: Try) -> None:
    moved = {"public.t.v": "public.n.w", "public.t.id": "public.n.t_id"}
    before = "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'abc'), (2, 'x'), (3, NULL);"
    move = "CREATE TABLE n (t_id integer PRIMARY KEY, w text); INSERT INTO n SELECT * FROM t {}; ALTER TABLE t DROP v"
    assert check_data(trial(before, move.format(""), moved=moved)).answer == "kept"
    result = check_data(trial(before, move.format("WHERE id = 1"), moved=moved))
    assert rules(result) == {"public.t.v": "data-lost"}
    assert result.findings[0].evidence[0].text == "id=2: x"
    unkeyed = check_data(trial(before, move.format("WHERE id = 1"), moved={"public.t.v": "public.n.w"}))
    assert unkeyed.outcome is Outcome.NOT_CHECKED
    assert "[checks] moved" in unkeyed.reason


def test_rows_without_a_key_are_matched_by_what_stayed_the_same(trial: Try) -> None:
    before = "CREATE TABLE t (a text, b text); INSERT INTO t VALUES ('one', 'abc'), ('two', 'abd')"
    assert rules(check_data(trial(before, "UPDATE t SET b = left(b, 1)"))) == {"public.t.b": "data-truncated"}


def test_rows_without_a_key_that_change_places_are_noticed(trial: Try) -> None:
    before = "CREATE TABLE t (a text, b text); INSERT INTO t VALUES ('one', '1'), ('two', '2')"
    result = check_data(trial(before, "UPDATE t SET b = CASE b WHEN '1' THEN '2' ELSE '1' END"))
    assert result.outcome is not Outcome.PASSED


def test_rows_that_nothing_tells_apart_are_counted_or_said_to_be_incomparable(trial: Try) -> None:
    before = "CREATE TABLE t (a text); INSERT INTO t VALUES ('x'), ('x'), ('y')"
    assert check_data(trial(before, "INSERT INTO t VALUES ('x')")).answer == "appeared"
    assert check_data(trial(before, "DELETE FROM t WHERE a = 'x'")).answer == "disappeared"
    result = check_data(trial(before, "UPDATE t SET a = 'z' WHERE a = 'x'"))
    assert (result.outcome, result.answer) == (Outcome.NOT_CHECKED, "not comparable")
    assert "rows are gone (2) and rows are new (2)" in result.reason


def test_a_primary_key_that_is_replaced_does_not_hide_what_happened(trial: Try) -> None:
    migration = (
        "ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD k uuid PRIMARY KEY DEFAULT gen_random_uuid();"
        "UPDATE t SET v = left(v, 1)"
    )
    result = check_data(trial(KEYED.format(type="text", value="'abc'"), migration))
    assert rules(result) == {"public.t.v": "data-truncated"}


def test_the_foreign_key_that_took_rows_along_is_named(trial: Try) -> None:
    before = (
        "CREATE TABLE p (id integer PRIMARY KEY); INSERT INTO p VALUES (1), (2);"
        "CREATE TABLE c (id integer PRIMARY KEY, p integer REFERENCES p ON DELETE CASCADE);"
        "CREATE TABLE s (id integer PRIMARY KEY, p integer REFERENCES p ON DELETE SET NULL);"
        "INSERT INTO c VALUES (1, 1); INSERT INTO s VALUES (1, 1)"
    )
    result = check_data(trial(before, "DELETE FROM p WHERE id = 1"))
    told = {finding.location.object: [e.text for e in finding.evidence][1:] for finding in result.findings}
    assert told == {
        "public.p": [],
        "public.c": ["c_p_fkey (ON DELETE CASCADE) refers to public.p, where rows disappeared too"],
        "public.s.p": ["s_p_fkey (ON DELETE SET NULL) refers to public.p, where rows disappeared too"],
    }


PARTITIONED = (
    "CREATE TABLE t (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);"
    "CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE high PARTITION OF t FOR VALUES FROM (10) TO (20);"
    "INSERT INTO t VALUES (1, 'abc'), (11, 'abd');"
)


@pytest.mark.parametrize(
    ("migration", "found"),
    [
        ("UPDATE t SET v = 'a' WHERE id = 1", {"public.t.v": "data-truncated"}),
        ("ALTER TABLE t DETACH PARTITION low", {}),
        ("ALTER TABLE t DETACH PARTITION low; UPDATE low SET v = NULL", {"public.low.v": "data-nulled"}),
        ("DROP TABLE low", {"public.t": "data-disappeared"}),
        ("CREATE TABLE n PARTITION OF t FOR VALUES FROM (20) TO (30)", {}),
        ("ALTER TABLE t DROP v", {"public.t.v": "data-lost"}),
        ("UPDATE t SET id = 12 WHERE id = 1", {"public.t": "data-appeared"}),
    ],
)
def test_partitions_are_looked_at_as_one_table(trial: Try, migration: str, found: dict[str, str]) -> None:
    result = check_data(trial(PARTITIONED, migration))
    assert {name: rule for name, rule in rules(result).items() if found} == found
    assert bool(result.findings) == bool(found)


def test_rows_of_a_table_without_columns_are_counted(trial: Try) -> None:
    before = "CREATE TABLE bare (); INSERT INTO bare SELECT FROM generate_series(1, 3)"
    less = check_data(trial(before, "DELETE FROM bare WHERE ctid = '(0,1)'"))
    assert rules(less) == {"public.bare": "data-disappeared"}
    assert "1 of 3 rows disappeared" in less.findings[0].message
    more = check_data(trial(before, "INSERT INTO bare DEFAULT VALUES; ALTER TABLE bare ADD a integer"))
    assert [each.rule for each in more.findings] == ["data-appeared"]
    assert check_data(trial(before, "ALTER TABLE bare ADD a integer")).findings == ()


def test_generated_columns_and_views_hold_nothing_of_their_own(trial: Try) -> None:
    before = (
        "CREATE TABLE t (id integer PRIMARY KEY, d integer GENERATED ALWAYS AS (id * 2) STORED);"
        "INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW m AS SELECT id FROM t"
    )
    assert check_data(trial(before, "DROP MATERIALIZED VIEW m; ALTER TABLE t DROP d")).answer == "kept"


def test_samples_are_the_first_by_key_and_long_values_are_cut(trial: Try) -> None:
    before = (
        "CREATE TABLE t (id integer PRIMARY KEY, v text);"
        "INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(20, 1, -1) AS n"
    )
    (finding,) = check_data(trial(before, "UPDATE t SET v = 'x'")).findings
    (evidence,) = finding.evidence
    assert evidence.text.splitlines() == [
        *(f"id={n}: {'x' * 60}... (100 characters) → x" for n in (1, 2, 3)),
        "… and 17 more",
    ]


def test_an_event_trigger_of_the_user_does_not_stand_in_the_way(trial: Try) -> None:
    before = KEYED.format(type="text", value="'abc'") + (
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more tables'; END $$;"
        "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()"
    )
    assert check_data(trial(before, "UPDATE t SET v = 'a' WHERE id = 1")).answer == "truncated"


def test_a_migration_that_failed_is_not_checked(trial: Try) -> None:
    result = check_data(trial("CREATE TABLE t ()", "SELECT nonsense"))
    assert (result.outcome, result.reason) == (Outcome.NOT_CHECKED, "the migration failed")
