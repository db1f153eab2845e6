"""Two dumps are compared line by line, streaming; what is random in them is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.errors import BaselineError
from migsafe.postgres.address import Address
from migsafe.postgres.dump import archive_text, dump, dump_text, first_difference, restore
from migsafe.postgres.server import Server


def write(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_dumps_that_differ_in_their_restrict_key_only_are_equal(tmp_path: Path) -> None:
    one = write(tmp_path / "one", "\\restrict abc\nSELECT 1;\n\\unrestrict abc\n")
    other = write(tmp_path / "other", "\\restrict xyz\nSELECT 1;\n\\unrestrict xyz\n")
    assert first_difference(one, other) == ()


def test_numbers_that_a_server_gives_each_column_are_not_compared(tmp_path: Path) -> None:
    lines = "ALTER TABLE ONLY t ALTER COLUMN a SET (pg_attver={0});\nALTER TABLE ONLY t ALTER COLUMN b SET ({1});\n"
    one = write(tmp_path / "one", lines.format(1, "n_distinct=5, pg_attver=1"))
    other = write(tmp_path / "other", lines.format(2, "pg_attver=2, n_distinct=5"))
    different = write(tmp_path / "different", lines.format(2, "pg_attver=2, n_distinct=6"))
    assert first_difference(one, other) == ()
    assert first_difference(one, different) != ()


def test_the_first_line_that_differs_is_shown_with_what_follows(tmp_path: Path) -> None:
    one = write(tmp_path / "one", "a\nb\nc\n")
    other = write(tmp_path / "other", "a\nB\nc\n")
    assert first_difference(one, other, lines=2) == ("- b", "- c", "+ B", "+ c")


def test_a_dump_that_goes_on_where_the_other_ends_differs(tmp_path: Path) -> None:
    assert first_difference(write(tmp_path / "one", "a\n"), write(tmp_path / "other", "a\nb\n")) != ()


def test_a_dump_that_is_restored_dumps_the_same(
    server: Server, database: Address, new_database: object, tmp_path: Path
) -> None:
    assert callable(new_database)
    other: Address = new_database()
    server.client("psql", ["--command=CREATE TABLE t AS SELECT generate_series(1, 3) AS n"], database.database)
    dump(server, database.database, tmp_path / "dump")
    restore(server, tmp_path / "dump", other.database)
    for name, address in (("one", database), ("other", other)):
        dump_text(server, address.database, tmp_path / name)
    assert first_difference(tmp_path / "one", tmp_path / "other") == ()


def test_the_text_of_an_archive_is_what_pg_dump_writes(server: Server, database: Address, tmp_path: Path) -> None:
    sql = """
        CREATE SCHEMA "s S"; CREATE TYPE "s S".mood AS ENUM ('a', 'b');
        CREATE TABLE "s S".t (id serial PRIMARY KEY, mood "s S".mood, note text);
        INSERT INTO "s S".t (note) VALUES (E'tab\\t, \\\\ and a quote: ''.'), (NULL);
        COMMENT ON TABLE "s S".t IS E'of two\\nlines'; CREATE VIEW v AS SELECT * FROM "s S".t;
        ALTER TABLE "s S".t OWNER TO pg_monitor; GRANT SELECT ON v TO PUBLIC; SELECT lo_from_bytea(0, 'large');
        """
    server.client("psql", ["--set=ON_ERROR_STOP=1", f"--command={sql}"], database.database)
    dump(server, database.database, tmp_path / "dump")
    archive_text(server, database.database, tmp_path / "dump", tmp_path / "one")
    dump_text(server, database.database, tmp_path / "other")
    assert "COPY" in (tmp_path / "one").read_text()
    assert first_difference(tmp_path / "one", tmp_path / "other") == ()


def test_a_dump_of_a_newer_pg_dump_is_refused_with_what_to_install(
    server: Server, database: Address, tmp_path: Path
) -> None:
    dump(server, database.database, tmp_path / "dump")
    content = bytearray((tmp_path / "dump").read_bytes())
    content[6] = 250  # the archive's minor version: PGDMP, major, minor, revision
    (tmp_path / "newer").write_bytes(content)
    with pytest.raises(BaselineError, match="unsupported version") as caught:
        restore(server, tmp_path / "newer", database.database)
    assert "newer" in str(caught.value.where)
    assert "install" in str(caught.value.hint)


def test_a_dump_that_is_not_there_is_named(server: Server, database: Address, tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="No such file"):
        restore(server, tmp_path / "nowhere", database.database)
