"""A server in a container, by testcontainers' ``PostgresContainer`` and whatever Docker engine that finds."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from migsafe.errors import ClientToolMissing, ServerUnavailable
from migsafe.postgres import clients, databases
from migsafe.postgres.address import Address
from migsafe.postgres.roles import create_roles
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import cluster
from migsafe.postgres.servers.account import own_account
from migsafe.postgres.servers.inside import run_inside
from migsafe.postgres.servers.running import RunningServer
from migsafe.postgres.servers.runs import RunDirectory, is_alive, run_directory, sweep_directories

if TYPE_CHECKING:
    import docker
    import psycopg
    from docker.models.containers import Container as DockerContainer
    from testcontainers.community.postgres import PostgresContainer

_DEFAULT_MAJOR = 17
_PORT = 5432
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_PATIENCE = 60.0
"""Seconds that a container is given from its start to the first query."""

_ENGINE_TIMEOUT = 300
"""Seconds that one request to the engine may take; the longest is a pull."""

_DATA = "/var/lib/postgresql"
_INITDB_ARGUMENTS = "--encoding=UTF8 --locale=C --lc-ctype=C.UTF-8 --no-sync"

_OWNER, _HOST, _RUN, _DIRECTORY = "migsafe.owner", "migsafe.host", "migsafe.run", "migsafe.directory"
"""The labels: who started it, where, in which run, and the directory that is locked while that run lives."""


class Container:
    """The wanted image (default: the official one) on the Docker engine."""

    name = "container"

    def describe(self, settings: ServerSettings) -> str:
        image = image_of(settings)
        with _engine() as engine:
            from docker.errors import ImageNotFound

            version = engine.version()["Version"]
            try:
                engine.images.get(image)
            except ImageNotFound:
                return f"Docker engine {version}; the image {image} is not at hand and would be pulled"
        return f"Docker engine {version}, image {image}"

    def start(self, settings: ServerSettings) -> AbstractContextManager[Server]:
        return _start(settings)


def image_of(settings: ServerSettings) -> str:
    """The image that the settings ask for."""
    return settings.image or f"postgres:{settings.version or _DEFAULT_MAJOR}"


@contextmanager
def _start(settings: ServerSettings) -> Iterator[Server]:
    sweep_directories(settings.directory)
    with _engine() as engine, run_directory(own_account()) as run:
        sweep_containers(engine)
        _provide_image(engine, image_of(settings))
        with _running(run, settings) as container:
            address = _address(container)
            with _wait_until_ready(container, address) as connection:
                create_roles(connection, settings.roles)
                version, number = databases.server_version(connection)
            yield ContainerServer(
                "container", version, number // 10000, run.run_id, address, container=container.get_wrapped_container()
            )


@contextmanager
def _engine() -> Iterator[docker.DockerClient]:
    """A client of the engine; whatever the engine refuses meanwhile becomes :class:`ServerUnavailable`."""
    try:
        from docker.errors import DockerException
        from requests.exceptions import RequestException
        from testcontainers.core.docker_client import DockerClient
    except ImportError as error:
        raise ServerUnavailable(
            f"testcontainers is not installed ({error.name} is missing)",
            hint="Install it: pip install 'migsafe-postgres[container]'",
        ) from None
    try:
        client = DockerClient(timeout=_ENGINE_TIMEOUT).client
        client.ping()
    except (DockerException, RequestException) as error:
        raise ServerUnavailable(
            f"no Docker engine answers: {error}",
            where=os.environ.get("DOCKER_HOST"),
            hint="Start it (Debian: apt-get install docker.io; systemctl start docker), let your user reach it (group "
            "docker), or set DOCKER_HOST. Or use another server: --server local, --server embedded.",
        ) from error
    try:
        yield client
    except (DockerException, RequestException) as error:
        raise ServerUnavailable(f"the Docker engine failed: {error}", hint="Look at the engine's log.") from error
    finally:
        client.close()


def _provide_image(engine: docker.DockerClient, image: str) -> None:
    from docker.errors import APIError, ImageNotFound
    from requests.exceptions import RequestException

    with suppress(ImageNotFound):
        engine.images.get(image)
        return
    try:
        engine.images.pull(image)
    except (APIError, RequestException) as error:
        raise ServerUnavailable(
            f"the image is not at hand and can't be pulled: {error}",
            where=image,
            hint="Log in to its registry, or name one that you have with 'image' under [server]. Where no registry can "
            "be reached, docker/postgres-image builds one from Debian's packages: migsafe/postgres:15 and others.",
        ) from error


@contextmanager
def _running(run: RunDirectory, settings: ServerSettings) -> Iterator[PostgresContainer]:
    """Run the container until leaving, and delete it then."""
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    labels = {**_our_labels(), _RUN: run.run_id, _DIRECTORY: str(run.path)}
    container = PostgresContainer(
        image_of(settings),
        username=cluster.SUPERUSER,
        password=secrets.token_urlsafe(24),
        dbname="postgres",
        driver=None,
    )
    container.with_command(["postgres", *cluster.server_options(settings.settings)])
    container.with_env("PGDATA", f"{_DATA}/migsafe").with_env("POSTGRES_INITDB_ARGS", _INITDB_ARGUMENTS)
    container.with_env("TZ", "UTC").with_tmpfs_mount(_DATA).with_kwargs(labels=labels)
    container.ports = _published(container)
    # Its reaper is a container of an image that may be out of reach; our sweep does the same without one.
    disabled, testcontainers_config.ryuk_disabled = testcontainers_config.ryuk_disabled, True
    try:
        container._configure()
        DockerContainer.start(container)  # PostgresContainer's own start then waits by asking once a second
        yield container
    finally:
        testcontainers_config.ryuk_disabled = disabled
        container.stop()


def _published(container: PostgresContainer) -> dict[str, Any]:
    """On which of the engine's addresses the port is published: on no more than it takes to reach it from here."""
    from testcontainers.core.config import ConnectionMode

    engine = container.get_docker_client()
    match engine.get_connection_mode():
        case ConnectionMode.bridge_ip:  # we are in a container on the same network
            return {}
        case ConnectionMode.gateway_ip:  # we are in a container, which sees the host as the bridge's gateway
            return {f"{_PORT}/tcp": (_bridge_gateway(engine.client), None)}
        case ConnectionMode.docker_host:
            return {f"{_PORT}/tcp": ("127.0.0.1", None)} if engine.host() in _THIS_MACHINE else {f"{_PORT}/tcp": None}


