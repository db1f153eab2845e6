"""Every story under scenarios/: its bad twin fails as it must, its good twin passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migsafe.errors import SettingsError
from migsafe.gate import CHECKS
from migsafe.scenario import TWINS, Expectation, Story, read_stories, run_twin

ON_A_TARGET = {"apply-loses", "apply-not-booked"}
"""What only ``migsafe apply`` says."""

STORIES = read_stories(Path(__file__).parent.parent / "scenarios")


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_story_ends_as_told(story: Story, twin: str) -> None:
    assert run_twin(story, twin, server="auto", progress=lambda _: None) == ()


def test_every_finding_of_the_gate_has_a_story_that_shows_it() -> None:
    docs = Path(__file__).parent.parent / "docs"
    documented = (docs / "checks.md").read_text() + (docs / "contract.md").read_text()
    checks = "history|apply|data|crash|contract-column|locks|restore|rollback|order|fresh|ignore|compatibility"
    rules = set(re.findall(rf"`((?:{checks})-[a-z]+(?:-[a-z]+)*)`", documented)) - {*CHECKS}
    told = {rule for story in STORIES for twin in (story.bad, story.good) for rule in twin.findings}
    assert sorted(rules - told - ON_A_TARGET) == []


def test_there_are_stories() -> None:
    assert len(STORIES) >= 12


@pytest.mark.parametrize(
    "text",
    [
        b"bad = 3\ngood = 3\nstory = 'x'",
        b"story = 'x'\n[bad]\nexit_code = 'x'\n[good]\nexit_code = 0",
        b"story = 'x'\n[bad]\nexit_code = 1\nsays = 'text'\n[good]\nexit_code = 0",
        b"story = 'x'\n[bad]\nexit_code = 1\nanswers = ['apply']\n[good]\nexit_code = 0",
        b"story = 'x'\n[bad]\nexit_code = 1\nanswers = {1 = 'kept'}\n[good]\nexit_code = 0",
        b"story = 'caf\xe9'",
    ],
)
def test_a_story_that_can_not_be_read_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "scenario.toml").write_bytes(text)
    with pytest.raises(SettingsError, match=r"one/scenario\.toml|scenario can't be read") as caught:
        read_stories(tmp_path)
    assert caught.value.where == str(tmp_path / "one" / "scenario.toml")


def test_a_story_without_its_project_is_named(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text("")
    for folder in ("before", "good"):
        (tmp_path / folder).mkdir()
    with pytest.raises(SettingsError, match="no folder bad"):
        run_twin(Story(tmp_path, "x", Expectation(1), Expectation(0)), "bad", "auto", lambda _: None)
