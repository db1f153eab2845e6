"""The manifest of a snapshot: what was dumped, when, by what, and the checksum of every file.

A snapshot is a directory with ``manifest.json``, ``schema.json`` (as ``migsafe schema`` writes it),
``fingerprint.json`` (as ``migsafe fingerprint`` writes it; the digests hold across types) and ``dump`` (pg_dump's
directory format). The manifest is written last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migsafe.differences.schema_file import read_schema
from migsafe.errors import CannotCheck
from migsafe.fingerprint_file import read_fingerprint
from migsafe.postgres import properties
from migsafe.postgres.properties import Properties
from migsafe.state import State

if TYPE_CHECKING:
    from migsafe.fingerprints import Fingerprint
    from migsafe.schema.catalog import Catalog

FORMAT = "migsafe.snapshot/2"
MANIFEST, SCHEMA, FINGERPRINT, DUMP = "manifest.json", "schema.json", "fingerprint.json", "dump"


@dataclass(frozen=True, slots=True)
class File:
    """A file's size in bytes and its SHA-256, in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``taken`` is the time of the snapshot by the server's clock, ``database_size`` the server's, in bytes.

    ``privileges`` says whether owners and privileges of the objects are kept. ``roles`` are all that the objects name.
    ``dump_seconds`` and ``state_seconds`` are what dumping and reading the state took. ``files`` are by their path
    below the snapshot. ``tag`` is the user's own name for it.
    """

    name: str
    taken: datetime
    server: str
    major: int
    address: str
    database: str
    database_size: int
    properties: Properties
    privileges: bool
    roles: tuple[str, ...]
    pg_dump: str
    dump_seconds: float
    state_seconds: float
    tables: int
    rows: int
    files: Mapping[str, File]
    tag: str | None = None

    @property
    def size(self) -> int:
        """All files together, in bytes."""
        return sum(file.size for file in self.files.values())

    def to_json(self) -> dict[str, Any]:
        document = {**asdict(self), "taken": self.taken.isoformat(), "properties": self.properties.to_json()}
        return {"format": FORMAT, **document}


@dataclass(frozen=True)
class Snapshot:
    """A complete snapshot on disk."""

    path: Path
    manifest: Manifest

    @property
    def dump(self) -> Path:
        return self.path / DUMP

    @property
    def catalog(self) -> Catalog:
        """The schema, with what needs what. Raises :class:`CannotCheck` when the file is damaged."""
        return read_schema(self.path / SCHEMA)

    @property
    def fingerprint(self) -> Fingerprint:
        """What the database held. Raises :class:`CannotCheck` when the file is damaged."""
        return read_fingerprint(self.path / FINGERPRINT)

    @cached_property
    def state(self) -> State:
        """The state that the dump must bring back. Raises :class:`CannotCheck` when a file is damaged."""
        return State(self.catalog.schema, self.fingerprint.contents)


def write(path: Path, document: object) -> None:
    """Write JSON that a person can read."""
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Snapshot:
    """Read the snapshot in the directory ``path``, of which only the manifest is looked at.

    Raises :class:`CannotCheck` when there is none, or one of another version of the format.
    """
    file = path / MANIFEST
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        form = document.pop("format")
        if form != FORMAT:
            raise CannotCheck(
                f"this snapshot has the format {form}, and this migsafe reads {FORMAT}",
                where=str(file),
                hint="Restore it with the version of migsafe that took it, or its dump with pg_restore.",
            )
        return Snapshot(path, _manifest(document))
    except FileNotFoundError:
        raise CannotCheck("there is no snapshot here", where=str(path), hint="See migsafe snapshot list.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CannotCheck("the manifest can't be read", where=str(file)) from error


def _manifest(document: dict[str, Any]) -> Manifest:
    return Manifest(
        **{
            **document,
            "taken": datetime.fromisoformat(document["taken"]),
            "properties": properties.from_json(document["properties"]),
            "roles": tuple(document["roles"]),
            "files": {name: File(**file) for name, file in document["files"].items()},
        }
    )
