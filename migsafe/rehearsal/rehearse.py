"""``migsafe rehearse``: the pending migrations of a database that is only read, on a likeness of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.baseline import Baseline, old_versions
from migsafe.errors import ServerUnavailable, SettingsError
from migsafe.findings import Report
from migsafe.gate import CHECKS, Gate, baseline_report, chosen_checks, server_report
from migsafe.plan import matters, read_history, steps
from migsafe.postgres.servers.kinds import start
from migsafe.postgres.tables import find_tables
from migsafe.rehearsal.bring_over import Brought, Wanted, bring_over, read_wanted
from migsafe.rehearsal.effects import Effects
from migsafe.rehearsal.likeness import check_version, make_likeness
from migsafe.rehearsal.profile import Profile, read_profile
from migsafe.rehearsal.target import open_target, read_only_session, refusals
from migsafe.sandbox import Sandbox

if TYPE_CHECKING:
    from migsafe.config import BaselineSettings, RehearseSettings, Settings
    from migsafe.history.model import History
    from migsafe.postgres.address import Address
    from migsafe.postgres.server import Server
    from migsafe.progress import Progress


def rehearse(settings: Settings, address: Address, progress: Progress) -> Report:
    """Run every check on every migration that the target hasn't had, on a throwaway server that is like the target's.

    Nothing is written to the target, and nothing is held there while the migrations run. Raises
    :class:`migsafe.errors.MigsafeError` when the question can't be asked: the target can't be reached or read, there is
    no server of its major version, rows can't be brought over.
    """
    started = time.monotonic()
    checks = chosen_checks(settings)
    wanted = read_wanted(settings.rehearse.rows)
    progress("reading the history")
    history = read_history(settings)
    _refuse_unknown_state(history, settings.baseline, wanted)
    progress("looking at the target")
    profile = _profile(address, settings.rehearse)
    with ExitStack() as stack:
        progress("starting PostgreSQL")
        server = _start(stack, settings, profile)
        likeness = make_likeness(server, profile)
        timeout = settings.checks.statement_timeout
        sandbox = Sandbox(server, history, statement_timeout=timeout, empty=likeness.database)
        with open_target(address, **_timeouts(settings.rehearse)) as target:
            brought = bring_over(target, sandbox, likeness, wanted, settings.rehearse.mask, progress)
        source = f"{wanted} of {address.database} on {address.host}"
        baseline, unbooked = _baseline(sandbox, settings.baseline, brought, source)
        state = sandbox.state(baseline.database)
        effects = Effects(_factors(brought))
        gate = Gate(sandbox, {**checks, "effects": effects}, settings.checks, progress)
        migrations = tuple(gate.run(steps(history, baseline), baseline.database, state))
        problems = tuple(finding for finding in history.problems() if matters(finding, history, baseline))
        return Report(
            command="rehearse",
            history=history.kind,
            server=server_report(server),
            baseline=baseline_report(baseline, state),
            migrations=migrations,
            findings=(*problems, *gate.findings),
            not_checked={
                **{f"check {name}": "left out by the settings" for name in CHECKS if name not in checks},
                **profile.left_behind,
                **likeness.unlike,
                **unbooked,
                **state.contents.not_checked,
                **brought.not_checked,
                **_rows_left(wanted, brought),
                **gate.unread,
            },
            seconds=time.monotonic() - started,
        )


def _refuse_unknown_state(history: History, baseline: BaselineSettings, wanted: Wanted) -> None:
    """A tool that keeps no books that we can read must be helped to what is pending."""
    if history.version_tables:
        return
    if history.stepwise and baseline.revision is None and baseline.since is None:
        raise SettingsError(
            f"a {history.kind} history keeps no version table, so that nobody knows what is pending on the target",
            hint="Say at which revision the target stands: --revision VERSION, or --revision base for none.",
        )
    if not history.stepwise and wanted.percent < 100:
        raise SettingsError(
            "the command's version table isn't known, and without its rows the command can't know what is pending",
            hint="Name it in [history] version_table, or bring over all rows.",
        )


def _timeouts(settings: RehearseSettings) -> dict[str, int]:
    return {"statement_timeout": settings.statement_timeout, "lock_timeout": settings.lock_timeout}


def _profile(address: Address, settings: RehearseSettings) -> Profile:
    with read_only_session(address, **_timeouts(settings)) as connection, refusals(address):
        return read_profile(connection, address.user)


def _start(stack: ExitStack, settings: Settings, profile: Profile) -> Server:
    """A server of the target's major version, or of the one that the settings name."""
    version = settings.server.version or profile.major
    try:
        server = stack.enter_context(start(replace(settings.server, version=version)))
    except ServerUnavailable as error:
        raise ServerUnavailable(
            f"the target is PostgreSQL {profile.major}, and no throwaway server of version {version} can be had: "
            f"{error.message}",
            where=error.where,
            hint=f"{error.hint or ''}\nOr rehearse on a newer version: --server-version.".strip(),
        ) from error
    check_version(server, profile, settings.server.version)
    return server


def _baseline(
    sandbox: Sandbox, settings: BaselineSettings, brought: Brought, source: str
) -> tuple[Baseline, Mapping[str, str]]:
    """Where the target stands, by its own version table, and what is to be known if it has none."""
    history, unbooked = sandbox.history, {}
    with sandbox.connect(brought.database) as connection:
        applied = history.applied(connection)
        if history.version_tables and not find_tables(connection, history.version_tables):
            names = ", ".join(map(str, history.version_tables))
            unbooked["pending migrations"] = f"the target has no {names}: all migrations are taken for pending"
    old = applied if history.version_tables else old_versions(sandbox, settings, applied)
    standing = [migration.version for migration in history.migrations if migration.version in old]
    new = tuple(migration for migration in history.migrations if migration.version not in old)
    return Baseline(brought.database, source, standing[-1] if standing else None, new), unbooked


def _factors(brought: Brought) -> Mapping[tuple[str, str], float]:
    """How many rows there are on the target for each one that was brought, of every table that is a sample."""
    return {(table.schema, table.name): there / here for table, (there, here) in brought.sampled.items() if here}


def _rows_left(wanted: Wanted, brought: Brought) -> Mapping[str, str]:
    """The tables that have rows on the target and none here."""
    if wanted.percent == 0:
        return {"rows": "none were brought over, as asked: what depends on rows is not rehearsed"}
    return {
        f"rows of {table.printed}": f"none of its rows is in the sample, and the target has {there:,}"
        for table, (there, here) in brought.sampled.items()
        if there and not here
    }
