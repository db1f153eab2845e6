"""What was measured overrules what was foretold, and nothing is withdrawn that was not looked at."""

from __future__ import annotations

import pytest

from migsafe.catalog import Catalog
from migsafe.findings import CheckResult, Finding, Lock, Outcome, Rewrite, Scan, ServerError, Severity, Statement
from migsafe.lint.measured import MEASURED, overruled, told_once
from migsafe.lint.run import Linter
from migsafe.lint.script import script_of
from migsafe.rules import rules
from tests.fix_project import PLAIN, Project

ALTER = "ALTER TABLE t ALTER COLUMN n TYPE bigint"
LOCK = Lock("public.t", "ACCESS EXCLUSIVE", ("reads", "writes", "DDL"))
REWRITE = Rewrite("public.t", "table", "column type")


def linted(rule: str, sql: str) -> CheckResult:
    catalog = Catalog()
    linter = Linter(rules=(rules()[rule],))
    linter.lint(script_of("CREATE TABLE t (n integer);"), catalog)
    findings = linter.lint(script_of(sql), catalog)
    assert findings
    return CheckResult("lint", Outcome.FAILED, "1 error", "", findings)


def test_a_rewrite_that_was_seen_confirms_the_finding() -> None:
    (finding,) = overruled(
        linted("type-change-rewrites", ALTER), (Statement(ALTER, 1.0, locks=(LOCK,), rewrites=(REWRITE,)),)
    ).findings
    (measured,) = [each.text for each in finding.evidence if each.label == MEASURED]
    assert measured == "the sandbox saw ACCESS EXCLUSIVE lock on public.t while it is written anew"


def test_one_that_was_not_seen_withdraws_it_and_the_reason_says_so() -> None:
    result = overruled(linted("type-change-rewrites", ALTER), (Statement(ALTER, 1.0, locks=(LOCK,)),))
    assert (result.outcome, result.answer, result.findings) == (Outcome.PASSED, "clean", ())
    assert result.reason == "measured, and not so: type-change-rewrites on t"


@pytest.mark.parametrize(
    ("statements", "not_traced"),
    [
        ((Statement(ALTER, 1.0),), ""),
        ((Statement(ALTER, 1.0, locks=(LOCK,)),), "the server counts no scans"),
        ((Statement("ALTER TABLE other ADD a int", 1.0, locks=(LOCK,)),), ""),
        ((Statement(ALTER, 1.0, locks=(LOCK,), error=ServerError("57014", "canceled")),), ""),
    ],
    ids=["no lock was seen", "it was not traced", "it was not run", "it failed"],
)
def test_nothing_is_withdrawn_that_was_not_looked_at(statements: tuple[Statement, ...], not_traced: str) -> None:
    result = linted("type-change-rewrites", ALTER)
    assert overruled(result, statements, not_traced) == result


def test_what_happens_to_a_partition_or_under_another_name_counts() -> None:
    statement = Statement(
        ALTER, 1.0, locks=(Lock("public.part", "ACCESS EXCLUSIVE"),), rewrites=(Rewrite("public.part", "table", ""),)
    )
    assert overruled(linted("type-change-rewrites", ALTER), (statement,)).findings


def test_a_lock_that_is_held_since_an_earlier_statement_counts() -> None:
    check = "ALTER TABLE t VALIDATE CONSTRAINT c"
    script = f"BEGIN; ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID; {check}; COMMIT;"
    add = Statement("ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID", 1.0, transaction=1, locks=(LOCK,))
    validate = Statement(check, 1.0, transaction=1, scans=(Scan("public.t", 9, whole=True),))
    result = linted("validated-in-same-transaction", script)
    assert overruled(result, (add, validate)).findings
    alone = Statement(
        check, 1.0, locks=(Lock("public.t", "SHARE UPDATE EXCLUSIVE"),), scans=(Scan("public.t", 9, whole=True),)
    )
    assert not overruled(result, (add, alone)).findings


