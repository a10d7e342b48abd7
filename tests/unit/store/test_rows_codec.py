from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import StoreError
from gateway.keys import event_id, place_id
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
from gateway.seal import Sealer
from gateway.store.blocks import RawRow, decode_block, encode_block, runs
from gateway.store.body import Bodies
from gateway.store.pack import ids_in, pack, unpack
from gateway.store.rows import Head, cells, event, is_plain
from gateway.store.series import Series, series_key
from gateway.testing import known_ring

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
BARE = DeviceEvent(
    id=bytes(16),
    site="s",
    source=Source("a"),
    kind=Kind.STATE,
    code=Coding("", "x"),
    value=None,
    unit="",
    received_at=Instant(0),
    observed_at=Instant(0),
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


PLAIN = EVENTS.map(
    lambda item: DeviceEvent(
        item.id,
        item.site,
        item.source,
        item.kind,
        item.code,
        item.value and replace(item.value, code=None),
        item.unit,
        item.received_at,
        item.observed_at,
        item.clock,
        item.quality,
        item.status,
        item.raw_id,
        item.simulated,
    )
)


class Line(NamedTuple):
    number: int
    token: int


class Dictionary:
    """The series of one segment, in memory."""

    def __init__(self) -> None:
        self.known: list[Series] = []

    def place(self, item: DeviceEvent, token: int) -> Line:
        key = series_key(item)
        for number, series in enumerate(self.known):
            if series[:-1] == key:
                return Line(number, series.token)
        self.known.append(Series(*key, token))
        return Line(len(self.known) - 1, token)


def _packed(items: list[DeviceEvent], occurrence: bytes, series: Dictionary) -> bytes:
    return Bodies().write(tuple(pack(items, occurrence, series.place)), b"")


def _head(items: list[DeviceEvent], occurrence: bytes) -> Head:
    received = items[0].received_at
    return Head(7, occurrence, received, received, items[0].raw_id)


@given(PLAIN)
def test_a_plain_event_survives_its_row(item: DeviceEvent) -> None:
    head = Head(0, item.id, item.received_at, item.observed_at, item.raw_id)
    assert is_plain(item)
    assert event(head, Series._make((*series_key(item), 0)), cells(item)) == item


@given(EVENTS)
def test_only_an_event_that_its_columns_hold_is_plain(item: DeviceEvent) -> None:
    head = Head(0, item.id, item.received_at, item.observed_at, item.raw_id)
    assert is_plain(item) == (event(head, Series(*series_key(item)), cells(item)) == item)


@given(st.lists(EVENTS, min_size=1, max_size=6), IDS)
def test_a_message_survives_its_packing(items: list[DeviceEvent], occurrence: bytes) -> None:
    message = [replace(item, source=items[0].source) for item in items]
    series = Dictionary()
    body = Bodies().read(_packed(message, occurrence, series), b"")
    head = _head(message, occurrence)
    again = list(unpack(body, head, len(message), series.known.__getitem__))
    assert [item.seq for item in again] == list(range(7, 7 + len(message)))
    assert [replace(item, seq=0) for item in again] == message
    ids = ids_in(body, occurrence, len(message), series.known.__getitem__)
    assert list(ids) == [item.id for item in message]


@given(st.lists(WORDS, unique=True, min_size=1, max_size=4), IDS)
def test_ids_that_a_message_and_its_series_give_are_not_stored(
    codes: list[str], occurrence: bytes
) -> None:
    message = [replace(BARE, code=Coding("", c), id=event_id(occurrence, c)) for c in codes]
    poll = [replace(item, id=place_id(occurrence, n)) for n, item in enumerate(message)]
    assert set(pack(message, occurrence, Dictionary().place).ids or "none") == {0}
    assert pack(poll, occurrence, Dictionary().place).ids is None


def test_numbers_that_json_does_not_know_survive() -> None:
    values = [Value("much", math.inf), Value("little", -math.inf), Value("what", math.nan)]
    items = [replace(BARE, value=value, id=bytes([n]) * 16) for n, value in enumerate(values)]
    series = Dictionary()
    body = Bodies().read(_packed(items, bytes(16), series), b"")
    again = unpack(body, _head(items, bytes(16)), 3, series.known.__getitem__)
    assert [repr(item.value) for item in again] == [repr(value) for value in values]


def test_equal_payloads_of_other_types_keep_their_types() -> None:
    items = [replace(BARE, payload={"n": n}, id=event_id(bytes(16), str(n))) for n in (1, True)]
    series = Dictionary()
    body = Bodies().read(_packed(items, bytes(16), series), b"")
    again = unpack(body, _head(items, bytes(16)), 2, series.known.__getitem__)
    assert [repr(item.payload) for item in again] == ["{'n': 1}", "{'n': True}"]


def test_another_devices_event_is_refused_in_a_message() -> None:
    items = [replace(BARE, source=Source(device)) for device in ("a", "b")]
    with pytest.raises(ValueError, match="another device"):
        pack(items, bytes(16), Dictionary().place)


@given(JSON)
def test_facts_survive_their_body(facts: object) -> None:
    for bodies in (Bodies(), Bodies(Sealer(known_ring(), "segment"))):
        assert bodies.read(bodies.write(facts, b"x"), b"x") == facts
        assert bodies.read(bodies.write([facts] * 100, b"x"), b"x") == [facts] * 100


def test_a_long_body_is_kept_short() -> None:
    assert len(Bodies().write(["the same"] * 500, b"")) < 100


def test_a_body_of_an_unknown_form_is_refused_not_misread() -> None:
    with pytest.raises(StoreError, match="form 9"):
        Bodies().read(b"\x09[]", b"")


@given(RECORDS)
def test_records_survive_their_block(found: list[tuple[int, int, int, bytes]]) -> None:
    rows = sorted(RawRow(*row) for row in found)
    first, last = rows[0].id, rows[-1].id
    assert decode_block(encode_block(rows, Bodies()), Bodies(), first, last) == rows


@given(RECORDS, st.integers(1, 1 << 10))
def test_a_block_reaches_no_further_than_it_may(
    found: list[tuple[int, int, int, bytes]], reach: int
) -> None:
    rows = sorted(RawRow(*row) for row in found)
    cut = list(runs(rows, reach))
    assert [row for run in cut for row in run] == rows
    assert all(run[-1].id - run[0].id < reach for run in cut)
