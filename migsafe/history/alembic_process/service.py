"""Answers requests, each in a fork."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import describe, migrate
from .errors import BROKEN, error_of
from .offline import render

if TYPE_CHECKING:
    from .errors import Answer

OUTPUT_KEPT = 65536  # bytes, the last ones

COMMANDS = {"describe": describe, "render": render}


def answer_to(request: Answer) -> Answer:
    """Carry out one request."""
    try:
        return COMMANDS.get(request["command"], migrate)(request)
    except BROKEN as error:
        traceback.print_exc()
        return {"error": error_of(error, None), "began": False}


def in_a_fork(request: Answer, requests: int) -> Answer:
    """Answer from a fork, which is killed if the caller goes away (its end of ``requests`` closes)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w") as stream:
            json.dump(answer_to(request), stream)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        if requests in select.select([reading, requests], [], [])[0]:
            os.kill(child, signal.SIGKILL)
        text = stream.read()
    status = os.waitpid(child, 0)[1]
    if text:
        answer: Answer = json.loads(text)
        return answer
    return {"died": -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)}


def hello() -> Answer:
    """What this interpreter has, importing what every request needs on the way."""
    try:
        import alembic
        import alembic.command
        import sqlalchemy.dialects.postgresql  # noqa: F401 - loaded once, before the forks
    except ImportError as error:
        return {"missing": str(error)}
    drivers = [name for name in ("psycopg", "psycopg2", "asyncpg", "pg8000") if importlib.util.find_spec(name)]
    return {"alembic": alembic.__version__, "drivers": drivers}


def serve() -> None:
    """Answer requests until there are no more."""
    requests, answers = os.dup(0), os.dup(1)
    with tempfile.TemporaryFile() as printed, Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)  # an env.py that asks a question gets no answer
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
    with os.fdopen(requests) as lines, os.fdopen(answers, "w", buffering=1) as replies:
        replies.write(json.dumps(hello()) + "\n")
        for line in iter(lines.readline, ""):
            os.ftruncate(1, 0)
            os.lseek(1, 0, os.SEEK_SET)
            request = json.loads(line)
            answer = in_a_fork(request, requests) if hasattr(os, "fork") else answer_to(request)
            os.lseek(1, max(0, os.fstat(1).st_size - OUTPUT_KEPT), os.SEEK_SET)
            answer["output"] = os.read(1, OUTPUT_KEPT).decode("utf-8", "replace")
            replies.write(json.dumps(answer) + "\n")
            if not hasattr(os, "fork"):
                break
