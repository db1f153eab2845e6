"""The settings: where they are found, how they are read, and what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from migsafe.config import Settings, keys, load, with_overrides
from migsafe.errors import ExitCode, SettingsError

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file into a git repository and return its path."""
    (tmp_path / ".git").mkdir()

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def settings_of(text: str, write: Write, environment: Mapping[str, str] | None = None) -> Settings:
    path = write("migsafe.toml", text)
    return load(path.parent, None, environment or {})


def refusal(text: str, write: Write, environment: Mapping[str, str] | None = None) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        settings_of(text, write, environment)
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value


def test_every_type_of_value_is_read(write: Write, tmp_path: Path) -> None:
    settings = settings_of(
        """
        [history]
        kind = "flyway"
        path = "db/migrations"
        placeholders = { "weird name" = "50 % < & |", level = 3, on = true }
        [server]
        version = 15
        roles = ["app", "Ünïcode"]
        [baseline]
        url-variable = "PRODUCTION_URL"
        rows = ["rows/a.sql", "/rows/b.sql"]
        """,
        write,
    )
    assert settings.root == settings.history.root == tmp_path
    assert settings.file == tmp_path / "migsafe.toml"
    assert settings.history.path == tmp_path / "db/migrations"
    assert settings.history.placeholders == {"weird name": "50 % < & |", "level": "3", "on": "true"}
    assert settings.server.version == 15
    assert settings.server.roles == ("app", "Ünïcode")
    assert settings.baseline.url_variable == "PRODUCTION_URL"
    assert settings.baseline.rows == (tmp_path / "rows/a.sql", Path("/rows/b.sql"))


def test_without_a_file_everything_is_default(tmp_path: Path) -> None:
    settings = load(tmp_path, None, {})
    assert (settings.file, settings.root) == (None, tmp_path)
    for name, key in keys().items():
        table, _, field = name.partition(".")
        assert getattr(getattr(settings, table), field) == key.default


def test_the_nearest_file_up_to_the_repository_counts(write: Write, tmp_path: Path) -> None:
    write("migsafe.toml", "[server]\nversion = 15")
    below = write("app/models/x.py", "").parent
    assert load(below, None, {}).server.version == 15
    write("app/pyproject.toml", "[tool.migsafe.server]\nversion = 17")
    assert load(below, None, {}).server.version == 17
    write("app/models/pyproject.toml", "[tool.other]")
    assert load(below, None, {}).root == tmp_path / "app"


def test_nothing_above_the_repository_is_read(tmp_path: Path) -> None:
    (tmp_path / "migsafe.toml").write_text("[server]\nversion = 15")
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "alone").mkdir()
    assert load(tmp_path / "repository", None, {}).file is None
    assert load(tmp_path / "alone", None, {}).file is None


def test_two_files_in_one_directory_are_refused(write: Write, tmp_path: Path) -> None:
    write("pyproject.toml", '[project]\nname = "x"\n\n[tool.migsafe.server]\nversion = 17')
    error = refusal("[server]\nversion = 15", write)
    assert error.where == f"{tmp_path}/pyproject.toml:4"
    assert "migsafe.toml" in error.message


