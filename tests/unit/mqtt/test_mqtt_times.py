"""A device's own clock in a payload."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.payload import Digits
from drivers.mqtt.times import TimeFormat, parse_time
from gateway import ProtocolViolation, from_datetime

moments = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001 - given a zone below
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments, offsets)
def test_a_time_with_a_zone_is_an_instant(moment: datetime, zone: timezone) -> None:
    aware = moment.replace(tzinfo=zone)
    assert parse_time(aware.isoformat(), TimeFormat.RFC3339, None) == from_datetime(aware)


@given(moments)
def test_counted_times_are_exact(moment: datetime) -> None:
    instant = from_datetime(moment.replace(tzinfo=UTC))
    seconds, micros = divmod(instant, 1_000_000)
    assert parse_time(Digits(f"{seconds}.{micros:06}"), TimeFormat.SECONDS, None) == instant
    assert parse_time(Digits(f"{instant}e-3"), TimeFormat.MILLISECONDS, None) == instant
    assert parse_time(Digits(str(instant)), TimeFormat.MICROSECONDS, None) == instant


def test_a_local_time_needs_the_devices_zone() -> None:
    with pytest.raises(ProtocolViolation, match="no zone"):
        parse_time("2026-11-23T08:00:00", TimeFormat.RFC3339, None)
    shanghai = parse_time("2026-11-23 08:00:00", TimeFormat.RFC3339, ZoneInfo("Asia/Shanghai"))
    assert shanghai == from_datetime(datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026-10-25T02:30:00", "2026-03-29T02:30:00"])
def test_a_local_time_that_comes_twice_or_never_is_refused(text: str) -> None:
    with pytest.raises(ProtocolViolation, match="not one instant"):
        parse_time(text, TimeFormat.RFC3339, ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("23.11.2026 08:00", TimeFormat.RFC3339),
        ("2026-13-01T00:00:00Z", TimeFormat.RFC3339),
        ("2026-11-23", TimeFormat.RFC3339),
        ("1969-12-31T23:59:59Z", TimeFormat.RFC3339),
        (Digits("1763884800"), TimeFormat.RFC3339),
        ("1763884800", TimeFormat.SECONDS),
        (Digits("-5"), TimeFormat.SECONDS),
        (Digits("1e18"), TimeFormat.SECONDS),
        (Digits("1e999999999"), TimeFormat.SECONDS),
        (Digits("1" * 40), TimeFormat.SECONDS),
        (True, TimeFormat.SECONDS),
        ([], TimeFormat.RFC3339),
    ],
)
def test_what_is_no_time_is_refused(value: object, form: TimeFormat) -> None:
    with pytest.raises(ProtocolViolation, match="is not a time"):
        parse_time(value, form, None)
