"""Targets of every major version that there is a server of, on a throwaway server of the same version."""

from __future__ import annotations

import psycopg
import pytest

from migsafe.config import CheckSettings, RehearseSettings, Settings
from migsafe.errors import BaselineError
from migsafe.findings import Outcome, Verdict
from migsafe.history.model import HistorySettings
from migsafe.postgres import databases
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.rehearsal.rehearse import rehearse
from tests.fix_project import Project
from tests.fix_rehearsal import SHOP
from tests.postgres.test_container import MAJORS, engine, image

__all__ = ["engine"]


TEMPORAL = """
CREATE TABLE stays (room int4range, during daterange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
INSERT INTO stays SELECT '[1,2)', daterange('2000-01-01'::date + i, '2000-01-02'::date + i)
    FROM generate_series(0, 2999) i;
CREATE TABLE bills (id int PRIMARY KEY, room int4range, during daterange,
    FOREIGN KEY (room, PERIOD during) REFERENCES stays (room, PERIOD during));
INSERT INTO bills SELECT i, '[1,2)', daterange('2000-01-01'::date + i, '2000-01-03'::date + i)
    FROM generate_series(0, 2900) i;
"""

PARTITIONED = TEMPORAL.replace("OVERLAPS));", "OVERLAPS)) PARTITION BY LIST (room);", 1).replace(
    "INSERT INTO stays",
    "CREATE TABLE rooms PARTITION OF stays DEFAULT;\nINSERT INTO stays",
)


def rehearse_on(server_settings: ServerSettings, project: Project, more: str = "") -> None:
    with servers.start(server_settings) as target:
        name = databases.name_for(target, "shop")
        databases.create(target, name)
        with databases.connect(target, name) as connection:
            connection.execute(SHOP)
            connection.execute(more.encode())
        settings = Settings(
            root=project.root,
            history=HistorySettings(root=project.root, kind="golang-migrate", path=project.root / "migrations"),
            server=server_settings,
            checks=CheckSettings(only=("apply", "restore")),
            rehearse=RehearseSettings(rows="10%"),
        )
        report = rehearse(settings, target.address.on(name), lambda _: None)
        assert report.verdict is Verdict.SAFE, report.not_checked
        (migration,) = report.migrations
        assert {check.outcome for check in migration.checks} == {Outcome.PASSED}
        assert "schema" not in report.not_checked, report.not_checked
        with psycopg.connect(target.address.on(name).url()) as connection:
            assert connection.execute("SELECT version FROM schema_migrations").fetchall() == [(1,)]


@pytest.mark.parametrize("major", [16, 18])
def test_a_target_of_each_version_in_the_wheel(shop_project: Project, major: int) -> None:
    rehearse_on(ServerSettings(use="embedded", version=major), shop_project)


def test_what_several_rows_cover_together_comes_into_a_sample_whole(shop_project: Project) -> None:
    rehearse_on(ServerSettings(use="embedded", version=18), shop_project, TEMPORAL)


def test_a_temporal_key_of_a_partitioned_table_is_refused_with_the_reason(shop_project: Project) -> None:
    with pytest.raises(BaselineError, match="cannot attach index") as refused:
        rehearse_on(ServerSettings(use="embedded", version=18), shop_project, PARTITIONED)
    assert "WITHOUT OVERLAPS" in (refused.value.hint or "")


@pytest.mark.parametrize("major", MAJORS)
def test_a_target_of_each_version_in_a_container(engine: object, shop_project: Project, major: int) -> None:
    rehearse_on(ServerSettings(use="container", version=major, image=image(engine, major)), shop_project)
