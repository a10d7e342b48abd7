"""The cells of one row: text, moments, numbers; what can't be read refuses the row. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from gateway.errors import ProtocolViolation
from gateway.model import Instant, partial_date, sentence, to_datetime
from gateway.rows.fields import MomentField
from gateway.rows.row import Values
from gateway.rows.times import TimeForm, instant_of, parse_wall, zone_of

_DAY_ALONE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?$", re.ASCII)
_CLOCKS = ("%H", "%I", "%T", "%R", "%X", "%c", "%s")
_LONGEST = 24 * 60


@dataclass(frozen=True, slots=True)
class Moment:
    """A start: exact, or a day of the source's zone (ISO 8601) alone."""

    at: Instant | None = None
    day: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """A row's values. Every method raises ProtocolViolation with the column and what it holds."""

    values: Values
    form: TimeForm
    pattern: str
    zone: str

    def text(self, column: str) -> str:
        """What a column holds, without blanks around it; empty where it says nothing."""
        return (self.values.get(column) or "").strip() if column else ""

    def needed(self, column: str) -> str:
        """What a column that must say something holds."""
        text = self.text(column)
        if not text:
            raise ProtocolViolation(sentence("{column} is empty", column=column))
        return text

    def moment(self, field: MomentField | None) -> Moment:
        """A time and its day; a day alone where the source knows no more."""
        if field is None or not (text := self.text(field.column)):
            return Moment()
        form = field.form or self.form
        pattern = self.pattern if field.pattern is None and field.form is None else field.pattern
        if _names_a_day(text, form, pattern or ""):
            return Moment(None, self._wall(field.column, text, form, pattern).date().isoformat())
        return self._placed(field.column, self._wall(field.column, text, form, pattern), form)

    def day_and_clock(self, field: MomentField, clock: str) -> Moment:
        """A day in one column and a time of day in another; without the latter the day alone."""
        day = self._day(field)
        text = self.text(clock)
        if day is None or not text:
            return Moment(None, day.isoformat() if day else "")
        try:
            at = time.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is not None:
            raise ProtocolViolation(
                sentence("{column}: {text} is no time of day", column=clock, text=repr(text))
            )
        return self._placed(clock, datetime.combine(day, at), TimeForm.NAIVE)

    def partial_date(self, column: str, pattern: str) -> str:
        """A date as ISO 8601, to the year or month where that is all that is said."""
        text = self.text(column)
        if not text:
            return ""
        try:
            if pattern:
                return datetime.strptime(text, pattern).date().isoformat()  # noqa: DTZ007 - a date
            return partial_date(_MIDNIGHT.sub("", text))
        except ValueError:
            raise ProtocolViolation(
                sentence("{column}: {text} is no date", column=column, text=repr(text))
            ) from None

    def minutes(self, column: str) -> float | None:
        """A duration of up to a day."""
        text = self.text(column)
        if not text:
            return None
        try:
            minutes = float(text)
        except ValueError:
            minutes = 0.0
        if not 0 < minutes <= _LONGEST:
            raise ProtocolViolation(
                sentence(
                    "{column}: {text} is no number of minutes up to a day",
                    column=column,
                    text=repr(text),
                )
            )
        return minutes

    def _day(self, field: MomentField) -> date | None:
        text = _MIDNIGHT.sub("", self.text(field.column))
        if not text:
            return None
        return self._wall(field.column, text, TimeForm.NAIVE, field.pattern).date()

    def _wall(self, column: str, text: str, form: TimeForm, pattern: str | None) -> datetime:
        try:
            return parse_wall(text, form, pattern or "")
        except ValueError:
            raise ProtocolViolation(
                sentence("{column}: {text} is no time", column=column, text=repr(text))
            ) from None

    def _placed(self, column: str, wall: datetime, form: TimeForm) -> Moment:
        at = instant_of(wall, form, self.zone)
        if at is None:
            raise ProtocolViolation(
                sentence(
                    "{column}: {time} comes twice or never in {zone}: a time with a zone is needed",
                    column=column,
                    time=wall.isoformat(" "),
                    zone=self.zone,
                )
            )
        return Moment(at, to_datetime(at).astimezone(zone_of(self.zone)).date().isoformat())


def _names_a_day(text: str, form: TimeForm, pattern: str) -> bool:
    if pattern:
        return not any(clock in pattern for clock in _CLOCKS)
    return form is TimeForm.NAIVE and _DAY_ALONE.fullmatch(text) is not None
