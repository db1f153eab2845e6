"""The baseline file of lint: what is known is passed over as many times as it was there, counted, and never silent."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.errors import SettingsError
from migsafe.findings import STATEMENT, Evidence, Finding, Location, Severity
from migsafe.lint.known import new_baseline, read_baseline
from tests.fix_project import Project, assert_error

QUIET = "SET lock_timeout = '1s';\n"
INDEX = "CREATE INDEX orders_customer ON orders (customer);\n"
OTHER = "CREATE INDEX orders_state ON orders (state);\n"
RULES = ("index-not-concurrent", "lock-without-timeout", "drop-cascade")


def found(rule: str, file: Path, statement: str) -> Finding:
    return Finding(
        rule,
        Severity.ERROR,
        "It is.",
        location=Location(file, 1, 1, "orders"),
        evidence=(Evidence(STATEMENT, statement),),
    )


findings = st.lists(
    st.builds(
        found,
        st.sampled_from(RULES),
        st.sampled_from([Path("/m/1.sql"), Path("/m/é 表.sql"), Path("/m/sub/1.sql"), Path("/m/a\udcffb.sql")]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    )
)


@given(findings, findings)
def test_what_was_there_is_passed_over_as_many_times_and_no_more(
    tmp_path_factory: pytest.TempPathFactory, before: list[Finding], added: list[Finding]
) -> None:
    file = tmp_path_factory.getbasetemp() / "known.json"
    file.unlink(missing_ok=True)
    baseline = new_baseline(file)
    assert baseline.unknown(tuple(before)) == ()
    file.write_bytes(baseline.text(RULES).encode("utf-8", "backslashreplace"))
    known = read_baseline(file)
    shown = known.unknown((*before, *added))
    prints = Counter(each.fingerprint for each in (*before, *added))
    prints.subtract(each.fingerprint for each in before)
    assert Counter(each.fingerprint for each in shown) == +prints
    assert [each.rule for each in known.notes(RULES)] == ["lint-baseline"] * bool(before)


def history(tmp_path: Path, **files: str) -> Project:
    project = Project(tmp_path)
    project.write({"migsafe.toml": '[history]\nkind = "plain"\npath = "m"\n[lint]\nbaseline = "known.json"\n'})
    project.write({f"m/{name}.sql": text for name, text in files.items()})
    return project


def lint(project: Project, *arguments: str) -> tuple[int, list[str], list[str]]:
    """The exit code, the rules found, and the messages about the baseline file."""
    ran = project.migsafe("lint", "--format", "json", *arguments)
    checks = [check for migration in ran.report["migrations"] for check in migration["checks"]]
    rules = [each["rule"] for check in checks for each in check["findings"]]
    return ran.exit_code, rules, [each["message"] for each in ran.report["findings"]]


def test_lines_and_files_may_move_and_the_next_one_alike_is_shown(tmp_path: Path) -> None:
    project = history(tmp_path, _1=QUIET + INDEX + OTHER)
    assert project.migsafe("lint", "--write-baseline", "known.json").exit_code == 0
    text = (tmp_path / "known.json").read_text()
    assert [each["file"] for each in json.loads(text)["findings"]] == ["m/_1.sql", "m/_1.sql"]
    passed_over = "2 findings are passed over, as the baseline file says that they are known."
    assert lint(project) == (0, [], [passed_over])
    project.write({"m/_1.sql": "-- moved down\n\n" + QUIET + OTHER.replace(" ON", "\n  ON") + INDEX})
    assert lint(project) == (0, [], [passed_over])
    project.write({"m/_1.sql": QUIET + INDEX + OTHER + INDEX})
    assert lint(project) == (1, ["index-not-concurrent"], [passed_over])
    (tmp_path / "old").mkdir()
    (tmp_path / "m/_1.sql").rename(tmp_path / "old/_1.sql")
    assert lint(project, "old/_1.sql") == (1, ["index-not-concurrent"], [passed_over])


def test_what_is_no_longer_there_is_said_and_dropped_by_writing_anew(tmp_path: Path) -> None:
    project = history(tmp_path, _1=QUIET + INDEX, _2=QUIET + OTHER)
    project.migsafe("lint", "--write-baseline", "known.json")
    project.write({"m/_2.sql": QUIET})
    gone = "1 finding is known by the baseline file and no longer there."
    assert lint(project, "m/_1.sql")[2] == ["1 finding is passed over, as the baseline file says that they are known."]
    assert lint(project)[2][1:] == [gone]
    assert lint(project, "--disable", "index-not-concurrent")[2] == [], "a rule that isn't asked tells nothing"
    (tmp_path / "m/_2.sql").unlink()
    assert lint(project)[2][1:] == [gone], "nor is the file"
    project.migsafe("lint", "--write-baseline", "known.json")
    assert lint(project)[2][1:] == []


def test_a_run_on_some_files_leaves_what_is_known_of_others(tmp_path: Path) -> None:
    project = history(tmp_path, _1=QUIET + INDEX)
    project.migsafe("lint", "--write-baseline", "known.json")
    project.write({"m/_2.sql": QUIET + OTHER})
    assert lint(project)[0] == 1
    project.migsafe("lint", "m/_2.sql", "--write-baseline", "known.json")
    assert lint(project)[:2] == (0, [])


def test_what_a_comment_ignores_is_left_to_the_comment(tmp_path: Path) -> None:
    ignored = "-- migsafe: ignore index-not-concurrent nobody writes yet\n"
    project = history(tmp_path, _1=QUIET + ignored + INDEX)
    project.migsafe("lint", "--write-baseline", "known.json")
    assert json.loads((tmp_path / "known.json").read_text())["findings"] == []
    assert lint(project) == (0, ["index-not-concurrent"], [])


def test_what_is_known_doesn_t_hide_what_can_t_be_analysed(tmp_path: Path) -> None:
    dynamic = "DO $$ BEGIN EXECUTE 'DROP TABLE ' || current_user; END $$;\n"
    project = history(tmp_path, _1=QUIET + INDEX + dynamic)
    project.migsafe("lint", "--write-baseline", "known.json")
    assert lint(project, "--not-analysed", "fail")[0] == 3


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "junit", "github", "gitlab", "sarif", "gcc"])
def test_every_format_counts_what_is_passed_over(tmp_path: Path, form: str) -> None:
    project = history(tmp_path, _1=QUIET + INDEX + OTHER)
    project.migsafe("lint", "--write-baseline", "known.json")
    assert "2 findings are passed over" in " ".join(project.migsafe("lint", "--format", form).output.split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("<<<<<<< HEAD\n{}", "known.json:1:1"),
        ("[" * 20_000, "nested too deeply"),
        ("[]", "migsafe.lint-baseline/1"),
        ('{"format": "migsafe.lint-baseline/2", "findings": []}', "migsafe.lint-baseline/1"),
        ('{"format": "migsafe.lint-baseline/1", "findings": {}}', "without a list"),
        ('{"format": "migsafe.lint-baseline/1", "findings": [{"count": 1}]}', "finding 1"),
        ('{"format": "migsafe.lint-baseline/1", "findings": [{"fingerprint": "a", "count": -1}]}', "finding 1"),
        ('{"format": "migsafe.lint-baseline/1", "findings": [7]}', "finding 1"),
    ],
)
def test_a_file_that_says_nothing_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "known.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        read_baseline(file)
    assert said in f"{raised.value}"


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert_error(history(tmp_path, _1=QUIET).migsafe("lint"), 2, "known.json", "--write-baseline")


def test_a_file_that_can_t_be_written_is_wrong_usage(tmp_path: Path) -> None:
    ran = history(tmp_path, _1=QUIET).migsafe("lint", "--write-baseline", "nowhere/known.json")
    assert (ran.exit_code, ran.output) == (2, "")
    assert "nowhere" in ran.errors
