"""A catalog as bytes and back, so that what a long history comes to can be kept."""

from __future__ import annotations

from typing import Any

import msgspec
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as pb

from migsafe.catalog.catalog import Catalog
from migsafe.catalog.objects import Index, Named, Relation, Sequence, Table, View
from migsafe.sql.actions import Kind

_Key = tuple[Kind, str, str]


class _Relation(msgspec.Struct, array_like=True):
    """One of these; which one it is can't be told from the values of a dataclass."""

    table: Table | None = None
    index: Index | None = None
    sequence: Sequence | None = None
    view: View | None = None

    @classmethod
    def of(cls, relation: Relation) -> _Relation:
        match relation:
            case Table():
                return cls(table=relation)
            case Index():
                return cls(index=relation)
            case Sequence():
                return cls(sequence=relation)
            case View():
                return cls(view=relation)


class _Packed(msgspec.Struct, array_like=True):
    """All that a catalog holds, in its order."""

    complete: bool
    blurred: bool
    script: int
    search_path: tuple[str, ...]
    relations: list[_Relation]
    others: list[tuple[_Key, Named]]
    gone: set[_Key]


def pack(catalog: Catalog) -> bytes:
    """All that the catalog holds, in MessagePack; expressions are parse trees in the parser's own form."""
    packed = _Packed(
        catalog.complete,
        catalog.blurred,
        catalog.script,
        catalog.search_path,
        [_Relation.of(each) for each in catalog.relations.values()],
        [*catalog.others.items()],
        catalog.gone,
    )
    return msgspec.msgpack.encode(packed, enc_hook=_as_bytes)


def unpack(content: bytes) -> Catalog:
    """The catalog that was packed. Raises :class:`ValueError` where that isn't one."""
    try:
        packed = msgspec.msgpack.decode(content, type=_Packed, dec_hook=_as_node)
    except (msgspec.DecodeError, DecodeError) as error:
        raise ValueError(f"this is no packed catalog: {error}") from error
    catalog = Catalog(complete=packed.complete)
    catalog.blurred, catalog.script, catalog.search_path = packed.blurred, packed.script, packed.search_path
    for each in packed.relations:
        relation = each.table or each.index or each.sequence or each.view
        if relation is None:
            raise ValueError("this is no packed catalog: a relation is nothing")
        catalog.put(relation)
    catalog.others, catalog.gone = dict(packed.others), packed.gone
    return catalog


def _as_bytes(node: Any) -> bytes:
    content: bytes = node.SerializeToString()
    return content


def _as_node(_: type, content: bytes) -> pb.Node:
    return pb.Node.FromString(content)
