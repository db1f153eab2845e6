"""The shell around the commands: what becomes of each, as an exit code and words on standard error."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import migsafe.cli
from migsafe import __version__
from migsafe.cli import COMMANDS, main
from migsafe.cli.output import replace_file
from migsafe.errors import ExitCode

RUN = (
    "import sys; from migsafe.cli import COMMANDS, main; name = sys.argv[1]; "
    "COMMANDS[name] = ('tests.cli.commands:' + name, ''); main([name])"
)
ROOT = Path(migsafe.cli.__file__).parent.parent.parent


def run(name: str, *arguments: str) -> Result:
    COMMANDS[name] = (f"tests.cli.commands:{name}", "")
    try:
        return CliRunner().invoke(main, [name, *arguments])
    finally:
        del COMMANDS[name]


def start(name: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", RUN, name]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT)


def test_the_code_that_a_command_returns_is_the_exit_code() -> None:
    assert run("answers_unsafe").exit_code == ExitCode.UNSAFE
    assert run("says_nothing").exit_code == ExitCode.SAFE


def test_an_error_is_told_in_two_lines_without_secrets() -> None:
    result = run("has_no_server")
    assert result.exit_code == ExitCode.CANNOT_CHECK
    assert result.stdout == ""
    assert result.stderr == "error: local: no answer \\x1b[2J at postgresql://a:***@b/c\nhint: Start it.\n"


def test_a_defect_names_its_place_and_how_to_see_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIGSAFE_DEBUG", raising=False)
    result = run("is_wrong")
    assert result.exit_code == ExitCode.DEFECT
    assert result.stderr.startswith("error: a defect in migsafe: ValueError at migsafe/setting.py:")
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" in run("is_wrong", "--debug").stderr
    monkeypatch.setenv("MIGSAFE_DEBUG", "1")
    assert "Traceback" in run("is_wrong").stderr


def test_a_defect_that_was_foreseen_has_the_same_exit_code() -> None:
    assert run("knows_it_is_wrong").exit_code == ExitCode.DEFECT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_no_defect() -> None:
    result = run("finds_the_disk_full")
    assert result.exit_code == ExitCode.CANNOT_CHECK
    assert "No space left on device" in result.stderr


@pytest.mark.parametrize("arguments", [["chek"], ["--nonsense"], ["init", "--nonsense"], ["init", "surplus"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == ExitCode.USAGE


def test_an_unknown_command_names_the_nearest() -> None:
    assert 'the nearest is "check"' in CliRunner().invoke(main, ["chek"]).stderr


def test_a_reader_that_goes_away_is_met_in_silence() -> None:
    process = start("writes_much")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(10) == ExitCode.CANNOT_CHECK
    assert process.stderr.read() == ""


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_stream_that_is_closed_from_the_start_changes_no_exit_code(closed: str) -> None:
    for name, code in (("says_nothing", ExitCode.SAFE), ("has_no_server", ExitCode.CANNOT_CHECK)):
        command = shlex.join([sys.executable, "-c", RUN, name])
        assert subprocess.run(["sh", "-c", f"exec {command} {closed}"], cwd=ROOT, check=False).returncode == code


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_output_that_takes_no_more_is_told_in_a_line() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", RUN, "writes_a_long_line"]
        ended = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == ExitCode.CANNOT_CHECK
    assert ended.stderr == "error: No space left on device\n"


def test_another_pipe_that_breaks_is_a_defect() -> None:
    process = start("breaks_another_pipe")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == ExitCode.DEFECT
    assert "BrokenPipeError" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cleaning_up_is_finished_whatever_is_signalled(number: signal.Signals) -> None:
    process = start("cleans_up_slowly")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    assert process.stdout.readline() == "cleaning\n"
    process.send_signal(number)
    assert process.stderr.readline().startswith("cleaning up")
    process.stdin.write("go on\n")
    process.stdin.close()
    assert process.stdout.read() == "clean\n"
    assert process.wait(10) == ExitCode.INTERRUPTED
    assert process.stderr.read() == "error: interrupted\n"


def test_the_version_is_shown() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"migsafe {__version__}\n"


def test_help_is_there_at_once() -> None:
    seconds = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "migsafe", "--help"], check=True, capture_output=True, cwd=ROOT)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.15


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_a_line_in_the_help_of_all(name: str) -> None:
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == ExitCode.SAFE
    assert f"  {name} " in CliRunner().invoke(main, ["--help"]).stdout


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("old")
    file.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(file)
    replace_file(link, "new\udcff")
    assert file.read_text() == "new\\udcff"
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "report.json"]


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(pipe, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
