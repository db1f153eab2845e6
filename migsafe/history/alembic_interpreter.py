"""The project's own Python, with Alembic in it, as something to ask questions of."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migsafe.errors import ClientToolMissing
from migsafe.history.environment import tool_environment

Answer = dict[str, Any]

SCRIPT = Path(__file__).with_name("alembic_process")

OLDEST_ALEMBIC = (1, 7)


def find_interpreter(named: Path | None, places: tuple[Path, ...]) -> Path:
    """The interpreter that is named; else that of a virtual environment in ``places`` or of the active one, if it has
    Alembic; else this one. Raises :class:`migsafe.errors.ClientToolMissing` when none has Alembic.
    """
    if named is not None:
        return named
    environments = [place / name for place in places for name in (".venv", "venv")]
    if active := os.environ.get("VIRTUAL_ENV"):
        environments.append(Path(active))
    for environment in environments:
        for python in (environment / "bin" / "python", environment / "Scripts" / "python.exe"):
            if python.exists() and any(environment.glob("[lL]ib*/**/site-packages/alembic")):
                return python
    if importlib.util.find_spec("alembic"):
        return Path(sys.executable)
    looked_at = ", ".join(str(environment) for environment in environments)
    raise ClientToolMissing(
        f"no Python with Alembic was found (looked at {looked_at} and the Python that runs migsafe)",
        hint='Name the project\'s interpreter: [history] python = "path/to/python". Or install Alembic beside migsafe.',
    )


class Interpreter:
    """Processes of the project's Python that answer requests about Alembic, each one after another.

    The first starts with the first request; another one, up to one a core, only with a request that comes while all
    are busy. They end with this object or with this process, whichever goes first.
    """

    def __init__(self, python: Path, directory: Path) -> None:
        """``directory`` is the working directory of everything that runs."""
        self.python = python
        self._directory = directory
        self._idle: list[subprocess.Popen[str]] = []
        self._places = threading.BoundedSemaphore(os.cpu_count() or 1)
        self.drivers: list[str] = []

    def ask(self, request: Answer, *, timeout: float) -> Answer:
        """Send one request and wait for the answer; none after ``timeout`` seconds is the answer ``timed_out``."""
        with self._places:
            process = self._taken()
            with _killed_unless_done(process, timeout) as late:
                answer = _exchange(process, json.dumps(request))
            if answer is None:
                return {"timed_out": True, "output": ""} if late.is_set() else {"died": process.wait(), "output": ""}
            self._idle.append(process)
            return answer

    def start(self) -> None:
        """Start the process now and learn what it has. Raises :class:`migsafe.errors.ClientToolMissing`."""
        with self._places:
            self._idle.append(self._taken())

    def _taken(self) -> subprocess.Popen[str]:
        """A process that nobody else uses: the one that was used last, or a new one."""
        while True:
            try:
                process = self._idle.pop()
            except IndexError:
                return self._started()
            if process.poll() is None:
                return process

    def _started(self) -> subprocess.Popen[str]:
        try:
            process = subprocess.Popen(
                [self.python, SCRIPT],
                cwd=self._directory,
                env=tool_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        except OSError as error:
            raise ClientToolMissing(
                f"{self.python} could not be started: {error.strerror}", hint="Look at [history] python."
            ) from error
        weakref.finalize(self, _stop, process)
        hello = _exchange(process, None)
        assert process.stderr is not None
        said = process.stderr.read()  # all of it: the process turns its standard error away before it says hello
        self._check(hello, said)
        return process

    def _check(self, hello: Answer | None, said: str) -> None:
        """Refuse an interpreter without Alembic, or with one that is too old."""
        hint = 'Name the interpreter that has the project\'s packages: [history] python = "path/to/python".'
        if hello is None:
            last_words = (said.strip().splitlines() or ["no Python 3.8 or newer"])[-1]
            raise ClientToolMissing(f"{self.python} ended at once: {last_words}", hint=hint)
        if missing := hello.get("missing"):
            raise ClientToolMissing(f"{self.python} has no Alembic: {missing}", hint=hint)
        if tuple(int(part) for part in hello["alembic"].split(".")[:2]) < OLDEST_ALEMBIC:
            oldest = ".".join(map(str, OLDEST_ALEMBIC))
            raise ClientToolMissing(
                f"{self.python} has Alembic {hello['alembic']}, older than {oldest}",
                hint="Upgrade Alembic; histories need no change for that.",
            )
        self.drivers = hello["drivers"]


def _exchange(process: subprocess.Popen[str], line: str | None) -> Answer | None:
    """Write a line, if there is one, and read one; none when the process ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        if line is not None:
            process.stdin.write(line + "\n")
            process.stdin.flush()
    reply = process.stdout.readline()
    return json.loads(reply) if reply.endswith("\n") else None


@contextlib.contextmanager
def _killed_unless_done(process: subprocess.Popen[str], timeout: float) -> Iterator[threading.Event]:
    """Kill the process after ``timeout`` seconds, which sets the event, or when the block is left by an exception."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(timeout, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield late
    except BaseException:
        _kill(process)
        raise
    finally:
        timer.cancel()


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the process and the fork in which it runs env.py."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process and close what led to it."""
    _kill(process)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(BrokenPipeError):
            if stream is not None:
                stream.close()
