"""The tap reaches the server by socket and by TLS, while its client speaks plain TCP."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from migsafe.errors import ServerUnavailable
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.wire import upstream
from migsafe.wire.tap import Tap
from tests.waiting import wait_until

IN_TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def make_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    certificate, key = folder / "server.crt", folder / "server.key"
    subject = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
    subprocess.run([*command, *subject], capture_output=True, check=True)
    return certificate, key


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Address, Path]]:
    """A server of its own that speaks TLS, and its certificate, made out to ``localhost``."""
    certificate, key = make_certificate(tmp_path_factory.mktemp("tls"), "localhost")
    with servers.start(ServerSettings()) as server, databases.connect(server, "postgres") as connection:
        (data,) = connection.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
        owner = Path(data).stat()
        for file in (certificate, key):
            copied = shutil.copy(file, data)
            os.chown(copied, owner.st_uid, owner.st_gid)
            Path(copied).chmod(0o600)
        try:
            connection.execute("ALTER SYSTEM SET ssl = on")
        except psycopg.errors.InvalidParameterValue as error:
            pytest.skip(f"this server can't: {error.diag.message_primary}")
        connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: connection.execute("SHOW ssl").fetchone() == ("on",))
        yield server.address, certificate


def in_mode(address: Address, mode: str, **parameters: str) -> Address:
    return replace(address, host="localhost", parameters={"sslmode": mode, **parameters})


@pytest.mark.parametrize(("mode", "encrypted"), [("require", True), ("prefer", True), ("disable", False)])
def test_the_sslmode_of_the_address_is_kept(tls: tuple[Address, Path], mode: str, *, encrypted: bool) -> None:
    """The server offers SCRAM-SHA-256-PLUS over TLS; libpq, without TLS, would refuse to go on if it saw that."""
    with Tap(in_mode(tls[0], mode)) as tap, databases.connect_to(tap.address) as connection:
        assert not connection.pgconn.ssl_in_use
        assert connection.execute(IN_TLS).fetchone() == (encrypted,)
        assert [statement.sql for statement in tap.take_statements()] == [IN_TLS]


def test_tls_carries_large_data_both_ways_at_once(tls: tuple[Address, Path]) -> None:
    text = "x" * 200_000
    with Tap(in_mode(tls[0], "require")) as tap, databases.connect_to(tap.address) as connection:
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s || %s::text", (text, number)) for number in range(100)]
        assert [cursor.fetchone() for cursor in cursors] == [(f"{text}{number}",) for number in range(100)]


def test_a_cancel_request_goes_by_tls_as_well(tls: tuple[Address, Path]) -> None:
    with Tap(in_mode(tls[0], "require")) as tap, databases.connect_to(tap.address) as connection:
        thread = Thread(target=_cancel_once_it_sleeps, args=(tls[0], connection))
        thread.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(60)")
        thread.join()


def _cancel_once_it_sleeps(address: Address, connection: psycopg.Connection) -> None:
    with databases.connect_to(address) as direct:
        wait_until(lambda: direct.execute("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'").rowcount == 1)
    connection.cancel_safe()


def test_verify_full_accepts_the_certificate_of_the_host(tls: tuple[Address, Path]) -> None:
    address = in_mode(tls[0], "verify-full", sslrootcert=str(tls[1]))
    with Tap(address) as tap, databases.connect_to(tap.address) as connection:
        assert connection.execute(IN_TLS).fetchone() == (True,)


def test_a_certificate_that_does_not_verify_is_refused(tls: tuple[Address, Path]) -> None:
    with pytest.raises(ServerUnavailable, match="CERTIFICATE_VERIFY_FAILED") as refused:
        upstream.connect(in_mode(tls[0], "verify-full"))
    assert isinstance(refused.value.__cause__, ssl.SSLError)
    other_name = replace(in_mode(tls[0], "verify-full", sslrootcert=str(tls[1])), host="127.0.0.1")
    with pytest.raises(ServerUnavailable, match=r"127\.0\.0\.1"):
        upstream.connect(other_name)


def test_a_server_without_tls_is_refused_where_tls_is_required(tapped: Address) -> None:
    with pytest.raises(ServerUnavailable, match="the server has no TLS, and sslmode is require"):
        upstream.connect(in_mode(tapped, "require"))


def test_the_server_may_be_at_a_unix_socket(tapped: Address) -> None:
    with databases.connect_to(tapped) as direct:
        (directory,) = direct.execute("SHOW unix_socket_directories").fetchone() or ("",)
    with Tap(replace(tapped, host=directory)) as tap, databases.connect_to(tap.address) as connection:
        assert connection.execute("SELECT inet_client_addr()").fetchone() == (None,)
