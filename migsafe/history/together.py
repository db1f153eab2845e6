"""Several migrations of a history as one, which the tool applies one by one and takes back in the opposite order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from migsafe.history.model import Place, Run

if TYPE_CHECKING:
    import psycopg

    from migsafe.findings import Finding
    from migsafe.history.model import History, Migration
    from migsafe.history.text import MigrationText
    from migsafe.postgres.address import Address
    from migsafe.postgres.names import TableName


class Together:
    """The history with only these migrations to do, in this order; the target of a run is always all of them."""

    stepwise = True

    def __init__(self, history: History, migrations: Sequence[Migration]) -> None:
        self.kind = history.kind
        self.migrations = migrations
        self._history = history

    @property
    def version_tables(self) -> tuple[TableName, ...]:
        return self._history.version_tables

    def problems(self) -> tuple[Finding, ...]:
        return self._history.problems()

    def texts(self, migrations: Sequence[Migration], server: int) -> Iterator[MigrationText]:
        return self._history.texts(migrations, server)

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        return self._history.applied(connection)

    def stamp(self, version: str | None) -> str:
        return self._history.stamp(version)

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        return _one_after_the_other(self.migrations, lambda each: self._history.upgrade(address, each))

    def goes_back(self, target: Migration | None) -> bool:
        return all(self._history.goes_back(each) for each in self.migrations)

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        return _one_after_the_other(reversed(self.migrations), lambda each: self._history.downgrade(address, each))


def _one_after_the_other(migrations: Iterable[Migration], run: Callable[[Migration], Run]) -> Run:
    """The runs as one, which ends with the first that fails."""
    seconds, output, places = 0.0, list[str](), list[Place]()
    for migration in migrations:
        last = run(migration)
        seconds += last.seconds
        output.append(last.output)
        places += last.places
        if last.failure:
            return Run(seconds, "\n".join(output), last.failure, tuple(places))
    return Run(seconds, "\n".join(output), None, tuple(places))
