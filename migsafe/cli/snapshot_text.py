"""How snapshots are shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.plain import many, one_line, size

if TYPE_CHECKING:
    from migsafe.snapshots.manifest import Manifest, Snapshot


def sum_of(directory: Path) -> int:
    """The size of all files below, in bytes."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def line(snapshot: Snapshot) -> str:
    """A snapshot in one line."""
    manifest = snapshot.manifest
    kept = ", with privileges" if manifest.privileges else ""
    tag = f", tag {one_line(manifest.tag)}, so kept" if manifest.tag else ""
    return (
        f"{snapshot.path.name}  {manifest.database} at {manifest.address}, {many(manifest.tables, 'table')}, "
        f"{many(manifest.rows, 'row')}, {size(manifest.size)}{kept}{tag}"
    )


def page(snapshot: Snapshot) -> str:
    """All that the manifest says, but for the files one by one."""
    manifest = snapshot.manifest
    rows = {
        "snapshot": snapshot.path,
        "tag": manifest.tag or "none",
        "prune": "keeps it, as it has a tag, unless with --tagged" if manifest.tag else "removes it by --keep and age",
        "taken": manifest.taken.isoformat(sep=" ", timespec="seconds"),
        "database": f"{manifest.database} at {manifest.address}, {size(manifest.database_size)}",
        "server": f"PostgreSQL {manifest.server}, dumped by pg_dump {manifest.pg_dump}",
        "contents": f"{many(manifest.tables, 'table')}, {many(manifest.rows, 'row')}",
        "files": f"{len(manifest.files)}, {size(manifest.size)}",
        "owners and privileges": "kept" if manifest.privileges else "not kept",
        "roles": ", ".join(manifest.roles) or "none",
        "seconds": f"{manifest.dump_seconds:.1f} to dump, {manifest.state_seconds:.1f} to read the state",
        "owner": manifest.properties.owner,
        "locale": f"{manifest.properties.encoding}, {manifest.properties.collate}",
    }
    return "\n".join(f"{label:<22} {value}" for label, value in rows.items())


def as_json(manifests: Manifest | list[Manifest]) -> str:
    """One manifest, or several, as they stand in their files."""
    document = [each.to_json() for each in manifests] if isinstance(manifests, list) else manifests.to_json()
    return json.dumps(document, indent=2, ensure_ascii=False)
