"""A comparison for programs, ``migsafe.comparison/1``; ``docs/comparison.md`` says what each field means."""

from __future__ import annotations

import json
from typing import Any

import migsafe
from migsafe.comparison.result import ComparedSide, ComparedTable, Comparison
from migsafe.errors import ExitCode
from migsafe.rows.compare import RowDifference
from migsafe.rows.contents import SequencePosition

FORMAT = "migsafe.comparison/1"

VERDICTS = {ExitCode.SAFE: "equal", ExitCode.UNSAFE: "different", ExitCode.CANNOT_CHECK: "not_checked"}

Object = dict[str, Any]


def render(comparison: Comparison, **_: object) -> str:
    """The comparison as JSON in ASCII. Tables in which nothing differs are there too, with their counts."""
    document = {
        "format": FORMAT,
        "migsafe": migsafe.__version__,
        "verdict": VERDICTS[comparison.exit_code],
        "seconds": round(comparison.seconds, 3),
        "old": _side(comparison.old),
        "new": _side(comparison.new),
        "sample": comparison.sample,
        "where": comparison.where,
        "tables": [_table(table) for table in comparison.tables],
        "only_old": [{"table": name, "rows": rows} for name, rows in comparison.only_old.items()],
        "only_new": [{"table": name, "rows": rows} for name, rows in comparison.only_new.items()],
        "sequences": [
            {"sequence": change.name, "old": _position(change.old), "new": _position(change.new)}
            for change in comparison.sequences.changes
        ],
        "only_old_sequences": list(comparison.sequences.only_old),
        "only_new_sequences": list(comparison.sequences.only_new),
        "warnings": list(comparison.sequences.behind),
        "notes": list(comparison.notes),
        "not_checked": [{"subject": name, "reason": reason} for name, reason in comparison.not_checked.items()],
    }
    return json.dumps(document, indent=2) + "\n"


def _side(side: ComparedSide) -> Object:
    return {"kind": side.kind, "name": side.name, "server_version": side.version}


def _table(table: ComparedTable) -> Object:
    return {
        "table": table.name,
        "new_table": table.new_name,
        "differs": table.differs,
        "rows": {"old": table.rows[0], "new": table.rows[1]},
        "missing": table.missing,
        "extra": table.extra,
        "changed": table.changed,
        "columns": [{"column": name, "changed": count} for name, count in table.columns.items()],
        "looked_into": table.looked_into,
        "buckets": table.buckets and {"differing": table.buckets[0], "all": table.buckets[1]},
        "materialized": table.materialized,
        "matched_by": "primary key" if table.by_key else "whole row",
        "only_old": list(table.only_old),
        "only_new": list(table.only_new),
        "retyped": [{"column": name, "old": a, "new": b} for name, (a, b) in table.retyped.items()],
        "samples": [_row(row) for row in table.samples],
        "not_shown": table.unseen,
    }


def _row(row: RowDifference) -> Object:
    kind = "extra" if row.old is None else "missing" if row.new is None else "changed"
    return {
        "difference": kind,
        "copies": row.copies,
        "key": dict(row.key),
        "old": None if row.old is None else dict(row.old),
        "new": None if row.new is None else dict(row.new),
    }


def _position(position: SequencePosition | None) -> Object | None:
    return {"last_value": position.last_value, "is_called": position.is_called} if position else None
