"""Every format shows every report the same way each time, whatever the names in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from unicodedata import category

import jsonschema
import pytest
from rich.cells import cell_len

from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.reports import FORMATS, render
from migsafe.reports.counts import count
from tests.fix_golden import Golden
from tests.reports.samples import NASTY_NAMES, SAFE, SAMPLES, UNSAFE

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {
    "terminal": "txt",
    "trace": "trace.txt",
    "json": "json",
    "markdown": "md",
    "html": "html",
    "junit": "xml",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "sarif": "sarif",
    "gcc": "gcc.txt",
}


def strict(schema: Any) -> Any:
    """The schema with no field allowed that it doesn't name: its users must bear new ones, our own output must not."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if schema.get("type") == "object" else {}
    return {name: strict(each) for name, each in schema.items()} | closed


SCHEMA = strict(json.loads(files("migsafe.reports").joinpath("report-1.schema.json").read_text()))

every_sample = pytest.mark.parametrize("name", SAMPLES)


@pytest.fixture(autouse=True)
def same_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of migsafe stands in the report, and the golden files outlive it."""
    monkeypatch.setattr("migsafe.__version__", "0.0.0")


@every_sample
@pytest.mark.parametrize("format_name", FORMATS)
def test_the_report_reads_as_the_golden_file(name: str, format_name: str, golden: Golden) -> None:
    golden(GOLDEN / f"{name}.{ENDINGS[format_name]}", render(SAMPLES[name], format_name))


@pytest.mark.parametrize("format_name", FORMATS)
@every_sample
def test_no_secret_and_no_steering_character_is_shown(name: str, format_name: str) -> None:
    text = render(SAMPLES[name], format_name)
    assert "hunter" not in text
    assert {character for character in text if category(character) in {"Cc", "Cf", "Cs"}} <= {"\n"}


@every_sample
@pytest.mark.parametrize("width", [40, 80, 132])
def test_only_evidence_and_places_are_wider_than_the_terminal(name: str, width: int) -> None:
    evidence = re.compile(r"^ {4}|^ {2}at ")
    lines = render(SAMPLES[name], "terminal", width=width).splitlines()
    assert [line for line in lines if cell_len(line) > width and not evidence.match(line)] == []


def test_a_caret_stays_under_its_column() -> None:
    lines = render(UNSAFE, "terminal").splitlines()
    caret = next(number for number, line in enumerate(lines) if line.strip() == "^^^^^^^^")
    assert lines[caret - 1][lines[caret].index("^") :].startswith("accounts")


def test_a_statement_that_nobody_reads_to_its_end_is_cut_on_the_terminal_and_whole_in_json() -> None:
    statement = "INSERT INTO t VALUES " + ", ".join(f"({number})" for number in range(5000))
    finding = Finding("r", Severity.ERROR, "m", evidence=(Evidence("statement", statement),))
    report = replace(SAFE, findings=(finding,))
    shown = render(report, "terminal")
    assert len(shown) < 10_000
    assert f"… and {len(statement) - 4000:,} more characters" in shown
    assert statement in render(report, "json")


def test_colour_is_there_only_when_asked_for() -> None:
    assert "\x1b[" not in render(UNSAFE, "terminal")
    coloured = render(UNSAFE, "terminal", colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(UNSAFE, "terminal")
    assert coloured != render(UNSAFE, "terminal")


def test_files_below_the_root_are_named_relative_to_it(tmp_path: Path) -> None:
    finding = replace(UNSAFE.findings[0], location=Location(tmp_path / "migrations" / "1.sql", 7))
    report = replace(UNSAFE, findings=(finding, replace(finding, location=Location(Path("/elsewhere/2.sql")))))
    places = [each["location"]["file"] for each in json.loads(render(report, "json", root=tmp_path))["findings"]]
    assert places == ["migrations/1.sql", "/elsewhere/2.sql"]
    assert str(tmp_path) not in render(report, "terminal", root=tmp_path)


def test_files_in_the_words_for_what_was_not_checked_are_relative_too(tmp_path: Path) -> None:
    told = {f"{tmp_path}/migrations/1.sql:7": f"{tmp_path}/migrations/2.sql fails", "/elsewhere/3.sql": "no"}
    report = json.loads(render(replace(SAFE, not_checked=told), "json", root=tmp_path))
    assert [(each["subject"], each["reason"]) for each in report["not_checked"]] == [
        ("migrations/1.sql:7", "migrations/2.sql fails"),
        ("/elsewhere/3.sql", "no"),
    ]


def test_a_place_is_on_one_line_however_long(tmp_path: Path) -> None:
    path = "migrations/versions/4a_" + "and_then_".join("x" for _ in range(12)) + ".py"
    finding = replace(UNSAFE.findings[0], location=Location(Path(path), 21, 5))
    assert f"  at {path}:21:5\n" in render(replace(UNSAFE, findings=(finding,)), "terminal", width=80)


def test_what_is_asked_of_all_migrations_is_no_migration_more() -> None:
    together = replace(SAFE.migrations[0], version="all", together=True)
    report = replace(SAFE, migrations=(*SAFE.migrations, together))
    assert count(report).migrations == len(SAFE.migrations)
    assert count(report).passed == count(SAFE).passed + len(together.checks)


@every_sample
def test_the_json_is_valid_by_its_schema(name: str) -> None:
    jsonschema.validate(json.loads(render(SAMPLES[name], "json")), SCHEMA)


def test_the_schema_refuses_what_is_not_a_report() -> None:
    report = json.loads(render(UNSAFE, "json"))
    for path in (["verdict"], ["migrations", 0, "checks", 0, "outcome"], ["migrations", 2, "statements", 0, "error"]):
        broken: Any = json.loads(json.dumps(report))
        *parents, last = path
        inner = broken
        for step in parents:
            inner = inner[step]
        inner[last] = "maybe"
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_a_field_that_is_not_in_the_schema_is_noticed() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(render(SAFE, "json")), "more": 1}, SCHEMA)


def test_what_was_not_checked_has_a_reason_in_the_json() -> None:
    report = json.loads(render(UNSAFE, "json"))
    report["migrations"][3]["checks"][1]["reason"] = None
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, SCHEMA)


def test_names_survive_json_word_for_word() -> None:
    shown = json.loads(render(NASTY_NAMES, "json"))
    assert shown["migrations"][0]["version"] == NASTY_NAMES.migrations[0].version


def test_the_verdict_is_the_last_line() -> None:
    assert render(SAFE, "terminal").splitlines()[-1].startswith("SAFE: 2 migrations")


def test_findings_on_the_history_that_are_alike_are_told_as_one() -> None:
    alike = [
        Finding("history-empty-down", Severity.WARNING, f"{number}.down.sql holds no statement.", remedy="Fill it.")
        for number in range(1, 10)
    ]
    text = render(replace(SAFE, findings=tuple(alike)), "terminal")
    assert text.count("warning history-empty-down") == text.count("Fill it.") == 1
    assert "6.down.sql" in text
    assert "7.down.sql" not in text
    assert "3 more such" in text
    assert "9 warnings" in text
