from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migsafe.schema.diff import FieldChange, SchemaDifference, compare_schemas
from migsafe.schema.model import Schema, SchemaObject

FIELDS = st.dictionaries(
    st.sampled_from("abc"), st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.integers())
)
OBJECTS = st.builds(SchemaObject, st.sampled_from(["table", "column"]), st.sampled_from("tuvw"), FIELDS)
SCHEMAS = st.lists(OBJECTS, max_size=6).map(Schema)


@given(SCHEMAS)
def test_a_schema_does_not_differ_from_itself(schema: Schema) -> None:
    difference = compare_schemas(schema, Schema(reversed(list(schema.values()))))
    assert not difference
    assert list(difference.lines()) == []


@given(SCHEMAS, SCHEMAS)
def test_the_difference_is_empty_exactly_when_the_schemas_are_equal(old: Schema, new: Schema) -> None:
    assert bool(compare_schemas(old, new)) == (old != new)


@given(SCHEMAS, SCHEMAS)
def test_the_difference_the_other_way_round_is_the_mirror_image(old: Schema, new: Schema) -> None:
    there, back = compare_schemas(old, new), compare_schemas(new, old)
    assert (there.removed, there.added) == (back.added, back.removed)
    assert [field.new for change in there.changed for field in change.fields] == [
        field.old for change in back.changed for field in change.fields
    ]


def test_objects_are_sorted_whatever_order_they_came_in() -> None:
    schema = Schema([SchemaObject("table", "b", {}), SchemaObject("column", "b.x", {}), SchemaObject("table", "a", {})])
    assert list(schema) == [("column", "b.x"), ("table", "a"), ("table", "b")]


def test_the_parts_of_a_removed_table_go_unsaid() -> None:
    old = Schema([SchemaObject("table", "t", {}), SchemaObject("column", "t.a", {}, parent="t")])
    assert list(compare_schemas(old, Schema()).lines()) == ["table t: removed"]
    assert list(compare_schemas(old, Schema([old["table", "t"]])).lines()) == ["column t.a: removed"]


def test_a_field_that_is_missing_reads_as_none() -> None:
    old, new = SchemaObject("column", "t.a", {}), SchemaObject("column", "t.a", {"not_null": True})
    difference = compare_schemas(Schema([old]), Schema([new]))
    assert list(difference.lines()) == ["column t.a: not_null: none → true"]


def test_owners_and_privileges_can_be_left_out() -> None:
    old = SchemaObject("table", "t", {"owner": "ann", "comment": "x"})
    new = SchemaObject("table", "t", {"owner": "bob", "comment": "y"})
    granted = SchemaObject("default privileges", "for role ann on tables", {"privileges": ["bob=r/ann"]})
    difference = compare_schemas(Schema([old, granted]), Schema([new])).without_privileges()
    assert list(difference.lines()) == ["table t: comment: x → y"]


def test_a_long_text_is_told_by_its_first_line_that_differs() -> None:
    assert str(FieldChange("body", "a\nb\nc", "a\nx\nc")) == "body: line 2: b → x"
    assert str(FieldChange("body", "a\nb", "a")) == "body: line 2: b → nothing"


def test_a_list_is_told_by_what_went_and_what_came_and_an_order_in_full() -> None:
    assert str(FieldChange("labels", ["a", "b"], ["b", "c"])) == "labels: -a, +c"
    assert str(FieldChange("labels", ["a", "b"], ["b", "a"])) == 'labels: ["a", "b"] → ["b", "a"]'


def test_a_schema_without_a_table_is_without_what_hangs_on_it() -> None:
    schema = Schema(
        [SchemaObject("table", "t", {}), SchemaObject("index", "i", {}, parent="t"), SchemaObject("table", "u", {})]
    )
    assert list(schema.without(["t"])) == [("table", "u")]


def test_only_labels_that_an_enum_gained_are_taken_from_the_difference() -> None:
    def difference(*labels: str) -> SchemaDifference:
        old, new = (Schema([SchemaObject("enum", "mood", {"labels": list(each)})]) for each in (("a", "b"), labels))
        return compare_schemas(old, new)

    assert difference("a", "c", "b", "d").without_new_labels() == (SchemaDifference(), ("mood c", "mood d"))
    for others in (("a", "c"), ("b", "a", "c"), ("a",)):
        assert difference(*others).without_new_labels() == (difference(*others), ())
