"""A child process that doesn't outlive its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import IO

from migsafe.postgres.servers.account import Account

_PR_SET_PDEATHSIG = 1


def start_child(
    command: Sequence[str | Path], account: Account, environment: Mapping[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start ``command`` as ``account`` in a session of its own, so that Ctrl-C reaches only migsafe.

    On Linux the child gets SIGQUIT when migsafe dies, however it dies (``prctl(2)``, ``PR_SET_PDEATHSIG``). That signal
    is bound to the thread that forked, so a thread forks which then lives as long as the child does.
    """
    started: Future[subprocess.Popen[bytes]] = Future()

    def fork_and_wait() -> None:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
                **account.privileges,
            )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    Thread(target=fork_and_wait, name="migsafe server", daemon=True).start()
    try:
        return started.result()
    except KeyboardInterrupt:
        started.add_done_callback(lambda future: future.result().send_signal(signal.SIGQUIT))
        raise


def _die_with_parent() -> Callable[[], None] | None:
    """What the child does between fork and exec, when it has changed its user already: that would undo it."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was asked for
            os._exit(1)

    return before_exec
