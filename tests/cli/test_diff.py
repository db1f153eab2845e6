"""``migsafe schema`` and ``migsafe diff``, end to end."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from migsafe.cli import main
from migsafe.differences.schema_file import FORMAT
from migsafe.postgres.server import Server
from migsafe.snapshots.manifest import Snapshot
from tests.fix_sides import Run, Sides
from tests.fix_state import fresh_database


@pytest.fixture
def sides(server: Server, every_kind: tuple[str, object]) -> Iterator[Sides]:
    with fresh_database(server, every_kind[0]) as old, fresh_database(server, every_kind[0]) as new:
        yield old, new


def test_equal_schemas_are_exit_code_0_and_one_column_is_exit_code_1(run: Run, sides: Sides) -> None:
    assert run("diff", "env:OLD", "env:NEW").exit_code == 0
    sides[1].execute("ALTER TABLE shop.customer ADD birthday date NOT NULL DEFAULT '2000-01-01'")
    found = run("diff", "env:OLD", "env:NEW")
    assert found.exit_code == 1
    assert "table shop.customer\n    + column birthday date NOT NULL DEFAULT '2000-01-01'::date" in found.stdout


def test_the_same_schema_is_the_same_file_and_the_file_is_a_side(run: Run, sides: Sides, tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    for variable, file in (("env:OLD", old), ("env:NEW", new)):
        assert run("schema", variable, "-o", file).exit_code == 0
    assert old.read_text() == new.read_text()
    sides[1].execute("COMMENT ON TABLE shop.customer IS 'buyers'")
    assert run("diff", old, "env:OLD").exit_code == 0
    found = run("diff", old, "env:NEW", "--format", "json")
    assert found.exit_code == 1
    (change,) = json.loads(found.stdout)["changed"]
    assert change == {
        "kind": "table",
        "name": "shop.customer",
        "parent": None,
        "fields": {"comment": {"old": "who buys", "new": "buyers"}},
    }


def test_only_the_hashes_of_what_differs_differ(run: Run, sides: Sides) -> None:
    before = json.loads(run("schema", "env:OLD").stdout)
    sides[0].execute("COMMENT ON TABLE shop.customer IS 'buyers'")
    after = json.loads(run("schema", "env:OLD").stdout)
    hashes = [
        {f"{kind} {name}": item["hash"] for kind, named in each["objects"].items() for name, item in named.items()}
        for each in (before, after)
    ]
    assert [name for name in hashes[0] if hashes[0][name] != hashes[1][name]] == ["table shop.customer"]
    assert before["hash"] != after["hash"]


def test_a_file_that_was_changed_by_hand_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    run("schema", "env:OLD", "-o", file)
    file.write_text(file.read_text().replace("who buys", "who sells"))
    found = run("diff", file, "env:OLD")
    assert found.exit_code == 3
    assert "changed by hand" in found.output
    assert "table shop.customer" in found.output


@pytest.mark.parametrize("rest", ["", ', "a": ' + "[" * 20_000, ', "a": ' + "9" * 5_000 + "}"])
def test_a_schema_file_that_can_not_be_read_is_told(tmp_path: Path, rest: str) -> None:
    file = tmp_path / "schema.json"
    file.write_text(f'{{"format": "{FORMAT}"{rest}')
    found = CliRunner().invoke(main, ["diff", str(file), str(file)])
    assert (found.exit_code, "the schema can't be read" in found.output) == (3, True), found.output


def test_the_sql_makes_the_old_schema_into_the_new_one(run: Run, sides: Sides) -> None:
    sides[1].execute("ALTER TABLE shop.misc ALTER a TYPE text, ADD born date")
    sides[1].execute("ALTER TYPE shop.mood RENAME VALUE 'sad' TO 'blue'")
    script = run("diff", "env:OLD", "env:NEW", "--format", "sql").stdout
    assert "NOT WRITTEN enum shop.mood: the value sad is gone" in script
    for statement in script.split(";\n"):
        sides[0].execute(statement.encode())
    left = run("diff", "env:OLD", "env:NEW", "--format", "json")
    assert [item["name"] for item in json.loads(left.stdout)["changed"]] == ["shop.mood"]


def test_a_snapshot_is_a_side(run: Run, sides: Sides, every_kind_snapshot: Snapshot) -> None:
    assert run("diff", every_kind_snapshot.path, "env:NEW").exit_code == 0
    sides[1].execute("DROP TABLE shop.nothing")
    assert "- table shop.nothing" in run("diff", every_kind_snapshot.path, "env:NEW").stdout


def test_a_snapshot_is_named_as_in_its_store(run: Run, every_kind_snapshot: Snapshot) -> None:
    store = ("--directory", every_kind_snapshot.path.parent)
    live = run("schema", "env:OLD").stdout
    for name in (every_kind_snapshot.path.name, "latest"):
        assert run("diff", name, "env:NEW", *store).exit_code == 0
        assert run("schema", name, *store).stdout == live
    assert run("diff", "no-such-snapshot", "env:NEW", *store).exit_code == 2


def test_a_fingerprint_that_holds_the_schema_is_a_side(run: Run, sides: Sides, tmp_path: Path) -> None:
    file = tmp_path / "fingerprint.json"
    rest = ("--exclude", "remote", "--exclude", "unfilled")
    assert run("fingerprint", "env:OLD", "-o", file, *rest).exit_code == 0
    without = run("diff", file, "env:NEW")
    assert (without.exit_code, "fingerprint --schema" in without.output) == (2, True)
    assert run("fingerprint", "env:OLD", "--schema", "-o", file, *rest).exit_code == 0
    assert run("diff", file, "env:NEW").exit_code == 0
    sides[1].execute("DROP TABLE shop.nothing")
    assert "- table shop.nothing" in run("diff", file, "env:NEW").stdout
    assert run("compare", file, "env:OLD", *rest, "--ignore-columns", "joined").exit_code == 0


@pytest.mark.parametrize(("text", "code"), [("nowhere", 2), ("pyproject.toml", 2), ("migrations@no-such-ref", 2)])
def test_what_is_no_schema_is_told(text: str, code: int) -> None:
    found = CliRunner().invoke(main, ["diff", text, text])
    assert found.exit_code == code, found.output
    assert "Traceback" not in found.output


def test_migrations_at_a_ref_and_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path = tmp_path / os.fsdecode(b"caf\xe9")
    (tmp_path / "migrations").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations" / "V1__begin.sql").write_text("CREATE TABLE t (a integer);")
    identity = ["-c", "user.name=migsafe", "-c", "user.email=migsafe@localhost", "-c", "commit.gpgsign=false"]
    for command in ("init --quiet", "add --all", "commit --quiet --message=before", "tag merged"):
        subprocess.run(["git", *identity, *command.split()], check=True)
    (tmp_path / "migrations" / "V2__more.sql").write_text("ALTER TABLE t ADD b text;")
    run = CliRunner().invoke
    found = run(main, ["diff", "migrations@merged", "migrations", "--format", "json"])
    assert found.exit_code == 1, found.output
    assert [item["name"] for item in json.loads(found.stdout)["added"]] == ["public.t.b"]
    assert run(main, ["diff", "migrations@merged", "migrations@HEAD"]).exit_code == 0
    (tmp_path / "migrations" / "V2__more.sql").write_text("ALTER TABLE u ADD b text;")
    broken = run(main, ["diff", "migrations@merged", "migrations"])
    assert broken.exit_code == 3
    assert 'relation "u" does not exist' in broken.output


def test_a_database_equals_the_file_of_its_migrations_whoever_owns_it_and_keeps_the_books(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1_t.up.sql").write_text("CREATE TABLE t (a integer);")
    run = CliRunner().invoke
    assert run(main, ["schema", "migrations", "-o", "t.json"]).exit_code == 0
    with fresh_database(server) as live:
        live.execute("CREATE TABLE t (a integer); ALTER TABLE t OWNER TO pg_monitor")
        live.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor")
        live.execute("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)")
        monkeypatch.setenv("LIVE", server.address.on(live.info.dbname).url())
        for side in ("t.json", "migrations"):
            equal = run(main, ["diff", "env:LIVE", side])
            assert (equal.exit_code, "public.schema_migrations is left out" in equal.output) == (0, True), equal.output
        live.execute("ALTER TABLE t ADD b integer")
        assert run(main, ["diff", "env:LIVE", "t.json"]).exit_code == 1


def test_a_rename_that_is_told_is_shown_as_one_and_breaks_the_old_application(run: Run, sides: Sides) -> None:
    sides[1].execute("ALTER TABLE shop.customer RENAME COLUMN joined TO since")
    sides[1].execute("ALTER TABLE shop.delivery RENAME TO shipment")
    renames = ("--rename", "shop.customer.joined=since", "--rename", "shop.delivery=shop.shipment")
    shown = run("diff", "env:OLD", "env:NEW", *renames)
    assert shown.exit_code == 1
    assert "~ column since: name: joined → since" in shown.stdout
    assert "~ table shop.shipment: name: shop.delivery → shop.shipment" in shown.stdout
    assert "column-renamed: The old application doesn't find column joined of shop.customer, which is since now." in (
        " ".join(shown.stdout.split())
    )
    document = json.loads(run("diff", "env:OLD", "env:NEW", *renames, "--format", "json").stdout)
    assert document["removed"] == document["added"] == []
    assert {"name": {"old": "joined", "new": "since"}} in [each["fields"] for each in document["changed"]]
    assert document["statements"][:2] == [
        "ALTER TABLE shop.customer RENAME COLUMN joined TO since",
        "ALTER TABLE shop.delivery RENAME TO shipment",
    ]
    assert {"compatibility-column-renamed", "compatibility-table-renamed"} == {
        each["rule"] for each in document["breaks_old_application"]
    }
    script = run("diff", "env:OLD", "env:NEW", *renames, "--format", "sql").stdout
    sides[0].execute(script.encode())
    assert run("diff", "env:OLD", "env:NEW").exit_code == 0


def test_a_rename_of_what_is_not_there_is_wrong_usage(run: Run) -> None:
    found = run("diff", "env:OLD", "env:NEW", "--rename", "shop.custmer=shop.buyer")
    assert found.exit_code == 2
    assert "the old side has no table or column shop.custmer" in found.stderr
    assert run("diff", "env:OLD", "env:NEW", "--rename", "shop.customer").exit_code == 2