def test_an_empty_file_beside_pyproject_does_not_hide_it(write: Write) -> None:
    write("pyproject.toml", "[tool.migsafe.server]\nversion = 17")
    assert settings_of("# nothing yet\n", write).server.version == 17


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[server]\nversion = 15\nimagge = 'x'", 3, 'no key of [server] "imagge"; the nearest is "image"'),
        ("\n\n[histroy]\nkind = 'plain'", 3, 'no table "histroy"; the nearest is "history"'),
        ("kind = 'plain'", 1, 'no table "kind"; kind belongs under [history]'),
        ("[server]\nrunner = 'x'", 2, "runner belongs under [history]"),
        ("server.use = 'contaner'", 1, '"contaner" is none of them; the nearest is "container"'),
        ("[server]\nroles = [\n  'a',\n]\nversion = '15'", 5, "version must be a whole number, and is a text"),
        ("[snapshots]\njobs = 0", 2, "jobs must be a whole number from 1 on, and is 0"),
        ("[server]\nversion = true", 2, "version must be a whole number, and is a boolean"),
        ("[baseline]\n# rows\nrows = 'a.sql'", 3, "rows must be a list of paths, and is a text"),
        ("[baseline]\nrows = [\n  'a.sql',\n  5,\n]", 2, "rows must be a list of paths"),
        ("[server.settings]\nTimeZone = ['UTC']", 1, "settings must be a table of texts"),
        ("checks = 5", 1, "checks must be a table"),
        ("[checks]\nidempotency = 'requiered'", 2, 'the nearest is "required"'),
    ],
)
def test_what_means_nothing_is_named_with_its_line(text: str, line: int, words: str, write: Write) -> None:
    error = refusal(text, write)
    assert error.where is not None
    assert error.where.endswith(f"migsafe.toml:{line}")
    assert words in error.message


def test_broken_toml_is_named_with_line_and_column(write: Write, tmp_path: Path) -> None:
    assert refusal("[server]\nversion = = 15", write).where == f"{tmp_path}/migsafe.toml:2:11"
    assert refusal('[server]\nimage = """x', write).where == f"{tmp_path}/migsafe.toml:2:13"


def test_a_file_that_cannot_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path, tmp_path / "none.toml", {})
    (tmp_path / "latin.toml").write_bytes(b"[server]\nimage = '\xe9'")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load(tmp_path, tmp_path / "latin.toml", {})


def test_a_url_is_allowed_and_never_repeated(write: Write) -> None:
    assert settings_of("server.use = 'postgresql://a:secret@b/c'", write).server.use == "postgresql://a:secret@b/c"
    assert "secret" not in str(refusal("server.use = 'postgresql//a:secret@b/c'", write))


def test_the_environment_overrides_the_file(write: Write, tmp_path: Path) -> None:
    environment = {
        "MIGSAFE_SERVER_VERSION": "17",
        "MIGSAFE_SERVER_ROLES": "app, reader",
        "MIGSAFE_SERVER_SETTINGS": "TimeZone=UTC,work_mem=64MB",
        "MIGSAFE_BASELINE_DUMP": "production.dump",
        "MIGSAFE_SERVER_IMAGE": "",
        "MIGSAFE_DEBUG": "1",
    }
    settings = settings_of("[server]\nversion = 15\nimage = 'x'", write, environment)
    assert settings.server.version == 17
    assert settings.server.image == "x"
    assert settings.server.roles == ("app", "reader")
    assert settings.server.settings == {"TimeZone": "UTC", "work_mem": "64MB"}
    assert settings.baseline.dump == tmp_path / "production.dump"


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("MIGSAFE_SERVER_VERSOIN", "17", "the nearest is"),
        ("MIGSAFE_SERVER_VERSION", "new", "must be a whole number"),
        ("MIGSAFE_SERVER_SETTINGS", "TimeZone", "must be a table"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, text: str, words: str, write: Write) -> None:
    error = refusal("", write, {variable: text})
    assert error.where == variable
    assert words in error.message


def test_overrides_win(tmp_path: Path) -> None:
    settings = load(tmp_path, None, {"MIGSAFE_SERVER_USE": "local"})
    changed = with_overrides(settings, {"server.use": "embedded", "baseline.since": "main"})
    assert (changed.server.use, changed.baseline.since) == ("embedded", "main")


def test_two_baselines_are_refused(write: Write) -> None:
    error = refusal("[baseline]\ndump = 'a'\nsql = ['b.sql']", write)
    assert "both dump and sql" in error.message


@pytest.mark.parametrize("value", ["[" * 20_000, "9" * 5_000])
def test_what_python_can_not_hold_is_refused(write: Write, value: str) -> None:
    assert "the settings can't be read" in refusal(f"a = {value}", write).message
