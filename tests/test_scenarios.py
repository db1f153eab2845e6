"""Every story under scenarios/: its bad twin fails as it must, its good twin passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.scenario import TWINS, Story, read_stories, run_twin

STORIES = read_stories(Path(__file__).parent.parent / "scenarios")


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_story_ends_as_told(story: Story, twin: str) -> None:
    assert run_twin(story, twin, server="auto", progress=lambda _: None) == ()


def test_there_are_stories() -> None:
    assert len(STORIES) >= 12
