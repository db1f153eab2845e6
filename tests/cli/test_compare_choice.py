"""What ``migsafe compare`` and ``migsafe fingerprint`` choose to read, and what comes along with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fix_sides import Run, Sides, compared, on_both

PARTITIONED = """
CREATE TABLE part (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
INSERT INTO part SELECT i, i FROM generate_series(0, 19) i;
"""

PAIRS = "CREATE TABLE pairs (a text, b text); INSERT INTO pairs VALUES ('1', '2'), ('3', '4');"
SWAPPED = "UPDATE pairs SET b = CASE b WHEN '2' THEN '4' ELSE '2' END;"


def test_a_pattern_that_chooses_nothing_is_an_error_and_not_equal(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, PARTITIONED)
    for arguments in (
        ("compare", "env:OLD", "env:NEW", "--tables", "part", "--tables", "prat"),
        ("compare", "env:OLD", "env:NEW", "--tables", "part", "--exclude", "part"),
        ("fingerprint", "env:OLD", "--tables", "prat"),
    ):
        found = run(*arguments)
        assert found.exit_code == 2, found.output
        assert "chooses nothing" in found.output
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "all").exit_code == 0
    assert run("compare", tmp_path / "all", "env:NEW", "--tables", "prat").exit_code == 2
    assert run("compare", tmp_path / "all", "env:NEW", "--tables", "part").exit_code == 0


def test_a_partitioned_table_is_chosen_with_its_partitions(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, PARTITIONED)
    some = tmp_path / "some"
    assert run("fingerprint", "env:OLD", "--tables", "part", "-o", some).exit_code == 0
    assert json.loads(some.read_text())["tables"]["public.part"]["rows"] == 20
    sides[1].execute("UPDATE part SET v = 'other' WHERE id = 3")
    for side in ("env:OLD", some):
        assert run("compare", side, "env:NEW", "--tables", "part").exit_code == 1
        assert run("compare", side, "env:NEW", "--exclude", "part").exit_code == 0


def test_a_partition_is_chosen_or_excluded_by_itself(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, PARTITIONED)
    sides[1].execute("UPDATE part SET v = 'other' WHERE id = 3")
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "all").exit_code == 0
    for side in ("env:OLD", tmp_path / "all"):
        for choice, exit_code in (
            (("--tables", "part_1"), 1),
            (("--tables", "part_2"), 0),
            (("--exclude", "part_1"), 0),
            (("--exclude", "part_2"), 1),
        ):
            assert run("compare", side, "env:NEW", *choice).exit_code == exit_code, (side, choice)


def test_a_partition_that_one_side_can_not_read_leaves_the_others_to_be_compared(
    run: Run, sides: Sides, tmp_path: Path
) -> None:
    parted = PARTITIONED.replace(" PRIMARY KEY", "")
    on_both(sides, parted + "CREATE FOREIGN DATA WRAPPER f; CREATE SERVER s FOREIGN DATA WRAPPER f;")
    sides[0].execute("CREATE FOREIGN TABLE far PARTITION OF part FOR VALUES FROM (20) TO (30) SERVER s")
    sides[1].execute("CREATE TABLE far PARTITION OF part FOR VALUES FROM (20) TO (30)")
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "old").exit_code == 3
    assert run("fingerprint", "env:NEW", "-o", tmp_path / "new").exit_code == 0
    for old, new in (("env:OLD", "env:NEW"), (tmp_path / "old", "env:NEW"), (tmp_path / "old", tmp_path / "new")):
        found = run("compare", old, new, "--tables", "part")
        assert (found.exit_code, "public.far: a foreign table" in found.stdout) == (3, True), found.output
        assert run("compare", old, new, "--tables", "part", "--exclude", "far").exit_code == 0


def test_a_table_takes_its_sequence_along(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, "CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (id serial PRIMARY KEY)")
    sides[1].execute("SELECT setval('t_id_seq', 7)")
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "all").exit_code == 0
    for side in ("env:OLD", tmp_path / "all"):
        for choice, exit_code in (
            (("--tables", "t"), 1),
            (("--tables", "u"), 0),
            (("--exclude", "t"), 0),
            (("--tables", "t", "--exclude", "t_id_seq"), 0),
        ):
            assert run("compare", side, "env:NEW", *choice).exit_code == exit_code, (side, choice)


def test_a_renamed_table_is_chosen_by_its_old_name_with_its_sequence(run: Run, sides: Sides, tmp_path: Path) -> None:
    sides[0].execute("CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) VALUES ('x')")
    sides[1].execute("CREATE TABLE u (id serial PRIMARY KEY, v text); INSERT INTO u (v) VALUES ('x')")
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "all").exit_code == 0
    for side in ("env:OLD", tmp_path / "all"):
        choice = ("--tables", "t", "--rename", "t=u")
        found = run("compare", side, "env:NEW", *choice)
        assert (found.exit_code, "sequences" in found.stdout) == (0, False), found.output
        sides[1].execute("SELECT setval('u_id_seq', 7)")
        assert "public.t_id_seq: 1 → 7" in run("compare", side, "env:NEW", *choice).stdout
        sides[1].execute("SELECT setval('u_id_seq', 1)")


def test_a_rename_that_may_mean_two_is_an_error(run: Run, sides: Sides) -> None:
    on_both(sides, "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (v text); CREATE TABLE b.t (v text)")
    sides[1].execute("ALTER TABLE a.t RENAME v TO w; ALTER TABLE b.t RENAME v TO w")
    found = run("compare", "env:OLD", "env:NEW", "--rename", "t.v=w")
    assert (found.exit_code, "it may be a.t.v or b.t.v" in found.output) == (2, True), found.output
    sides[1].execute("ALTER TABLE a.t RENAME TO u")
    found = run("compare", "env:OLD", "env:NEW", "--rename", "t=u")
    assert (found.exit_code, "that may be a.t or b.t" in found.output) == (2, True), found.output


def test_sequences_that_one_side_lacks_are_listed_and_make_no_difference(run: Run, sides: Sides) -> None:
    sides[0].execute("CREATE SEQUENCE gone; CREATE TABLE alone (id serial)")
    sides[1].execute("CREATE SEQUENCE come")
    found = compared(run, "env:OLD", "env:NEW")
    assert (found["only_old_sequences"], found["only_new_sequences"]) == (["public.gone"], ["public.come"])
    assert found["verdict"] == "equal"
    assert "public.gone" in run("compare", "env:OLD", "env:NEW").stdout


def test_a_sequence_that_a_default_calls_for_is_held_to_its_column(run: Run, sides: Sides, tmp_path: Path) -> None:
    sides[0].execute(
        "CREATE SEQUENCE s; CREATE TABLE t (id integer DEFAULT nextval('s')); CREATE TABLE u (LIKE t INCLUDING ALL);"
        "INSERT INTO t VALUES (5); INSERT INTO u VALUES (9)"
    )
    found = run("fingerprint", "env:OLD", "-o", tmp_path / "one")
    assert "sequence public.s gives 1 next, and column public.u.id is at 9" in found.output
    sides[0].execute("SELECT setval('s', 9)")
    assert "gives" not in run("fingerprint", "env:OLD", "-o", tmp_path / "one").output


def test_a_sequence_that_is_part_of_a_text_is_compared_by_itself(run: Run, sides: Sides) -> None:
    on_both(
        sides,
        "CREATE SEQUENCE s; CREATE TABLE t (code text DEFAULT 'C-' || nextval('s')); ALTER SEQUENCE s OWNED BY t.code;"
        "INSERT INTO t DEFAULT VALUES",
    )
    assert run("compare", "env:OLD", "env:NEW").exit_code == 0
    sides[1].execute("SELECT nextval('s')")
    assert run("compare", "env:OLD", "env:NEW").exit_code == 1


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ("ALTER TABLE pairs ADD c text", ()),
        ("ALTER TABLE pairs RENAME a TO z", ("--rename", "pairs.a=z")),
        ("", ("--ignore-columns", "c")),
    ],
)
def test_digests_of_a_table_without_a_key_are_not_equal_unless_they_tell_which_values_stand_together(
    change: str, options: tuple[str, ...], run: Run, sides: Sides, tmp_path: Path
) -> None:
    on_both(sides, PAIRS if change else PAIRS + "ALTER TABLE pairs ADD c text")
    sides[1].execute((SWAPPED + change).encode())
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "one").exit_code == 0
    found = run("compare", tmp_path / "one", "env:NEW", *options)
    assert (found.exit_code, "changed places between rows" in " ".join(found.stdout.split())) == (3, True), found.output


def test_columns_in_another_order_are_compared_by_whole_rows_too(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, PAIRS)
    sides[1].execute("ALTER TABLE pairs RENAME a TO z; ALTER TABLE pairs ADD a text; UPDATE pairs SET a = z")
    sides[1].execute("ALTER TABLE pairs DROP z")
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "one").exit_code == 0
    assert run("compare", tmp_path / "one", "env:NEW").exit_code == 0
    sides[1].execute(SWAPPED.encode())
    assert run("compare", tmp_path / "one", "env:NEW").exit_code == 1


def test_digests_say_nothing_of_other_columns_where_the_key_is_ignored(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')")
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "one").exit_code == 0
    ignored = ("--ignore-columns", "id")
    assert run("compare", tmp_path / "one", "env:NEW", *ignored).exit_code == 0
    sides[1].execute("UPDATE t SET id = 2")
    found = run("compare", tmp_path / "one", "env:NEW", *ignored)
    assert (found.exit_code, "without the primary key" in found.stdout) == (3, True), found.output


def test_a_column_may_be_called_as_anything_is_called_here(run: Run, sides: Sides, tmp_path: Path) -> None:
    names = ("migsafe: hash of the key", "place", "t", "%s", "{x}", 'a"b.c', "ctid ")
    columns = ", ".join('"{}" text'.format(name.replace('"', '""')) for name in names)
    on_both(sides, f"CREATE TABLE t ({columns}); CREATE TABLE u (id integer PRIMARY KEY, {columns})")
    on_both(sides, "INSERT INTO t DEFAULT VALUES; INSERT INTO u (id) VALUES (1)")
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "one").exit_code == 0
    for name in names:
        quoted = '"{}"'.format(name.replace('"', '""'))
        for side in ("env:OLD", tmp_path / "one"):
            assert run("compare", side, "env:NEW").exit_code == 0
        sides[1].execute(f"UPDATE t SET {quoted} = 'x'; UPDATE u SET {quoted} = 'x'".encode())
        for side in ("env:OLD", tmp_path / "one"):
            found = compared(run, side, "env:NEW")["tables"]
            assert [table["differs"] for table in found] == [True, True]  # type: ignore[attr-defined]
        sides[1].execute(f"UPDATE t SET {quoted} = NULL; UPDATE u SET {quoted} = NULL".encode())


def test_a_sample_of_nothing_is_refused_and_a_small_one_is_said_as_it_is(run: Run, sides: Sides) -> None:
    on_both(sides, "CREATE TABLE t (id integer PRIMARY KEY)")
    assert run("compare", "env:OLD", "env:NEW", "--sample", "0.000001%").exit_code == 2
    found = run("compare", "env:OLD", "env:NEW", "--sample", "0.00001%")
    assert (found.exit_code, "a sample of 0.00001% of the rows" in found.stdout) == (0, True), found.output
