"""Each format says all there is to say in the way that its readers expect, whatever the names in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from markdown_it import MarkdownIt

from migsafe.findings import Finding, Location, Report, Severity
from migsafe.plain import one_line, plain
from migsafe.reports import FORMATS, render
from migsafe.reports.listed import entries, left_out
from migsafe.reports.markdown import ROOM
from tests.reports.samples import NASTY, NASTY_NAMES, SAMPLES, UNSAFE

SARIF = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text())

every_sample = pytest.mark.parametrize("report", SAMPLES.values(), ids=SAMPLES)


class Words(HTMLParser):
    """The text that a page shows, and the elements that it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)


def shown_markdown(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def words(report: Report, form: str) -> str:
    """What a reader of the format gets to see, decoded as that reader would."""
    text = render(report, form)
    if form == "html":
        return Words(text).text
    if form == "markdown":
        return Words(shown_markdown(text)).text
    if form == "junit":
        return "\n".join(
            [*ET.fromstring(text).itertext(), *(v for e in ET.fromstring(text).iter() for v in e.attrib.values())]
        )
    if form == "github":
        return re.sub("%(25|0A|3A|2C)", lambda found: chr(int(found[1], 16)), text)
    if form in {"gitlab", "sarif", "json"}:
        return "\n".join(texts(json.loads(text)))
    return text


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for each in inner for text in texts(each)]


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("form", FORMATS)
@every_sample
def test_every_format_says_what_was_not_checked_and_why(report: Report, form: str) -> None:
    shown = folded(words(report, form))
    for subject, reason in left_out(report):
        name = subject.partition(" of ")[0]
        for said in (name, reason):
            assert any(folded(way(said)) in shown for way in (str, plain, one_line))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_every_finding(form: str) -> None:
    shown = folded(words(UNSAFE, form))
    for finding in UNSAFE.all_findings:
        assert finding.rule in shown
        assert folded(finding.message) in shown


@pytest.mark.parametrize("form", ["html", "markdown", "junit", "gitlab", "sarif"])
def test_a_name_of_nothing_but_trouble_is_read_back_as_it_is(form: str) -> None:
    assert folded(one_line(NASTY)) in folded(words(NASTY_NAMES, form)) or folded(plain(NASTY)) in folded(
        words(NASTY_NAMES, form)
    )


@pytest.mark.parametrize("form", FORMATS)
def test_sixty_three_bytes_of_any_alphabet_are_shown_whole(form: str) -> None:
    name = "таблица_с_длинным_именем_表_ñ"
    finding = Finding("apply-fails", Severity.ERROR, f"{name} is there already.", location=Location(object=name))
    assert name in words(replace(UNSAFE, findings=(finding,)), form)


@every_sample
def test_sarif_is_valid_by_the_schema_of_the_standard(report: Report) -> None:
    jsonschema.validate(json.loads(render(report, "sarif")), SARIF, jsonschema.Draft4Validator)


def test_the_schema_of_the_standard_refuses_what_is_not_sarif() -> None:
    log = json.loads(render(UNSAFE, "sarif"))
    log["runs"][0]["results"][0]["level"] = "critical"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(log, SARIF, jsonschema.Draft4Validator)


def test_sarif_places_are_uris() -> None:
    files = [Path("migrations/ä b#1%.sql"), Path("/srv/1.sql")]
    found = [Finding("apply-fails", Severity.ERROR, "No.", location=Location(file, 2)) for file in files]
    results = json.loads(render(replace(UNSAFE, migrations=(), findings=tuple(found)), "sarif"))["runs"][0]["results"]
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results]
    assert places == ["migrations/%C3%A4%20b%231%25.sql", "file:///srv/1.sql"]


@every_sample
def test_junit_counts_its_cases(report: Report) -> None:
    root = ET.fromstring(render(report, "junit"))
    checks = [check for migration in report.migrations for check in migration.checks]
    assert len(root.findall(".//failure[@type]")) >= sum(check.outcome == "failed" for check in checks)
    assert int(root.attrib["skipped"]) == len(root.findall(".//skipped[@message]"))
    assert int(root.attrib["tests"]) == len(root.findall(".//testcase"))


@every_sample
def test_the_page_loads_nothing_and_runs_nothing(report: Report) -> None:
    page = render(report, "html")
    assert not Words(page).tags & {"script", "link", "img", "iframe", "object", "bold"}
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|https?://", page)


@every_sample
def test_a_compiler_message_is_one_line(report: Report) -> None:
    lines = render(report, "gcc").splitlines()
    assert len(lines) == len(list(entries(report))) + len(list(left_out(report))) + 1
    assert all(re.match(r".+: (error|warning|note): .+", line) for line in lines)


@every_sample
def test_a_workflow_command_is_one_line(report: Report) -> None:
    lines = render(report, "github").splitlines()
    assert len(lines) == len(list(entries(report))) + len(list(left_out(report))) + 1
    assert all(re.match(r"::(error|warning|notice) \S.*?::", line) for line in lines[:-1])


def test_a_fence_is_longer_than_the_backticks_in_it() -> None:
    finding = UNSAFE.migrations[1].checks[1].findings[0]
    evidence = replace(finding.evidence[0], text="````\n# not a heading\n```")
    report = replace(UNSAFE, migrations=(), findings=(replace(finding, evidence=(evidence,)),))
    page = shown_markdown(render(report, "markdown"))
    assert "<h1>" not in page
    assert "# not a heading" in page


def test_markdown_means_nothing_in_a_message() -> None:
    message = "12. a\n# a\n- b\n1. c\n=== \n*d* _e_ ~~f~~ `g` [h](i) <b>j</b> |k|"
    report = replace(UNSAFE, baseline=None, migrations=(), findings=(Finding("history-x", Severity.NOTE, message),))
    text = render(report, "markdown")
    page = Words(shown_markdown(text))
    assert not page.tags & {"h1", "em", "code", "a", "s", "ol"}
    assert folded(message) in folded(page.text)


def test_a_comment_has_room_for_what_it_says() -> None:
    finding = UNSAFE.migrations[1].checks[1].findings[0]
    report = replace(UNSAFE, findings=tuple(replace(finding, rule=f"history-{n}") for n in range(300)))
    text = render(report, "markdown")
    assert len(text) < ROOM + 4_000
    assert "more, for which a comment has no room" in text
    assert "left out by the settings" in text


def test_a_fingerprint_outlives_moved_lines() -> None:
    finding = UNSAFE.migrations[1].checks[1].findings[0]
    moved = replace(finding, location=replace(finding.location, file=Path("elsewhere/0005_cents.sql"), line=90))
    assert moved.fingerprint == finding.fingerprint
    for other in (
        replace(finding, rule="apply-twice-stuck"),
        replace(finding, location=replace(finding.location, object="public.orders")),
        replace(finding, evidence=(replace(finding.evidence[1], text="UPDATE accounts SET balance = 0"),)),
    ):
        assert other.fingerprint != finding.fingerprint


def test_no_two_issues_of_a_report_share_a_fingerprint() -> None:
    finding = UNSAFE.migrations[1].checks[1].findings[0]
    issues = json.loads(render(replace(UNSAFE, findings=(finding, finding)), "gitlab"))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    again = json.loads(render(replace(UNSAFE, findings=(finding, finding), seconds=99.0), "gitlab"))
    assert [issue["fingerprint"] for issue in issues] == [issue["fingerprint"] for issue in again]