def test_a_rule_that_claims_more_than_a_lock_is_not_overruled() -> None:
    result = linted("truncate", "TRUNCATE t")
    assert overruled(result, (Statement("TRUNCATE t", 1.0, locks=(Lock("public.t", "ACCESS SHARE"),)),)) == result


BOUNDED = '[server]\nsettings = { lock_timeout = "2s" }\n'
"""The text of the migrations doesn't show it."""

# What EXECUTE is given isn't known before it is run.
BEHIND_A_CHECK = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint);\n"
    "DO $$BEGIN EXECUTE format('ALTER TABLE %I ADD CHECK (customer IS NOT NULL)', 'orders'); END$$;\n"
)
NOT_NULL = "ALTER TABLE orders ALTER COLUMN customer SET NOT NULL;\n"


@pytest.mark.parametrize(
    ("settings", "first", "kept", "withdrawn"),
    [
        (PLAIN + BOUNDED, BEHIND_A_CHECK, (), ("lock-without-timeout", "set-not-null-scans")),
        (PLAIN, BEHIND_A_CHECK, ("lock-without-timeout",), ("set-not-null-scans",)),
        (PLAIN + BOUNDED, BEHIND_A_CHECK.splitlines()[0], ("set-not-null-scans",), ("lock-without-timeout",)),
    ],
)
def test_the_gate_withdraws_what_the_sandbox_saw_not_to_be_so_and_keeps_the_rest(
    sql_project: Project, settings: str, first: str, kept: tuple[str, ...], withdrawn: tuple[str, ...]
) -> None:
    sql_project.write({"migsafe.toml": settings, "migrations/1.sql": first, "migrations/2.sql": NOT_NULL})
    ran = sql_project.migsafe("check", "--quiet", "--format", "json", "--revision", "1", "--check", "lint")
    (lint,) = [each for each in ran.report["migrations"][0]["checks"] if each["check"] == "lint"]
    assert {each["rule"] for each in lint["findings"]} == {*kept}
    said = lint["reason"].rpartition("measured, and not so: ")[2]
    assert {*said.split(", ")} == {f"{each} on orders" for each in withdrawn}
    for finding in lint["findings"]:
        assert [each["label"] for each in finding["evidence"]] == ["statement", "measured"]
        assert finding["severity"] == Severity.WARNING


@pytest.mark.parametrize(("checks", "told"), [("lint,locks", "locks-no-timeout"), ("lint", "lock-without-timeout")])
def test_a_lock_without_a_timeout_is_told_once(sql_project: Project, checks: str, told: str) -> None:
    first = "CREATE TABLE orders (id bigint PRIMARY KEY);\nINSERT INTO orders VALUES (1);\n"
    sql_project.write(
        {
            "migsafe.toml": PLAIN,
            "migrations/1.sql": first,
            "migrations/2.sql": "ALTER TABLE orders ADD COLUMN note text;\n",
        }
    )
    ran = sql_project.migsafe("check", "--quiet", "--format", "json", "--revision", "1", "--check", checks)
    found = [each["rule"] for check in ran.report["migrations"][0]["checks"] for each in check["findings"]]
    assert found == [told]


def test_what_is_told_elsewhere_does_not_make_a_text_clean_that_was_read_in_part() -> None:
    foretold, seen = (
        Finding("lock-without-timeout", Severity.WARNING, "a"),
        Finding("locks-no-timeout", Severity.WARNING, "b"),
    )
    lint = CheckResult("lint", Outcome.PASSED, "1 found", "not analysed: 1.sql: EXECUTE", (foretold,))
    told, _ = told_once((lint, CheckResult("locks", Outcome.PASSED, "brief", "", (seen,))))
    assert (told.answer, told.findings) == ("in part", ())


def test_a_rule_that_is_an_error_is_not_told_by_a_warning() -> None:
    lint = CheckResult("lint", Outcome.FAILED, "1 error", "", (Finding("lock-without-timeout", Severity.ERROR, "a"),))
    locks = CheckResult("locks", Outcome.PASSED, "brief", "", (Finding("locks-no-timeout", Severity.WARNING, "b"),))
    assert told_once((lint, locks)) == (lint, locks)
