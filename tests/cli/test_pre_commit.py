"""The hook under the real pre-commit program, which installs migsafe from this repository into a place of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

Commit = Callable[[str], subprocess.CompletedProcess[str]]


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return ran.stdout


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Commit:
    """Run the hook on a migration with this text, as a commit of it would."""
    if find_spec("pre_commit") is None:
        pytest.skip("pre-commit isn't installed")
    program = (sys.executable, "-m", "pre_commit")
    folder = tmp_path_factory.mktemp("pre-commit")
    source = folder / "migsafe"
    shutil.copytree(ROOT / "migsafe", source / "migsafe", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, source)
    project = folder / "project"
    (project / "migrations").mkdir(parents=True)
    for repository in (source, project):
        git(repository, "init", "--quiet")
        git(repository, "add", "-A")
        git(repository, "commit", "--quiet", "--allow-empty", "-m", "begin")
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {source}\n  rev: {git(source, 'rev-parse', 'HEAD').strip()}\n  hooks:\n  - id: migsafe-lint\n"
    )
    environment = {**os.environ, "PRE_COMMIT_HOME": str(folder / "cache")}
    installed = subprocess.run(
        [*program, "install-hooks"], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    if installed.returncode:
        pytest.skip(f"pre-commit can't install the hook here: {installed.stdout[-500:]}")

    def commit(sql: str) -> subprocess.CompletedProcess[str]:
        (project / "migrations" / "1.sql").write_text(sql)
        git(project, "add", "-A")
        return subprocess.run(
            [*program, "run"], cwd=project, env=environment, capture_output=True, text=True, check=False
        )

    return commit


def test_a_hazard_stops_the_commit_and_says_what_to_write(hook: Commit) -> None:
    ran = hook("SET lock_timeout = '2s';\n\nCREATE INDEX orders_by_day ON orders (day);\n")
    assert ran.returncode == 1
    assert "migrations/1.sql:3" in ran.stdout
    assert "CREATE INDEX CONCURRENTLY orders_by_day ON orders (day);" in ran.stdout


def test_a_safe_migration_is_committed(hook: Commit) -> None:
    ran = hook("CREATE TABLE IF NOT EXISTS a (id bigint PRIMARY KEY);\n")
    assert (ran.returncode, "Passed" in ran.stdout) == (0, True), ran.stdout
