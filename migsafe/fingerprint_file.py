"""A fingerprint as a file, ``migsafe.fingerprint/1``; ``docs/fingerprint.md`` says what each field means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import migsafe
from migsafe.differences.schema_file import catalog_of, document_of, says_format
from migsafe.errors import CannotCheck
from migsafe.fingerprints import Fingerprint, Making
from migsafe.rows.contents import MODULUS, Bucket, ColumnContents, ColumnName, SequencePosition, TableContents
from migsafe.rows.sequences import Sequence

FORMAT = "migsafe.fingerprint/1"

Object = dict[str, Any]


def write_fingerprint(fingerprint: Fingerprint) -> str:
    """The file's text: JSON, sorted by name, the same for the same contents."""
    document: Object = {
        "format": FORMAT,
        "migsafe": migsafe.__version__,
        "database": fingerprint.database,
        "server_version": fingerprint.server_version,
        "algorithm": fingerprint.making.algorithm,
        "probe": _hex(fingerprint.making.probe),
        "encoding": fingerprint.making.encoding,
        "tables": {
            name: _table(table, partitioned=name in fingerprint.wholes, root=fingerprint.partitions.get(name))
            for name, table in sorted(fingerprint.tables.items())
        },
        "sequences": {sequence.name: _sequence(sequence) for sequence in fingerprint.sequences},
        "not_checked": dict(sorted(fingerprint.not_checked.items())),
        "unread_partitions": {
            name: root for name, root in sorted(fingerprint.partitions.items()) if name not in fingerprint.tables
        },
    }
    if fingerprint.catalog:
        document["schema"] = document_of(fingerprint.catalog)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_fingerprint(file: Path) -> Fingerprint:
    """Read a file that :func:`write_fingerprint` wrote. Raises :class:`CannotCheck` when it is none."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise CannotCheck(f"this is not a fingerprint ({FORMAT})", where=str(file))
        return _fingerprint(document, file)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CannotCheck(f"the fingerprint can't be read: {error}", where=str(file)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CannotCheck(
            f"the fingerprint is damaged: {type(error).__name__}: {error}", where=str(file), hint="Take it anew."
        ) from error


def is_fingerprint_file(file: Path) -> bool:
    """Whether the file says of itself that it is one."""
    return says_format(file, FORMAT)


def _fingerprint(document: Object, file: Path) -> Fingerprint:
    tables = document["tables"].items()
    roots = {table["partition_of"] for _, table in tables}
    return Fingerprint(
        database=document["database"],
        server_version=document["server_version"],
        making=Making(document["algorithm"], _number(document["probe"]), document["encoding"]),
        tables={name: _table_contents(table) for name, table in tables},
        partitions={
            **{name: table["partition_of"] for name, table in tables if table["partition_of"]},
            **document.get("unread_partitions", {}),
        },
        sequences=tuple(_read_sequence(name, sequence) for name, sequence in document["sequences"].items()),
        not_checked=dict(document["not_checked"]),
        wholes=frozenset(name for name, table in tables if table.get("partitioned", name in roots)),
        catalog=catalog_of(document["schema"], file) if "schema" in document else None,
    )


def _table(table: TableContents, *, partitioned: bool, root: str | None) -> Object:
    return {
        "rows": table.rows,
        "partitioned": partitioned,
        "partition_of": root,
        "materialized": table.materialized,
        "key": dict(table.key),
        "columns": {
            name: {
                "number": column.number,
                "values": column.values,
                "method": column.method,
                "digest": _hex(column.digest),
            }
            for name, column in table.columns.items()
        },
        "row_digest": _hex(table.row_digest),
        "buckets": [" ".join([str(bucket.rows), *map(_digits, bucket.digests)]) for bucket in table.buckets],
    }


def _table_contents(document: Object) -> TableContents:
    return TableContents(
        rows=document["rows"],
        columns={
            name: ColumnContents(
                column["values"], _number(column["digest"]), column["method"], column.get("number", place)
            )
            for place, (name, column) in enumerate(document["columns"].items(), start=1)
        },
        key=tuple(document["key"].items()),
        row_digest=_number(document["row_digest"]),
        buckets=tuple(map(_bucket, document["buckets"])),
        materialized=document.get("materialized", False),
    )


def _bucket(text: str) -> Bucket:
    rows, *digests = text.split()
    return Bucket(int(rows), tuple(int(digest, 16) for digest in digests))


def _sequence(sequence: Sequence) -> Object:
    return {
        "last_value": sequence.position.last_value,
        "is_called": sequence.position.is_called,
        "increment": sequence.increment,
        "cycles": sequence.cycles,
        "table": sequence.column and sequence.column.table,
        "column": sequence.column and sequence.column.column,
        "furthest": sequence.furthest,
        "behind": sequence.behind,
    }


def _read_sequence(name: str, document: Object) -> Sequence:
    return Sequence(
        name,
        SequencePosition(document["last_value"], document["is_called"]),
        document["increment"],
        document["cycles"],
        ColumnName(document["table"], document["column"]) if document["table"] else None,
        document["furthest"],
    )


def _hex(number: int | None) -> str | None:
    return None if number is None else _digits(number)


def _digits(number: int) -> str:
    return f"{number % MODULUS:016x}"


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits, 16)
