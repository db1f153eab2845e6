"""A program that starts a server, says where it is, and then waits to be killed. Run by the tests in a process."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from migsafe.postgres import databases
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import child
from migsafe.postgres.servers import kinds as servers


def main(use: str, image: str, directory: str, outlive: str) -> None:
    if outlive:  # as on a system that has no signal for the death of a parent
        child._die_with_parent = lambda: None
    settings = ServerSettings(use=use, image=image or None, directory=Path(directory) if directory else None)
    with servers.start(settings) as server:
        name = databases.name_for(server, "kept")
        databases.create(server, name)
        print(json.dumps({"run_id": server.run_id, "url": server.address.url(), "database": name}), flush=True)  # noqa: T201
        signal.pause()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
