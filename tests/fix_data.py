"""One step of SQL, applied through the tap to rows made on the spot, for checks to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from migsafe.checks.experiment import Experiment, Step
from migsafe.config import CheckSettings
from migsafe.findings import Finding
from migsafe.history.model import Failure, Migration, Run
from migsafe.postgres.address import Address
from migsafe.postgres.names import TableName
from migsafe.postgres.server import Server
from migsafe.sandbox import Sandbox


@dataclass(frozen=True)
class OneScript:
    """A history of one script, which psycopg sends as it is."""

    script: str
    kind: str = "plain"
    stepwise: bool = True
    migrations: Sequence[Migration] = ()
    version_tables: tuple[TableName, ...] = ()

    def problems(self) -> tuple[Finding, ...]:
        return ()

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        return frozenset()

    def stamp(self, version: str | None) -> str:
        return ""

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        with psycopg.connect(address.url(), autocommit=True) as connection:
            try:
                connection.execute(self.script.encode())
            except psycopg.Error as error:
                return Run(0, failure=Failure(str(error)))
        return Run(0)

    def goes_back(self, target: Migration | None) -> bool:
        return False

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        raise NotImplementedError


Try = Callable[..., Experiment]


@pytest.fixture
def trial(server: Server) -> Iterator[Try]:
    """``trial(before, migration, **settings)``: the experiment of running a script on what another script made."""
    made: list[tuple[Sandbox, str]] = []

    def run(before: str, migration: str, **settings: object) -> Experiment:
        sandbox = Sandbox(server, OneScript(migration))
        start = sandbox.create(f"before_{len(made)}")
        with sandbox.connect(start) as connection:
            connection.execute(before.encode())
        after = sandbox.create(f"after_{len(made)}", template=start)
        made.extend([(sandbox, start), (sandbox, after)])
        step = Step("1", "", (Path("1.sql"),), None)
        return Experiment(
            sandbox, step, start, sandbox.state(start), after, sandbox.upgrade(after, None), CheckSettings(**settings)
        )  # type: ignore[arg-type]

    yield run
    for sandbox, database in made:
        sandbox.drop(database)
