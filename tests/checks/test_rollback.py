"""The way back is lossless, lossy, broken or absent, and what doesn't come back is named and counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migsafe.checks.rollback.check import check_rollback
from migsafe.findings import CheckResult, Outcome, Severity
from tests.fix_sql_files import Folder
from tests.fix_steps import Stand

TakenBack = Callable[..., CheckResult]

TABLE = """
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text DEFAULT 'usual' NOT NULL, n integer);
CREATE INDEX t_v ON t (v);
COMMENT ON COLUMN t.v IS 'said';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
GRANT SELECT (v) ON t TO PUBLIC;
CREATE SEQUENCE free;
CREATE TABLE bare (x integer, y text, z text);
INSERT INTO bare SELECT g, g, g % 3 FROM generate_series(1, 9) g;
CREATE TYPE mood AS ENUM ('sad', 'calm');
CREATE TABLE pair (id integer PRIMARY KEY, a text, b text);
INSERT INTO pair VALUES (1, 'left', 'right');
"""
ROWS = "INSERT INTO t (v, n) VALUES ('a', 1), ('b', NULL), ('c', 3); SELECT setval('free', 40)"

ANEW = """
ALTER TABLE t ADD COLUMN v text DEFAULT 'usual' NOT NULL;
CREATE INDEX t_v ON t (v);
COMMENT ON COLUMN t.v IS 'said';
GRANT SELECT (v) ON t TO PUBLIC;
"""


@pytest.fixture
def taken_back(stand: Stand, sql_files: Folder) -> TakenBack:
    """``taken_back(up, down, **settings)``: what the check says of a plain migration on three rows."""

    def check(up: str, down: str | None, **settings: object) -> CheckResult:
        files = {"1.sql": TABLE, "2.up.sql": up}
        history = sql_files(files if down is None else {**files, "2.down.sql": down}, kind="plain")
        return check_rollback(stand(history, ROWS, **settings))

    return check


LOSSLESS = [
    ("ALTER TABLE t ADD COLUMN w text", "ALTER TABLE t DROP COLUMN w"),
    (
        "ALTER TABLE t RENAME v TO w; UPDATE t SET w = upper(w)",
        "UPDATE t SET w = lower(w); ALTER TABLE t RENAME w TO v",
    ),
    ("CREATE TABLE u (id serial); INSERT INTO u DEFAULT VALUES", "DROP TABLE u"),
    ("INSERT INTO t (v) VALUES ('new')", "DELETE FROM t WHERE v = 'new'"),
    ("ALTER TABLE t ADD COLUMN at timestamptz DEFAULT clock_timestamp()", "ALTER TABLE t DROP COLUMN at"),
    (
        "ALTER TABLE bare RENAME x TO w",
        "ALTER TABLE bare ADD x integer; UPDATE bare SET x = w; ALTER TABLE bare DROP w",
    ),
    ("SELECT 1", "SELECT 1"),
]


@pytest.mark.parametrize(("up", "down"), LOSSLESS)
def test_a_way_back_that_leads_back_is_lossless(taken_back: TakenBack, up: str, down: str) -> None:
    result = taken_back(up, down)
    assert (result.outcome, result.answer, result.findings) == (Outcome.PASSED, "lossless", ()), result


def test_values_that_were_kept_aside_come_back_though_the_column_stands_elsewhere(taken_back: TakenBack) -> None:
    result = taken_back(
        "CREATE TABLE aside AS SELECT id, v FROM t; ALTER TABLE t DROP COLUMN v",
        f"{ANEW} UPDATE t SET v = aside.v FROM aside WHERE aside.id = t.id; DROP TABLE aside",
    )
    assert (result.outcome, result.answer) == (Outcome.PASSED, "lossless"), result
    assert "public.t.v" in result.reason


LOSSY = [
    ("ALTER TABLE t DROP COLUMN n", "ALTER TABLE t ADD COLUMN n integer", "public.t.n", "2 of 3 values", "nulled"),
    ("ALTER TABLE t DROP COLUMN v", ANEW, "public.t.v", "3 of 3 values", "changed"),
    ("UPDATE t SET v = left(v, 0)", "UPDATE t SET v = ''", "public.t.v", "3 of 3 values", "truncated"),
    ("DELETE FROM t WHERE n IS NULL", "SELECT 1", "public.t", "1 of 3 rows", "does not come back"),
    (
        "ALTER TABLE t ALTER n TYPE text",
        "UPDATE t SET n = NULL WHERE n = '3' OR n !~ '^[0-9]$'; ALTER TABLE t ALTER n TYPE integer USING n::integer",
        "public.t.n",
        "1 of 3 values",
        "nulled",
    ),
]


@pytest.mark.parametrize(("up", "down", "object_", "count", "how"), LOSSY)
def test_what_does_not_come_back_is_counted(
    taken_back: TakenBack, up: str, down: str, object_: str, count: str, how: str
) -> None:
    result = taken_back(up, down + ";SET lock_timeout = 0; CREATE TABLE IF NOT EXISTS x (); DROP TABLE x")
    assert (result.outcome, result.answer) == (Outcome.FAILED, "lossy"), result
    (finding,) = (each for each in result.findings if each.rule != "rollback-new-rows")
    assert (finding.rule, finding.location.object) == ("rollback-lossy", object_)
    assert count in finding.message
    assert how in finding.message


def test_what_the_migration_corrects_may_stay_corrected(taken_back: TakenBack) -> None:
    result = taken_back("UPDATE t SET v = upper(v), n = coalesce(n, 0)", "ANALYZE t")
    assert (result.outcome, result.answer) == (Outcome.PASSED, "lossy"), result
    assert {each.severity for each in result.findings} == {Severity.NOTE}


BROKEN = [
    ("DROP INDEX t_v", "ANALYZE t", "index public.t_v is missing"),
    ("ALTER TABLE t ALTER v DROP DEFAULT", "ANALYZE t", "column public.t.v is not as before"),
    ("DROP TRIGGER touched ON t", "ANALYZE t", "touched"),
    ("COMMENT ON COLUMN t.v IS NULL", "ANALYZE t", "column public.t.v is not as before"),
    ("REVOKE SELECT (v) ON t FROM PUBLIC", "ANALYZE t", "column public.t.v is not as before"),
    ("CREATE TABLE u ()", "ANALYZE t", "table public.u is left over"),
    ("CREATE TABLE u ()", "DROP TABLE u; DROP INDEX t_v", "index public.t_v is missing"),
    ("ALTER TABLE t ADD w text", "ALTER TABLE t DROP COLUMN x", 'column "x" of relation "t" does not exist'),
    ("INSERT INTO t (v) VALUES ('new')", "ANALYZE t", "1 row of public.t is left over"),
    (
        "ALTER TABLE t ALTER id DROP IDENTITY",
        "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        "sequence stands further back",
    ),
    ("SELECT nextval('free')", "ALTER SEQUENCE free RESTART", "sequence stands further back"),
]


@pytest.mark.parametrize(("up", "down", "says"), BROKEN)
def test_what_is_left_over_missing_or_other_is_named(taken_back: TakenBack, up: str, down: str, says: str) -> None:
    result = taken_back(up, down)
    assert (result.outcome, result.answer) == (Outcome.FAILED, "broken"), result
    (finding,) = result.findings
    assert finding.rule == "rollback-broken"
    assert says in finding.message


def test_a_label_that_no_way_back_can_take_from_its_enum_is_no_harm_and_said(taken_back: TakenBack) -> None:
    up = "ALTER TYPE mood ADD VALUE {} 'happy' BEFORE 'calm'; ALTER TABLE t ADD COLUMN w text"
    down = "ALTER TABLE t DROP COLUMN w"
    result = taken_back(up.format("IF NOT EXISTS"), down)
    assert (result.outcome, result.answer) == (Outcome.PASSED, "lossless"), result
    assert "labels that stay: public.mood happy" in result.reason
    assert [each.rule for each in taken_back(up.format(""), down).findings] == ["rollback-not-again"]


def test_two_columns_that_come_back_under_each_others_name_are_told(taken_back: TakenBack) -> None:
    down = "ALTER TABLE pair RENAME a TO c; ALTER TABLE pair RENAME b TO a; ALTER TABLE pair RENAME c TO b"
    result = taken_back("ALTER TABLE pair ADD c text", f"ALTER TABLE pair DROP c; {down}")
    (finding,) = result.findings
    assert (result.answer, finding.location.object) == ("lossy", "public.pair")
    assert any("a left → right" in each.text for each in finding.evidence), finding


def test_no_way_back_passes_unless_one_is_required(taken_back: TakenBack) -> None:
    up = "ALTER TABLE t ADD COLUMN w text"
    assert [(r.outcome, r.answer) for r in (taken_back(up, None), taken_back(up, "-- nothing\n"))] == [
        (Outcome.PASSED, "absent"),
        (Outcome.PASSED, "absent"),
    ]
    required = taken_back(up, "", rollback="required")
    assert (required.outcome, required.findings[0].rule) == (Outcome.FAILED, "rollback-absent")


@pytest.mark.parametrize(("again", "says"), [("SELECT 1 / 0", "division by zero"), ("CREATE TABLE w ()", "elsewhere")])
def test_a_way_back_after_which_the_way_forward_is_another(taken_back: TakenBack, again: str, says: str) -> None:
    """A setting of the role or database is in no state: the one thing that a migration can find other than it was."""
    up = f"DO $$ BEGIN IF current_setting('my.run', true) = '2' THEN EXECUTE '{again}'; END IF; END $$"
    down = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET my.run = 2', current_database()); END $$"
    result = taken_back(up, down)
    (finding,) = result.findings
    assert (result.answer, finding.rule) == ("broken", "rollback-not-again")
    assert says in finding.message


@pytest.mark.parametrize(
    ("up", "down", "says"),
    [
        ("ALTER TABLE t ALTER n TYPE bigint", "ALTER TABLE t ALTER n TYPE integer", "integer out of range"),
        ("ALTER TABLE t ALTER v DROP NOT NULL", "ALTER TABLE t ALTER v SET NOT NULL", "contains null values"),
    ],
)
def test_what_the_new_application_may_write_breaks_the_way_back(
    taken_back: TakenBack, up: str, down: str, says: str
) -> None:
    result = taken_back(up, down)
    (finding,) = result.findings
    assert (result.answer, finding.rule) == ("broken", "rollback-breaks-on-new-rows")
    assert says in finding.message


def test_after_a_migration_that_failed_it_is_not_checked(taken_back: TakenBack) -> None:
    assert taken_back("SELECT nonsense", "SELECT 1").outcome is Outcome.NOT_CHECKED


@pytest.mark.parametrize(
    ("down", "rule", "object_", "says", "severity"),
    [
        (
            "DELETE FROM t WHERE id > 3 AND n IS NULL",
            "rollback-new-rows",
            "public.t",
            "1 of 3 rows is gone",
            Severity.WARNING,
        ),
        (
            "ALTER TABLE t ALTER n TYPE integer USING CASE WHEN n < 100 THEN n END",
            "rollback-new-rows",
            "public.t.n",
            "2 of 3 values are nulled",
            Severity.NOTE,
        ),
        (
            "DELETE FROM t WHERE n = 1 AND (SELECT max(id) FROM t) > 3",
            "rollback-lossy-on-new-rows",
            "public.t",
            "1 of 3 old rows of public.t does not come back",
            Severity.ERROR,
        ),
        (
            "UPDATE t SET n = NULL WHERE id < 3 AND (SELECT max(id) FROM t) > 3",
            "rollback-lossy-on-new-rows",
            "public.t.n",
            "1 of 3 old values of public.t.n does not come back: it is nulled",
            Severity.ERROR,
        ),
        (
            "UPDATE pair SET a = (SELECT min(a) FROM pair) WHERE id = 1 AND (SELECT max(id) FROM pair) > 1",
            "rollback-lossy-on-new-rows",
            "public.pair.a",
            "1 of 1 old value of public.pair.a does not come back: it is changed",
            Severity.NOTE,
        ),
    ],
)
def test_what_the_way_back_does_only_once_there_are_new_rows_is_told_of_old_and_new_apart(
    taken_back: TakenBack, down: str, rule: str, object_: str, says: str, severity: Severity
) -> None:
    type_ = "ALTER TABLE t ALTER n TYPE bigint"
    back = down if "TYPE integer" in down else f"{down}; ALTER TABLE t ALTER n TYPE integer USING n % 1000000000"
    found = {(each.rule, each.location.object): each for each in taken_back(type_, back).findings}
    finding = found.pop((rule, object_))
    assert says in finding.message
    assert finding.severity is severity
    assert {other for other, _ in found} <= {"rollback-new-rows"}, found


def test_what_is_lost_without_new_rows_is_not_said_of_them_again(taken_back: TakenBack) -> None:
    result = taken_back("ALTER TABLE t DROP COLUMN n", "ALTER TABLE t ADD COLUMN n integer")
    assert [(each.rule, each.location.object) for each in result.findings] == [("rollback-lossy", "public.t.n")]
