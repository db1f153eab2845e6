"""A schema as a file, ``migsafe.schema/1``: sorted JSON for git; ``docs/diff.md`` says what each field means."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from migsafe.errors import CannotCheck
from migsafe.postgres.names import parse_table_name
from migsafe.schema.catalog import Catalog
from migsafe.schema.model import Schema, SchemaObject

FORMAT = "migsafe.schema/1"

HASH_DIGITS = 32
"""Of a SHA-256, in hexadecimal: 128 bits tell apart whatever one schema can hold."""

Object = dict[str, Any]


def write_schema(catalog: Catalog) -> str:
    """The file's text: the same for the same schema, whoever writes it and when."""
    return json.dumps(document_of(catalog), indent=1, ensure_ascii=False) + "\n"


def document_of(catalog: Catalog) -> Object:
    """The file's content."""
    objects: dict[str, dict[str, Object]] = {}
    for item in catalog.schema.values():
        needs = sorted(f"{kind} {name}" for kind, name in catalog.needs.get(item.key, ()))
        objects.setdefault(item.kind, {})[item.name] = {
            "hash": hash_of(item),
            "parent": item.parent,
            "fields": dict(sorted(item.fields.items())),
            "needs": needs,
        }
    return {
        "format": FORMAT,
        "server_version": catalog.version,
        "owners": catalog.owners,
        "version_tables": [str(table) for table in catalog.books],
        "hash": hash_of_all(catalog.schema.values()),
        "objects": objects,
    }


def hash_of(item: SchemaObject) -> str:
    """The hash of one object: its kind, name, parent and fields, and nothing of where or when it was read."""
    content = json.dumps([item.kind, item.name, item.parent, item.fields], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]


def hash_of_all(objects: Iterable[SchemaObject]) -> str:
    """The hash of a whole schema: of its objects' hashes, in their order."""
    return hashlib.sha256("\n".join(map(hash_of, objects)).encode()).hexdigest()[:HASH_DIGITS]


def is_schema_file(file: Path) -> bool:
    """Whether the file says of itself that it is one."""
    return says_format(file, FORMAT)


def says_format(file: Path, name: str) -> bool:
    """Whether the file begins by naming this format."""
    with file.open("rb") as stream:
        return name.encode() in stream.read(200)


def read_schema(file: Path) -> Catalog:
    """Read a file that :func:`write_schema` wrote. Raises :class:`CannotCheck` when it is none, or was changed."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CannotCheck(f"the schema can't be read: {error}", where=str(file)) from error
    return catalog_of(document, file)


def catalog_of(document: object, file: Path) -> Catalog:
    """The inverse of :func:`document_of`, for a document that stands in ``file``. Raises as :func:`read_schema`."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CannotCheck(f"this is not a schema ({FORMAT})", where=str(file))
    try:
        catalog = _catalog(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CannotCheck(
            f"the schema is damaged: {type(error).__name__}: {error}", where=str(file), hint="Write it anew."
        ) from error
    _require_hashes(document, catalog, file)
    return catalog


def _catalog(document: Object) -> Catalog:
    entries = [(kind, name, item) for kind, named in document["objects"].items() for name, item in named.items()]
    schema = Schema(SchemaObject(kind, name, dict(item["fields"]), item["parent"]) for kind, name, item in entries)
    keys = {f"{kind} {name}": (kind, name) for kind, name, _ in entries}
    needs = {(kind, name): frozenset(keys[each] for each in item["needs"]) for kind, name, item in entries}
    return Catalog(
        schema,
        {key: needed for key, needed in needs.items() if needed},
        version=document["server_version"],
        owners=document.get("owners", True),
        books=tuple(map(parse_table_name, document.get("version_tables", ()))),
    )


def _require_hashes(document: Object, catalog: Catalog, file: Path) -> None:
    wrong = [
        str(item)
        for item in catalog.schema.values()
        if document["objects"][item.kind][item.name].get("hash") != hash_of(item)
    ]
    if wrong or document.get("hash") != hash_of_all(catalog.schema.values()):
        what = f"of {wrong[0]}" if wrong else "of the whole"
        raise CannotCheck(
            f"the hash {what} isn't that of what stands there: the file was changed by hand, or merged",
            where=str(file),
            hint="Write it anew with migsafe schema.",
        )
