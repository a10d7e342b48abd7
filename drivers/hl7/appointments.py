"""SIU: bookings, changes, cancellations, blocked time, for whoever keeps the schedule. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from drivers.hl7.header import Header
from drivers.hl7.identity import HospitalRules, happened, person, required
from drivers.hl7.message import Message, Segment
from drivers.hl7.refusal import Refusal, missing, unparsable
from drivers.hl7.resources import PLACES, Places, coded, gathered, remaining
from drivers.hl7.times import parse_time
from gateway import (
    AppointmentStatement,
    AppointmentStatus,
    Instant,
    Reading,
    sentence,
    subject_of,
    to_datetime,
)

_MEANS: Mapping[str, AppointmentStatus] = {
    "S15": AppointmentStatus.CANCELLED,
    "S16": AppointmentStatus.CANCELLED,
    "S17": AppointmentStatus.ENTERED_IN_ERROR,
    "S23": AppointmentStatus.BLOCKED,
    "S24": AppointmentStatus.CANCELLED,
    "S26": AppointmentStatus.NO_SHOW,
}
"""What the event itself says, whatever SCH-25 holds."""

_USUALLY: Mapping[str, AppointmentStatus] = {
    "S12": AppointmentStatus.BOOKED,
    "S13": AppointmentStatus.BOOKED,
}
_NEEDS_TIME = frozenset({"S12", "S13", "S23"})
_TIMELESS = frozenset({AppointmentStatus.PENDING, AppointmentStatus.WAITLIST})


_MINUTES = {
    "": 1.0,
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "分", "分钟"), 1.0),
    **dict.fromkeys(("s", "sec", "second", "seconds", "秒"), 1 / 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "小时"), 60.0),
}
"""Minutes in a unit; without one it is minutes (HL7 v2.5.1, 10.6.4.7)."""

_LONGEST = 24 * 60

_Duration: TypeAlias = tuple[str, Segment, int, int]
"""A place, its segment, and the fields of the duration and its unit."""


@dataclass(frozen=True, slots=True)
class _Time:
    start: Instant | None = None
    day: str = ""
    minutes: float | None = None


def read_appointment(message: Message, header: Header, rules: HospitalRules) -> Reading:
    """The appointment of a message; Refusal if it lacks what it must say."""
    schedule = required(message, "SCH")
    placer, filler = schedule.component(1).strip(), schedule.component(2).strip()
    if not (placer or filler):
        raise missing("the appointment's identifier", "SCH-1")
    sent = schedule.component(25).strip()
    said = rules.words.status_of(sent) if sent else None
    status = _MEANS.get(header.trigger) or said or _USUALLY.get(header.trigger)
    segments = coded(message, header.trigger)
    stay, needs = remaining(segments), gathered(segments)
    when = _time(message.first("TQ1"), schedule, stay, rules)
    if header.trigger in _NEEDS_TIME and not (when.start or when.day or status in _TIMELESS):
        raise missing("the appointment's start", "SCH-11.4")
    patients = message.all("PID")
    patient = person(patients[0], rules) if patients else None
    statement = AppointmentStatement(
        book=rules.words.book or _book(schedule, header),
        placer=placer,
        filler=filler,
        status=status,
        status_sent=sent,
        reschedules=header.trigger == "S13",
        start=when.start,
        day=when.day,
        minutes=when.minutes,
        kind=schedule.component(8).strip(),
        kind_name=schedule.component(8, 2).strip() or _service(stay),
        reason=(schedule.component(7, 2) or schedule.component(7)).strip(),
        priority=schedule.component(11, 6).strip(),
        resources=needs.resources,
        gathering=needs.gathering,
        updated=needs.updated,
        removed=needs.removed,
        order_placer=schedule.component(26).strip(),
        order_filler=schedule.component(27).strip(),
        patient=patient,
        notes=(*message.notes, *_notes(sent, said, patients)),
    )
    return Reading(
        code=header.kind,
        text=header.trigger,
        observed_at=happened(message, rules.zone),
        wire=0,
        subject=subject_of(patient, statement.order_placer or statement.order_filler),
        payload=statement.payload(),
    )


def _notes(sent: str, said: AppointmentStatus | None, patients: Sequence[Segment]) -> Iterator[str]:
    if sent and said is None:
        yield sentence("status {word} is not explained in the profile", word=repr(sent))
    if len(patients) > 1:
        yield sentence(
            "the message names {count} patients; the first one is taken", count=len(patients)
        )


def _book(schedule: Segment, header: Header) -> str:
    """Who keeps the appointment: the namespace of its number, else the sending application."""
    return (
        schedule.component(2, 2).strip()
        or schedule.component(1, 2).strip()
        or header.application.split("^")[0].strip()
    )


def _time(
    timing: Segment | None, schedule: Segment, resources: Sequence[Segment], rules: HospitalRules
) -> _Time:
    """From TQ1, then SCH-11, then the first resource that is said to begin at some time."""
    used = [(segment, PLACES[segment.name]) for segment in resources]
    start, day = _instant(
        [
            *([("TQ1-7", timing.text(7))] if timing else []),
            ("SCH-11.4", schedule.component(11, 4)),
            *((f"{segment.name}-{at.start}", segment.text(at.start)) for segment, at in used),
        ],
        rules,
    )
    end, _ = _instant(
        [
            *([("TQ1-8", timing.text(8))] if timing else []),
            ("SCH-11.5", schedule.component(11, 5)),
        ],
        rules,
    )
    minutes = _minutes([("SCH-9", schedule, 9, 10), *_durations(used)])
    if minutes is None and start is not None and end is not None and end > start:
        minutes = (end - start) / 60_000_000
    return _Time(start, day, minutes)


def _durations(used: Sequence[tuple[Segment, Places]]) -> Iterator[_Duration]:
    for segment, at in used:
        yield f"{segment.name}-{at.duration}", segment, at.duration, at.unit


def _instant(places: Sequence[tuple[str, str]], rules: HospitalRules) -> tuple[Instant | None, str]:
    """The first time that is given, and its day; of one that names a day alone, that."""
    place, text = next(((at, sent.strip()) for at, sent in places if sent.strip()), ("", ""))
    if not text:
        return None, ""
    try:
        found = parse_time(text, rules.zone)
        if found is not None:
            return found, to_datetime(found).astimezone(rules.zone).date().isoformat()
        return None, date(int(text[:4]), int(text[4:6]), int(text[6:8])).isoformat()
    except ValueError:
        raise unparsable(text, "a time", place) from None


def _minutes(places: Iterable[_Duration]) -> float | None:
    """The first duration that is given."""
    for place, segment, number, unit_number in places:
        text, unit = segment.component(number).strip(), segment.component(unit_number).strip()
        if not text:
            continue
        factor = _MINUTES.get(unit.casefold())
        if factor is None:
            raise unparsable(unit, "a unit of time", place)
        try:
            minutes = float(text) * factor
        except ValueError:
            raise _no_duration(text, place) from None
        if not 0 < minutes <= _LONGEST:
            raise _no_duration(text, place)
        return minutes
    return None


def _no_duration(text: str, place: str) -> Refusal:
    return unparsable(text, "a duration of up to a day", place)


def _service(segments: Sequence[Segment]) -> str:
    service = next((each for each in segments if each.name == "AIS"), None)
    return service.component(3, 2).strip() if service else ""
