"""The estimate for the whole is one that holds: a factor that is too small would promise too much."""

from __future__ import annotations

import pytest

from migsafe.findings import Statement
from migsafe.rehearsal.effects import Effects, _is_told, tables_named

EFFECTS = Effects({("public", "small"): 1.0, ("public", "big"): 100.0, ("old", "small"): 5.0})


def run(*statements: str) -> list[Statement]:
    return [Statement(sql, 1.0, "UPDATE 1", 1) for sql in statements]


@pytest.mark.parametrize(
    ("statements", "factor"),
    [
        (["UPDATE public.small SET a = 1"], 1.0),
        (["UPDATE small SET a = 1"], 5.0),
        (["UPDATE public.small SET a = 1", "ALTER TABLE public.big ADD b int"], 100.0),
        (["UPDATE public.small SET a = 1", "DO $$ BEGIN END $$"], 100.0),
        (["INSERT INTO public.small SELECT * FROM a_view"], 100.0),
        (["this is not SQL"], 100.0),
    ],
)
def test_the_largest_factor_that_may_matter_counts(statements: list[str], factor: float) -> None:
    assert EFFECTS._factor(run(*statements)) == factor


def test_without_a_sample_nothing_is_estimated() -> None:
    assert Effects()._factor(run("UPDATE small SET a = 1")) is None


@pytest.mark.parametrize(
    ("sql", "tag", "told"),
    [
        ("BEGIN", "BEGIN", False),
        ("SELECT pg_advisory_lock(1)", "SELECT 1", False),
        ("SELECT backfill()", "SELECT 1", True),
        ("INSERT INTO schema_migrations VALUES (2)", "INSERT 0 1", False),
        ("SELECT relname FROM pg_catalog.pg_class", "SELECT 9", False),
        ("SELECT t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace", "SELECT 0", False),
        ("UPDATE pg_catalog.pg_enum SET enumlabel = 'b'", "UPDATE 1", True),
        ("UPDATE big SET a = 1", "UPDATE 9", True),
        ("DO $$ BEGIN END $$", "DO", True),
    ],
)
def test_what_the_tool_does_for_itself_is_not_told(sql: str, tag: str, *, told: bool) -> None:
    assert _is_told(Statement(sql, 1.0, tag), {"schema_migrations"}) is told


def test_names_are_read_as_postgresql_reads_them() -> None:
    assert tables_named('UPDATE "Weird ""s".T SET a = 1 FROM "B"') == {('Weird "s', "t"), ("", "B")}
