"""Schemas without their owners: who made an object says nothing where each side was made by somebody else."""

from __future__ import annotations

import re
from dataclasses import replace

from migsafe.schema.model import Json, Schema, SchemaObject

OWNER = "(owner)"
"""Stands in a list of privileges for whoever owns the object; no role is printed like that."""

_ITEM = re.compile(r'((?:"(?:[^"]|"")*"|[^"=/])*)=([^/]*)/((?:"(?:[^"]|"")*"|.)*)')
"""An aclitem as PostgreSQL prints it: grantee, privileges, grantor (manual, 5.8)."""


def without_owners(schema: Schema) -> Schema:
    """Without owners, and with "(owner)" for the owner's name among the privileges.

    Default privileges, which are named after a role and say nothing of what is there, are left out.
    """
    owners = {item.name: owner for item in schema.values() if isinstance(owner := item.fields.get("owner"), str)}
    return Schema(_without_owner(item, owners) for item in schema.values() if item.kind != "default privileges")


def _without_owner(item: SchemaObject, owners: dict[str, str]) -> SchemaObject:
    owner = item.fields.get("owner") or owners.get(item.parent or "")
    fields = {name: value for name, value in item.fields.items() if name != "owner"}
    if isinstance(owner, str) and isinstance(fields.get("privileges"), list):
        fields["privileges"] = _privileges(fields["privileges"], owner)
    return replace(item, fields=fields)


def _privileges(items: Json, owner: str) -> list[Json]:
    assert isinstance(items, list)
    found: list[Json] = []
    for item in items:
        match = _ITEM.fullmatch(str(item))
        grantee, granted, grantor = match.groups() if match else (str(item), "", "")
        found.append(f"{_role(grantee, owner)}={granted}/{_role(grantor, owner)}")
    return sorted(found, key=str)


def _role(name: str, owner: str) -> str:
    return OWNER if name in (owner, '"' + owner.replace('"', '""') + '"') else name
