"""The two sides of a comparison, asked at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterable

Answer = TypeVar("Answer")


def both(ask: Callable[..., Answer], old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Answer, Answer]:
    """Call ``ask`` with the arguments of either side, the first of which is its connection.

    When one side fails, or the wait is interrupted, what the other still does is cancelled.
    """
    with ThreadPoolExecutor(2, thread_name_prefix="migsafe-side") as pool:
        answers = [pool.submit(ask, *arguments) for arguments in (old, new)]
        try:
            done, _ = wait(answers, return_when=FIRST_EXCEPTION)
            for answer in done:
                answer.result()
        except BaseException:
            cancel((old[0], new[0]))
            raise
        return answers[0].result(), answers[1].result()


def cancel(connections: Iterable[psycopg.Connection]) -> None:
    """End what these sessions are doing; one that does nothing, or is gone, is left as it is."""
    for connection in connections:
        with suppress(psycopg.Error):
            connection.cancel_safe(timeout=5)
