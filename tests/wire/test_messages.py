"""Framing: how the stream is cut into chunks makes no difference."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.wire.messages import WANTED_OF_SERVER, Framer, ProtocolViolation, read_error, read_strings, write

WANTED = {ord("C"): 8, ord("Z"): 1, ord("1"): 0}
MESSAGES = st.lists(st.tuples(st.sampled_from("CZ1Dd"), st.binary(max_size=40)), max_size=12)


def feed(framer: Framer, chunks: list[bytes]) -> list[tuple[int, bytes]]:
    return [message for chunk in chunks for message in framer.feed(memoryview(chunk))]


@given(MESSAGES, st.lists(st.integers(0, 600)))
def test_any_split_into_chunks_gives_the_same_messages(messages: list[tuple[str, bytes]], cuts: list[int]) -> None:
    stream = b"".join(write(kind, body) for kind, body in messages)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in pairwise(places)]
    expected = [(ord(kind), body[: WANTED[ord(kind)]]) for kind, body in messages if ord(kind) in WANTED]
    assert feed(Framer(WANTED), chunks) == expected


def test_single_bytes_give_the_same_messages() -> None:
    stream = write("C", b"SELECT 1\0") + write("D", b"row") + write("1", b"") + write("Z", b"I")
    assert feed(Framer(WANTED), [bytes([byte]) for byte in stream]) == [
        (ord("C"), b"SELECT 1"),
        (ord("1"), b""),
        (ord("Z"), b"I"),
    ]


def test_of_a_large_message_only_the_limit_is_kept() -> None:
    framer = Framer({ord("Q"): 100})
    message = write("Q", b"x" * 1_000_000) + write("Q", b"next")
    chunks = [message[start : start + 4096] for start in range(0, len(message), 4096)]
    assert feed(framer, chunks) == [(ord("Q"), b"x" * 100), (ord("Q"), b"next")]


@pytest.mark.parametrize("size", [1, 9])
def test_a_length_that_is_shorter_than_itself_is_a_violation(size: int) -> None:
    stream = b"Z\0\0\0\3...."
    with pytest.raises(ProtocolViolation, match="3 bytes long"):
        feed(Framer(WANTED_OF_SERVER), [stream[start : start + size] for start in range(0, len(stream), size)])


def test_a_string_that_was_cut_off_reads_as_empty() -> None:
    assert read_strings(b"name", 2) == [b"name", b""]


def test_an_error_response_keeps_its_fields() -> None:
    fields = "SFEHLER\0VERROR\0C23505\0Mdoppelt\0DKey\0Hhint\0P7\0Wcontext\0ss\0tt\0cc\0nn\0\0"
    error = read_error(fields.encode())
    assert (error.severity, error.sqlstate, error.message, error.position) == ("ERROR", "23505", "doppelt", 7)
    assert (error.detail, error.hint, error.where) == ("Key", "hint", "context")
    assert (error.schema, error.table, error.column, error.constraint) == ("s", "t", "c", "n")
