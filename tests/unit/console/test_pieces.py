from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.kit import dump, spark
from gateway.console.pages.shown import short
from gateway.console.text import times
from gateway.console.text.catalogue import catalogue
from gateway.console.text.units import written
from gateway.model import Instant
from gateway.store import RollupRow
from gateway.web.number import number
from tests.unit.api.memory_site import NOON, SECOND

SHANGHAI = ZoneInfo("Asia/Shanghai")
STEP = 300 * SECOND


def _row(place: int, mean: float) -> RollupRow:
    start = Instant(NOON + place * STEP)
    return RollupRow(
        "meter-1", "x", "power", "kW", True, start, 5, mean - 1, mean + 1, mean, mean, mean
    )


@pytest.mark.parametrize(
    ("ucum", "text"),
    [
        ("Cel", "°C"),
        ("kW.h", "kWh"),
        ("uSv/h", "µSv/h"),
        ("m3/h", "m³/h"),
        ("umol/L", "µmol/L"),
        ("10*9/L", "10⁹/L"),
        ("kV.A{reactive}", "kvar"),
        ("{beats}/min", "beats/min"),
        ("ng/mL{FEU}", "ng/mL FEU"),
        ("1", ""),
        ("", ""),
        ("mol", "mol"),
        ("N.m", "N·m"),
        ("s-1", "s⁻¹"),
    ],
)
def test_units_are_written_as_people_write_them(ucum: str, text: str) -> None:
    assert written(ucum) == text


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (59, "59 s", "59 秒"),
        (60, "1 min", "1 分钟"),
        (3600, "1 h", "1 小时"),
        (172_799, "47 h", "47 小时"),
        (172_800, "2 d", "2 天"),
        (-5, "0 s", "0 秒"),
    ],
)
def test_ages_use_the_largest_unit_that_fits(seconds: int, english: str, chinese: str) -> None:
    then = Instant(NOON - seconds * SECOND)
    assert times.age(then, NOON, catalogue("en")) == english
    assert times.age(then, NOON, catalogue("zh-CN")) == chinese


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("230.97717", "230.98"),
        ("28.661673", "28.662"),
        ("0.123456789", "0.12346"),
        ("18230.4812", "18230.5"),
        ("-7.0", "-7.0"),
        ("12.50", "12.50"),
        ("1223", "1223"),
        ("1e-7", "1e-7"),
        ("closed", "closed"),
        ("", ""),
    ],
)
def test_a_tile_shows_five_digits_of_a_long_number(sent: str, shown: str) -> None:
    assert short(sent) == shown


def test_times_are_in_the_sites_zone() -> None:
    assert times.moment(NOON, SHANGHAI) == "2026-11-23 20:00:00"
    assert times.exact(Instant(NOON + 7), SHANGHAI) == "2026-11-23 20:00:00.000007"
    assert times.zone_name(NOON, SHANGHAI) == "Asia/Shanghai, UTC+08:00"


def test_control_characters_go_by_name() -> None:
    (row,) = dump.rows(b"\x02A\x03\r\n\x7f\x80 ")
    assert [byte.text for byte in row.bytes] == ["STX", "A", "ETX", "CR", "LF", "DEL", "·", " "]
    controls = "".join("x" if byte.control else "." for byte in row.bytes)
    assert controls == "x.xxxxx."


@given(st.binary(max_size=100))
def test_a_dump_holds_every_byte_in_order(data: bytes) -> None:
    rows = list(dump.rows(data))
    digits = "".join(byte.digits for row in rows for byte in row.bytes)
    assert bytes.fromhex(digits) == data
    assert [int(row.offset, 16) for row in rows] == list(range(0, len(data), 16))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('{"t": "温度"}'.encode(), '{"t": "温度"}'),
        (b"\x01\x03\x02", None),
        (b"\xff\xfe", None),
        (b"", None),
        (b"a\r\nb", "a\r\nb"),
    ],
)
def test_only_bytes_that_are_text_are_shown_as_text(data: bytes, text: str | None) -> None:
    assert dump.as_text(data) == text


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    rows = [_row(0, 1), _row(1, 2), _row(8, 3), _row(9, 4)]
    svg = spark.spark(rows, NOON, Instant(NOON + 12 * STEP), 2 * STEP)
    assert len(re.findall("M", svg)) == 2


def test_a_single_row_can_be_seen() -> None:
    assert "h3" in spark.spark([_row(0, 1)], NOON, Instant(NOON + 12 * STEP), 2 * STEP)


def test_an_empty_spark_is_an_empty_picture() -> None:
    assert 'd=""' in spark.spark([], NOON, Instant(NOON + STEP), STEP)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_line_stays_inside_its_frame(means: list[float]) -> None:
    rows = [_row(place, mean) for place, mean in enumerate(means)]
    svg = spark.spark(rows, NOON, Instant(NOON + 20 * STEP), 2 * STEP)
    points = re.findall(r"([\d.-]+),([\d.-]+)", svg)
    assert len(points) == len(means)
    assert all(0 <= float(x) <= 160 and 0 <= float(y) <= 32 for x, y in points)


@pytest.mark.parametrize("text", ["", None, "-1", "x", "1e3", "٣", "9" * 17])
def test_what_is_no_number_counts_as_none(text: str | None) -> None:
    assert number(text) == 0
