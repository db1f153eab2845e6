"""Projects with SQL migrations, made on the spot, and the command line as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    exit_code: int
    output: str
    errors: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.output)
        return report

    def answers(self) -> dict[str, dict[str, str]]:
        """The answer of each check that runs something, by migration; not what is asked of all together."""
        migrations = self.report["migrations"]
        return {
            each["version"]: {check["check"]: check["answer"] for check in each["checks"] if check["check"] != "lint"}
            for each in migrations
            if not each["together"]
        }


@dataclass(frozen=True)
class Project:
    """A directory with a migsafe.toml and whatever else is written into it."""

    root: Path

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def migsafe(self, *arguments: str, **environment: str) -> Ran:
        """Run the command line in a process of its own, in the project."""
        command = [sys.executable, "-m", "migsafe", *arguments]
        ran = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in ran.stderr, ran.stderr
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True)


PLAIN = """
[history]
kind = "plain"
path = "migrations"
"""


APPLY = ("check", "--quiet", "--check", "apply", "--revision", "1")
"""Applies what comes after the first migration, and checks nothing else."""


def assert_error(ran: Ran, exit_code: int, *words: str) -> None:
    """Nothing but an error and a hint, with these words in it."""
    assert (ran.exit_code, ran.output) == (exit_code, ""), ran
    assert "error: " in ran.errors
    assert "hint: " in ran.errors
    for word in words:
        assert word in ran.errors


@pytest.fixture
def sql_project(tmp_path: Path) -> Project:
    """A plain folder of SQL files with one table, and the settings for it."""
    project = Project(tmp_path / "project")
    project.write(
        {"migsafe.toml": PLAIN, "migrations/1.sql": "CREATE TABLE customers (id bigint PRIMARY KEY, email text);\n"}
    )
    return project
