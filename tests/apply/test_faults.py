"""Whatever goes wrong in whichever phase of ``migsafe apply``: the old state is there, or the way back is said."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from migsafe.apply.options import Options, Voice
from migsafe.apply.plan import make_plan
from migsafe.apply.record import Record
from migsafe.apply.run import Application
from migsafe.config import Settings
from migsafe.errors import MigsafeError
from migsafe.history.kinds import open_history
from migsafe.history.model import HistorySettings
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.snapshots.restore import How, restore
from migsafe.snapshots.store import snapshots
from migsafe.snapshots.verify import verify_deep
from migsafe.state import State, compare_states, read_state
from tests.fix_project import Project
from tests.fix_snapshots import SHOP

PENDING = {
    "sql/V1__note.sql": "ALTER TABLE orders ADD COLUMN note text DEFAULT 'new';",
    "sql/V2__round.sql": "ALTER TABLE orders ALTER COLUMN amount TYPE numeric(8, 0);",
}
"""What is committed, and is then taken back since the data check fails: every phase comes to pass."""

_numbers = count(1)


@dataclass
class Run:
    """One run of ``apply`` in this process; ``fault`` strikes when a phase begins, by its number or its name."""

    project: Project
    address: Address
    fault: Callable[[], None] = lambda: None
    strike: int | None = None
    struck: str | None = None
    read_only: bool = False
    phases: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    report: Record | None = None

    def __call__(self) -> None:
        root = self.project.root
        settings = Settings(root, history=HistorySettings(root=root, kind="flyway", path=root / "sql"))
        history = open_history(settings.history)
        voice = Voice(self.said.append, self.progress, lambda _: False, lambda path: f"the way back from {path}")
        plan = make_plan(history, self.address, ())
        self.report = Record("flyway", str(self.address))
        options = Options(settings, end_sessions=True, read_only=self.read_only)
        Application(history, self.address, plan, options, voice, self.report).run()

    def progress(self, step: str) -> None:
        self.phases.append(step)
        if len(self.phases) - 1 == self.strike or step == self.struck:
            self.fault()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("faults") / "project")
    project.write({"migsafe.toml": "", "sql/V0__shop.sql": SHOP})
    return project


def bring(project: Project, address: Address) -> State:
    """The shop in a database, with the rest pending."""
    for name in PENDING:
        (project.root / name).unlink(missing_ok=True)
    history = open_history(HistorySettings(root=project.root, kind="flyway", path=project.root / "sql"))
    assert history.upgrade(address, None).succeeded
    project.write(PENDING)
    return state_of(address)


def state_of(address: Address) -> State:
    with connect_to(address) as connection:
        return read_state(connection)


@pytest.fixture
def original(server: Server, shop: Project) -> Iterator[tuple[str, State]]:
    """The shop in a database that is cloned for each run."""
    name = databases.name_for(server, "faults_original")
    databases.create(server, name)
    yield name, bring(shop, server.address.on(name))
    databases.drop(server, name)


def phases(server: Server, project: Project, original: str) -> list[str]:
    """Every phase of a run in which nothing goes wrong but the migration itself."""
    name = databases.name_for(server, f"faults_{next(_numbers)}")
    databases.create(server, name, template=original)
    run = Run(project, server.address.on(name))
    run()
    databases.drop(server, name)
    assert {"dumping", "applying 2", "looking at the values", "restoring", "changing the names"} <= {*run.phases}
    return run.phases


def interrupted() -> None:
    raise KeyboardInterrupt


def disk_is_full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def end_all(address: Address) -> Callable[[], None]:
    def end() -> None:
        with connect_to(address.on("postgres")) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (address.database,)
            )

    return end


@pytest.mark.parametrize("kind", ["interrupted", "disk full", "dropped"])
def test_in_every_phase_the_old_state_is_there_or_can_be_had_back(
    server: Server, shop: Project, original: tuple[str, State], kind: str
) -> None:
    template, before = original
    for strike, phase in enumerate(phases(server, shop, template)):
        name = databases.name_for(server, f"faults_{next(_numbers)}")
        databases.create(server, name, template=template)
        address = server.address.on(name)
        faults = {"interrupted": interrupted, "disk full": disk_is_full, "dropped": end_all(address)}
        run = Run(shop, address, faults[kind], strike, read_only=strike % 2 == 0)
        with suppress(KeyboardInterrupt, OSError, MigsafeError):
            run()
        with connect_to(address) as connection:
            assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("off",), phase
        assert_saved(run, before, phase)
        databases.drop(server, name)


def assert_saved(run: Run, before: State, phase: str) -> None:
    assert run.report
    states = [finding.rule for finding in run.report.findings if finding.rule.startswith("target-")]
    assert len(states) == 1, (phase, states)
    if not compare_states(before, state_of(run.address)).without_sequence_positions():
        return
    newest = snapshots(run.project.root / ".migsafe" / "snapshots")[-1]
    assert f"  the way back from {newest.path}" in run.said, phase
    assert states == ["target-unknown"], phase
    assert restore(newest, run.address, How(end_sessions=True), lambda _: None).differences == (), phase
    assert not compare_states(before, state_of(run.address)), phase


@pytest.mark.parametrize(
    "struck", ["dumping", "applying 2", "looking at the values", "restoring", "changing the names"]
)
def test_a_server_that_is_killed_leaves_a_snapshot_that_brings_the_old_state(shop: Project, struck: str) -> None:
    with servers.start(ServerSettings()) as own:
        name = databases.name_for(own, "killed")
        databases.create(own, name)
        address = own.address.on(name)
        before = bring(shop, address)
        with connect_to(address) as connection:
            (data,) = connection.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
        known = len(snapshots(shop.root / ".migsafe" / "snapshots"))

        def kill() -> None:
            os.kill(int((Path(data) / "postmaster.pid").read_text().splitlines()[0]), signal.SIGQUIT)
            with suppress(psycopg.Error, MigsafeError):
                while True:  # until nobody answers any more
                    connect_to(address).close()

        run = Run(shop, address, kill, struck=struck)
        with pytest.raises(MigsafeError):
            run()
    taken = snapshots(shop.root / ".migsafe" / "snapshots")[known:]
    if struck == "dumping":
        assert (taken, run.said) == ((), ["no migration was run: the target is as it was"])
        return
    assert f"  the way back from {taken[0].path}" in run.said
    assert not compare_states(before, taken[0].state)
    assert not verify_deep(taken[0], ServerSettings(), jobs=2, progress=lambda _: None).difference
