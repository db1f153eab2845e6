"""The SQL of revisions with nothing connected, as ``alembic upgrade --sql`` has it."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Callable, Iterator  # noqa: UP035 - Python 3.8

from .errors import BROKEN, error_of
from .project import Project, write_to

if TYPE_CHECKING:
    from .errors import Answer

OFFLINE_OPTIONS = ("version_table", "version_table_schema", "transaction_per_migration", "target_metadata")


def render(request: Answer) -> Answer:
    """The SQL of all revisions up to the target, as ``alembic upgrade --sql`` has it, with nothing connected.

    Each piece is ``[revision, line, text]``: the line in the revision's file that emitted it, none for what Alembic
    itself adds (BEGIN and COMMIT around revisions, its version table). A revision that needs a database ends there with
    ``[revision, line, none, reason]``, and the next one goes on.
    """
    project = Project(request)
    pieces: list[list[Any]] = []

    def emit(text: str) -> None:
        pieces.append([project.revision and project.revision.revision, line_in(project.revision), text.strip()])

    def steps(_revisions: Any, context: Any) -> Iterator[Any]:
        for step in project.steps((), context):
            step.migration_fn = not_beyond(step.migration_fn, context, project, pieces)
            yield step
        project.revision = None

    project.emit = emit
    error = None
    try:
        project.run_environment(steps, offline=True)
    except BROKEN as caught:
        traceback.print_exc()
        error = error_of(caught, project)
    if not project.began:
        pieces.clear()
        error = None
        render_without_environment(project, steps)
    return {"pieces": pieces, "error": error, "began": project.began}


def not_beyond(
    migrate_one: Callable[..., Any], context: Any, project: Project, pieces: list[list[Any]]
) -> Callable[..., Any]:
    """A revision's function that ends where it needs a database, which becomes a piece, instead of raising."""

    @functools.wraps(migrate_one)
    def guarded(*positional: Any, **keywords: Any) -> None:
        context.impl.connection = OfflineConnection(context)
        try:
            migrate_one(*positional, **keywords)
        except BROKEN as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if same_file(frame.filename, project.revision.path)]
            reason = str(error) if isinstance(error, NeedsDatabase) else f"{type(error).__name__}: {error}"
            pieces.append([project.revision.revision, lines[-1] if lines else None, None, reason])

    return guarded


def render_without_environment(project: Project, steps: Callable[[Any, Any], Any]) -> None:
    """Where env.py knows no offline mode: what it would configure is taken to be Alembic's default."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    known = {name: project.configured[name] for name in OFFLINE_OPTIONS if name in project.configured}
    options = {"as_sql": True, "fn": steps, "output_buffer": open(os.devnull, "w"), **known}  # noqa: PTH123, SIM115
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    write_to(context.impl, project.emit)
    with Operations.context(context), context.begin_transaction():
        context.run_migrations()


class NeedsDatabase(Exception):
    """A revision wants to know something that only a database can tell."""


class OfflineConnection:
    """Stands where ``op.get_bind()`` gives a connection: what it is told to write is rendered, what it reads isn't."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.dialect = context.dialect
        self.engine = self

    def execute(self, statement: Any, parameters: Any = None, *_: Any, **__: Any) -> Any:
        """Render a statement; its result can't be had."""
        from sqlalchemy import text

        clause = text(statement) if isinstance(statement, str) else statement
        if isinstance(parameters, (list, tuple)):
            parameters = parameters[0] if parameters else None
        if parameters and hasattr(clause, "bindparams"):
            clause = clause.bindparams(**parameters)
        elif parameters and hasattr(clause, "values"):
            clause = clause.values(**parameters)
        self._context.impl._exec(clause)
        return Unknown(statement)

    exec_driver_sql = execute
    scalar = execute
    scalars = execute

    def begin_nested(self) -> Any:
        """A savepoint, which matters to nothing here."""
        return contextlib.nullcontext(self)

    begin = begin_nested

    def execution_options(self, **_: Any) -> Any:
        return self

    def schema_for_object(self, item: Any) -> Any:
        """As SQLAlchemy's own stand-in for a connection has it."""
        return item.schema

    def _run_ddl_visitor(self, visitor: Any, element: Any, **keywords: Any) -> None:
        """The way of ``Enum.create(bind)`` and ``metadata.create_all(bind)``: nothing is looked for first."""
        keywords["checkfirst"] = False
        visitor(self.dialect, self, **keywords).traverse_single(element)

    def __getattr__(self, name: str) -> Any:
        raise NeedsDatabase(f"op.get_bind().{name} needs a database")


class Unknown:
    """The result of a statement that wasn't run: whoever looks at it needs a database."""

    def __init__(self, statement: Any) -> None:
        self.__dict__["statement"] = statement

    def _needed(self, *_: Any, **__: Any) -> Any:
        statement = " ".join(str(self.__dict__["statement"]).split())
        raise NeedsDatabase(f"reads the result of: {statement[:80]}{'…' * (len(statement) > 80)}")

    __getattr__ = __iter__ = __bool__ = __len__ = __getitem__ = __eq__ = __int__ = __lt__ = __gt__ = __add__ = _needed
    __hash__ = None  # type: ignore[assignment]


def line_in(revision: Any) -> int | None:
    """The line of the revision's file that is being run, the innermost one; none where it isn't on the stack."""
    frame = sys._getframe(1)
    while frame is not None:
        if revision is not None and same_file(frame.f_code.co_filename, revision.path):
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def same_file(one: str, other: str) -> bool:
    """Whether two paths lead to one file."""
    return one == other or (
        os.path.basename(one) == os.path.basename(other) and os.path.realpath(one) == os.path.realpath(other)  # noqa: PTH119
    )
