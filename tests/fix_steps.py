"""A step of a history made on the spot, applied through the tap as the gate applies it, for checks to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from migsafe.checks.experiment import Experiment, Step
from migsafe.config import CheckSettings
from migsafe.history.model import History
from migsafe.postgres.server import Server
from migsafe.sandbox import Sandbox

Stand = Callable[..., Experiment]


@pytest.fixture
def stand(server: Server) -> Iterator[Stand]:
    """``stand(history, rows="", **settings)``: the last migration on what those before it made, and on these rows.

    A history that can't stop between is applied as a whole, to what ``rows`` made.
    """
    numbers = count(1)
    with ExitStack() as stack:

        def prepare(history: History, rows: str = "", **settings: Any) -> Experiment:
            sandbox = Sandbox(server, history)
            *old, last = history.migrations if history.stepwise else (None,)
            number = next(numbers)
            before = stack.enter_context(sandbox.scratch(f"before_{number}"))
            for migration in old:
                assert sandbox.upgrade(before, migration).succeeded
            with sandbox.connect(before) as connection:
                connection.execute(rows.encode())
            after = stack.enter_context(sandbox.scratch(f"after_{number}", template=before))
            files = (last.up,) if last else ()
            step = Step(last.version if last else "pending", "", files or (Path("pending"),), last)
            state = sandbox.state(before)
            applied = sandbox.upgrade(after, last)
            return Experiment(sandbox, step, before, state, after, applied, CheckSettings(**settings))

        yield prepare
