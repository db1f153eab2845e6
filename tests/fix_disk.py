"""Small disks that can be filled to the last byte."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """A file system of its own below ``path``, open to every user."""

    path: Path

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            for block in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        ballast.write(bytes(block))

    def free(self) -> None:
        (self.path / "ballast").unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """Mount one in memory; skips the test where this user may not."""
    with tempfile.TemporaryDirectory(prefix="disk") as name:
        Path(name).chmod(0o755)
        size = f"size={megabytes}m,mode=1777"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "migsafe", name], check=False).returncode:
            pytest.skip("this user may not mount")
        try:
            yield Disk(Path(name))
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)
