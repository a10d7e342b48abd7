"""Working days: public holidays with their working weekends (调休), and the site's own changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from gateway.model import Localized
from gateway.schedule.options import HolidayOptions, Weekday

if TYPE_CHECKING:
    from holidays import HolidayBase

_DAY = timedelta(days=1)
_FURTHEST = 60
_LANGUAGES = {"zh-CN": "zh_CN", "en": "en_US"}
_WEEKDAYS = tuple(Weekday)
_ANNOUNCED_YEARLY = frozenset({"CN"})
"""Where working weekends are published each year, in autumn; until then a year is not known."""


class Origin(StrEnum):
    """Why a day is a working day, or is none."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    WORKING_WEEKEND = "working-weekend"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Day:
    """`sure` is False where the year's holidays are not published yet."""

    day: date
    working: bool
    origin: Origin
    name: Localized = ""
    sure: bool = True


class WorkCalendar:
    """The working days of a site."""

    def __init__(self, options: HolidayOptions) -> None:
        self._country = options.country
        self._weekend = frozenset(_WEEKDAYS.index(each) for each in options.weekend)
        self._changes = {change.day: change for change in options.changes}

    def day(self, day: date) -> Day:
        """What is known of a day: the site's own change first, then the public holidays."""
        change = self._changes.get(day)
        if change is not None:
            return Day(day, change.working, Origin.SITE, change.name)
        sure = self.published(day.year)
        if self._country:
            if day in _working_weekends(self._country, day.year):
                return Day(day, working=True, origin=Origin.WORKING_WEEKEND, sure=sure)
            names = _names(self._country, day.year).get(day)
            if names is not None:
                return Day(day, working=False, origin=Origin.HOLIDAY, name=names, sure=sure)
        if day.weekday() in self._weekend:
            return Day(day, working=False, origin=Origin.WEEKEND, sure=sure)
        return Day(day, working=True, origin=Origin.WEEKDAY, sure=sure)

    def is_working_day(self, day: date) -> bool:
        """As far as is known: ask `day(…).sure` where it matters."""
        return self.day(day).working

    def is_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday or one of the site's own days off; no weekend is."""
        found = self.day(day)
        return not found.working and found.origin in {Origin.HOLIDAY, Origin.SITE}

    def is_swapped(self, day: date) -> bool:
        """Whether a day of the weekend is worked on (调休)."""
        return day.weekday() in self._weekend and self.day(day).working

    def next_working_day(self, day: date) -> date:
        """The first working day after this one; LookupError if there is none in two months."""
        for ahead in range(1, _FURTHEST + 1):
            if self.is_working_day(later := day + ahead * _DAY):
                return later
        raise LookupError(f"no working day within {_FURTHEST} days of {day.isoformat()}")

    def published(self, year: int) -> bool:
        """Whether the year's holidays are known; where working weekends exist, with these.

        A site that entered working weekends of its own for the year has published it itself.
        """
        if self._country not in _ANNOUNCED_YEARLY:
            return True
        own = any(
            change.working and change.day.year == year and change.day.weekday() in self._weekend
            for change in self._changes.values()
        )
        return own or bool(_working_weekends(self._country, year))

    def year(self, year: int) -> Iterator[Day]:
        """Every day of a year."""
        day = date(year, 1, 1)
        while day.year == year:
            yield self.day(day)
            if day == date.max:
                return
            day += _DAY


@lru_cache(maxsize=64)
def _working_weekends(country: str, year: int) -> frozenset[date]:
    """Weekend days of a year on which people work, whichever year's notice says so."""
    found = _calendar(country, year, "en_US")
    days = getattr(found, "weekend_workdays", ())
    return frozenset(day for day in days if day.year == year)


@lru_cache(maxsize=64)
def _names(country: str, year: int) -> dict[date, Localized]:
    """The holidays of a year in each language."""
    spoken = {tag: _calendar(country, year, name) for tag, name in _LANGUAGES.items()}
    return {
        day: {tag: found.get(day, "") for tag, found in spoken.items()}
        for day in spoken["en"]
        if day.year == year
    }


def _calendar(country: str, year: int, language: str) -> HolidayBase:
    """Neighbouring years too: a notice may move days across a new year."""
    from holidays import country_holidays  # noqa: PLC0415 - it takes a third of a second

    years = [each for each in (year - 1, year, year + 1) if date.min.year <= each <= date.max.year]
    known = country_holidays(country)
    spoken = language if language in (known.supported_languages or ()) else None
    return country_holidays(country, years=years, language=spoken)
