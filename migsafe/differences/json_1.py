"""A difference between schemas for programs, ``migsafe.diff/1``; ``docs/diff.md`` says what each field means."""

from __future__ import annotations

import json
from typing import Any

import migsafe
from migsafe.differences.engine import Differences
from migsafe.differences.schema_file import hash_of_all
from migsafe.differences.sides import Side
from migsafe.findings import Finding
from migsafe.schema.model import SchemaObject

FORMAT = "migsafe.diff/1"

Object = dict[str, Any]


def render(differences: Differences, **_: object) -> str:
    """The difference as JSON in ASCII, by kind and name."""
    found = differences.difference
    script = differences.script()
    document = {
        "format": FORMAT,
        "migsafe": migsafe.__version__,
        "verdict": "different" if found else "equal",
        "seconds": round(differences.seconds, 3),
        "old": _side(differences.old),
        "new": _side(differences.new),
        "removed": [_object(item) for item in found.removed],
        "added": [_object(item) for item in found.added],
        "changed": [
            {
                "kind": change.new.kind,
                "name": change.new.name,
                "parent": change.new.parent,
                "fields": {field.field: {"old": field.old, "new": field.new} for field in change.fields},
            }
            for change in found.changed
        ],
        "statements": list(script.statements),
        "not_written": [
            {"object": each.object, "what": each.what, "reason": each.reason} for each in script.not_written
        ],
        "breaks_old_application": [_finding(each) for each in differences.impact.breaks],
        "new_application_needs": list(differences.impact.needed_first),
        "notes": list(differences.notes),
    }
    return json.dumps(document, indent=2) + "\n"


def _side(side: Side) -> Object:
    return {
        "kind": side.kind,
        "name": side.name,
        "server_version": side.catalog.version,
        "hash": hash_of_all(side.catalog.schema.values()),
    }


def _finding(finding: Finding) -> Object:
    return {
        "rule": finding.rule,
        "object": finding.location.object,
        "message": finding.message,
        "remedy": finding.remedy,
        "dependents": [line for each in finding.evidence for line in each.text.splitlines()],
    }


def _object(item: SchemaObject) -> Object:
    return {"kind": item.kind, "name": item.name, "parent": item.parent, "fields": dict(item.fields)}
