"""A connection URL is read as libpq reads it."""

from __future__ import annotations

import pytest

from migsafe.errors import UsageError
from migsafe.postgres.address import parse_url


def test_what_stands_among_the_parameters_counts_as_if_it_stood_in_front() -> None:
    address = parse_url(
        "postgresql:///?host=/var/run/postgresql&port=5544&user=ada&password=x&dbname=shop&sslmode=disable"
    )
    assert str(address) == "ada@/var/run/postgresql:5544/shop"
    assert (address.password, address.parameters) == ("x", {"sslmode": "disable"})


@pytest.mark.parametrize("url", ["postgresql://ada@host:no/shop", "postgresql:///shop?port=no"])
def test_a_port_is_a_number(url: str) -> None:
    with pytest.raises(UsageError, match="port is not a number"):
        parse_url(url)
