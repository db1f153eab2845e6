"""Every story under scenarios/: its bad twin fails as it must, its good twin passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migsafe.gate import CHECKS
from migsafe.scenario import TWINS, Story, read_stories, run_twin

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
