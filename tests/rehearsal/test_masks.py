"""Masked values don't leave the target, and what is masked stays unique and not null."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
import pytest

from migsafe.errors import BaselineError, SettingsError
from migsafe.postgres.address import Address
from tests.fix_rehearsal import Bring


def test_a_hash_hides_every_value_and_keeps_them_apart(bring: Bring, shop: Address) -> None:
    with bring(shop, mask={"public.customers.email": "hash"}) as rehearsed:
        assert rehearsed.rows("SELECT count(DISTINCT email), count(*) FROM public.customers") == [(4000, 4000)]
        assert rehearsed.rows("SELECT FROM public.customers WHERE email LIKE '%@%'") == []


def test_a_null_stays_null_and_equal_values_stay_equal(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE TABLE notes (author varchar(20), copy text, token uuid, secret text, cents int)")
        connection.execute(
            "INSERT INTO notes VALUES ('ada', 'ada', gen_random_uuid(), 'x', 12), (NULL, '', NULL, NULL, NULL)"
        )
    masks = {
        "public.notes.author": "hash",
        "public.notes.copy": "hash",
        "public.notes.token": "hash",
        "public.notes.secret": "null",
        "public.notes.cents": "cents / 10 * 10",
    }
    with bring(shop, mask=masks) as rehearsed:
        first, second = rehearsed.rows("SELECT author, copy, token, secret, cents FROM public.notes ORDER BY cents")
        assert first[0] == first[1][:20]
        assert (first[3], first[4]) == (None, 10)
        assert (second[0], second[2]) == (None, None)


def test_a_mask_of_a_partitioned_table_reaches_its_partitions(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE TABLE visits (id int, who text) PARTITION BY LIST (id)")
        connection.execute("CREATE TABLE visits_1 PARTITION OF visits DEFAULT")
        connection.execute("INSERT INTO visits VALUES (1, 'ada')")
    for named in ("visits", "visits_1"):
        with bring(shop, mask={f"public.{named}.who": "hash"}) as rehearsed:
            assert rehearsed.rows("SELECT who = 'ada' FROM public.visits") == [(False,)]


@pytest.mark.parametrize("key", ["LIST (who)", "HASH (who)", "LIST ((lower(who)))"])
def test_a_column_that_divides_a_table_into_partitions_is_not_masked(bring: Bring, shop: Address, key: str) -> None:
    partition = "FOR VALUES WITH (MODULUS 1, REMAINDER 0)" if "HASH" in key else "DEFAULT"
    with psycopg.connect(shop.url()) as connection:
        connection.execute(f"CREATE TABLE visits (id int, who text, what text) PARTITION BY {key}".encode())
        connection.execute(f"CREATE TABLE visits_1 PARTITION OF visits {partition}".encode())
    for named in ("visits", "visits_1"):
        with pytest.raises(SettingsError, match="partition key"), bring(shop, mask={f"public.{named}.who": "hash"}):
            pass
    with bring(shop, mask={"public.visits.what": "hash"}):
        pass


def test_a_hash_fits_into_a_domain_over_a_short_type(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("CREATE DOMAIN handle AS varchar(20); CREATE DOMAIN tiny AS varchar(5)")
        connection.execute("CREATE TABLE users (name handle, code tiny); INSERT INTO users VALUES ('ada', 'a')")
    with bring(shop, mask={"public.users.name": "hash"}) as rehearsed:
        assert rehearsed.rows("SELECT length(name) FROM public.users") == [(20,)]
    with pytest.raises(SettingsError, match="a hash needs"), bring(shop, mask={"public.users.code": "hash"}):
        pass


PEOPLE = """
CREATE TABLE people (name varchar(40) PRIMARY KEY, boss text REFERENCES people, token uuid UNIQUE);
CREATE TABLE accounts (owner varchar(24) UNIQUE REFERENCES people, token uuid REFERENCES people (token));
CREATE TABLE visits (id int, owner text REFERENCES accounts (owner)) PARTITION BY LIST (id);
CREATE TABLE visits_1 PARTITION OF visits DEFAULT;
INSERT INTO people SELECT 'p' || n, CASE WHEN n > 1 THEN 'p' || n / 2 END, md5(n::text)::uuid
FROM generate_series(1, 2000) n;
INSERT INTO accounts SELECT name, token FROM people ORDER BY name DESC LIMIT 1500;
INSERT INTO visits SELECT i, owner FROM accounts, generate_series(1, 2) i
"""
NAMES = ("public.people.name", "public.people.boss", "public.accounts.owner", "public.visits.owner")
TOKENS = ("public.people.token", "public.accounts.token")


@pytest.mark.parametrize("rows", ["all", "2%"])
def test_keys_that_are_masked_on_both_sides_still_hold(bring: Bring, shop: Address, rows: str) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute(PEOPLE)
    with bring(shop, rows, mask=dict.fromkeys((*NAMES, *TOKENS), "hash")) as rehearsed:
        assert rehearsed.rows("SELECT FROM public.people WHERE name LIKE 'p%' OR boss LIKE 'p%'") == []
        assert rehearsed.rows("SELECT DISTINCT length(owner) FROM public.visits") == [(24,)]
        (counts,) = rehearsed.rows("""SELECT (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated),
            (SELECT count(*) FROM public.people), (SELECT count(*) FROM public.people WHERE boss IS NOT NULL)""")
        assert counts[0] >= 5
        if rows == "all":
            assert counts[1:] == (2000, 1999)
        else:
            assert 20 < counts[1] < 1000
            assert counts[2] == counts[1] - 1  # whoever has a boss has one that came along


def test_what_refers_may_be_masked_as_null_alone(bring: Bring, shop: Address) -> None:
    with bring(shop, "5%", mask={"public.customers.friend": "null"}) as rehearsed:
        assert rehearsed.rows("SELECT count(friend) FROM public.customers") == [(0,)]


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        ({"public.customers.mail": "hash"}, "no such column"),
        ({"customers.email": "hash"}, "no such column"),
        ({'public."': "hash"}, "not the name of a column"),
        ({"public.customers.email": "null"}, "may not be null"),
        ({"public.orders.customer": "hash"}, "if public.customers.id is masked too"),
        ({"public.customers.id": "id + 1"}, "if public.orders.customer is masked too|if public.customers.friend is"),
        ({"public.customers.friend": "1", "public.customers.id": "1", "public.orders.customer": "1"}, "both by hash"),
        ({"public.orders.cents": "hash"}, "only texts and uuid"),
    ],
)
def test_a_mask_that_would_not_do_is_refused(bring: Bring, shop: Address, mask: Mapping[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason), bring(shop, mask=mask):
        pass


def test_an_expression_that_fails_does_not_tell_the_value(bring: Bring, shop: Address) -> None:
    with pytest.raises(BaselineError) as caught, bring(shop, mask={"public.customers.email": "email::int"}):
        pass
    assert "22P02" in caught.value.message
    assert "@example.com" not in f"{caught.value} {caught.value.hint}"


def test_a_check_that_a_mask_breaks_is_named(bring: Bring, shop: Address) -> None:
    with psycopg.connect(shop.url()) as connection:
        connection.execute("ALTER TABLE customers ADD CONSTRAINT an_address CHECK (email LIKE '%@%')")
    broken = {"public.customers.email": "hash"}
    with pytest.raises(BaselineError, match="SQLSTATE 23514 of an_address") as caught, bring(shop, mask=broken):
        pass
    assert "keep to its constraints" in (caught.value.hint or "")
    with bring(shop, mask={"public.customers.email": "md5(email) || '@example.com'"}):
        pass
