"""An Alembic history that nobody here wrote: the one that packages on the index carry, in branches that hang together.

``invenio-db`` and ``invenio-accounts`` (MIT) each bring a directory of revisions; the second's depend on the first's.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fix_project import Project

PACKAGES = ("invenio-db==1.1.0", "invenio-accounts==2.2.0", "sqlalchemy-utils==0.43.0")

UNREACHABLE = re.compile(r"Retrying|ConnectionError|Network is unreachable|Temporary failure in name resolution")

CONFIGURATION = """
[alembic]
script_location = alembic
prepend_sys_path = packages
version_locations = packages/invenio_db/alembic packages/invenio_accounts/alembic
version_path_separator = space
"""

ENVIRONMENT = """
from alembic import context
from sqlalchemy import MetaData, create_engine

url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url)
    context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData(), transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
"""
"""One of the revisions asks for ``target_metadata``."""

SETTINGS = """
[history]
kind = "alembic"
config = "alembic.ini"
python = '{python}'
driver = "psycopg"
"""


def install(directory: Path) -> None:
    """Put the packages there, without what they depend on, or skip where the index can't be reached."""
    options = ["--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check", "--retries=1", "--timeout=10"]
    command = [sys.executable, "-m", "pip", "install", *options, f"--target={directory}", *PACKAGES]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0 and UNREACHABLE.search(ran.stderr):
        pytest.skip(f"the package index can't be reached: {ran.stderr.strip().splitlines()[-1]}")
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(
        {
            "alembic.ini": CONFIGURATION,
            "alembic/env.py": ENVIRONMENT,
            "migsafe.toml": SETTINGS.format(python=sys.executable),
        }
    )
    install(tmp_path / "packages")
    return project


def test_a_published_history_is_checked_from_a_revision_on(project: Project) -> None:
    ran = project.migsafe("check", "--quiet", "--revision", "62efc52773d4", "--format", "json")
    assert ran.exit_code == 0, ran.errors
    assert {version: each["apply-twice"] for version, each in ran.answers().items()} == {
        "eb9743315a9d": "refuses",
        "35c1075e6360": "idempotent",
    }
    assert all(each["apply"] == "applies" and each["restore"] == "restored" for each in ran.answers().values())
    assert ran.report["baseline"]["tables"] == 7
    assert {finding["rule"] for finding in ran.report["findings"]} == {"history-several-heads", "history-empty-down"}
