"""A packed catalog is unpacked as it was, and nothing else is taken for one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.catalog import Catalog
from migsafe.catalog.packed import pack, unpack
from migsafe.lint.run import follow
from migsafe.lint.script import script_of
from migsafe.rules import Rule, rules

ALL_KINDS = """
CREATE SCHEMA "S";
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE "S"."T 1" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a numeric(10, 2) DEFAULT 1.5 CHECK (a > 0 AND a IS NOT NULL),
    m mood[], number serial, twice numeric GENERATED ALWAYS AS (a * 2) STORED
);
CREATE TABLE parted (at date, b text UNIQUE DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (at);
CREATE TABLE part PARTITION OF parted DEFAULT;
CREATE UNIQUE INDEX i ON "S"."T 1" (a, (a + 1)) WHERE a > 3;
CREATE VIEW v AS SELECT id FROM "S"."T 1";
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
CREATE TRIGGER t BEFORE UPDATE ON part FOR EACH ROW EXECUTE FUNCTION f();
CREATE TEMPORARY TABLE other (LIKE part);
ALTER TABLE elsewhere DROP COLUMN gone;
DROP TABLE part;
SET search_path = "S", public;
SELECT f(1);
"""


def followed(sql: str) -> Catalog:
    catalog = Catalog()
    follow(script_of(sql, followed=True), catalog)
    return catalog


def assert_packs(catalog: Catalog) -> None:
    again = unpack(pack(catalog))
    assert vars(again) == vars(catalog)
    assert [*again.relations] == [*catalog.relations]


def test_a_catalog_with_every_kind_of_object_is_unpacked_as_it_was() -> None:
    catalog = followed(ALL_KINDS)
    assert (catalog.blurred, len(catalog.relations), catalog.gone) == (True, 11, {("table", "public", "part")})
    assert_packs(catalog)


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.id)
def test_what_the_examples_of_a_rule_leave_behind_is_unpacked_as_it_was(rule: Rule) -> None:
    for example in (rule.bad, rule.good):
        assert_packs(followed(example))


@given(st.integers(0, 10_000), st.binary(max_size=20))
def test_what_is_cut_or_mixed_up_is_refused_or_a_catalog(at: int, other: bytes) -> None:
    content = pack(followed("CREATE TABLE t (a integer DEFAULT 1); CREATE INDEX i ON t (a)"))
    at %= len(content)
    with pytest.raises(ValueError, match="no packed catalog"):
        unpack(content[:at])
    with suppress(ValueError):
        unpack(content[:at] + other + content[at:])
