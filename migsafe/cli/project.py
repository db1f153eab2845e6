"""What a project's files say of its migrations, for ``migsafe init``."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from migsafe.history.files import USUAL_PLACES

Found = dict[str, object]
"""Settings by ``table.key``, as TOML values; paths are relative to the project."""

DEPTH = 8
"""How many directories deep to look: ``api/src/main/resources/org/example/db/migration`` is one of those found."""

NOT_OURS = {"node_modules", "vendor", "site-packages", "venv", "target", "dist", "build"}

VERSIONED = re.compile(r"V[0-9][0-9._]*__.+\.sql")

NUMBERED_UP = re.compile(r"[0-9]+_.*\.up\.sql", re.DOTALL)

FOR_A_DIALECT = re.compile(r"\.(?:postgres|postgresql|pg|cockroach|mysql|mariadb|sqlite3?)\.up\.sql$")
"""As pop names files; golang-migrate would take them for one version in several files."""


def find_history(root: Path) -> Found:
    """The settings of the first tool that has left its traces below ``root``; empty when none has."""
    files = sorted(_files(root), key=lambda file: (len(file.parts), file))
    for finder in FINDERS:
        found = finder(root, files)
        if found:
            return found
    return {}


def _files(root: Path) -> Iterator[Path]:
    for directory, below, names in os.walk(root):
        here = Path(directory).relative_to(root)
        below[:] = [] if len(here.parts) >= DEPTH else [name for name in below if _is_ours(name)]
        yield from (here / name for name in names)


def _is_ours(name: str) -> bool:
    return not name.startswith(".") and name not in NOT_OURS


def _alembic(_: Path, files: Sequence[Path]) -> Found:
    return next(
        ({"history.kind": "alembic", "history.config": str(file)} for file in files if file.name == "alembic.ini"), {}
    )


def _flyway(_: Path, files: Sequence[Path]) -> Found:
    return _folder("flyway", (file for file in files if VERSIONED.fullmatch(file.name)))


def _golang_migrate(_: Path, files: Sequence[Path]) -> Found:
    ups = [file for file in files if NUMBERED_UP.fullmatch(file.name)]
    dialects = any(FOR_A_DIALECT.search(file.name) for file in ups)
    return _folder("plain" if dialects else "golang-migrate", ups)


def _plain(_: Path, files: Sequence[Path]) -> Found:
    usual = {Path(place) for place in USUAL_PLACES}
    scripts = [
        file.parent if file.name in ("up.sql", "migration.sql") else file for file in files if file.suffix == ".sql"
    ]
    return _folder("plain", (each for each in scripts if each.parent.name.startswith("migrat") or each.parent in usual))


def _folder(kind: str, files: Iterable[Path]) -> Found:
    """The directory that has the most of these files, the first of several."""
    directories = Counter(file.parent for file in files).most_common(1)
    return {"history.kind": kind, "history.path": str(directories[0][0])} if directories else {}


def _prisma(root: Path, files: Sequence[Path]) -> Found:
    for file in files:
        if file.name == "schema.prisma":
            text = (root / file).read_text(encoding="utf-8", errors="replace")
            variable = re.search(r'\burl\s*=\s*env\("(\w+)"\)', text)
            url_by = f"env {variable.group(1)}" if variable else "env DATABASE_URL"
            command = f"npx prisma migrate deploy --schema {_quoted(file)}"
            return _command(command, path=file.parent / "migrations", table="_prisma_migrations", url_by=url_by)
    return {}


def _django(_: Path, files: Sequence[Path]) -> Found:
    for file in files:
        if file.name == "manage.py":
            return _command(f"python {_quoted(file)} migrate --no-input", table="django_migrations")
    return {}


def _rails(_: Path, files: Sequence[Path]) -> Found:
    if Path("bin/rails") not in files:
        return {}
    return _command("bin/rails db:migrate", rollback="bin/rails db:rollback", table="schema_migrations")


def _knex(_: Path, files: Sequence[Path]) -> Found:
    for file in files:
        if file.stem == "knexfile":
            options = f"--knexfile {_quoted(file)}"
            return _command(
                f"npx knex migrate:latest {options}",
                rollback=f"npx knex migrate:down {options}",
                table="knex_migrations",
            )
    return {}


def _package_script(root: Path, files: Sequence[Path]) -> Found:
    if Path("package.json") not in files:
        return {}
    try:
        package = json.loads((root / "package.json").read_text(encoding="utf-8"))
    except ValueError:  # not our file to complain of
        return {}
    scripts = package.get("scripts") if isinstance(package, dict) else None
    names = sorted(name for name in scripts if "migrat" in name) if isinstance(scripts, dict) else []
    likely = [name for name in names if re.search(r"\b(migrate|up|deploy|latest|run)$", name)]
    return _command(f"npm run {_quoted(likely[0])}") if likely else {}


def _command(
    runner: str,
    *,
    rollback: str | None = None,
    path: Path | None = None,
    table: str | None = None,
    url_by: str = "env DATABASE_URL",
) -> Found:
    found = {
        "history.kind": "command",
        "history.path": str(path) if path else None,
        "history.url_by": url_by,
        "history.runner": runner,
        "history.rollback": rollback,
        "history.version_table": table,
    }
    return {name: value for name, value in found.items() if value}


def _quoted(word: str | Path) -> str:
    return shlex.quote(str(word))


FINDERS: tuple[Callable[[Path, Sequence[Path]], Found], ...] = (
    _alembic,
    _prisma,
    _django,
    _rails,
    _knex,
    _flyway,
    _golang_migrate,
    _package_script,
    _plain,
)
"""The traces that are looked for, the surest first: a tool's own file, then names that only one tool gives."""
