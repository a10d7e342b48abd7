"""Which day's sample a number means that starts again each day. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.model import (
    TIME_OF,
    Instant,
    QuarantineReason,
    Reading,
    sentence,
    to_datetime,
)
from gateway.normalizer.meaning import Finding
from gateway.profile import AnalyzerProfile

_DAY = 24 * 3600 * 1_000_000
_MEMORY = 366 * _DAY
"""How old a result can be that an analyzer sends again; a dead clock battery shows years."""

_AHEAD = 5 * 60 * 1_000_000
_OF_MESSAGE = ("H-", "MSH-")
"""Where `TIME_OF` says that a time stands which is that of sending."""


def run_date(
    reading: Reading, received_at: Instant, profile: AnalyzerProfile, zone: ZoneInfo
) -> str:
    """The laboratory's day (ISO 8601) on which a result was measured; empty if that is uncertain.

    A result names it by its own time, or by a date alone where the day starts at midnight. The
    time of its message names none: a result that is sent again comes in a message of today.
    Where the profile says `run_date: received`, the day of its reception stands in.
    """
    today = day_of(received_at, profile, zone)
    named = _named(reading, received_at, profile, zone)
    if named and named <= today:
        return named
    return today if profile.run_date == "received" else ""


def day_of(at: Instant, profile: AnalyzerProfile, zone: ZoneInfo) -> str:
    """The laboratory's day (ISO 8601) at an instant."""
    local: datetime = to_datetime(at).astimezone(zone)
    starts = profile.day_starts
    day = timedelta(hours=starts.hour, minutes=starts.minute)
    return (local.replace(tzinfo=None) - day).date().isoformat()


def undated(reading: Reading) -> Finding:
    """The finding of a result of which nobody knows the day, and so not whose it is."""
    detail = sentence(
        "nobody knows which day's sample {number} this {code} is of: it has no time of its own that"
        " can be right; set the analyzer's clock, let it send the time of each result, or say"
        " `run_date: received` in its profile if it never sends an old result again",
        number=repr(reading.subject.specimen if reading.subject else ""),
        code=reading.code,
    )
    return Finding(reading, QuarantineReason.UNREADABLE, "run_date", detail)


def _named(reading: Reading, received_at: Instant, profile: AnalyzerProfile, zone: ZoneInfo) -> str:
    payload, at = reading.payload or {}, reading.observed_at
    if at is None:
        date = str(payload.get(profile.date_alone, ""))
        oldest = day_of(Instant(received_at - _MEMORY), profile, zone)
        return date if date >= oldest and profile.day_starts == time() else ""
    of_message = str(payload.get(TIME_OF, "")).startswith(_OF_MESSAGE)
    if of_message or not -_MEMORY <= at - received_at <= _DAY:
        return ""
    # A clock that is a little ahead says tomorrow before midnight.
    return day_of(min(at, received_at) if at - received_at <= _AHEAD else at, profile, zone)
