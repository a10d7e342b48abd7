"""Which days people work: the calendar of the country with its working weekends, and the site."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.schedule.calendar import Origin, WorkCalendar
from gateway.schedule.options import HolidayOptions

CHINA = WorkCalendar(HolidayOptions())


@pytest.mark.parametrize(
    ("day", "working", "origin"),
    [
        ("2025-01-26", True, Origin.WORKING_WEEKEND),
        ("2025-10-08", False, Origin.HOLIDAY),
        ("2026-02-14", True, Origin.WORKING_WEEKEND),
        ("2026-02-17", False, Origin.HOLIDAY),
        ("2026-02-20", False, Origin.HOLIDAY),
        ("2026-09-20", True, Origin.WORKING_WEEKEND),
        ("2026-11-22", False, Origin.WEEKEND),
        ("2026-11-23", True, Origin.WEEKDAY),
    ],
)
def test_a_day_is_as_the_state_council_announced_it(
    day: str, *, working: bool, origin: Origin
) -> None:
    found = CHINA.day(date.fromisoformat(day))
    assert (found.working, found.origin, found.sure) == (working, origin, True)


def test_a_holiday_has_its_name_in_both_languages() -> None:
    name = CHINA.day(date(2026, 2, 17)).name
    assert isinstance(name, dict)
    assert name["zh-CN"] == "春节"
    assert "Spring Festival" in name["en"]


def test_a_year_that_is_not_announced_yet_says_so() -> None:
    assert [CHINA.published(year) for year in (2025, 2026, 2027)] == [True, True, False]
    assert not CHINA.day(date(2027, 2, 6)).sure
    assert CHINA.day(date(2026, 12, 31)).sure


def test_what_the_site_says_goes_before_the_calendar_and_makes_a_year_known() -> None:
    site = WorkCalendar(
        HolidayOptions.model_validate(
            {
                "changes": [
                    {"day": "2026-10-01", "working": True, "name": "值班"},
                    {"day": "2027-02-20", "working": True},
                    {"day": "2027-02-11", "working": False},
                ]
            }
        )
    )
    assert site.is_working_day(date(2026, 10, 1))
    assert site.day(date(2026, 10, 1)).origin is Origin.SITE
    assert site.published(2027)
    assert site.day(date(2027, 2, 6)).sure
    assert not site.is_working_day(date(2027, 2, 11))


def test_the_next_working_day_jumps_over_a_holiday_and_takes_a_working_weekend() -> None:
    assert CHINA.next_working_day(date(2026, 2, 13)) == date(2026, 2, 14)
    assert CHINA.next_working_day(date(2026, 2, 14)) == date(2026, 2, 24)
    assert CHINA.next_working_day(date(2026, 11, 20)) == date(2026, 11, 23)


def test_a_site_that_never_works_is_told() -> None:
    every_day = {"weekend": ["monday", "tuesday", "wednesday", "thursday", "friday"]}
    closed = HolidayOptions.model_validate(
        {**every_day, "country": "", "weekend": [*every_day["weekend"], "saturday", "sunday"]}
    )
    with pytest.raises(LookupError, match="no working day"):
        WorkCalendar(closed).next_working_day(date(2026, 1, 1))


def test_a_country_without_working_weekends_is_always_known() -> None:
    germany = WorkCalendar(HolidayOptions(country="DE"))
    assert germany.published(2031)
    assert not germany.is_working_day(date(2031, 12, 25))


def test_no_country_leaves_weekends_alone() -> None:
    none = WorkCalendar(HolidayOptions(country=""))
    assert none.is_working_day(date(2026, 10, 1))
    assert not none.is_working_day(date(2026, 10, 3))


def test_a_year_has_all_its_days() -> None:
    days = list(CHINA.year(2026))
    assert (len(days), days[0].day, days[-1].day) == (365, date(2026, 1, 1), date(2026, 12, 31))
    assert sum(day.working for day in days) == 248


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"country": "XX"}, "'XX' is no country"),
        (
            {"changes": [{"day": "2026-01-01", "working": True}] * 2},
            "2026-01-01 is given twice",
        ),
    ],
)
def test_a_wrong_calendar_is_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        HolidayOptions.model_validate(options)
