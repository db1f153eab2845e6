"""Each change breaks on the side where it must, and its mirror image doesn't."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from migsafe.contract.compare import compare_documents
from migsafe.contract.document import Document, open_document, parse
from migsafe.errors import UsageError
from migsafe.findings import Finding, Severity

TODAY = date(2026, 1, 1)
Json = dict[str, Any]


def api(schema: Json, *, operation: Json | None = None, **more: Any) -> Json:
    """A document in which this schema is sent to the server and comes back from it."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    post = {
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "", "content": content}},
        **(operation or {}),
    }
    return {
        "openapi": "3.1.0",
        "paths": {"/pets": {"post": post}},
        "components": {"schemas": {"Pet": schema}},
        **more,
    }


def document(content: Json) -> Document:
    file = Path("openapi.json")
    return Document("openapi.json", file, lambda _: json.dumps(content))


def compared(old: Json, new: Json) -> tuple[Finding, ...]:
    return compare_documents(document(old), document(new), TODAY)


def told(old: Json, new: Json) -> set[tuple[str, str]]:
    return {(finding.rule.removeprefix("contract-"), finding.severity.value) for finding in compared(old, new)}


def pet(*required: str, **fields: Json) -> Json:
    return {"type": "object", "properties": fields, "required": list(required)}


STRING, NUMBER, INTEGER = {"type": "string"}, {"type": "number"}, {"type": "integer"}

SCHEMAS = [
    (pet("a", a=STRING), pet(), {("request-field-gone", "warning"), ("response-field-gone", "error")}),
    (pet(a=STRING), pet(), {("request-field-gone", "warning"), ("response-field-gone", "warning")}),
    (pet(), pet(a=STRING), set()),
    (pet(), pet("a", a=STRING), {("request-field-required", "error")}),
    (pet(a=STRING), pet("a", a=STRING), {("request-field-required", "error")}),
    (pet("a", a=STRING), pet(a=STRING), {("response-field-optional", "error")}),
    (NUMBER, INTEGER, {("request-type", "error")}),
    ({**STRING, "pattern": ""}, {**STRING, "pattern": "^a"}, {("request-pattern", "error")}),
    ({**STRING, "pattern": ""}, STRING, set()),
    (INTEGER, NUMBER, {("response-type", "error")}),
    (STRING, INTEGER, {("request-type", "error"), ("response-type", "error")}),
    ({"type": ["string", "null"]}, STRING, {("request-not-nullable", "error")}),
    (STRING, {"type": ["string", "null"]}, {("response-nullable", "error")}),
    (STRING, {"type": "string", "nullable": True}, {("response-nullable", "error")}),
    (STRING, {"anyOf": [STRING, {"type": "null"}]}, {("response-nullable", "error")}),
    ({"type": ["string", "null"]}, {"anyOf": [STRING, {"type": "null"}]}, set()),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, {("request-enum", "error")}),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, {("response-enum", "warning")}),
    (STRING, {"type": "string", "enum": ["a"]}, {("request-enum", "error")}),
    ({"const": "a"}, {"const": "b"}, {("request-enum", "error"), ("response-enum", "error")}),
    ({**INTEGER, "format": "int64"}, {**INTEGER, "format": "int32"}, {("request-format", "error")}),
    ({**INTEGER, "format": "int32"}, {**INTEGER, "format": "int64"}, {("response-format", "error")}),
    ({**STRING, "maxLength": 9}, {**STRING, "maxLength": 5}, {("request-bound", "error")}),
    ({**STRING, "maxLength": 5}, {**STRING, "maxLength": 9}, {("response-bound", "error")}),
    (STRING, {**STRING, "maxLength": 5}, {("request-bound", "warning")}),
    ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 2}, {("request-bound", "error")}),
    ({**NUMBER, "exclusiveMaximum": 5}, {**NUMBER, "maximum": 5, "exclusiveMaximum": True}, set()),
    (STRING, {**STRING, "pattern": "a+"}, {("request-pattern", "error")}),
    (pet(), {**pet(), "additionalProperties": False}, {("request-closed", "error")}),
    ({"type": "array", "items": NUMBER}, {"type": "array", "items": INTEGER}, {("request-type", "error")}),
    ({"oneOf": [STRING, INTEGER]}, {"oneOf": [STRING]}, {("request-alternative", "error")}),
    ({"oneOf": [STRING, INTEGER]}, {"oneOf": [STRING, INTEGER, pet()]}, {("response-alternative", "error")}),
    ({"allOf": [pet("a", a=STRING), pet(b=STRING)]}, pet("a", a=STRING, b=STRING), set()),
    (STRING, {**STRING, "not": {"enum": ["a"]}}, {("request-condition", "error")}),
    (pet(a={**STRING, "readOnly": True}), pet(), {("response-field-gone", "warning")}),
    (pet(a={**STRING, "writeOnly": True}), pet(), {("request-field-gone", "warning")}),
    (STRING, {**STRING, "description": "other words"}, set()),
]


