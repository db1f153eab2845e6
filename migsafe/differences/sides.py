"""What stands on the command line for a schema: a URL, a file, a snapshot, or migrations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from migsafe.comparison.sides import address_of
from migsafe.differences.migrations import build
from migsafe.differences.reading import read_catalog
from migsafe.differences.schema_file import is_schema_file, read_schema
from migsafe.errors import CannotCheck, UsageError
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import ServerSettings
from migsafe.schema.catalog import Catalog, without_dependencies

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Side:
    """A schema and where it comes from.

    ``kind`` is ``database``, ``schema file``, ``snapshot`` or ``migrations``. The owner of what migrations made on a
    throwaway server is whoever ran them: that says nothing, so ``owners`` is false.
    """

    kind: str
    name: str
    catalog: Catalog = field(repr=False)
    owners: bool = True


def read_side(text: str, server: ServerSettings, progress: Progress) -> Side:
    """Read the schema that ``text`` names. A database is only read; migrations run on a throwaway server.

    Raises :class:`UsageError` when it names nothing, and :class:`CannotCheck` when it can't be read or built.
    """
    if is_url(text):
        address = address_of(text)
        progress(f"reading {address}")
        with connect_to(address) as connection:
            connection.read_only = True
            return Side("database", str(address), read_catalog(connection))
    path = Path(text)
    if path.is_file():
        if not is_schema_file(path):
            raise UsageError("this is no file that migsafe schema wrote", where=text, hint=_HINT)
        return Side("schema file", text, read_schema(path))
    if (path / "manifest.json").is_file():
        return _snapshot(path)
    directory, _, ref = text.rpartition("@")
    if path.is_dir() or (ref and directory):
        place, at = (path, None) if path.is_dir() else (Path(directory), ref)
        return Side("migrations", text, build(place, at, server, progress), owners=False)
    raise UsageError("there is no such file or directory, and it is no connection URL", where=text, hint=_HINT)


def is_url(text: str) -> bool:
    """Whether it names a live database."""
    return text.startswith("env:") or "://" in text


_HINT = (
    "Name a URL, env:NAME, a file that migsafe schema wrote, the directory of a snapshot, or a directory of "
    "migrations, as it is or at a git ref: migrations@main."
)


def _snapshot(path: Path) -> Side:
    from migsafe.snapshots.manifest import read

    snapshot = read(path)
    if not snapshot.state.schema:
        raise CannotCheck("the snapshot holds no schema", where=str(path))
    catalog = without_dependencies(snapshot.state.schema, snapshot.manifest.server)
    return Side("snapshot", str(path), catalog, owners=snapshot.manifest.privileges)
