"""Run-time parameters that the tap gives to every session."""

from __future__ import annotations

import struct

import psycopg

from migsafe.postgres.address import Address
from migsafe.wire.startup import CANCEL_REQUEST, Packet, with_parameters
from migsafe.wire.tap import Tap


def shown(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute(f"SHOW {name}".encode()).fetchone()
    return str(row[0]) if row else ""


def test_every_session_has_them_and_the_client_goes_before(tapped: Address) -> None:
    with Tap(tapped, parameters={"lock_timeout": "7s", "application_name": "tap"}) as tap:
        with psycopg.connect(tap.address.url(), application_name="client") as connection:
            assert shown(connection, "lock_timeout") == "7s"
            assert shown(connection, "application_name") == "client"
            connection.execute("SET lock_timeout = '1s'")
            assert shown(connection, "lock_timeout") == "1s"
        with psycopg.connect(tap.address.url(), options="-c lock_timeout=3s") as connection:
            assert shown(connection, "lock_timeout") in ("3s", "7s")
    with psycopg.connect(tapped.url()) as connection:
        assert shown(connection, "lock_timeout") == "0"


def test_a_cancel_request_stays_as_it_is() -> None:
    packet = Packet(CANCEL_REQUEST, struct.pack(">IIII", 16, CANCEL_REQUEST, 1, 2))
    assert with_parameters(packet, {"lock_timeout": "1s"}) == packet
