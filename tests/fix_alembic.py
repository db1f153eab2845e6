"""Alembic projects made on the spot, and a fresh database to run them on."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from migsafe.history.alembic import AlembicHistory
from migsafe.history.model import HistorySettings
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server

ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine

def run_migrations_online():
    with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()

if context.is_offline_mode():
    context.configure(url=context.config.get_main_option("sqlalchemy.url"))
    context.run_migrations()
else:
    run_migrations_online()
"""

CONFIGURATION = """
[alembic]
script_location = alembic
sqlalchemy.url = postgresql+psycopg://production.example/shop
"""

CREATES_ITS_TABLE = object()
"""Stands for an upgrade that makes a table named as the revision, and a downgrade that drops it."""


class AlembicProject:
    """A directory with an alembic.ini, an env.py and revisions."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "alembic" / "versions").mkdir(parents=True)
        self.write("alembic.ini", CONFIGURATION)
        self.write("alembic/env.py", ENVIRONMENT)

    def write(self, name: str, text: str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def revision(
        self,
        version: str,
        down_revision: str | tuple[str, ...] | None,
        upgrade: str | object = CREATES_ITS_TABLE,
        downgrade: str | object = CREATES_ITS_TABLE,
        *,
        file: str | None = None,
        more: str = "",
    ) -> Path:
        if upgrade is CREATES_ITS_TABLE:
            upgrade = f"op.execute('CREATE TABLE \"{version}\" (id integer)')"
        if downgrade is CREATES_ITS_TABLE:
            downgrade = f"op.execute('DROP TABLE \"{version}\"')"
        lines = [
            f'"""Make {version}"""',
            "import sqlalchemy as sa",
            "from alembic import op",
            f"revision = {version!r}",
            f"down_revision = {down_revision!r}",
            more,
            "def upgrade():",
            textwrap.indent(textwrap.dedent(str(upgrade)).strip(), "    "),
            "def downgrade():",
            textwrap.indent(textwrap.dedent(str(downgrade)).strip(), "    "),
        ]
        return self.write(f"alembic/versions/{file or version}.py", "\n".join(lines) + "\n")

    def history(self, **settings: object) -> AlembicHistory:
        return AlembicHistory(HistorySettings(root=self.root, **settings))  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> AlembicProject:
    return AlembicProject(tmp_path / "project")


@pytest.fixture(scope="session")
def _database_numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def new_database(server: Server, _database_numbers: Iterator[int]) -> Iterator[Callable[[], Address]]:
    """Makes empty databases, dropped at the end of the test."""
    names = []

    def make() -> Address:
        names.append(databases.name_for(server, f"test_history_{next(_database_numbers)}"))
        databases.create(server, names[-1])
        return server.address.on(names[-1])

    yield make
    for name in names:
        databases.drop(server, name)


@pytest.fixture
def database(new_database: Callable[[], Address]) -> Address:
    return new_database()
