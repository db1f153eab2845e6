"""``migsafe snapshot``: keep a database's state on disk, and bring it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from migsafe.cli.options import format_option, with_settings
from migsafe.cli.snapshot_text import as_json, line, page, sum_of
from migsafe.cli.target import tag_option, target_option
from migsafe.errors import ExitCode, UsageError
from migsafe.plain import many, plain, size
from migsafe.postgres.address import address_of

if TYPE_CHECKING:
    from migsafe.cli.progress import Progress
    from migsafe.config import Settings

FLAGS = {"--directory": "snapshots.directory"}
WITH_JOBS = {**FLAGS, "--jobs": "snapshots.jobs"}

shown_option = format_option(("terminal", "json"))
name_argument = click.argument("name")


@click.group("snapshot")
def command() -> None:
    """Keep a database's state on disk, and bring it back."""


@command.command("take")
@target_option
@click.option("--privileges", is_flag=True, help="Keep owners and privileges, which name roles of the server.")
@tag_option
@with_settings(WITH_JOBS)
def take_snapshot(settings: Settings, progress: Progress, target: str, tag: str | None, *, privileges: bool) -> None:
    """Dump a database, with the state that the dump must bring back; it is only read."""
    from migsafe.snapshots.take import take

    store, jobs = settings.snapshots.directory_in(settings.root), settings.snapshots.jobs
    snapshot = take(address_of(target), store, jobs=jobs, privileges=privileges, tag=tag, progress=progress)
    click.echo(plain(line(snapshot)))


@command.command("list")
@shown_option
@with_settings(FLAGS)
def list_snapshots(settings: Settings, report_format: str, **_: Progress) -> None:
    """Name every snapshot, the oldest first.

    Those with a tag are kept when others are pruned.
    """
    from migsafe.snapshots.store import snapshots, unreadable

    store = settings.snapshots.directory_in(settings.root)
    found = snapshots(store)
    if report_format == "json":
        click.echo(as_json([each.manifest for each in found]))
    elif found:
        click.echo(plain("\n".join(map(line, found))))
    else:
        click.echo(plain(f"there is no snapshot in {store}"), err=True)
    for path, reason in unreadable(store).items():
        click.echo(plain(f"{path.name}: {reason}"), err=True)


@command.command("show")
@name_argument
@shown_option
@with_settings(FLAGS)
def show_snapshot(settings: Settings, name: str, report_format: str, **_: Progress) -> None:
    """Show what a snapshot holds. NAME is its name, its tag, its directory, or "latest"."""
    from migsafe.snapshots.store import find

    snapshot = find(settings.snapshots.directory_in(settings.root), name)
    click.echo(as_json(snapshot.manifest) if report_format == "json" else plain(page(snapshot)))


@command.command("verify")
@name_argument
@click.option("--deep", is_flag=True, help="Restore it into a throwaway server, and compare.")
@with_settings({**WITH_JOBS, "--server": "server.use"})
def verify_snapshot(settings: Settings, progress: Progress, name: str, *, deep: bool) -> ExitCode:
    """Check a snapshot's files against its manifest. Exit code 1 says that it is not what was taken."""
    from migsafe.snapshots.store import find
    from migsafe.snapshots.verify import damage, verify_deep

    snapshot = find(settings.snapshots.directory_in(settings.root), name)
    progress("checking the snapshot's files")
    wrong = damage(snapshot)
    if wrong:
        return _answer("damaged", wrong)
    if not deep:
        return _answer(f"whole: {many(len(snapshot.manifest.files), 'file')}, {size(snapshot.manifest.size)}", ())
    comparison = verify_deep(snapshot, settings.server, jobs=settings.snapshots.jobs, progress=progress)
    _say_notes(comparison.notes)
    differences = comparison.difference.describe()
    return _answer("restored into a throwaway server: " + ("differs" if differences else "equal"), differences)


@command.command("restore")
@name_argument
@target_option
@click.option("--into", metavar="NAME", help="The database to replace or to make, on the target's server.")
@click.option("--in-place", is_flag=True, help="Replace the contents, where no second database can be made.")
@click.option("--end-sessions", is_flag=True, help="End the sessions of whoever is connected.")
@click.option("--keep-old", is_flag=True, help="Keep the database that is replaced, under another name.")
@with_settings(WITH_JOBS)
def restore_snapshot(
    settings: Settings, progress: Progress, name: str, target: str, into: str | None, **how: Any
) -> ExitCode:
    """Make a database what the snapshot says, and prove it. Exit code 1 says that it is not."""
    from migsafe.snapshots.restore import How, check_target, restore
    from migsafe.snapshots.store import find

    snapshot = find(settings.snapshots.directory_in(settings.root), name)
    address = address_of(target)
    address = address.on(check_target(address, into))
    restored = restore(snapshot, address, How(jobs=settings.snapshots.jobs, **how), progress)
    _say_notes(restored.notes)
    if restored.differences:
        return _answer(f"{address.database} is NOT as the snapshot has it", restored.differences)
    if restored.old:
        click.echo(plain(f"the database that was replaced is now called {restored.old}"))
    return _answer(f"restored {address.database} in {restored.seconds:.1f} s: equal to {snapshot.path.name}", ())


@command.command("prune")
@click.option("--keep", type=click.IntRange(min=0), metavar="NUMBER", help="Keep the newest so many of each database.")
@click.option("--older-than", metavar="AGE", help="Remove only what is older: 12h, 30d, 8w.")
@click.option("--tagged", is_flag=True, help="Let those with a tag go too, by the same rules.")
@click.option("--except", "names", multiple=True, metavar="NAME", help="Keep this one: its name, tag or directory.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed, and why the others are kept.")
@with_settings(FLAGS)
def prune_snapshots(
    settings: Settings,
    keep: int | None,
    older_than: str | None,
    names: tuple[str, ...],
    *,
    tagged: bool,
    dry_run: bool,
    **_: Progress,
) -> None:
    """Remove old snapshots, and what runs that died have left.

    With --keep and --older-than, what both allow to go. Those with a tag are kept unless --tagged is given. What is
    kept is named with the reason.
    """
    from migsafe.snapshots.pruning import Rules, parse_age, reasons_to_keep
    from migsafe.snapshots.store import dead_partials, find, remove, snapshots, unreadable

    if keep is None and older_than is None:
        raise UsageError("nothing says what to remove", hint="Give --keep or --older-than, or both.")
    store = settings.snapshots.directory_in(settings.root)
    spared = frozenset(find(store, name).path for name in names)
    rules = Rules(keep, parse_age(older_than) if older_than else None, tagged, spared)
    kept = {**reasons_to_keep(snapshots(store), rules, datetime.now(UTC)), **unreadable(store)}
    for path, reason in (*kept.items(), *((path, None) for path in dead_partials(store))):
        if reason is not None:
            click.echo(plain(f"keeping {path.name}: {reason}"))
            continue
        click.echo(plain(f"{'would remove' if dry_run else 'removing'} {path.name}, {size(sum_of(path))}"))
        if not dry_run:
            remove(path)


def _answer(text: str, lines: tuple[str, ...]) -> ExitCode:
    click.echo(plain("\n  ".join((text, *lines))))
    return ExitCode.UNSAFE if lines else ExitCode.SAFE


def _say_notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        click.echo(plain(f"note: {note}"))
