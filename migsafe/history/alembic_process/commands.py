"""What the process can be asked for: the revisions, or a run of them."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import BROKEN, error_of
from .project import Project

if TYPE_CHECKING:
    from .errors import Answer


class EnvironmentRead(BaseException):
    """env.py got as far as running migrations, which was all that was asked of it."""


def describe(request: Answer) -> Answer:
    """The revisions and their order, with no connection made.

    env.py is run in Alembic's offline mode first, because it may choose the version table and even the directories of
    revisions. One that knows no offline mode is not an error; what it would have said is taken to be the default.
    """
    project = Project(request)

    def read(_revisions: Any, _context: Any) -> None:
        raise EnvironmentRead

    try:
        project.run_environment(read, offline=True)
    except EnvironmentRead:
        pass
    except (SyntaxError, ImportError):
        raise
    except BROKEN:
        traceback.print_exc()
    script = project.script
    answer: Answer = {
        "revisions": [revision_of(each) for each in script._load_revisions()],
        "locations": project.locations,
        "environment": str(Path(script.dir, "env.py")),
        "version_table": project.version_table,
    }
    try:
        plan = [step.revision for step in script._upgrade_revs("heads", None)]  # type: ignore[arg-type]
        answer["order"] = [revision.revision for revision in plan]
        answer["parents"] = {revision.revision: list(revision._all_down_revisions) for revision in plan}
    except BROKEN as error:
        answer["disorder"] = error_of(error, project)
    return answer


def revision_of(script: Any) -> Answer:
    """One revision as its file states it, nothing resolved."""
    from alembic.util import to_tuple

    return {
        "version": script.revision,
        "description": script.doc,
        "file": script.path,
        "parents": to_tuple(script.down_revision, default=()),
        "depends_on": to_tuple(script.dependencies, default=()),
        "labelled": bool(script.branch_labels),
    }


def migrate(request: Answer) -> Answer:
    """Run ``alembic upgrade`` or ``alembic downgrade``; the answer says how far env.py came."""
    project = Project(request)
    note_places(project)
    error = None
    try:
        project.run_environment(project.steps)
    except BROKEN as caught:
        traceback.print_exc()
        error = error_of(caught, project)
    return {
        "error": error,
        "began": project.began,
        "version_table": project.version_table,
        "places": [place for place in project.places if place[2] is not None],
    }


def note_places(project: Project) -> None:
    """Note when SQLAlchemy sends a statement, and the innermost line of a revision that it was called from.

    The times are the system's monotonic clock, which whoever reads them has in common with this process.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    locations = tuple(location + os.sep for location in project.locations)
    real = {}

    def in_a_revision(filename: str) -> bool:
        if filename not in real:
            real[filename] = os.path.realpath(filename).startswith(locations)
        return real[filename]

    @event.listens_for(Engine, "before_cursor_execute")
    def begins(*_: Any) -> None:
        frame = sys._getframe()
        while frame is not None and not in_a_revision(frame.f_code.co_filename):
            frame = frame.f_back  # type: ignore[assignment]
        place = (frame.f_code.co_filename, frame.f_lineno) if frame is not None else (None, None)
        project.places.append([time.monotonic(), None, *place])

    @event.listens_for(Engine, "after_cursor_execute")
    def ends(*_: Any) -> None:
        if project.places:
            project.places[-1][1] = time.monotonic()
