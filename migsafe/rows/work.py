"""Work that several sessions share, each piece done by whichever is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from migsafe.rows.both import cancel

if TYPE_CHECKING:
    import psycopg

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def share_out(
    crews: Sequence[tuple[psycopg.Connection, ...]],
    pieces: Iterable[Piece],
    work: Callable[[tuple[psycopg.Connection, ...], Piece], Answer],
) -> Iterator[Answer]:
    """The answers as they come; each crew of connections does one piece at a time.

    When one fails, or the wait is interrupted, what the others still do is cancelled, and no more is begun.
    """
    free: SimpleQueue[tuple[psycopg.Connection, ...]] = SimpleQueue()
    for crew in crews:
        free.put(crew)

    def turn(piece: Piece) -> Answer:
        crew = free.get()
        try:
            return work(crew, piece)
        finally:
            free.put(crew)

    with ThreadPoolExecutor(len(crews), thread_name_prefix="migsafe-reader") as pool:
        answers = [pool.submit(turn, piece) for piece in pieces]
        try:
            for answer in as_completed(answers):
                yield answer.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            cancel(connection for crew in crews for connection in crew)
            raise


def pieces(large: Mapping[str, int], small: Sequence[str], many: int) -> Iterator[tuple[str, ...]]:
    """The names of tables in the order in which they are best read: the large ones (with their sizes) one by one, the
    largest first, then the small ones, ``many`` at a time.
    """
    yield from ((name,) for name in sorted(large, key=lambda name: -large[name]))
    for start in range(0, len(small), many):
        yield tuple(small[start : start + many])
