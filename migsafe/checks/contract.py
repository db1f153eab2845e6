"""Contract: what the API promises is still behind it.

Claim: no column that a field of the OpenAPI document is mapped to was dropped, renamed, or changed in a way that a
client would notice. Method: the columns in which the schemas before and after the step differ are looked for among the
document's fields, by name or by the settings' mapping. Limits: an application that does more than pass values on is not
known; a type that becomes another one is a warning. The check is there only where [contract] names a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from migsafe.checks.experiment import Check, Experiment
from migsafe.contract.changes import Side
from migsafe.contract.document import open_document
from migsafe.contract.mapping import Field, belongs, fields
from migsafe.contract.structure import require_structure
from migsafe.errors import UsageError
from migsafe.findings import CheckResult, Evidence, Finding, Outcome, Severity
from migsafe.plain import many
from migsafe.schema.compatibility.sight import gives_value
from migsafe.schema.diff import compare_schemas

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from migsafe.config import ContractSettings, Settings
    from migsafe.schema.diff import ObjectChange
    from migsafe.schema.model import SchemaObject

CONTRACT = "contract"

_WIDER = {("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint"), ("real", "double precision")}


def contract_check(settings: ContractSettings, root: Path) -> Check:
    """The check for this document. Raises :class:`migsafe.errors.UsageError` when it can't be read."""
    document = open_document(str(settings.document), root)
    require_structure(document)
    known = tuple(fields(document))

    def check_contract(experiment: Experiment) -> CheckResult:
        if not experiment.applied.succeeded:
            return CheckResult(CONTRACT, Outcome.NOT_CHECKED, reason="the migration fails")
        found = tuple(_findings(experiment, known, settings))
        breaks = any(finding.severity is Severity.ERROR for finding in found)
        outcome, answer = (Outcome.FAILED, "breaks") if breaks else (Outcome.PASSED, "kept")
        return CheckResult(CONTRACT, outcome, answer, findings=found)

    return check_contract


def document_changes(settings: Settings, today: date) -> tuple[tuple[Finding, ...], Mapping[str, str]]:
    """What in the document breaks clients of its version at ``[baseline] since``; or why that was not looked at."""
    from migsafe.contract.compare import compare_documents

    document, since = settings.contract.document, settings.baseline.since
    if document is None:
        return (), {}
    subject = f"{document.name} against its version before"
    if since is None:
        return (), {subject: "[baseline] since names no git ref to take it from"}
    new = open_document(str(document), settings.root)
    try:
        old = open_document(f"{document}@{since}", settings.root)
    except UsageError as error:
        return (), {subject: str(error)}
    return compare_documents(old, new, today), {}


def _findings(experiment: Experiment, known: Sequence[Field], settings: ContractSettings) -> Iterator[Finding]:
    difference = compare_schemas(experiment.state_before.schema, experiment.state_after.schema)
    for item in difference.removed:
        for field in _fields_of(item, known, settings):
            yield _finding("contract-column-gone", Severity.ERROR, field, item, "is gone or has another name")
    for change in difference.changed:
        for field in _fields_of(change.old, known, settings):
            yield from _changed(field, change)


def _fields_of(item: SchemaObject, known: Sequence[Field], settings: ContractSettings) -> Iterator[Field]:
    if item.kind == "column" and item.parent:
        column = item.name.removeprefix(f"{item.parent}.")
        yield from (field for field in known if field.sides and belongs(field, item.parent, column, settings.map))


def _changed(field: Field, change: ObjectChange) -> Iterator[Finding]:
    old, new = change.old.fields, change.new.fields
    request, response = Side.REQUEST in field.sides, Side.RESPONSE in field.sides
    required = request and new.get("not_null") and not old.get("not_null")
    if required and (field.shape.nullable or not (field.required or gives_value(change.new))):
        told = "takes no null any more, and clients may leave the field out or send null"
        yield _finding("contract-column-required", Severity.ERROR, field, change.new, told)
    if old.get("not_null") and not new.get("not_null") and response and not field.shape.nullable:
        told = "may be null now, and the field says that it never is"
        yield _finding("contract-column-nullable", Severity.ERROR, field, change.new, told)
    before, after = str(old.get("type")), str(new.get("type"))
    if before != after and (before, after) not in _WIDER:
        yield from _retyped(field, change.new, before, after, request=request)


def _retyped(field: Field, column: SchemaObject, before: str, after: str, *, request: bool) -> Iterator[Finding]:
    told = f"was {before} and is {after}"
    length, was = _length(after), _length(before)
    if length is None and before.startswith("character varying") and after in ("text", "character varying"):
        return
    if length is not None and (was is not None or before in ("text", "character varying")):
        if was is not None and was <= length:
            return
        longest = field.shape.rest.get("maxLength")
        if request and not (isinstance(longest, int) and longest <= length):
            promised = many(longest, "character") if longest else "any length"
            told += f", and the field promises to take {promised}"
            yield _finding("contract-column-narrowed", Severity.ERROR, field, column, told)
        return
    yield _finding("contract-column-type", Severity.WARNING, field, column, told)


def _length(type_name: str) -> int | None:
    found = re.fullmatch(r"character(?: varying)?\((\d+)\)", type_name)
    return int(found[1]) if found else None


def _finding(rule: str, severity: Severity, field: Field, column: SchemaObject, told: str) -> Finding:
    return Finding(
        rule,
        severity,
        f"The API's {field.name} is mapped to the column {column.name}, which {told}.",
        remedy=f'Change the document first, or say in [contract] map where its values are: "{field.name}" = "…".',
        location=field.location,
        evidence=(Evidence("goes in", " and ".join(sorted(f"{side}s" for side in field.sides))),),
    )
