"""Run a program inside a container, with files as its standard streams."""

from __future__ import annotations

import io
import secrets
import shutil
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING

from migsafe.postgres.clients import raise_if_failed

if TYPE_CHECKING:
    from docker.models.containers import Container


def run_inside(
    container: Container,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> bytes:
    """Run ``command`` in the container and return what it printed (empty if ``stdout`` was given).

    What goes in and comes out is copied whole, as files: the engine's streams can't say where they end. Needs ``sh``
    in the image. Raises :class:`migsafe.errors.CannotCheck` with the program's own words when it fails.
    """
    directory = f"/tmp/migsafe-{secrets.token_hex(6)}"  # noqa: S108  in a container that is ours alone
    container.exec_run(["mkdir", "-m", "700", directory])
    try:
        _put(container, directory, "in", stdin or io.BytesIO())
        script = f'exec "$@" <{directory}/in >{directory}/out 2>{directory}/err'
        code, _ = container.exec_run(["sh", "-c", script, "sh", *command], environment=dict(environment))
        with io.BytesIO() as errors, io.BytesIO() as output:
            _get(container, f"{directory}/err", errors)
            raise_if_failed(command[0], code, errors.getvalue())
            _get(container, f"{directory}/out", stdout or output)
            return output.getvalue()
    finally:
        container.exec_run(["rm", "-rf", directory])


def _put(container: Container, directory: str, name: str, content: IO[bytes]) -> None:
    with tempfile.TemporaryFile() as whole, tempfile.TemporaryFile() as archive:
        shutil.copyfileobj(content, whole)
        member = tarfile.TarInfo(name)
        member.size, member.mode = whole.tell(), 0o644
        whole.seek(0)
        with tarfile.open(fileobj=archive, mode="w") as writer:
            writer.addfile(member, whole)
        archive.seek(0)
        container.put_archive(directory, archive)


def _get(container: Container, path: str, target: IO[bytes]) -> None:
    blocks, _ = container.get_archive(path)
    with tempfile.TemporaryFile() as archive:
        for block in blocks:
            archive.write(block)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as reader:
            content = reader.extractfile(reader.next() or tarfile.TarInfo())
            if content is not None:
                shutil.copyfileobj(content, target)