@pytest.mark.parametrize(("old", "new", "expected"), SCHEMAS)
def test_a_schema_breaks_on_the_side_that_it_must(old: Json, new: Json, expected: set[tuple[str, str]]) -> None:
    assert told(api(old), api(new)) == expected


@pytest.mark.parametrize("schema", [schema for old, new, _ in SCHEMAS for schema in (old, new)])
def test_a_document_does_not_differ_from_itself(schema: Json) -> None:
    assert compared(api(schema), api(schema)) == ()


def parameter(name: str = "q", place: str = "query", **more: Any) -> Json:
    return {"parameters": [{"name": name, "in": place, "schema": STRING, **more}]}


def listed(items: Json, **more: Any) -> Json:
    return {"type": "array", "items": items, **more}


BOUND, ENUM = ("request-bound", "warning"), ("request-enum", "error")
ANSWERS = {"200": {"description": ""}}

OPERATIONS = [
    (parameter(), {}, {("parameter-gone", "warning")}),
    ({}, parameter(), set()),
    ({}, parameter(required=True), {("parameter-required", "error")}),
    (parameter(), parameter(required=True), {("parameter-required", "error")}),
    (parameter(), parameter(schema=INTEGER), {("request-type", "error")}),
    (parameter(schema=INTEGER), parameter(), set()),
    (parameter(schema=INTEGER), parameter(schema={**STRING, "enum": ["a"]}), {("request-type", "error"), ENUM}),
    (parameter(schema=INTEGER), parameter(schema={**STRING, "format": "uuid"}), {("request-type", "error")}),
    (parameter(schema=INTEGER), parameter(schema=listed(INTEGER)), set()),
    (parameter(schema=INTEGER), parameter(schema=listed(STRING)), set()),
    (parameter(), parameter(schema=listed(INTEGER)), {("request-type", "error")}),
    (parameter(), parameter(schema=listed(STRING, minItems=2)), {("request-type", "error"), BOUND}),
    (parameter(schema={"type": ["integer", "string"]}), parameter(schema=listed(STRING)), set()),
    (parameter(explode=False), parameter(schema=listed(STRING), explode=False), {("request-type", "error")}),
    (parameter(place="header"), parameter(place="header", schema=listed(STRING)), {("request-type", "error")}),
    (parameter(schema=listed(STRING)), parameter(), {("request-type", "error")}),
    (parameter(), parameter(schema={**STRING, "default": "x"}), {("parameter-default", "error")}),
    (parameter(), parameter(style="pipeDelimited"), {("parameter-style", "error")}),
    (parameter("X-Q", "header"), parameter("x-q", "header"), set()),
    ({"requestBody": None}, {}, {("request-body-required", "error")}),
    ({}, {"requestBody": None}, {("request-body-gone", "error")}),
    (
        {"responses": {**ANSWERS, "404": {}}},
        {"responses": {**ANSWERS, "409": {}}},
        {("status-gone", "warning"), ("status-new", "warning")},
    ),
    ({"responses": {**ANSWERS, "202": {}}}, {"responses": ANSWERS}, {("status-gone", "error")}),
    ({"responses": {**ANSWERS, "4XX": {}}}, {"responses": {**ANSWERS, "4XX": {}, "409": {}}}, set()),
    (
        {"responses": {"200": {"headers": {"ETag": {"required": True}}}}},
        {"responses": {"200": {}}},
        {("header-gone", "error")},
    ),
    (
        {"responses": {"200": {"content": {"text/csv": {}, "text/html": {}}}}},
        {"responses": {"200": {"content": {"text/csv": {}}}}},
        {("response-media-type", "error")},
    ),
    ({"security": [{"key": []}]}, {"security": [{"key": []}, {"token": []}]}, set()),
    ({"security": [{"key": []}, {"token": []}]}, {"security": [{"key": []}]}, {("security", "error")}),
    ({"security": [{"o": ["a"]}]}, {"security": [{"o": ["a", "b"]}]}, {("security", "error")}),
    ({"security": []}, {"security": [{"key": []}]}, {("security", "error")}),
]


@pytest.mark.parametrize(("old", "new", "expected"), OPERATIONS)
def test_an_operation_breaks_where_it_must(old: Json, new: Json, expected: set[tuple[str, str]]) -> None:
    assert told(api(STRING, operation=old), api(STRING, operation=new)) == expected


