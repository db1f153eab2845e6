"""``migsafe scenario``: stories that show what migsafe finds, and what it finds nothing in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migsafe.cli.options import debug_option, help_of, quiet_option
from migsafe.cli.progress import Progress
from migsafe.config import keys
from migsafe.errors import ExitCode, SettingsError
from migsafe.scenario import TWINS, read_stories, run_twin
from migsafe.setting import nearest

if TYPE_CHECKING:
    from migsafe.scenario import Story

SERVER = keys()["server.use"]

folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("scenarios"),
    show_default=True,
    help="Where the stories are.",
)


@click.group("scenario")
def command() -> None:
    """List and run the stories that show what migsafe finds."""


@command.command("list")
@folder_option
@debug_option
def list_stories(folder: Path) -> None:
    """Name every story and tell it in a sentence."""
    for story in _stories(folder):
        click.echo(f"{story.name}\n    {story.story}")


@command.command("run")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@folder_option
@click.option("--server", default="auto", metavar=SERVER.word, help=help_of(SERVER))
@quiet_option
@debug_option
def run(names: tuple[str, ...], folder: Path, server: str, *, quiet: bool) -> ExitCode:
    """Run both twins of the named stories (default: of all). Exit code 1 if one doesn't end as it is told."""
    told_otherwise = 0
    for story in _chosen(_stories(folder), names):
        for twin in TWINS:
            with Progress(quiet=quiet) as progress:
                differences = run_twin(story, twin, server, progress)
            told_otherwise += bool(differences)
            click.echo(f"{'no  ' if differences else 'yes '} {story.name}, {twin}")
            for difference in differences:
                click.echo(f"       {difference}")
    return ExitCode.UNSAFE if told_otherwise else ExitCode.SAFE


def _stories(folder: Path) -> tuple[Story, ...]:
    stories = read_stories(folder)
    if not stories:
        raise SettingsError("there are no stories here", where=str(folder), hint="Name their folder with --folder.")
    return stories


def _chosen(stories: tuple[Story, ...], names: tuple[str, ...]) -> tuple[Story, ...]:
    known = {story.name: story for story in stories}
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no story {name!r}{nearest(name, known)}", hint="See migsafe scenario list.")
    return tuple(known[name] for name in names) or stories
