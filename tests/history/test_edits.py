from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from migsafe.errors import ClientToolMissing, UsageError
from migsafe.findings import Severity
from migsafe.history.edits import edited_since, new_since, out_of_order_since
from migsafe.history.model import Migration

Git = Callable[..., None]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Runs git in a repository at ``tmp_path`` whose branch ``main`` has three merged migrations."""

    def run(*arguments: str) -> None:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    run("init", "--quiet", "--initial-branch=main")
    (tmp_path / "db").mkdir()
    for name in ("1_a.up.sql", "1_a.down.sql", "3_ü c.up.sql", "5_e.up.sql"):
        (tmp_path / "db" / name).write_text(f"SELECT '{name}';\nSELECT 2;\n", encoding="utf-8")
    run("add", ".")
    run("commit", "--quiet", "-m", "merged")
    run("switch", "--quiet", "-c", "work")
    return run


def migrations(directory: Path) -> list[Migration]:
    found = []
    for up in sorted(directory.glob("*.up.sql")):
        down = up.with_name(up.name.replace(".up.", ".down."))
        found.append(Migration(up.name.split("_")[0], up.name, up, down if down.exists() else None))
    return found


def test_new_are_the_files_that_the_merge_base_lacks_committed_or_not(git: Git, tmp_path: Path) -> None:
    directory = tmp_path / "db"
    (directory / "6_new.up.sql").write_text("SELECT 1;")
    git("add", ".")
    git("commit", "--quiet", "-m", "new")
    (directory / "7_not_even_added.up.sql").write_text("SELECT 1;")
    git("switch", "--quiet", "main")
    (directory / "8_later_on_main.up.sql").write_text("SELECT 1;")
    git("add", "db/8_later_on_main.up.sql")
    git("commit", "--quiet", "-m", "later")
    git("switch", "--quiet", "work")
    files = [migration.up for migration in migrations(directory)]
    assert sorted(file.name for file in new_since(files, "main")) == ["6_new.up.sql", "7_not_even_added.up.sql"]


def test_a_renamed_file_is_not_new_but_edited(git: Git, tmp_path: Path) -> None:
    git("mv", "db/3_ü c.up.sql", "db/4_d.up.sql")
    found = migrations(tmp_path / "db")
    assert new_since([migration.up for migration in found], "main") == frozenset()
    (finding,) = edited_since(found, "main")
    assert (finding.rule, finding.severity) == ("history-edited-after-merge", Severity.ERROR)
    assert finding.evidence[0].text == "3_ü c.up.sql → 4_d.up.sql"


def test_an_edit_is_an_error_with_its_diff_and_one_of_a_down_a_warning(git: Git, tmp_path: Path) -> None:
    directory = tmp_path / "db"
    (directory / "1_a.up.sql").write_text("SELECT '1_a.up.sql';\nSELECT 3;\n")
    (directory / "1_a.down.sql").write_text("SELECT 4;\n")
    (directory / "notes.sql").write_text("SELECT 4;\n")
    git("add", "db/1_a.up.sql")
    down, up = edited_since(migrations(directory), "main")
    assert (up.severity, up.location.file) == (Severity.ERROR, directory / "1_a.up.sql")
    assert up.evidence[0].text.splitlines()[1:] == [" SELECT '1_a.up.sql';", "-SELECT 2;", "+SELECT 3;"]
    assert (down.severity, down.location.file) == (Severity.WARNING, directory / "1_a.down.sql")


def test_a_deleted_migration_is_an_error(git: Git, tmp_path: Path) -> None:
    (tmp_path / "db" / "5_e.up.sql").unlink()
    (finding,) = edited_since(migrations(tmp_path / "db"), "main")
    assert finding.message.startswith("5_e.up.sql is in main already and has been deleted")


def test_a_repeatable_migration_may_be_changed(git: Git, tmp_path: Path) -> None:
    file = tmp_path / "db" / "5_e.up.sql"
    file.write_text("SELECT 9;")
    assert edited_since([Migration("R__e", "e", file, repeatable=True)], "main") == ()


def test_a_new_version_below_a_merged_one_is_out_of_order(git: Git, tmp_path: Path) -> None:
    for name in ("2_b.up.sql", "6_f.up.sql"):
        (tmp_path / "db" / name).write_text("SELECT 1;")
    (finding,) = out_of_order_since(migrations(tmp_path / "db"), "main")
    assert finding.message.startswith("2_b.up.sql is new, but comes before 5_e.up.sql")


@pytest.mark.parametrize("ref", ["nowhere", "--all", ""])
def test_an_unknown_ref_is_named(git: Git, tmp_path: Path, ref: str) -> None:
    with pytest.raises(UsageError, match="knows no commit"):
        new_since([tmp_path / "db" / "1_a.up.sql"], ref)


def test_no_repository_and_no_git_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "1_a.up.sql"
    with pytest.raises(UsageError, match="not a git repository"):
        new_since([file], "main")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientToolMissing, match="git is needed"):
        new_since([file], "main")
