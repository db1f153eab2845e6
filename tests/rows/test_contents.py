from __future__ import annotations

from migsafe.rows.contents import (
    ColumnContents,
    ColumnName,
    Contents,
    SequencePosition,
    TableContents,
    compare_contents,
)


def table(rows: int = 1, *, key: bool = True, row_digest: int | None = None, **digests: int) -> TableContents:
    columns = {
        name: ColumnContents(rows, digest, "text", number) for number, (name, digest) in enumerate(digests.items())
    }
    return TableContents(rows, columns, (("id", "integer"),) if key else (), row_digest)


def lines(old: Contents, new: Contents) -> list[str]:
    return list(compare_contents(old, new).lines())


def test_equal_contents_do_not_differ() -> None:
    contents = Contents({"t": table(a=1)}, {"s": SequencePosition(1, is_called=True)})
    assert not compare_contents(contents, contents)


def test_an_empty_table_that_only_one_side_has_holds_nothing_that_differs() -> None:
    assert not compare_contents(Contents(), Contents({"t": table(0)}))
    assert lines(Contents({"t": table(2)}), Contents()) == ["table t: 2 → 0 rows"]


def test_what_one_side_could_not_read_is_not_compared_and_is_said() -> None:
    difference = compare_contents(Contents({"t": table(2)}), Contents(not_checked={"t": "permission denied"}))
    assert not difference
    assert difference.not_checked == {"t": "permission denied"}


def test_digests_made_by_different_methods_are_not_called_different() -> None:
    old, new = Contents({"t": table(a=1)}), Contents({"t": table(a=2, key=False)})
    assert lines(old, new) == ["column t.a: can't be compared by digest (type or primary key differ)"]


def test_values_that_changed_places_are_told_of_the_table() -> None:
    old, new = (Contents({"t": table(key=False, row_digest=digest, a=1)}) for digest in (1, 2))
    assert lines(old, new) == ["table t: values have changed places between rows"]


def test_without_the_values_of_a_key_column_no_digest_of_its_table_is_compared() -> None:
    old, new = Contents({"t": table(id=1, a=1)}), Contents({"t": table(id=2, a=2)})
    difference = compare_contents(old, new)
    assert difference.without_values_of({ColumnName("t", "a")})
    assert not difference.without_values_of({ColumnName("t", "id")})


def test_sequences_are_compared_by_their_position() -> None:
    old = Contents(sequences={"s": SequencePosition(1, is_called=False)})
    new = Contents(sequences={"s": SequencePosition(1, is_called=True)})
    assert lines(old, new) == ["sequence s: at 1 (not yet called) → 1"]
    assert lines(old, Contents()) == ["sequence s: at 1 (not yet called) → no value"]


def test_a_column_prints_as_postgresql_would_write_it() -> None:
    assert str(ColumnName("public.t", "a")) == "public.t.a"
    assert str(ColumnName("public.t", 'A "b')) == 'public.t."A ""b"'
