"""Fragments into PDUs and back; messages out of fragments."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import P_DATA_TF

from dicom.dimse.assembler import Assembler, Begun, Piece
from dicom.dimse.command import Command, Operation, encode
from dicom.upper.inbuffer import START, STEADY, InBuffer
from dicom.upper.pdata import Pdv, fragments, room, split
from dicom.upper.pdu import HEADER
from gateway import ProtocolViolation
from tests.unit.dicom.strategies import commands


def bodies(data: bytes) -> list[bytes]:
    """The bodies of the PDUs in `data`."""
    found, offset = [], 0
    while offset < len(data):
        kind, length = HEADER.unpack_from(data, offset)
        assert kind == 4
        found.append(data[offset + 6 : offset + 6 + length])
        offset += 6 + length
    return found


@given(st.binary(max_size=3000), st.integers(8, 700), st.booleans(), st.booleans())
def test_what_is_cut_is_whole_again(
    data: bytes,
    longest: int,
    command: bool,  # noqa: FBT001 - drawn by hypothesis
    ends: bool,  # noqa: FBT001
) -> None:
    whole = b"".join(fragments(5, data, longest, command=command, ends=ends))
    cut = bodies(whole)
    assert all(len(body) <= longest for body in cut)
    values = [value for body in cut for value in split(memoryview(body))]
    assert b"".join(bytes(value.data) for value in values) == data
    assert {(value.context, value.is_command) for value in values} <= {(5, command)}
    lasts = [value.is_last for value in values]
    assert lasts == [False] * (len(lasts) - 1) + [ends] if lasts else not ends


@given(st.binary(min_size=1, max_size=500), st.integers(8, 700))
def test_pynetdicom_reads_our_fragments(data: bytes, longest: int) -> None:
    for body in bodies(b"".join(fragments(3, data, longest, command=False))):
        read = P_DATA_TF()
        read.decode(HEADER.pack(4, len(body)) + body)
        (item,) = read.presentation_data_value_items
        (ours,) = split(memoryview(body))
        assert item.presentation_context_id == ours.context
        assert item.presentation_data_value == bytes((2 * ours.is_last,)) + bytes(ours.data)


@given(st.binary(max_size=60))
def test_noise_is_values_or_a_violation(body: bytes) -> None:
    with suppress(ProtocolViolation):
        assert split(memoryview(body))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "without a value"),
        (b"\0\0\0\2\1", "5 bytes after the last value"),
        (b"\0\0\0\1\1\0", "announces 1 bytes"),
        (b"\xff\xff\xff\xff\1\0", "announces 4294967295 bytes, 2 are there"),
    ],
)
def test_a_violation_says_what_is_wrong(body: bytes, told: str) -> None:
    with pytest.raises(ProtocolViolation, match=told):
        split(memoryview(body))


def test_a_peer_without_a_limit_gets_pdus_of_a_megabyte() -> None:
    assert room(0) == 1_048_576 - 6
    assert room(16_384) == 16_378
    assert room(3) == 1


def values(data: bytes, *, context: int = 1, command: bool = False) -> list[Pdv]:
    whole = b"".join(fragments(context, data, 40, command=command))
    return [value for body in bodies(whole) for value in split(memoryview(body))]


@given(st.lists(st.tuples(commands(), st.binary(max_size=200)), min_size=1, max_size=4))
def test_messages_come_out_as_they_went_in(messages: list[tuple[Command, bytes]]) -> None:
    assembler = Assembler(10_000)
    seen: list[tuple[Command, bytes]] = []
    for command, data in messages:
        parts = values(encode(command), command=True)
        parts += values(data) if command.has_dataset else []
        for pdv in parts:
            match assembler.take(pdv):
                case Begun(_, found):
                    seen.append((found, b""))
                case Piece(piece, _):
                    seen[-1] = (seen[-1][0], seen[-1][1] + bytes(piece))
        assert assembler.between_messages
    assert seen == [(command, data if command.has_dataset else b"") for command, data in messages]


ECHO = values(encode(Command(Operation.C_ECHO, 1)), command=True)
STORE = values(encode(Command(Operation.C_STORE, 1, has_dataset=True)), command=True)
DATA = values(b"x" * 60)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (DATA, "a dataset fragment without a command"),
        ([*STORE, *ECHO], "a command fragment inside a dataset"),
        ([*STORE, DATA[0]._replace(context=3)], "inside a message in context 1"),
        ([ECHO[0], ECHO[0]._replace(context=3)], "inside a message in context 1"),
        ([ECHO[0]._replace(is_last=False)] * 40, "a command of more than 1000 bytes"),
    ],
)
def test_what_cannot_be_a_message_is_a_violation(parts: list[Pdv], told: str) -> None:
    assembler = Assembler(1000)

    def take_all() -> None:
        for pdv in parts:
            assembler.take(pdv)

    with pytest.raises(ProtocolViolation, match=told):
        take_all()


@given(st.lists(st.binary(min_size=1, max_size=900), max_size=30), st.integers(1, 3000))
def test_the_buffer_gives_back_what_came(chunks: list[bytes], step: int) -> None:
    buffer, got = InBuffer(), b""
    for chunk in chunks:
        rest = chunk
        while rest:
            space = buffer.space(step)
            size = min(len(space), len(rest))
            space[:size] = rest[:size]
            buffer.filled(size)
            rest = rest[size:]
            while len(buffer) >= step:
                got += bytes(buffer.take(step))
    assert got + bytes(buffer.peek()) == b"".join(chunks)


def test_the_buffer_starts_small_grows_for_what_is_announced_and_shrinks() -> None:
    buffer = InBuffer()
    assert buffer.capacity == START
    assert len(buffer.space(100_000)) == 100_000
    buffer.filled(100_000)
    buffer.shrink()
    assert buffer.capacity == 100_000
    buffer.take(100_000)
    buffer.shrink()
    assert buffer.capacity == START


def test_a_buffer_that_single_reads_fill_grows_no_further_than_is_of_use() -> None:
    buffer = InBuffer()
    for _ in range(20):
        size = len(buffer.space(6))
        buffer.filled(size)
        buffer.take(size)
    assert buffer.capacity == STEADY
