"""Exceptions as data, and the two that say what became of an env.py."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator  # noqa: UP035 - Python 3.8

if TYPE_CHECKING:
    from .project import Project

    Answer = dict[str, Any]

BROKEN = (Exception, SystemExit)  # whatever a project's code does is an answer, not an end


class ConnectsElsewhere(Exception):
    """env.py is about to connect to something that is not the sandbox."""


def error_of(error: BaseException, project: Project | None) -> Answer:
    """An exception as data: what the server said if it did, and the deepest place in the project's files."""
    causes = list(chain_of(error))
    frames = [frame for cause in reversed(causes) for frame in traceback.extract_tb(cause.__traceback__)]
    locations = tuple(location + os.sep for location in (project.locations if project else []))
    in_revisions = [frame for frame in frames if os.path.realpath(frame.filename).startswith(locations)]
    own = str(Path(project.script.dir).absolute()) if project else os.devnull
    places = in_revisions or [frame for frame in frames if frame.filename.startswith(own) or of_project(frame.filename)]
    answer: Answer = {
        "type": type(error).__name__,
        "message": str(error),
        "file": places[-1].filename if places else None,
        "line": places[-1].lineno if places else None,
        "in_revision": bool(in_revisions),
        "revision_file": project.revision.path if project and project.revision else None,
        "elsewhere": any(isinstance(cause, ConnectsElsewhere) for cause in causes),
        "of_connection": any(type(cause).__name__ in ("OperationalError", "InterfaceError") for cause in causes),
        "statement": next((each.statement for each in causes if getattr(each, "statement", None)), None),  # type: ignore[attr-defined]
        "parameters": any(getattr(cause, "params", None) for cause in causes),
        "server": next(filter(None, map(server_fields, causes)), None),
    }
    for cause in causes:
        if isinstance(cause, SyntaxError) and cause.filename:
            answer.update(type=type(cause).__name__, message=cause.msg, file=cause.filename, line=cause.lineno)
    return answer


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, its cause, the cause's cause …, each once: a chain may close to a ring."""
    seen: list[BaseException] = []
    while error is not None and not any(error is each for each in seen):
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def of_project(filename: str) -> bool:
    """Whether a file is neither installed, nor Python's own, nor of this package."""
    path = Path(filename)
    installed = {"site-packages", "dist-packages"}.intersection(path.parts)
    others = {Path(__file__).parent, Path(os.__file__).parent}
    return path.is_absolute() and not installed and others.isdisjoint(path.parents)


def server_fields(error: Any) -> Answer | None:
    """The fields of the ErrorResponse, where psycopg and psycopg2 (``diag``), asyncpg and pg8000 (a dict) keep them."""
    diagnostics = getattr(error, "diag", None)
    if getattr(diagnostics, "sqlstate", None):
        names = ("sqlstate", "message_primary", "message_detail", "message_hint", "context", "statement_position")
        values = [getattr(diagnostics, name) for name in names]
    elif getattr(error, "sqlstate", None) and hasattr(error, "message"):
        values = [
            getattr(error, name, None) for name in ("sqlstate", "message", "detail", "hint", "context", "position")
        ]
    elif error.args and isinstance(error.args[0], dict) and "C" in error.args[0]:
        values = [error.args[0].get(code) for code in "CMDHWP"]
    else:
        return None
    return dict(zip(("sqlstate", "message", "detail", "hint", "context", "position"), values))  # noqa: B905 - Python 3.9
