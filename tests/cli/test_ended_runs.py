"""Runs that are ended in the middle, at several moments and in several ways: nothing of them is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fix_project import Project
from tests.waiting import alive, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")

SLEEP = "touch began\npsql -q -c 'SELECT pg_sleep(60)'\n"
MOMENTS = {
    "start": ("", ""),
    "loading": ("", "\\! touch began\nSELECT pg_sleep(60);\n"),
    "applying": (SLEEP, ""),
}
"""What the migration tool does, and the rows of the baseline, such that a run lingers at that moment."""


@contextmanager
def lingering(project: Project, place: Path, moment: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has come to that moment, and is killed in the end if it is still there."""
    tool, rows = MOMENTS[moment]
    settings = '[history]\nrunner = "sh run.sh"\n[baseline]\nrows = ["rows.sql"]\n'
    project.write({"migsafe.toml": settings, "run.sh": tool, "rows.sql": rows})
    process = subprocess.Popen(
        [sys.executable, "-m", "migsafe", "check", "--quiet"],
        cwd=project.root,
        env={**os.environ, "MIGSAFE_SERVER_DIRECTORY": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            wait_until(lambda: any(place.iterdir()) if moment == "start" else (project.root / "began").exists())
            yield process
        finally:
            process.kill()


def descendants(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [*children, *(below for child in children for below in descendants(child))]


def gone(process: int) -> bool:
    try:
        return not alive(process) or Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize(
    ("moment", "how"), [*((moment, signal.SIGINT) for moment in MOMENTS), ("applying", signal.SIGTERM)]
)
def test_an_interrupted_run_leaves_nothing(sql_project: Project, place: Path, moment: str, how: signal.Signals) -> None:
    with lingering(sql_project, place, moment) as process:
        children = descendants(process.pid)
        process.send_signal(how)
        output, errors = process.communicate(timeout=30)
        assert (process.returncode, output, errors) == (130, "", "error: interrupted\n")
    assert list(place.iterdir()) == []
    assert all(map(gone, children))


@pytest.mark.parametrize("moment", MOMENTS)
def test_of_a_killed_run_the_next_leaves_nothing(sql_project: Project, place: Path, moment: str) -> None:
    with lingering(sql_project, place, moment) as process:
        children = descendants(process.pid)
        process.kill()
        process.wait()
    wait_until(lambda: all(map(gone, children)))
    sql_project.write({"migsafe.toml": '[history]\nkind = "plain"\npath = "migrations"\n'})
    assert sql_project.migsafe("check", "--check", "apply", MIGSAFE_SERVER_DIRECTORY=str(place)).exit_code == 0
    assert list(place.iterdir()) == []


HOLDER = """
from migsafe.postgres.servers.runs import temporary_directory
with temporary_directory() as directory:
    print(directory, flush=True)
    input()
"""


def test_temporary_files_of_a_killed_run_are_gone_after_the_next(sql_project: Project, tmp_path: Path) -> None:
    temporary = {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(
        command, env={**os.environ, **temporary}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        left = Path(process.stdout.readline().strip())
        assert sql_project.migsafe("check", "--check", "apply", **temporary).exit_code == 0
        assert left.is_dir()
        process.kill()
    assert sql_project.migsafe("check", "--check", "restore", **temporary).exit_code == 0
    assert list(tmp_path.glob("migsafe-*")) == []


def test_temporary_files_lie_where_the_next_run_looks() -> None:
    """Those without a name are gone with the process."""
    files = (Path(__file__).parents[2] / "migsafe").rglob("*.py")
    assert [str(file) for file in files if re.search(r"TemporaryDirectory|NamedTemporaryFile", file.read_text())] == []


@pytest.mark.parametrize("moment", ["loading", "applying"])
def test_a_server_that_is_killed_in_the_middle_is_said_with_its_last_words(
    sql_project: Project, place: Path, moment: str
) -> None:
    with lingering(sql_project, place, moment) as process:
        (server,) = place.glob("*/data/postmaster.pid")
        os.kill(int(server.read_text().split()[0]), signal.SIGKILL)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (3, "")
    assert "the throwaway server ended in the middle of the run" in errors
    assert "hint: " in errors
    assert "Traceback" not in errors
    assert list(place.iterdir()) == []


def test_two_runs_in_one_project_do_not_disturb_each_other(sql_project: Project, place: Path) -> None:
    with lingering(sql_project, place, "applying"):
        sql_project.write({"migsafe.toml": '[history]\nkind = "plain"\npath = "migrations"\n'})
        assert sql_project.migsafe("check", "--check", "apply", MIGSAFE_SERVER_DIRECTORY=str(place)).exit_code == 0
        assert len(list(place.iterdir())) == 1
