from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from rich.cells import cell_len

from gateway.cli.output import age, clock, in_utc, print_json, print_table, when

NOW = datetime(2026, 11, 23, 14, 5, 9, tzinfo=UTC)
SHANGHAI = timezone(timedelta(hours=8))


def table(rows: list[list[str]]) -> str:
    file = io.StringIO()
    print_table(["device", "value", "reason"], rows, file=file)
    return file.getvalue()


def test_a_table_fits_80_columns_and_cuts_nothing() -> None:
    reason = "no answer for thirty seconds after two of its neighbours had answered at once"
    shown = table([["meter-1", "230.1 V", reason], ["水冷机组", "7.2 Cel", ""]])
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert all(word in shown for word in reason.split())


def test_a_table_away_from_a_terminal_has_no_colour() -> None:
    assert "\x1b" not in table([["meter-1", "230.1 V", ""]])


def test_brackets_in_values_are_shown_as_they_are() -> None:
    assert "[red]" in table([["[red]", "1", ""]])


@pytest.mark.parametrize(
    ("ago", "shown"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")],
)
def test_age_keeps_one_unit(ago: int, shown: str) -> None:
    stamp = (NOW - timedelta(seconds=ago)).isoformat()
    assert age(stamp, now=NOW) == shown


def test_a_device_never_heard_of_has_no_age() -> None:
    assert age("", now=NOW) == "never"


def test_today_is_a_clock_and_another_day_has_its_date() -> None:
    assert when("2026-11-23T14:05:01.5Z", UTC, now=NOW) == "14:05:01"
    assert when("2026-11-22T14:05:01Z", UTC, now=NOW) == "2026-11-22 14:05"


def test_times_are_shown_in_the_zone_asked_for() -> None:
    assert clock("2026-11-23T14:05:01.123456Z", SHANGHAI) == "22:05:01.123"
    assert when("2026-11-23T15:30:00Z", SHANGHAI, now=NOW) == "23:30:00"
    assert when("2026-11-23T16:30:00Z", SHANGHAI, now=NOW) == "2026-11-24 00:30"
    assert in_utc("2026-11-23T22:05:01+08:00") == "2026-11-23 14:05 UTC"


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "病房", "items": [1, 2]})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"name": "病房", "items": [1, 2]}
