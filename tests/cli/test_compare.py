"""``migsafe fingerprint`` and ``migsafe compare``, end to end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migsafe.postgres import databases
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.snapshots.take import take
from tests.fix_sides import Run, Sides, compared, on_both
from tests.fix_state import EVERY_KIND, fresh_database

TABLE = """
CREATE TABLE t (id integer PRIMARY KEY, v text, n numeric);
INSERT INTO t SELECT i, i, i FROM generate_series(1, 20) i
"""


def test_equal_databases_are_exit_code_0_and_one_value_is_exit_code_1(run: Run, sides: Sides) -> None:
    on_both(sides, TABLE)
    assert run("compare", "env:OLD", "env:NEW").exit_code == 0
    sides[1].execute("UPDATE t SET v = 'other' WHERE id = 7")
    found = run("compare", "env:OLD", "env:NEW")
    assert found.exit_code == 1
    assert "~ id=7: v: 7 → other" in found.stdout
    assert "DIFFERENT: 1 table compared, 20 rows; 1 table differs; 0 not checked;" in found.stdout


def test_what_can_not_be_read_is_exit_code_3_unless_something_differs(run: Run, sides: Sides) -> None:
    on_both(sides, TABLE)
    sides[1].execute("CREATE FOREIGN DATA WRAPPER f; CREATE SERVER s FOREIGN DATA WRAPPER f")
    sides[1].execute("CREATE FOREIGN TABLE far (a integer) SERVER s")
    found = run("compare", "env:OLD", "env:NEW")
    assert (found.exit_code, "public.far: a foreign table" in found.stdout) == (3, True)
    assert run("compare", "env:OLD", "env:NEW", "--exclude", "far").exit_code == 0
    sides[1].execute("DELETE FROM t WHERE id = 1")
    assert run("compare", "env:OLD", "env:NEW").exit_code == 1


def test_a_table_that_takes_too_long_is_not_checked(run: Run, sides: Sides) -> None:
    on_both(sides, "CREATE TABLE t (id integer); INSERT INTO t VALUES (1)")
    found = run("compare", "env:OLD", "env:NEW", "--statement-timeout", "200ms", "--where", "pg_sleep(5) IS NOT NULL")
    assert (found.exit_code, "statement timeout" in found.stdout) == (3, True)


def test_a_condition_that_would_write_is_refused(run: Run, sides: Sides) -> None:
    on_both(sides, "CREATE SEQUENCE s; CREATE TABLE t (id integer); INSERT INTO t VALUES (1)")
    found = run("compare", "env:OLD", "env:NEW", "--where", "nextval('public.s') > 0")
    assert (found.exit_code, "read-only transaction" in found.stdout) == (3, True)


def test_renamed_tables_and_columns_are_compared(run: Run, sides: Sides) -> None:
    sides[0].execute(
        'CREATE TABLE "Odd.t" (id integer PRIMARY KEY, "old""c" text); INSERT INTO "Odd.t" VALUES (1, \'x\')'
    )
    sides[1].execute("CREATE TABLE u (key integer PRIMARY KEY, c text); INSERT INTO u VALUES (1, 'y')")
    renames = ["public.Odd.t=u", 'Odd.t.old"c=c', "public.Odd.t.id=key"]
    found = run("compare", "env:OLD", "env:NEW", *(word for each in renames for word in ("--rename", each)))
    assert '~ id=1: old"c: x → y' in found.stdout, found.output
    assert run("compare", "env:OLD", "env:NEW", "--rename", "no=thing").exit_code == 2


def test_what_only_one_side_has_is_listed_and_the_rest_is_compared(run: Run, sides: Sides) -> None:
    sides[0].execute(
        "CREATE TABLE t (id integer PRIMARY KEY, gone text); CREATE TABLE empty (); INSERT INTO t VALUES (1, 'x')"
    )
    sides[1].execute("CREATE TABLE t (id bigint PRIMARY KEY, come text); INSERT INTO t VALUES (1, 'x')")
    found = run("compare", "env:OLD", "env:NEW")
    assert found.exit_code == 0
    assert all(
        word in found.stdout for word in ("gone only in the old side", "come only in the new", "public.empty: 0 rows")
    )
    assert "column id: integer → bigint" in found.stdout
    sides[0].execute("INSERT INTO empty DEFAULT VALUES")
    assert run("compare", "env:OLD", "env:NEW").exit_code == 1


def test_columns_can_be_ignored_by_pattern(run: Run, sides: Sides) -> None:
    on_both(sides, TABLE)
    sides[1].execute("UPDATE t SET v = 'other', n = 1.0 WHERE id = 1")
    assert run("compare", "env:OLD", "env:NEW", "--ignore-columns", "v").exit_code == 1
    assert run("compare", "env:OLD", "env:NEW", "--ignore-columns", "v", "--ignore-columns", "*.t.n").exit_code == 0


def test_a_sample_is_the_same_rows_on_both_sides(run: Run, sides: Sides) -> None:
    on_both(sides, "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 10000)")
    (table,) = compared(run, "env:OLD", "env:NEW", "--sample", "5%")["tables"]  # type: ignore[misc]
    assert not table["differs"]
    assert 300 < table["rows"]["old"] < 700


def test_counts_are_exact_and_what_was_cut_is_said(run: Run, sides: Sides) -> None:
    on_both(
        sides,
        "CREATE TABLE t (id integer PRIMARY KEY, v integer);INSERT INTO t SELECT i, i FROM generate_series(1, 30000) i",
    )
    sides[1].execute(
        "UPDATE t SET v = -v WHERE id % 2 = 0; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (-1), (-2)"
    )
    (table,) = compared(run, "env:OLD", "env:NEW", "--limit", "3")["tables"]  # type: ignore[misc]
    assert (table["changed"], table["missing"], table["extra"]) == (15000, 1, 2)
    assert (len(table["samples"]), table["not_shown"], table["looked_into"]) == (3, 15000, 10000)
    assert table["columns"] == [{"column": "v", "changed": 10000}]


def test_a_fingerprint_is_the_same_for_the_same_contents_and_tells_which_column_changed(
    run: Run, sides: Sides, tmp_path: Path
) -> None:
    on_both(sides, TABLE)
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert run("fingerprint", "env:OLD", "-o", one).exit_code == 0
    assert run("fingerprint", "env:OLD", "-o", two, "--workers", "1").exit_code == 0
    assert one.read_text() == two.read_text()
    assert run("compare", one, "env:NEW").exit_code == 0
    sides[1].execute("UPDATE t SET n = 1.0 WHERE id = 1")
    found = run("compare", one, "env:NEW")
    assert (found.exit_code, "public.t: 20 rows; columns n" in found.stdout) == (1, True)


def test_a_snapshot_is_compared_with_a_live_database_as_far_as_its_digests_tell(
    run: Run, sides: Sides, server: Server, tmp_path: Path
) -> None:
    on_both(sides, TABLE + "; CREATE TABLE large AS SELECT i, i % 7 AS n FROM generate_series(1, 30000) i")
    on_both(sides, "ALTER TABLE large ADD PRIMARY KEY (i)")
    snapshot = take(server.address.on(sides[0].info.dbname), tmp_path, jobs=2, tag="before 2.0")
    store = ("--directory", tmp_path)
    for name in ("before 2.0", "latest", snapshot.path.name, snapshot.path):
        found = run("compare", name, "env:NEW", *store)
        assert found.exit_code == 0, found.output
        assert "(snapshot, PostgreSQL" in " ".join(found.stdout.split())
    sides[1].execute("UPDATE large SET n = -1 WHERE i = 77; DROP TABLE t; ALTER TABLE large ALTER n TYPE numeric")
    found = run("compare", "latest", "env:NEW", *store)
    assert found.exit_code == 1, found.output
    assert re.search(r"public.large: 30,000 rows; columns n; in 1 of \d+ parts", found.stdout)
    assert "public.t: 20 rows" in found.stdout
    assert "holds digests and no rows" in " ".join(found.stdout.split())
    later = take(server.address.on(sides[1].info.dbname), tmp_path, jobs=2)
    assert run("compare", snapshot.path, later.path).exit_code == 1
    assert compared(run, snapshot.path, later.path)["old"]["kind"] == "snapshot"  # type: ignore[index]


@pytest.mark.parametrize("portable", [(), ("--portable",)])
def test_a_snapshot_is_compared_with_a_fingerprint_however_that_was_made(
    portable: tuple[str, ...], run: Run, sides: Sides, server: Server, tmp_path: Path
) -> None:
    on_both(
        sides, TABLE + "; CREATE TABLE flags (a integer, b boolean); INSERT INTO flags VALUES (1, true), (0, false)"
    )
    on_both(sides, "CREATE MATERIALIZED VIEW total AS SELECT sum(n) FROM t")
    take(server.address.on(sides[0].info.dbname), tmp_path, jobs=2)
    one, store = tmp_path / "one.json", ("--directory", tmp_path)
    assert run("fingerprint", "env:NEW", "-o", one, *portable).exit_code == 0
    equal = run("compare", "latest", one, *store)
    assert (equal.exit_code, "(snapshot, PostgreSQL" in " ".join(equal.stdout.split())) == (0, True), equal.output
    sides[1].execute("UPDATE t SET id = 30 WHERE id = 7; UPDATE flags SET a = 1 - a")
    assert run("fingerprint", "env:NEW", "-o", one, *portable).exit_code == 0
    for order in (("latest", one), (one, "latest")):
        document = compared(run, *order, *store)
        columns = {table["table"]: [each["column"] for each in table["columns"]] for table in document["tables"]}  # type: ignore[attr-defined]
        assert columns == {"public.flags": [], "public.t": ["id", "v", "n"], "public.total": []}
        assert [table["differs"] for table in document["tables"]] == [True, True, False]  # type: ignore[attr-defined]
    sides[0].execute("DELETE FROM t")
    take(server.address.on(sides[0].info.dbname), tmp_path, jobs=2)
    stale = run("compare", "latest", one, *store)
    assert "public.total: the restore refreshes a materialized view, and this one was stale" in " ".join(
        stale.stdout.split()
    )


def test_rows_are_not_chosen_where_there_are_none_and_an_unknown_name_is_told(run: Run, tmp_path: Path) -> None:
    unknown = run("compare", "no-such-snapshot", "env:NEW", "--directory", tmp_path)
    assert (unknown.exit_code, "migsafe snapshot list" in unknown.output) == (2, True)
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "one").exit_code == 0
    assert run("compare", tmp_path / "one", "env:NEW", "--sample", "5%").exit_code == 2


def test_a_fingerprint_reads_each_kind_of_table(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, EVERY_KIND.read_text())
    assert run("fingerprint", "env:OLD", "-o", tmp_path / "one").exit_code == 3
    document = json.loads((tmp_path / "one").read_text())
    assert document["not_checked"].keys() == {"shop.remote", "shop.unfilled"}
    tables = document["tables"]
    assert tables["shop.purchase"]["rows"] == 40 == sum(tables[f"shop.purchase_{p}"]["rows"] for p in ("2024", "rest"))
    assert tables["shop.purchase_rest"]["partition_of"] == "shop.purchase"
    assert tables["pg_largeobject"]["rows"] == 1
    assert {"shop.employee", "shop.scratch", "shop.nothing", "shop.summary"} <= tables.keys()
    for portable in ((), ("--portable",)):
        rest = ("--exclude", "remote", "--exclude", "unfilled")
        assert run("fingerprint", "env:OLD", "-o", tmp_path / "two", *rest, *portable).exit_code == 0
        found = run("compare", tmp_path / "two", "env:NEW", *rest, "--ignore-columns", "joined")
        assert found.exit_code == 0, found.output
    assert run("compare", tmp_path / "one", tmp_path / "two").exit_code == 3


def test_a_sequence_behind_its_column_is_a_warning(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (5)")
    found = run("fingerprint", "env:OLD", "-o", tmp_path / "one")
    assert (found.exit_code, "gives 1 next, and column public.t.id is at 5" in found.output) == (0, True)
    sides[0].execute("SELECT setval('t_id_seq', 5)")
    assert "gives" not in run("fingerprint", "env:OLD", "-o", tmp_path / "one").output


@pytest.mark.parametrize("text", ["", "{}", '{"format": "migsafe.fingerprint/1"}', "[1", "[" * 20_000])
def test_what_is_no_fingerprint_is_exit_code_3(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    assert run("compare", tmp_path / "x", "env:NEW").exit_code == 3
    assert run("compare", tmp_path / "nothing", "env:NEW").exit_code == 2


def test_nothing_is_written_and_no_password_is_shown(run: Run, sides: Sides, server: Server) -> None:
    on_both(sides, TABLE)
    before = sides[0].execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    found = run("compare", "env:OLD", "env:NEW")
    after = sides[0].execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert before is not None
    assert after == (before[0] + 1,)
    assert server.address.password not in found.output if server.address.password else True


@pytest.mark.parametrize("major", [18])
def test_another_major_version_gives_the_same(
    major: int, run: Run, sides: Sides, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sides[0].execute(EVERY_KIND.read_bytes())
    rest = ("--exclude", "remote", "--exclude", "unfilled")
    with servers.start(ServerSettings(use="embedded", version=major)) as other, fresh_database(other) as connection:
        connection.execute(EVERY_KIND.read_bytes())
        monkeypatch.setenv("NEW", other.address.on(connection.info.dbname).url())
        moving = ("--ignore-columns", "joined")
        for first in ("env:OLD", tmp_path / "one", tmp_path / "portable"):
            if first != "env:OLD":
                run("fingerprint", "env:OLD", "-o", first, *(("--portable",) if first == tmp_path / "portable" else ()))
            found = run("compare", first, "env:NEW", *rest, *moving)
            assert found.exit_code == 0, found.output


def test_databases_in_other_encodings_are_compared_by_what_they_say(
    run: Run, sides: Sides, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = databases.name_for(server, "latin")
    with databases.connect(server, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'".encode())
    try:
        statement = "CREATE TABLE t (id text PRIMARY KEY, v text); INSERT INTO t VALUES ('é', 'ü'), ('a', 'b')"
        sides[0].execute(statement)
        with databases.connect(server, name) as connection:
            connection.execute(statement)
        monkeypatch.setenv("NEW", server.address.on(name).url())
        old, new = (take(server.address.on(each), tmp_path, jobs=1) for each in (sides[0].info.dbname, name))
        sides_of_all_kinds = (
            ("env:OLD", "env:NEW"),
            (old.path, "env:NEW"),
            ("env:OLD", new.path),
            (old.path, new.path),
        )
        for pair in sides_of_all_kinds:
            found = run("compare", *pair)
            assert found.exit_code == 0, found.output
        run("fingerprint", "env:OLD", "-o", tmp_path / "one.json")
        for other in ("env:NEW", new.path):
            found = run("compare", tmp_path / "one.json", other)
            assert (found.exit_code, "migsafe fingerprint URL --portable" in found.output) == (3, True), found.output
    finally:
        databases.drop(server, name)


def test_the_documents_name_every_field_and_no_other(run: Run, sides: Sides, tmp_path: Path) -> None:
    on_both(sides, TABLE + "; CREATE SEQUENCE s OWNED BY t.id")
    sides[1].execute("UPDATE t SET v = 'x' WHERE id = 1; ALTER TABLE t ALTER n TYPE text")
    run("fingerprint", "env:OLD", "-o", tmp_path / "one")
    written = paths(json.loads((tmp_path / "one").read_text()), names=("tables", "key", "columns", "sequences"))
    assert {path.removesuffix("[]") for path in written} | {"not_checked.*", "unread_partitions.*"} == documented(
        "fingerprint.md"
    )
    described = {path.removesuffix("[]") for path in documented("comparison.md")}
    in_one_row = ("tables[].retyped[].", "tables[].samples[].")
    fields = {path for path in paths(compared(run, "env:OLD", "env:NEW")) if not path.startswith(in_one_row)}
    fields = {path.removesuffix("[]") for path in fields}
    assert fields - {"tables[].buckets"} <= described  # null here; described by what it holds otherwise


def documented(file: str) -> set[str]:
    """What stands in backticks in the first cells of the table of fields."""
    text = (Path(__file__).parents[2] / "docs" / file).read_text().split("<!-- fields -->")[1]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {word.strip("` ") for cell in cells for word in cell.split(",")}


def paths(value: object, above: str = "", names: tuple[str, ...] = ()) -> set[str]:
    """The leaves of a document; keys below ``names`` are names."""
    if isinstance(value, dict) and value:
        below = above.rpartition(".")[2] in names
        prefix = f"{above}." if above else ""
        return set().union(*(paths(v, f"{prefix}{'*' if below else k}", names) for k, v in value.items()))
    if isinstance(value, list) and value:
        return set().union(*(paths(each, f"{above}[]", names) for each in value))
    return {above} if value != {} else set()


EDITS = st.lists(st.tuples(st.sampled_from(["change", "remove", "add"]), st.integers(0, 400)), max_size=12)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_random_edits_are_found_exactly(run: Run, sides: Sides, edits: list[tuple[str, int]]) -> None:
    on_both(sides, "DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, v integer)")
    on_both(sides, "INSERT INTO t SELECT i, 0 FROM generate_series(0, 400, 2) i")
    rows = dict.fromkeys(range(0, 401, 2), 0)
    before = dict(rows)
    for kind, key in edits:
        if kind == "remove":
            rows.pop(key, None)
        elif kind == "add" or key in rows:
            rows[key] = rows.get(key, 0) + 1
    sides[1].execute("TRUNCATE t")
    sides[1].cursor().executemany("INSERT INTO t VALUES (%s, %s)", list(rows.items()))
    (table,) = compared(run, "env:OLD", "env:NEW", "--limit", "1000")["tables"]  # type: ignore[misc]
    found = {int(each["key"]["id"]): each["difference"] for each in table["samples"]}
    assert found == {
        key: "missing" if key not in rows else "extra" if key not in before else "changed"
        for key in before.keys() | rows.keys()
        if before.get(key) != rows.get(key)
    }
