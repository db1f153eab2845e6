"""What stands on the command line for a schema: a URL, a file, a snapshot, or migrations."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.differences.migrations import build
from migsafe.differences.reading import read_catalog
from migsafe.differences.schema_file import is_schema_file, read_schema
from migsafe.errors import UsageError
from migsafe.fingerprint_file import is_fingerprint_file, read_fingerprint
from migsafe.postgres.address import address_of
from migsafe.postgres.databases import connect_to
from migsafe.postgres.trouble import explained
from migsafe.progress import Progress
from migsafe.schema.catalog import Catalog
from migsafe.snapshots.manifest import MANIFEST
from migsafe.snapshots.store import lookup

if TYPE_CHECKING:
    from migsafe.config import Settings


@dataclass(frozen=True, slots=True)
class Side:
    """A schema and where it comes from.

    ``kind`` is ``database``, ``schema file``, ``fingerprint``, ``snapshot`` or ``migrations``. The owner of what
    migrations made on a throwaway server is whoever ran them: that says nothing, so the catalog's ``owners`` is false.
    """

    kind: str
    name: str
    catalog: Catalog = field(repr=False)


def read_side(text: str, settings: Settings, progress: Progress) -> Side:
    """Read the schema that ``text`` names. A database is only read; migrations run on a throwaway server.

    The settings say where the named snapshots are, and what the throwaway server is.

    Raises :class:`UsageError` when it names nothing, and :class:`CannotCheck` when it can't be read or built.
    """
    if is_url(text):
        address = address_of(text)
        progress(f"reading {address}")
        with connect_to(address) as connection, explained(address):
            connection.read_only = True
            return Side("database", str(address), read_catalog(connection))
    path = Path(text)
    if path.is_file():
        return _file(path)
    if path.is_dir() and not (path / MANIFEST).is_file():
        return Side("migrations", text, build(path, None, settings.server, progress))
    snapshot = lookup(settings.snapshots.directory_in(settings.root), text)
    if snapshot:
        return Side("snapshot", str(snapshot.path), snapshot.catalog)
    directory, _, ref = text.rpartition("@")
    if ref and directory:
        return Side("migrations", text, build(Path(directory), ref, settings.server, progress))
    raise UsageError("there is no such file, directory or snapshot, and it is no URL", where=text, hint=_HINT)


def is_url(text: str) -> bool:
    """Whether it names a live database."""
    return text.startswith("env:") or "://" in text


_HINT = (
    "Name a URL, env:NAME, a file that migsafe schema or migsafe fingerprint --schema wrote, a snapshot, or a "
    "directory of migrations, as it is or at a git ref: migrations@main."
)


def _file(path: Path) -> Side:
    if is_schema_file(path):
        return Side("schema file", str(path), read_schema(path))
    if not is_fingerprint_file(path):
        raise UsageError("this is no file that migsafe schema wrote", where=str(path), hint=_HINT)
    catalog = read_fingerprint(path).catalog
    if catalog is None:
        raise UsageError(
            "this fingerprint says nothing of the schema",
            where=str(path),
            hint="Take it with migsafe fingerprint --schema.",
        )
    return Side("fingerprint", str(path), catalog)
