"""A long Alembic history replayed through migsafe and by Alembic alone, and the check of one new migration on it.

The three are timed in turn, round by round, on one server, so that a machine whose speed drifts slows all alike.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from migsafe.baseline import build_baseline
from migsafe.config import BaselineSettings, CheckSettings
from migsafe.gate import CHECKS, Gate
from migsafe.history.alembic import AlembicHistory
from migsafe.history.model import HistorySettings
from migsafe.plan import steps
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers.kinds import start
from migsafe.sandbox import Sandbox

ENV = """
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""

REVISION = """
from alembic import op
import sqlalchemy as sa

revision, down_revision = "{this:04}", {before}


def upgrade():
    op.create_table("t{this}", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("name", sa.Text))
    op.create_index("t{this}_name", "t{this}", ["name"])
    op.add_column("t{this}", sa.Column("note", sa.Text))


def downgrade():
    op.drop_table("t{this}")
"""


def write_history(folder: Path, revisions: int) -> Path:
    """A history of tables, indexes and columns, each revision in a transaction of its own."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV)
    for number in range(1, revisions + 1):
        before = f'"{number - 1:04}"' if number > 1 else None
        (versions / f"{number:04}.py").write_text(REVISION.format(this=number, before=before))
    return folder / "alembic.ini"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--revisions", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", default="auto")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, start(ServerSettings(use=arguments.server)) as server:
        config = write_history(Path(directory), arguments.revisions)
        settings = HistorySettings(root=Path(directory), config=config, python=Path(sys.executable))
        rounds = []
        for _ in range(arguments.rounds):
            sandbox = Sandbox(server, AlembicHistory(settings))
            rounds.append((plain(sandbox, config), through_migsafe(sandbox), one_new(sandbox)))
    alone, replayed, checked = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"alembic upgrade head, {arguments.revisions} revisions:  {alone:6.2f} s")
    print(f"the same through migsafe:              {replayed:6.2f} s  ratio {replayed / alone:.2f}")
    print(f"all checks of one new revision on it:  {checked:6.2f} s  ratio {checked / alone:.2f}")


def plain(sandbox: Sandbox, config: Path) -> float:
    with sandbox.scratch("plain") as database:
        url = sandbox.server.address.on(database).url("postgresql+psycopg")
        script = (
            "import os; from alembic import command; from alembic.config import Config; "
            f"c = Config({str(config)!r}); c.set_main_option('sqlalchemy.url', os.environ['URL'].replace('%', '%%')); "
            "command.upgrade(c, 'head')"
        )
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], env={**os.environ, "URL": url}, check=True, capture_output=True)
        return time.perf_counter() - started


def through_migsafe(sandbox: Sandbox) -> float:
    with sandbox.scratch("replay") as database:
        started = time.perf_counter()
        assert sandbox.upgrade(database, None).succeeded
        return time.perf_counter() - started


def one_new(sandbox: Sandbox) -> float:
    before_last = sandbox.history.migrations[-2].version
    baseline = build_baseline(sandbox, BaselineSettings(revision=before_last), lambda _: None)
    gate = Gate(sandbox, CHECKS, CheckSettings(), progress=lambda _: None)
    state = sandbox.state(baseline.database)
    started = time.perf_counter()
    reports = list(gate.run(steps(sandbox.history, baseline), baseline.database, state))
    assert [check.outcome for report in reports for check in report.checks] == ["passed"] * len(CHECKS)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
