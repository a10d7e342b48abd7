"""A department's day, message by message: who is booked, who comes and who doesn't."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from simulators.his.people import Person, person

_MACHINES = (
    ("LA1", "直线加速器1", "IMRT"),
    ("LA2", "直线加速器2", "VMAT"),
    ("LA3", "直线加速器3", "VMAT"),
)
_CT = ("CT1", "CT模拟定位机", "SIM")
_MINUTE = timedelta(minutes=1)
_SLOT = 15
_FREE = 0.25
"""Share of slots that stay empty."""

_CANCELLED, _MOVED, _MISSED = 0.04, 0.08, 0.12
"""Up to which share of bookings what happens to them."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a department treats, and from when on it images for planning."""

    first: time
    imaging: time
    last: time


BY_DAY = Hours(time(8, 0), time(13, 30), time(17, 0))
ROUND_THE_CLOCK = Hours(time.min, time.min, time.max)
"""There is somebody to see at whatever hour it is looked at."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message without its header: what sort it is, and when it is sent."""

    at: datetime
    kind: str
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Booking:
    """Somebody's time at a machine."""

    number: str
    who: Person
    machine: tuple[str, str, str]
    start: datetime
    minutes: int


def plan(day: date, zone: tzinfo, seed: int = 1, hours: Hours = BY_DAY) -> list[Due]:
    """Everything that is sent about a day, in order; the same for the same day and seed."""
    dice = random.Random(f"{seed}/{day.isoformat()}")
    bookings = list(_bookings(day, zone, hours, dice))
    due = [message for each in bookings for message in _life(each, dice)]
    due += _oddities(day, zone, bookings, dice)
    return sorted(due, key=lambda each: each.at)


def bookings(day: date, zone: tzinfo, seed: int = 1, hours: Hours = BY_DAY) -> list[Booking]:
    """Who is booked for a day, as `plan` says it."""
    return list(_bookings(day, zone, hours, random.Random(f"{seed}/{day.isoformat()}")))


def _bookings(day: date, zone: tzinfo, hours: Hours, dice: random.Random) -> Iterator[Booking]:
    """Fractions on the treatment machines, simulations at the CT."""
    number = day.toordinal() % 100_000 * 1000
    for machine in (*_MACHINES, _CT):
        first = hours.imaging if machine is _CT else hours.first
        start, end = (datetime.combine(day, each, zone) for each in (first, hours.last))
        minutes = _SLOT if machine is not _CT else 30
        while start < end:
            number += 1
            if dice.random() >= _FREE:
                yield Booking(f"F{number}", person(dice, number % 10**8), machine, start, minutes)
            start += minutes * _MINUTE


def _life(each: Booking, dice: random.Random) -> Iterator[Due]:
    """Registered and booked the days before; then comes, is early or late, or does not come."""
    before = each.start - timedelta(days=1, minutes=dice.randrange(60, 400))
    yield Due(before, "ADT^A04", ("EVN|A04|{at}", each.who.pid(), "PV1|1|O|放疗科门诊"))
    yield Due(before + _MINUTE, "SIU^S12", _siu(each, "预约"))
    fate = dice.random()
    if fate < _CANCELLED:
        yield Due(each.start - 40 * _MINUTE, "SIU^S15", _siu(each, "取消"))
    elif fate < _MOVED:
        later = Booking(each.number, each.who, each.machine, each.start + 5 * _MINUTE, each.minutes)
        yield Due(each.start - 90 * _MINUTE, "SIU^S13", _siu(later, "预约"))
        yield from _comes(later, dice)
    elif fate < _MISSED:
        yield Due(each.start + 30 * _MINUTE, "SIU^S26", _siu(each, "爽约"))
    else:
        yield from _comes(each, dice)


def _comes(each: Booking, dice: random.Random) -> Iterator[Due]:
    arrives = each.start - dice.randrange(2, 35) * _MINUTE
    done = each.start + (each.minutes + dice.randrange(-3, 8)) * _MINUTE
    yield Due(arrives, "SIU^S14", _siu(each, "签到"))
    yield Due(done, "SIU^S14", _siu(each, "已完成"))


def _oddities(
    day: date, zone: tzinfo, bookings: list[Booking], dice: random.Random
) -> Iterator[Due]:
    """What every real day has: a morning check, an order, a merge, and things that don't fit."""
    morning = datetime.combine(day, time(7, 0), zone)
    qa = f"SCH||Q{day.toordinal()}^|||||QA^晨检||30|min|^^^{morning:%Y%m%d%H%M%S}"
    for machine, name, _ in _MACHINES:
        block = qa.replace("||Q", f"||{machine}Q", 1)
        yield Due(
            morning - timedelta(days=1), "SIU^S23", (block, "RGS|1", f"AIG|1||{machine}^{name}")
        )
    first, second, third, fourth = dice.sample(bookings, 4)
    for each in bookings:
        if each.machine is _CT:
            yield Due(each.start - timedelta(hours=20), "ORM^O01", tuple(_order(each)))
    twin = person(dice, int(first.who.mrn) + 50_000_000)
    twice = twin.__class__(
        twin.mrn, first.who.name, first.who.born, first.who.sex, twin.card, first.who.citizen
    )
    yield Due(morning + 20 * _MINUTE, "ADT^A04", ("EVN|A04|{at}", twice.pid(citizen=False)))
    merge = ("EVN|A40|{at}", first.who.pid(), f"MRG|{twice.mrn}^^^^MR")
    yield Due(morning + 95 * _MINUTE, "ADT^A40", merge)
    wrong = second.who.born.replace(day=second.who.born.day % 28 + 1)
    yield Due(morning + 50 * _MINUTE, "ADT^A08", ("EVN|A08|{at}", second.who.pid(born=wrong)))
    stranger = person(dice, 90_000_000 + day.toordinal() % 10_000)
    lost = Booking(f"X{day.toordinal()}", stranger, third.machine, third.start, third.minutes)
    yield Due(morning + 10 * _MINUTE, "SIU^S12", _siu(lost, "预约"))
    ward = (
        "EVN|A01|{at}",
        fourth.who.pid(),
        "PV1|1|I|放疗科病区^12^03||||||||||||||||Z" + fourth.who.mrn,
    )
    yield Due(morning + 130 * _MINUTE, "ADT^A01", ward)


def _siu(each: Booking, status: str) -> tuple[str, ...]:
    machine, name, kind = each.machine
    fields = [""] * 26
    fields[0], fields[1], fields[2] = "SCH", f"P{each.number}", each.number
    fields[7], fields[8] = "RT^放射治疗", f"{kind}^{kind}"
    fields[9], fields[10] = str(each.minutes), "min"
    fields[11] = f"^^^{each.start:%Y%m%d%H%M%S}"
    fields[25] = status
    return "|".join(fields), each.who.short_pid(), "RGS|1", f"AIG|1||{machine}^{name}"


def _order(each: Booking) -> Iterator[str]:
    fields = [""] * 25
    fields[0], fields[1], fields[2] = "OBR", "1", f"Y{each.number}"
    fields[4] = "CTSIM^CT模拟定位^99HIS"
    fields[18], fields[19], fields[20], fields[24] = (
        f"A{each.number}",
        f"R{each.number}",
        f"S{each.number}",
        "CT",
    )
    yield each.who.short_pid()
    yield f"ORC|NW|Y{each.number}||||||^^^{each.start:%Y%m%d%H%M%S}"
    yield "|".join(fields)
