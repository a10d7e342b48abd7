from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import StoreError
from gateway.keys import place_id
from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Laterality,
    Operator,
    Quality,
    RawId,
    Source,
    Status,
    Subject,
    Value,
)
from gateway.store.blocks import RawRow, decode_block, encode_block
from gateway.store.pack import pack, unpack
from gateway.store.rows import Head, Series, cells, event, series_key
from gateway.store.varint import get_signed, get_uint, put_signed, put_uint

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
IDS = st.binary(min_size=16, max_size=16)
INSTANTS = st.integers(0, 1 << 52).map(Instant)
NUMBERS = st.floats(allow_nan=False)
CODES = st.builds(Coding, WORDS, WORDS)
VALUES = st.builds(
    Value, WORDS, st.none() | NUMBERS, st.none() | st.sampled_from(Operator), st.none() | CODES
)
DIGITS = NUMBERS.map(lambda number: Value(repr(number), number))
SUBJECTS = st.builds(
    Subject, WORDS, WORDS, WORDS, WORDS, WORDS, st.none() | st.sampled_from(Laterality)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
EVENTS = st.builds(
    DeviceEvent,
    id=IDS,
    site=WORDS,
    source=st.builds(Source, WORDS, WORDS, WORDS),
    kind=st.sampled_from(Kind),
    code=CODES,
    value=st.none() | VALUES | DIGITS,
    unit=WORDS,
    received_at=INSTANTS,
    observed_at=INSTANTS,
    clock=st.sampled_from(ClockQuality),
    quality=st.sampled_from(Quality),
    status=st.sampled_from(Status),
    raw_id=st.none() | st.integers(1, 1 << 53).map(RawId),
    simulated=st.booleans(),
    subject=st.none() | SUBJECTS,
    actor=WORDS,
    caused_by=st.just(b"") | IDS,
    supersedes=st.just(b"") | IDS,
    flags=st.lists(WORDS, max_size=2).map(tuple),
    range_text=WORDS,
    range_low=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    range_high=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    payload=st.none() | st.dictionaries(WORDS, JSON, max_size=3),
)
RECORDS = st.lists(
    st.tuples(
        st.integers(1, 1 << 20),
        st.integers(1, 300),
        st.integers(0, 1 << 52),
        st.binary(max_size=40),
    ),
    min_size=1,
    max_size=20,
)


class Dictionary:
    """The series of one segment, in memory."""

    def __init__(self) -> None:
        self.known: list[Series] = []

    def number(self, item: DeviceEvent) -> int:
        series = Series._make(series_key(item))
        if series not in self.known:
            self.known.append(series)
        return self.known.index(series)


@given(EVENTS)
def test_an_event_survives_its_row(item: DeviceEvent) -> None:
    head = Head(0, item.id, item.received_at, item.observed_at, item.raw_id)
    assert event(head, Series._make(series_key(item)), cells(item)) == item


@given(st.lists(EVENTS, min_size=1, max_size=6), IDS)
def test_a_poll_survives_its_packing(items: list[DeviceEvent], occurrence: bytes) -> None:
    poll = [replace(item, source=items[0].source) for item in items]
    series = Dictionary()
    packed = pack(poll, occurrence, series.number)
    head = Head(7, occurrence, poll[0].received_at, poll[0].received_at, poll[0].raw_id)
    again = list(unpack(packed, head, series.known.__getitem__))
    assert [item.seq for item in again] == list(range(7, 7 + len(poll)))
    assert [replace(item, seq=0) for item in again] == poll


@given(EVENTS, IDS)
def test_a_derivable_id_takes_no_room(item: DeviceEvent, occurrence: bytes) -> None:
    series = Dictionary()
    derived = [replace(item, id=place_id(occurrence, place)) for place in (0, 1)]
    strange = [replace(item, id=b"\xff" * 16), derived[1]]
    sizes = [len(pack(poll, occurrence, series.number)) for poll in (derived, strange)]
    assert sizes[1] - sizes[0] >= 16


def test_another_devices_event_is_refused_in_a_poll() -> None:
    one, two = (
        DeviceEvent(
            id=bytes(16),
            site="s",
            source=Source(device),
            kind=Kind.STATE,
            code=Coding("", "x"),
            value=None,
            unit="",
            received_at=Instant(0),
            observed_at=Instant(0),
        )
        for device in ("a", "b")
    )
    with pytest.raises(ValueError, match="another device"):
        pack([one, two], bytes(16), lambda _: 1)


@given(st.integers(0, 1 << 70), st.integers(-(1 << 70), 1 << 70))
def test_integers_survive(unsigned: int, signed: int) -> None:
    out = bytearray()
    put_uint(out, unsigned)
    put_signed(out, signed)
    first, at = get_uint(bytes(out), 0)
    assert (first, get_signed(bytes(out), at)) == (unsigned, (signed, len(out)))


@given(RECORDS)
def test_records_survive_their_block(found: list[tuple[int, int, int, bytes]]) -> None:
    rows = sorted(RawRow(*row) for row in found)
    assert list(decode_block(encode_block(rows))) == rows


def test_a_sealed_block_is_refused_not_misread() -> None:
    block = bytearray(encode_block([RawRow(1, 1, 1, b"x")]))
    block[3] = 1
    with pytest.raises(StoreError, match="seal 1"):
        list(decode_block(bytes(block)))
