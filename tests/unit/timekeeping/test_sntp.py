"""The arithmetic of RFC 5905, across the era that begins in 2036."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ProtocolViolation
from gateway.timekeeping.sntp import SIZE, answer, from_ntp, question, to_ntp

NOW = 1_795_435_200_000_000
_2040 = 2_209_000_000_000_000


def reply(
    sent: int, came: int, left: int, *, first: int = 0x24, stratum: int = 2, name: bytes = b"LOCL"
) -> bytes:
    stamps = (to_ntp(came), to_ntp(sent), to_ntp(came), to_ntp(left))
    return struct.pack(">BBbbII4sQQQQ", first, stratum, 6, -20, 0, 0, name, *stamps)


@given(st.sampled_from([NOW, _2040]), st.integers(-(10**9), 10**9), st.integers(0, 10**6))
def test_the_offset_is_found_where_both_ways_take_as_long(now: int, ahead: int, way: int) -> None:
    came = now + way + ahead
    found = answer(reply(now, came, came + 50), now, now + 2 * way + 50)
    assert found.offset == pytest.approx(ahead / 1e6, abs=3e-6)
    assert found.delay == pytest.approx(2 * way / 1e6, abs=3e-6)


@given(st.integers(0, 4_000_000_000_000_000), st.integers(-(10**14), 10**14))
def test_a_timestamp_comes_back_in_the_nearest_era(micros: int, away: int) -> None:
    assert abs(from_ntp(to_ntp(micros), near=micros + away) - micros) <= 1


def test_a_request_is_a_client_of_version_four_and_carries_our_time() -> None:
    data = question(NOW)
    assert len(data) == SIZE
    assert data[0] == 0b00_100_011
    assert data[-8:] == to_ntp(NOW).to_bytes(8, "big")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (reply(NOW, NOW, NOW)[:40], "too short"),
        (reply(NOW + 1_000_000, NOW, NOW), "does not answer"),
        (reply(NOW, NOW, NOW, first=0x23), "does not answer"),
        (reply(NOW, NOW, NOW, stratum=0, name=b"RATE"), "refuses \\(RATE\\)"),
        (reply(NOW, NOW, NOW, first=0xE4), "not synchronized"),
        (reply(NOW, NOW, NOW, stratum=16), "not synchronized"),
    ],
)
def test_what_is_no_time_is_refused(wrong: bytes, why: str) -> None:
    with pytest.raises(ProtocolViolation, match=why):
        answer(wrong, NOW, NOW)
