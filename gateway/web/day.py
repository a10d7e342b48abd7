"""Reads days from addresses, and times of a site from forms."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from gateway.model import Instant, from_datetime, placed


def day_in(text: str, otherwise: date) -> date:
    """The day that an address names; another one where it names none that has days around it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if date.min.year < found.year < date.max.year else otherwise


def wall_time(text: str, zone: tzinfo) -> Instant | None:
    """The time that a form names, as the site's clocks show it; None where they never do."""
    try:
        return from_datetime(placed(datetime.fromisoformat(text), zone))
    except ValueError:
        return None