def _bridge_gateway(engine: docker.DockerClient) -> str:
    """The engine's own address on its default network: unless configured, the first one of the subnet."""
    (network, *_) = engine.networks.get("bridge").attrs["IPAM"]["Config"]
    return str(network.get("Gateway") or next(ip_network(network["Subnet"]).hosts()))


def _address(container: PostgresContainer) -> Address:
    host = container.get_container_host_ip().replace("localhost", "127.0.0.1")
    return Address(host, container.get_exposed_port(_PORT), container.username, container.dbname, container.password)


def _wait_until_ready(container: PostgresContainer, address: Address) -> psycopg.Connection:
    """Connect as soon as it can be done; TCP is answered only when the image has done its setting up.

    Raises :class:`ServerUnavailable` with the end of the container's log when it ends or takes too long.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return databases.connect_to(address)
        except ServerUnavailable as error:
            wrapped = container.get_wrapped_container()
            wrapped.reload()
            if wrapped.status == "running" and time.monotonic() < deadline:
                time.sleep(0.05)  # nothing tells when a server in a container begins to accept connections
                continue
            log = wrapped.logs(tail=5).decode(errors="replace").strip()
            what = "did not start in" if wrapped.status != "running" else f"can't be reached at {address} in"
            raise ServerUnavailable(
                f"PostgreSQL {what} its container ({wrapped.status}):\n{log}",
                where=container.image,
                hint="Look at the settings under [server.settings], and at free memory."
                if wrapped.status != "running"
                else "Look at [server.settings], and at what lies between here and the engine's network.",
            ) from error


def _our_labels() -> dict[str, str]:
    """What tells our containers from those of other users and other machines on the same engine."""
    machine = Path("/etc/machine-id")
    identity = socket.gethostname() + (machine.read_text() if machine.is_file() else "")
    return {_OWNER: str(os.geteuid()), _HOST: hashlib.sha256(identity.encode()).hexdigest()[:16]}


def sweep_containers(engine: docker.DockerClient) -> None:
    """Delete what dead runs of ours left on the engine."""
    from docker.errors import APIError

    ours = [f"{label}={value}" for label, value in _our_labels().items()]
    for container in engine.containers.list(all=True, filters={"label": ours}, ignore_removed=True):
        if not is_alive(Path(container.labels[_DIRECTORY])):
            try:
                container.remove(force=True, v=True)
            except APIError as error:
                if error.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):  # another run is sweeping it
                    raise


@dataclass(slots=True)
class ContainerServer(RunningServer):
    """A server in a container; client programs that this machine doesn't have are run in there."""

    container: DockerContainer | None = None

    def client(
        self,
        program: str,
        arguments: Sequence[str],
        database: str,
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> bytes:
        try:
            found = clients.find(program, self.major)
        except ClientToolMissing:
            assert self.container is not None
            if any(Path(argument).is_absolute() for argument in arguments):
                raise  # a file of this machine isn't there in the container
            inside = Address("127.0.0.1", _PORT, self.address.user, database, self.address.password)
            return run_inside(self.container, [program, *arguments], inside.environment(), stdin=stdin, stdout=stdout)
        return clients.run(found.path, arguments, self.address.on(database), stdin=stdin, stdout=stdout)
