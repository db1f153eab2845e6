"""``migsafe lint --fix``: which files are written, where a fix is right, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix_project import Project, assert_error

INDEX = "CREATE INDEX orders_customer ON orders (customer);\n"
CONCURRENT = INDEX.replace("INDEX", "INDEX CONCURRENTLY")
KEY = "ALTER TABLE orders ADD CONSTRAINT whose FOREIGN KEY (customer) REFERENCES customers;\n"
KEY_LATER = KEY.replace(";", " NOT VALID;") + "ALTER TABLE orders VALIDATE CONSTRAINT whose;\n"
QUIET = "SET lock_timeout = '1s';\n"
GIVEN = "CREATE TABLE customers (id bigint PRIMARY KEY);\nCREATE TABLE orders (customer bigint);\n"


def project(tmp_path: Path, settings: str, first: str, second: str, text: str) -> Project:
    made = Project(tmp_path)
    made.write({"migsafe.toml": f"[history]\n{settings}\n", first: GIVEN, second: text})
    return made


def fix(made: Project, file: str, *arguments: str) -> tuple[str, list[str]]:
    """The file afterwards, and what was said of it."""
    report = made.migsafe("lint", "--fix", file, "--format", "json", *arguments).report
    said = [each["message"] for each in report["findings"] if each["rule"].startswith("lint-")]
    return (made.root / file).read_text(encoding="utf-8"), said


def test_a_file_is_written_only_where_it_was_named(tmp_path: Path) -> None:
    made = project(tmp_path, 'kind = "plain"\npath = "m"', "m/1.sql", "m/2.sql", INDEX)
    assert_error(made.migsafe("lint", "--fix"), 2, "--since")
    assert_error(made.migsafe("lint", "--fix", "-"), 2, "--since")
    shown = made.migsafe("lint", "--diff", "m/2.sql")
    assert shown.exit_code == 1
    assert shown.output == f"--- a/m/2.sql\n+++ b/m/2.sql\n@@ -1 +1 @@\n-{INDEX}+{CONCURRENT}"
    assert (tmp_path / "m/2.sql").read_text() == INDEX
    assert fix(made, "m/2.sql") == (CONCURRENT, ["1 finding was fixed in the file."])
    again = made.migsafe("lint", "--diff", "m")
    assert (again.exit_code, again.output) == (0, "")


def test_only_new_migrations_are_written_where_a_git_ref_says_which_are_new(tmp_path: Path) -> None:
    made = project(tmp_path, 'kind = "plain"\npath = "m"', "m/1.sql", "m/2.sql", INDEX)
    made.git("init", "-q")
    made.git("add", ".")
    made.git("commit", "-qm", "x")
    made.write({"m/3.sql": INDEX.replace("orders_customer", "again")})
    made.migsafe("lint", "--fix", "--since", "HEAD")
    assert (tmp_path / "m/2.sql").read_text() == INDEX
    assert "CONCURRENTLY" in (tmp_path / "m/3.sql").read_text()


@pytest.mark.parametrize(
    ("text", "after", "said"),
    [
        (INDEX, CONCURRENT, "1 finding was fixed"),
        (INDEX + "SELECT 1;\n", None, "runs inside of a transaction"),
        (KEY, None, "still holds"),
    ],
)
def test_in_a_file_of_golang_migrate_several_statements_are_one_transaction(
    tmp_path: Path, text: str, after: str | None, said: str
) -> None:
    made = project(tmp_path, 'kind = "golang-migrate"\npath = "m"', "m/1_a.up.sql", "m/2_b.up.sql", text)
    now, messages = fix(made, "m/2_b.up.sql", "--disable", "lock-without-timeout")
    assert now == (after or text)
    assert said in messages[0]


def test_flyway_runs_a_file_in_a_transaction_unless_it_can_t_or_its_settings_say_so(tmp_path: Path) -> None:
    made = project(tmp_path, 'kind = "flyway"\npath = "m"', "m/V1__a.sql", "m/V2__b.sql", INDEX)
    text, said = fix(made, "m/V2__b.sql")
    assert (text, "waits for ever" in said[-1]) == ("SET LOCAL lock_timeout = '2s';\n" + INDEX, True)
    made.write({"m/V2__b.sql": INDEX, "flyway.conf": "flyway.postgresql.transactional.lock=false\n"})
    assert fix(made, "m/V2__b.sql")[0] == CONCURRENT
    made.write({"m/V2__b.sql": QUIET + KEY})
    assert "still holds" in fix(made, "m/V2__b.sql")[1][0]
    made.write({"m/V2__b.sql.conf": "executeInTransaction=false\n"})
    assert fix(made, "m/V2__b.sql")[0] == QUIET + KEY_LATER


def test_a_placeholder_before_the_change_moves_it_and_one_where_it_goes_forbids_it(tmp_path: Path) -> None:
    settings = 'kind = "flyway"\npath = "m"\n[history.placeholders]\nwhose = "customer"\nbuild = "CREATE INDEX a"'
    text = "-- ${whose} ${whose}\n" + INDEX.replace("(customer)", "(${whose})")
    made = project(tmp_path, settings, "m/V1__a.sql", "m/V2__b.sql", text)
    made.write({"flyway.conf": "flyway.postgresql.transactional.lock=false\n"})
    assert fix(made, "m/V2__b.sql")[0] == text.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY")
    text = QUIET + "${build} ON orders (customer);\n"
    made.write({"m/V2__b.sql": text, "m/V2__b.sql.conf": "executeInTransaction=false\n"})
    now, (said,) = fix(made, "m/V2__b.sql")
    assert (now, "placeholder" in said) == (text, True)


def test_sections_of_goose_keep_their_marks_and_the_way_back(tmp_path: Path) -> None:
    down = "-- +goose Down\nDROP INDEX orders_customer;\n"
    text = f"-- +goose NO TRANSACTION\n-- +goose Up\n{INDEX}{down}"
    made = project(tmp_path, 'kind = "plain"\npath = "m"', "m/1.sql", "m/2.sql", text)
    assert fix(made, "m/2.sql")[0] == text.replace(INDEX, CONCURRENT)


def test_line_ends_and_the_byte_order_mark_stay(tmp_path: Path) -> None:
    made = project(tmp_path, 'kind = "plain"\npath = "m"', "m/1.sql", "m/2.sql", "")
    file = tmp_path / "m/2.sql"
    file.write_bytes(b"\xef\xbb\xbf" + (QUIET + KEY).replace("\n", "\r\n").encode())
    file.chmod(0o640)
    made.migsafe("lint", "--fix", "m/2.sql")
    assert file.read_bytes() == b"\xef\xbb\xbf" + (QUIET + KEY_LATER).replace("\n", "\r\n").encode()
    assert file.stat().st_mode & 0o777 == 0o640


def test_what_a_comment_ignores_is_not_changed(tmp_path: Path) -> None:
    text = "-- migsafe: ignore index-not-concurrent nobody writes yet\n" + QUIET + INDEX
    made = project(tmp_path, 'kind = "plain"\npath = "m"', "m/1.sql", "m/2.sql", text)
    assert fix(made, "m/2.sql") == (text, [])


def test_what_is_inside_of_a_block_is_left(tmp_path: Path) -> None:
    text = QUIET + f"DO $$ BEGIN {INDEX.strip()} END $$;\n"
    made = project(tmp_path, 'kind = "plain"\npath = "m"', "m/1.sql", "m/2.sql", text)
    assert fix(made, "m/2.sql") == (text, ["index-not-concurrent is left as it is: the statement stands in a DO block"])


def test_types_are_changed_only_where_their_rule_is_on(tmp_path: Path) -> None:
    text = 'CREATE TABLE t (id serial PRIMARY KEY, "int" /* n */ int NOT NULL, integer integer[]);\n'
    made = project(tmp_path, 'kind = "plain"\npath = "m"', "m/1.sql", "m/2.sql", text)
    assert fix(made, "m/2.sql")[0] == text
    now = fix(made, "m/2.sql", "--enable", "integer-column")[0]
    assert now == text.replace(" serial", " bigserial").replace("*/ int", "*/ bigint").replace("integer[]", "bigint[]")
