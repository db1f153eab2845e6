"""What is asked of git, in the directory that the question is about."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from migsafe.errors import CannotCheck, ClientToolMissing, UsageError


def git(directory: Path, *arguments: str) -> str:
    """What git prints, file names as Python has them. Raises :class:`CannotCheck` when git fails, in git's words."""
    finished = run_git(directory, *arguments)
    if finished.returncode:
        raise CannotCheck(f"git {arguments[0]} failed: {complaint(finished)}", where=str(directory))
    return os.fsdecode(finished.stdout)


def commit_of(directory: Path, ref: str) -> str:
    """The commit that the ref names. Raises :class:`UsageError` when there is none."""
    found = run_git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode:
        raise UsageError(
            f"git knows no commit {ref!r}",
            where=str(directory),
            hint="Name a branch, tag or commit that is here, such as origin/main; fetch it first.",
        )
    return found.stdout.decode().strip()


def run_git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git, which may fail, and says why in English. Raises :class:`ClientToolMissing` when there is no git."""
    command = ["git", "-C", str(directory), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError as error:
        raise ClientToolMissing("git is needed, and isn't here", hint="Install git, or name no git ref.") from error


def complaint(finished: subprocess.CompletedProcess[bytes]) -> str:
    """The first line that git wrote when it failed."""
    lines = finished.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "it says nothing"
