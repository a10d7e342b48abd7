"""Sealed data: the same again, for the right place and key alone."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError, StoreError
from gateway.seal import (
    KEY_AT,
    OVERHEAD,
    SUITES,
    Column,
    Keyring,
    Lookup,
    Sealer,
    StreamSealer,
    Suite,
    key_id,
    open_stream,
    seal_stream,
    suite_named,
)

NOW = "2026-11-18T00:00:00Z"
SUITE = suite_named("aes-256-gcm")
RING = Keyring.fresh(SUITE, NOW)


def rotated(ring: Keyring, suite: Suite = SUITE) -> None:
    ring.adopt(ring.rotated(suite, NOW))


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
@given(data=st.binary(max_size=2000), context=st.binary(max_size=40))
def test_what_is_sealed_opens_again(suite: Suite, data: bytes, context: bytes) -> None:
    ring = Keyring.fresh(suite, NOW)
    sealed = Sealer(ring, "events").seal(data, context)
    assert len(sealed) == len(data) + OVERHEAD
    assert Sealer(ring, "events").open(sealed, context) == data


@given(
    data=st.binary(max_size=60),
    context=st.binary(max_size=20),
    at=st.integers(min_value=0),
    bit=st.integers(0, 7),
)
def test_any_flipped_bit_is_refused(data: bytes, context: bytes, at: int, bit: int) -> None:
    sealer = Sealer(RING, "events")
    broken = bytearray(sealer.seal(data, context))
    broken[at % len(broken)] ^= 1 << bit
    with pytest.raises((StoreError, ConfigError)):
        sealer.open(bytes(broken), context)


@given(cut=st.integers(0, OVERHEAD + 3))
def test_what_is_cut_is_refused(cut: int) -> None:
    sealer = Sealer(RING, "events")
    sealed = sealer.seal(b"name", b"")
    with pytest.raises(StoreError):
        sealer.open(sealed[:cut], b"")


@given(mine=st.binary(max_size=20), other=st.binary(max_size=20))
def test_nothing_opens_in_another_place(mine: bytes, other: bytes) -> None:
    sealed = Sealer(RING, "events").seal(b"name", mine)
    if mine != other:
        with pytest.raises(StoreError, match="moved on disk"):
            Sealer(RING, "events").open(sealed, other)
    with pytest.raises(StoreError, match="moved on disk"):
        Sealer(RING, "orders").open(sealed, mine)


def test_equal_data_never_seals_alike() -> None:
    one, two = Sealer(RING, "events"), Sealer(RING, "events")
    sealed = {each.seal(b"name", b"") for each in (one, two) for _ in range(100)}
    assert len({each[3:19] for each in sealed}) == 200


def test_a_run_ends_before_its_count_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.seal.sealer._RUN_LIMIT", 3)
    sealer = Sealer(RING, "events")
    sealed = [sealer.seal(b"name", b"") for _ in range(7)]
    assert len({each[:15] for each in sealed}) == 3
    assert [each[15:19] for each in sealed[:4]] == [bytes([0, 0, 0, n]) for n in (0, 1, 2, 0)]
    assert {sealer.open(each, b"") for each in sealed} == {b"name"}


def test_a_rotated_ring_seals_with_the_new_key_and_opens_with_both() -> None:
    ring = Keyring.fresh(SUITE, NOW)
    sealer = Sealer(ring, "events")
    old = sealer.seal(b"name", b"")
    rotated(ring, suite_named("sm4-gcm"))
    new = sealer.seal(b"name", b"")
    assert (key_id(old), key_id(new)) == (1, 2)
    assert int.from_bytes(new[KEY_AT - 1 : KEY_AT + 1], "big") == 2
    assert sealer.open(old, b"") == sealer.open(new, b"") == b"name"


def test_a_retired_key_opens_nothing_any_more() -> None:
    ring = Keyring.fresh(SUITE, NOW)
    sealed = Sealer(ring, "events").seal(b"name", b"")
    rotated(ring)
    ring.adopt(ring.without(1))
    with pytest.raises(ConfigError, match="key 1 is not in the keyring"):
        Sealer(ring, "events").open(sealed, b"")
    with pytest.raises(ConfigError, match="rotate first"):
        ring.without(2)


def test_a_pinned_key_goes_on_sealing_after_a_rotation() -> None:
    ring = Keyring.fresh(SUITE, NOW)
    sealer = Sealer(ring, "segment", ring.active)
    rotated(ring)
    assert key_id(sealer.seal(b"name", b"")) == 1


def test_the_key_of_another_ring_opens_nothing() -> None:
    sealed = Sealer(Keyring.fresh(SUITE, NOW), "events").seal(b"name", b"")
    with pytest.raises(StoreError, match="moved on disk"):
        Sealer(RING, "events").open(sealed, b"")
    with pytest.raises(ConfigError, match="put the right one back"):
        RING.adopt(Keyring.fresh(SUITE, NOW))


def test_no_secret_shows_in_what_is_printed() -> None:
    ring = Keyring.fresh(SUITE, NOW)
    secret = ring.active.secret
    shown = repr([ring, ring.active, Sealer(ring, "x"), Lookup(ring.active, "x")])
    assert secret.hex() not in shown
    assert repr(secret) not in shown


def test_a_lookup_tells_lists_of_parts_apart() -> None:
    lookup = Lookup(RING.active, "subject")
    assert lookup.hash("a", "b") == Lookup(RING.active, "subject").hash("a", "b")
    hashes = {lookup.hash(*parts) for parts in (("a", "b"), ("ab", ""), ("ab",), ("", "ab"))}
    assert len(hashes) == 4
    assert Lookup(RING.active, "specimen").hash("a", "b") not in hashes


def test_a_column_binds_a_value_to_its_row() -> None:
    column = Column(RING, "patient", "name")
    sealed = column.seal("张三".encode(), 7)
    assert column.open(sealed, 7).decode() == "张三"
    for elsewhere in (8, "7"):
        with pytest.raises(StoreError):
            column.open(sealed, elsewhere)
    with pytest.raises(StoreError):
        Column(RING, "patient", "address").open(sealed, 7)


def test_a_column_finds_what_was_written_before_a_rotation() -> None:
    ring = Keyring.fresh(SUITE, NOW)
    column = Column(ring, "patient", "number")
    before = column.hash("HIS", "4711")
    rotated(ring)
    assert column.hashes("HIS", "4711") == (column.hash("HIS", "4711"), before)
    assert column.hash("HIS", "4711") != before


@given(st.lists(st.binary(max_size=400_000), max_size=8))
def test_a_stream_opens_again_however_it_was_cut(parts: list[bytes]) -> None:
    file = io.BytesIO()
    seal_stream(file, Sealer(RING, "backup"), b"events", parts)
    file.seek(0)
    assert b"".join(open_stream(file, Sealer(RING, "backup"), b"events")) == b"".join(parts)


def test_a_stream_opens_with_the_mark_that_it_ended_with_alone() -> None:
    file = io.BytesIO()
    stream = StreamSealer(file, Sealer(RING, "backup"), b"events")
    stream.write(b"some")
    stream.end(b"mark")
    for mark in (b"", b"mar", b"other"):
        file.seek(0)
        with pytest.raises(StoreError):
            list(open_stream(file, Sealer(RING, "backup"), b"events", mark))
    file.seek(0)
    assert list(open_stream(file, Sealer(RING, "backup"), b"events", b"mark")) == [b"some"]


def _opened(data: bytes) -> bytes:
    return b"".join(open_stream(io.BytesIO(data), Sealer(RING, "backup"), b"events"))


def _stream(data: bytes) -> bytes:
    file = io.BytesIO()
    seal_stream(file, Sealer(RING, "backup"), b"events", [data])
    return file.getvalue()


def test_a_stream_that_lost_swapped_or_borrowed_a_piece_is_refused() -> None:
    size = 4 + (1 << 20) + OVERHEAD
    one, two = _stream(bytes(3 << 20)), _stream(bytes(3 << 20))
    head, first, second, third = one[:22], one[22:][:size], one[22 + size :][:size], one[-size:]
    assert _opened(head + first + second + third) == bytes(3 << 20)
    for broken in (
        head + first + second,
        head + first + third,
        head + second + first + third,
        head + first + two[22 + size :][:size] + third,
        head + first + second + third + third,
        head,
        one[:-1],
        one[:30],
        b"",
        b"not a sealed file at all, whatever it is",
    ):
        with pytest.raises(StoreError):
            _opened(broken)
