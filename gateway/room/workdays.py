"""Working days as every room sees them, whoever keeps the calendar."""

from __future__ import annotations

from datetime import date
from typing import Protocol, runtime_checkable


@runtime_checkable
class WorkDays(Protocol):
    """The keeper of the calendar; ask for it with `RoomContext.neighbours(WorkDays)`."""

    def is_working_day(self, day: date) -> bool:
        """Whether the site works on a day, as far as is known."""
        ...

    def is_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday or one of the site's own days off; no weekend is."""
        ...

    def is_swapped(self, day: date) -> bool:
        """Whether a day of the weekend is worked on (调休)."""
        ...
