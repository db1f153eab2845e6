"""``migsafe init`` writes settings that fit what it finds, and that load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from migsafe.cli import main
from migsafe.config import keys, load
from migsafe.errors import ExitCode

PROJECTS: Mapping[str, tuple[Mapping[str, str], Mapping[str, object]]] = {
    "alembic": ({"backend/alembic.ini": "[alembic]"}, {"kind": "alembic", "config": "backend/alembic.ini"}),
    "flyway": (
        {"src/main/resources/db/V1.2__a b.sql": ""},
        {"kind": "flyway", "path": "src/main/resources/db"},
    ),
    "flyway below Java's directories": (
        {"api/src/main/resources/org/example/db/migration/V1__a.sql": ""},
        {"kind": "flyway", "path": "api/src/main/resources/org/example/db/migration"},
    ),
    "pop, with what it left behind": (
        {
            "sql/legacy/1_a.postgres.up.sql": "",
            "sql/now/1_a.postgres.up.sql": "",
            "sql/now/1_a.mysql.up.sql": "",
        },
        {"kind": "plain", "path": "sql/now"},
    ),
    "golang-migrate": ({'we"ird \\ näme/1_a.up.sql': ""}, {"kind": "golang-migrate", "path": 'we"ird \\ näme'}),
    "plain": ({"db/migrations/001.sql": ""}, {"kind": "plain", "path": "db/migrations"}),
    "diesel": ({"diesel.toml": "", "db/migrations/1_a/up.sql": ""}, {"kind": "plain", "path": "db/migrations"}),
    "a folder as prisma makes it, without its schema": ({"migrations/1_a/migration.sql": ""}, {"kind": "plain"}),
    "plain, where it is looked for anyway": ({"sql/001.sql": ""}, {"kind": "plain", "path": "sql"}),
    "prisma": (
        {"prisma/schema.prisma": 'datasource db { url = env("PG_URL") }', "prisma/migrations/1/migration.sql": ""},
        {"kind": "command", "path": "prisma/migrations", "url_by": "env PG_URL", "version_table": "_prisma_migrations"},
    ),
    "django": ({"manage.py": ""}, {"kind": "command", "runner": "python manage.py migrate --no-input"}),
    "rails": ({"bin/rails": "", "db/migrate/1_a.rb": ""}, {"rollback": "bin/rails db:rollback"}),
    "knex": ({"app/knexfile.ts": ""}, {"runner": "npx knex migrate:latest --knexfile app/knexfile.ts"}),
    "npm": (
        {"package.json": '{"scripts": {"migrate:make": "x", "db:migrate": "y"}}'},
        {"kind": "command", "runner": "npm run db:migrate"},
    ),
    "broken package.json": ({"package.json": "{"}, {"kind": None}),
    "someone else's": ({"node_modules/x/alembic.ini": "", ".venv/alembic.ini": ""}, {"kind": None}),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("project", PROJECTS)
def test_the_settings_fit_the_project_and_load(project: str, here: Path) -> None:
    files, expected = PROJECTS[project]
    for name, text in files.items():
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    assert CliRunner().invoke(main, ["init"]).exit_code == ExitCode.SAFE
    history = load(here, None, {}).history
    for name, value in expected.items():
        at = here / str(value) if name in ("path", "config") else value
        assert getattr(history, name) == at


def test_every_key_is_explained_and_its_example_loads(here: Path) -> None:
    CliRunner().invoke(main, ["init"])
    text = (here / "migsafe.toml").read_text()
    for key in keys().values():
        assert f"# {key.setting.description}\n" in text
        section = text.partition(f"\n[{key.table}]\n")[2].partition("\n[")[0]
        (example,) = (line[2:] for line in section.splitlines() if line.startswith(f"# {key.name} = "))
        if example != f'{key.name} = ""':
            (here / "one.toml").write_text(f"[{key.table}]\n{example}")
            load(here, here / "one.toml", {})


def test_nothing_is_overwritten_without_force(here: Path) -> None:
    (here / "migsafe.toml").write_text("# mine")
    refused = CliRunner().invoke(main, ["init"])
    assert refused.exit_code == ExitCode.USAGE
    assert refused.stderr == "error: migsafe.toml: this file is there already\nhint: Overwrite it with --force.\n"
    assert (here / "migsafe.toml").read_text() == "# mine"
    assert CliRunner().invoke(main, ["init", "--force"]).exit_code == ExitCode.SAFE
    assert "[history]" in (here / "migsafe.toml").read_text()


def test_what_can_not_be_written_is_named_with_another_way(here: Path) -> None:
    (here / "migsafe.toml").mkdir()
    refused = CliRunner().invoke(main, ["init", "--force"])
    assert refused.exit_code == ExitCode.CANNOT_CHECK
    assert f"{here / 'migsafe.toml'}: the file can't be written" in refused.stderr
    assert "--stdout" in refused.stderr


def test_standard_output_leaves_the_directory_alone(here: Path) -> None:
    assert "[history]" in CliRunner().invoke(main, ["init", "--stdout"]).stdout
    assert list(here.iterdir()) == []
