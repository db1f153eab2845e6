from __future__ import annotations

import time
from pathlib import Path

import pytest

from migsafe.errors import SettingsError
from migsafe.history.kinds import KINDS, detect, open_history
from migsafe.history.model import HistorySettings


def settings(root: Path, *names: str, **said: object) -> HistorySettings:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return HistorySettings(root=root, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("alembic.ini", "alembic"),
        ("flyway.conf", "flyway"),
        ("db/migration/V1__x.sql", "flyway"),
        ("src/main/resources/db/migration/V2_1__x.sql", "flyway"),
        ("db/migrations/0001_x.up.sql", "golang-migrate"),
        ("migrations/20240101_x.sql", "plain"),
        ("migrations/1_x.postgres.up.sql", "golang-migrate"),
        ("migrations/20191100000001000000_x.postgres.up.sql", "plain"),
    ],
)
def test_the_kind_is_told_by_its_traces(tmp_path: Path, name: str, kind: str) -> None:
    assert detect(settings(tmp_path, name)) == kind


def test_files_for_several_databases_are_no_golang_migrate_history(tmp_path: Path) -> None:
    assert detect(settings(tmp_path, "migrations/1_x.postgres.up.sql", "migrations/1_x.mysql.up.sql")) == "plain"


def test_a_named_runner_is_a_command(tmp_path: Path) -> None:
    assert detect(settings(tmp_path, "migrations/V1__x.sql", runner="flyway migrate")) == "command"


def test_nothing_found_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no migrations were found") as raised:
        detect(settings(tmp_path))
    assert "[history] kind" in str(raised.value.hint)


def test_two_kinds_are_both_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"flyway \(.*V1__x.sql.*golang-migrate \(.*1_x.up.sql") as raised:
        detect(settings(tmp_path, "migrations/V1__x.sql", "migrations/1_x.up.sql"))
    assert raised.value.hint == "Set [history] kind to one of flyway, golang-migrate."


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no kind of history 'liquibase'"):
        detect(settings(tmp_path, kind="liquibase"))


@pytest.mark.parametrize("path", ["nowhere", "file.sql"])
def test_a_path_that_is_no_directory_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(SettingsError, match="directory"):
        open_history(settings(tmp_path, "file.sql", kind="plain", path=Path(path)))


@pytest.mark.parametrize("name", ["V{}__x.sql", "{}_x.up.sql", "{}.sql"])
def test_ten_thousand_files_open_in_seconds(tmp_path: Path, name: str) -> None:
    for number in range(10_000):
        (tmp_path / name.format(number)).write_bytes(b"SELECT 1;")
    started = time.process_time()
    assert len(open_history(settings(tmp_path, path=Path())).migrations) == 10_000
    assert time.process_time() - started < 3


def test_every_kind_can_be_loaded() -> None:
    from migsafe.history.kinds import _load

    assert all(callable(_load(name).fits) for name in KINDS)


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nalembic = 3"])
def test_a_pyproject_that_says_something_else_is_no_trace_of_alembic(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert detect(settings(tmp_path, "migrations/1.sql")) == "plain"
