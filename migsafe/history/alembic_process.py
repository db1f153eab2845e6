"""Runs Alembic inside the project's own interpreter, for :mod:`migsafe.history.alembic`.

Started by its path with the project's Python (3.8 or newer, Alembic 1.7 or newer), so it imports nothing of migsafe.
It reads one JSON request a line from standard input, answers each with one JSON line on the standard output it was
started with, and ends when its input does. What ``env.py`` prints goes to a file and comes back in the answer.

Every request runs in a fork: as fresh as ``alembic`` on the command line, without paying for the imports again. Where
there is no fork the process answers one request and ends; the caller starts another. Secrets come in requests only.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator  # noqa: UP035 - Python 3.8

if TYPE_CHECKING:
    Answer = dict[str, Any]

sys.path[:] = [place for place in sys.path if place != str(Path(__file__).parent)]  # beside this is another alembic.py

OUTPUT_KEPT = 65536  # bytes, the last ones

BROKEN = (Exception, SystemExit)  # whatever a project's code does is an answer, not an end


class ConnectsElsewhere(Exception):
    """env.py is about to connect to something that is not the sandbox."""


class EnvironmentRead(BaseException):
    """env.py got as far as running migrations, which was all that was asked of it."""


class Project:
    """One Alembic command, with what env.py is seen doing."""

    def __init__(self, request: Answer) -> None:
        from alembic.config import CommandLine, Config
        from alembic.script import ScriptDirectory

        extra = [word for name, value in request["x"].items() for word in ("-x", f"{name}={value}")]
        command = "downgrade" if request["command"] == "downgrade" else "upgrade"
        arguments = ["-c", request["config"], *extra, command, request["revision"]]
        sys.argv = ["alembic", *arguments]
        options = CommandLine(prog="alembic").parser.parse_args(arguments)
        toml = {"toml_file": request["toml"]} if request["toml"] else {}  # since Alembic 1.16
        self.config = Config(file_=request["config"], ini_section=options.name, cmd_opts=options, **toml)
        for name, value in request["options"].items():
            self.config.set_main_option(name, value.replace("%", "%%"))
        os.environ.update(request["environment"])
        # As `python -m alembic` would find the project's modules, but after what the project says itself.
        sys.path += [str(Path.cwd()), str(Path(request["config"]).parent)]
        stay_in_the_sandbox(request["host"], request["port"])
        self.request = request
        self.script = ScriptDirectory.from_config(self.config)
        self.configured: Answer = {}
        self.began = False
        self.revision: Any = None
        self.emit: Any = None
        self.places: list[list[Any]] = []

    def run_environment(self, steps: Callable[[Any, Any], Any], *, offline: bool = False) -> None:
        """Run env.py as Alembic's own commands do, noting what it configures."""
        from alembic.runtime.environment import EnvironmentContext

        environment = EnvironmentContext(
            self.config, self.script, fn=steps, as_sql=offline, destination_rev=self.request["revision"]
        )
        configure = environment.configure

        def observed(*positional: Any, **keywords: Any) -> None:
            self.configured.update(keywords)
            configure(*positional, **keywords)
            if self.emit:
                write_to(environment.get_context().impl, self.emit)

        environment.configure = observed  # type: ignore[method-assign]
        with environment:
            self.script.run_env()

    def steps(self, revisions: Any, _context: Any) -> Iterator[Any]:
        """The steps of an upgrade or a downgrade, one by one, so that the one at work is known."""
        self.began = True
        plan = self.script._downgrade_revs if self.request["command"] == "downgrade" else self.script._upgrade_revs
        for step in plan(self.request["revision"], revisions):
            self.revision = step.revision
            yield step

    @property
    def version_table(self) -> list[str | None]:
        """Schema and name."""
        return [self.configured.get("version_table_schema"), self.configured.get("version_table") or "alembic_version"]

    @property
    def locations(self) -> list[str]:
        """The directories of revisions, as they stand after env.py has run."""
        return [os.path.realpath(location) for location in self.script._version_locations]


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
            step.migration_fn = not_beyond(step.migration_fn, context)
            yield step
        project.revision = None

    def not_beyond(migrate_one: Callable[..., Any], context: Any) -> Callable[..., Any]:
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


def write_to(implementation: Any, emit: Any) -> None:
    """Have Alembic hand over what it renders, with values in the place of parameters."""
    implementation.static_output = emit
    implementation.literal_binds = True


OFFLINE_OPTIONS = ("version_table", "version_table_schema", "transaction_per_migration", "target_metadata")


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


def stay_in_the_sandbox(host: str, port: int) -> None:
    """Let SQLAlchemy connect to this host and port only.

    An env.py that takes its URL from elsewhere (the environment, a secret store) would otherwise migrate whatever that
    names. An engine with a ``creator`` of its own is asked where it got to, before it has run anything.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import Pool

    def check(seen_host: Any, seen_port: Any, seen: str) -> None:
        if (str(seen_host), str(seen_port or 5432)) != (host, str(port)):
            raise ConnectsElsewhere(f"env.py would connect to {seen} and not to the sandbox")

    @event.listens_for(Engine, "do_connect")
    def before_connecting(dialect: Any, record: Any, _arguments: Any, keywords: Any) -> None:
        place = f"{keywords.get('host')}:{keywords.get('port') or 5432}"
        check(keywords.get("host"), keywords.get("port"), place if dialect.name == "postgresql" else dialect.name)
        if record is not None:
            record.info["in_the_sandbox"] = True

    @event.listens_for(Pool, "connect")
    def connected(connection: Any, record: Any) -> None:
        if not record.info.get("in_the_sandbox"):
            where = getattr(connection, "info", None)
            seen_host, seen_port = getattr(where, "host", None), getattr(where, "port", None)
            check(
                seen_host, seen_port, f"{seen_host}:{seen_port}" if where else "an unknown place, by its own creator,"
            )


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
    """Whether a file is neither installed, nor Python's own, nor this one."""
    path = Path(filename)
    installed = {"site-packages", "dist-packages"}.intersection(path.parts)
    return (
        path.is_absolute() and not installed and path != Path(__file__) and Path(os.__file__).parent not in path.parents
    )


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


def answer_to(request: Answer) -> Answer:
    """Carry out one request."""
    try:
        return COMMANDS.get(request["command"], migrate)(request)
    except BROKEN as error:
        traceback.print_exc()
        return {"error": error_of(error, None), "began": False}


COMMANDS = {"describe": describe, "render": render}


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


if __name__ == "__main__":
    serve()