def test_a_path_is_the_same_whatever_its_parameters_are_called() -> None:
    old, new = (
        api({}, paths={f"/pets/{{{name}}}": {"get": {**parameter(name, "path", required=True), "responses": ANSWERS}}})
        for name in ("id", "pet_id")
    )
    assert compared(old, new) == ()


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ({}, Severity.ERROR),
        ({"deprecated": True}, Severity.WARNING),
        ({"deprecated": True, "x-sunset": "2026-06-01"}, Severity.ERROR),
        ({"deprecated": True, "x-sunset": "2025-12-31"}, Severity.NOTE),
    ],
)
def test_an_operation_may_go_once_its_announced_end_is_over(said: Json, severity: Severity) -> None:
    (finding,) = compared(api(STRING, operation=said), api(STRING, paths={}))
    assert (finding.rule, finding.severity) == ("contract-operation-gone", severity)


def test_in_a_webhook_it_is_the_server_that_sends() -> None:
    def hook(schema: Json) -> Json:
        body = {"content": {"application/json": {"schema": schema}}}
        return api({}, paths={}, webhooks={"sold": {"post": {"requestBody": body, "responses": {}}}})

    assert told(hook(INTEGER), hook(NUMBER)) == {("response-type", "error")}
    assert told(hook(NUMBER), hook(INTEGER)) == set()


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    old, new = (api(pet(child={"$ref": "#/components/schemas/Pet"}, age=kind)) for kind in (INTEGER, NUMBER))
    (finding,) = compared(old, new)
    assert finding.location.object == "Pet.age"


def test_a_schema_that_holds_itself_or_null_comes_to_an_end() -> None:
    child = {"$ref": "#/components/schemas/Pet", "nullable": True}
    (finding,) = compared(*(api(pet(child=child, age=kind)) for kind in (INTEGER, NUMBER)))
    assert finding.location.object == "Pet.age"


def test_alternatives_are_known_by_their_marks_not_their_places() -> None:
    made, sold, lost = (pet("kind", kind={"const": kind}, **{kind: STRING}) for kind in ("made", "sold", "lost"))
    old, new = api({"oneOf": [made, lost]}), api({"oneOf": [made, sold, lost]})
    (finding,) = compared(old, new)
    assert finding.message == "Pet may be kind=sold now."


def test_a_component_that_is_named_twice_is_one_alternative() -> None:
    more: Json = {"components": {"schemas": {"Pet": {"oneOf": [REFERENCE, REFERENCE]}, "Cat": pet(a=STRING)}}}
    less: Json = {"components": {"schemas": {"Pet": {"oneOf": [REFERENCE]}, "Cat": pet(a=STRING)}}}
    assert told(api({}, **more), api({}, **less)) == set()
    assert told(api({}, **less), api({}, **more)) == set()


REFERENCE = {"$ref": "#/components/schemas/Cat"}


def test_one_change_of_a_component_is_told_once_with_all_its_uses() -> None:
    old, new = (api(kind) for kind in (NUMBER, INTEGER))
    for each in (old, new):
        each["paths"]["/more"] = each["paths"]["/pets"]
    (finding,) = compared(old, new)
    assert finding.evidence[0].text == "POST /pets\nPOST /more"


def test_yaml_keeps_its_lines_and_reads_no_and_dates_as_texts(tmp_path: Path) -> None:
    text = "openapi: 3.0.3\ninfo:\n  country: no\n  day: 2024-01-01\n  size: 1e3\n"
    read = parse(text, tmp_path / "a.yaml")
    assert read["info"] == {"country": "no", "day": "2024-01-01", "size": 1000.0}
    assert read["info"].place("day").line == 4


def test_another_file_is_followed_and_another_host_is_not(tmp_path: Path) -> None:
    (tmp_path / "pet.yaml").write_text("Pet:\n  type: string\n")
    root = "openapi: 3.0.3\npaths: {}\nx: {$ref: 'pet.yaml#/Pet'}\ny: {$ref: 'https://example.com/a.yaml'}\n"
    (tmp_path / "openapi.yaml").write_text(root + "z: {$ref: '#/z'}\nw: {$ref: '#/none'}\n")
    opened = open_document("openapi.yaml", tmp_path)
    assert opened.follow(opened.root["x"]) == {"type": "string"}
    for key, says in (("y", "another host"), ("z", "back to itself"), ("w", "leads nowhere")):
        with pytest.raises(UsageError, match=says) as raised:
            opened.follow(opened.root[key])
        assert "openapi.yaml:" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("swagger: '2.0'\n", "no OpenAPI 3"),
        ("openapi: 4.0.0\n", "4.0.0"),
        ("- a\n", "must be an object"),
        ("a: [\n", "not YAML"),
    ],
)
def test_what_is_no_document_is_said(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "openapi.yaml").write_text(text)
    with pytest.raises(UsageError, match=says):
        open_document("openapi.yaml", tmp_path)
