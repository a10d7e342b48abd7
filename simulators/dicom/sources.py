"""What a department sends in a day: plans, records of fractions, and images of the planning CT."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset

from simulators.his import BY_DAY, Booking, Hours, bookings
from simulators.rt import (
    ARC,
    STATIC,
    Course,
    Machine,
    Part,
    approved,
    dose,
    images,
    plan,
    record,
    store,
    structure_set,
)
from simulators.shift import at_work

FAULTS = ("silent", "wrong_plan")
_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_SIZE, _SLICES = 128, 10
_ORGANIZATION = "1.2.826.0.1.3680043.8.498"
_KINDS = (("PROSTATE", ARC, 28, 2.2), ("BREAST L", STATIC, 15, 2.67), ("LUNG", ARC, 30, 2.0))
_AT_ONCE = 8
"""Patients whose objects are sent without a pause: those of the hour."""
_PATIENCE = 5.0
_BONE = 0.1
_STOPPED = 0.2
"""How often the last fraction was interrupted in its second beam."""
_STOPS_AT = 40.0
_UNAPPROVED = 0.1
"""How often a plan came without its approval."""
WORKLIST, RECORDS = "LA1", ("LA2", "LA3")
"""The machine that takes its work from a worklist, and those that only send records."""
_TREATED, _STAYS = timedelta(minutes=12), timedelta(minutes=20)


class Sources:
    """Calls `port` every `interval` seconds with what is next; nobody there: it tries again.

    The same day has the same patients, plans and UIDs: started anew, it sends what was sent.
    `silent`: it sends nothing. `wrong_plan`: who is treated without a worklist gets the plan of the
    one before, and the record says so.
    """

    def __init__(
        self,
        host: str,
        port: int,
        called: str,
        interval: float,
        *,
        seed: int,
        zone: str,
        hours: Hours = BY_DAY,
    ) -> None:
        self.port = port
        self._host, self._called = host, called
        self._interval, self._seed, self._zone = interval, seed, ZoneInfo(zone)
        self._hours = hours
        self._faults: set[str] = set()
        self._before: Booking | None = None

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Sources]:
        """Send within the block."""
        async with at_work(self._run(), "dicom-sources"):
            yield self

    def fault(self, kind: str) -> None:
        self._faults.add(kind)

    def clear(self) -> None:
        self._faults.clear()

    async def _run(self) -> None:
        waiting: dict[str, Booking] = {}
        while True:
            now = datetime.now(self._zone)
            booked = bookings(now.date(), self._zone, self._seed, self._hours)
            for number, booking in enumerate(_in_turn(_soon_first(booked, now))):
                await self._sent(booking.machine[0], list(_objects(booking)))
                if booking.machine[0] in RECORDS:
                    waiting[booking.number] = booking
                await asyncio.sleep(self._interval if number >= _AT_ONCE else 0)
                await self._tell(waiting)

    async def _tell(self, waiting: dict[str, Booking]) -> None:
        """The records of those whose treatment is over by now."""
        now = datetime.now(self._zone)
        for number in [each.number for each in waiting.values() if each.start + _TREATED <= now]:
            over = waiting.pop(number)
            mistaken = self._before if "wrong_plan" in self._faults else None
            self._before = over
            await self._sent(over.machine[0], [_today(over, mistaken)])

    async def _sent(self, calling: str, made: list[Dataset]) -> None:
        while True:
            if "silent" not in self._faults:
                try:
                    await asyncio.to_thread(
                        store, made, self._host, self.port, self._called, calling
                    )
                except ConnectionError:
                    pass
                else:
                    return
            await asyncio.sleep(_PATIENCE)


def _soon_first(booked: Sequence[Booking], now: datetime) -> list[Booking]:
    """Those who are there or yet to come; then those who have gone."""
    return sorted(booked, key=lambda each: (each.start + _STAYS <= now, each.start))


def _in_turn(booked: Sequence[Booking]) -> Iterator[Booking]:
    """One of each machine, then the next of each."""
    machines: dict[str, list[Booking]] = {}
    for each in booked:
        machines.setdefault(each.machine[0], []).append(each)
    for turn in zip_longest(*machines.values()):
        yield from (each for each in turn if each is not None)


def _objects(booking: Booking) -> Iterator[Dataset]:
    """Of somebody at the CT: images.

    At a treatment machine: the plan with its CT, structures and dose, and the fractions so far.
    """
    if booking.machine[0] == "CT1":
        yield from _images(booking)
        return
    it = _course(booking)
    yield it.plan
    yield from images(it.course)
    yield structure_set(it.course)
    yield dose(it.plan, it.course, SOPInstanceUID=_uid(booking, "dose"))
    for fraction in range(1, it.given + 1):
        at = booking.start.replace(tzinfo=None) - timedelta(days=it.given - fraction + 1)
        parts = [Part(1), Part(2)]
        if fraction == it.given and it.stopped:
            parts[1] = Part(2, 0, _STOPS_AT, termination="MACHINE")
        yield _record(booking, it.plan, fraction, parts, at=at)


def _today(booking: Booking, mistaken: Booking | None = None) -> Dataset:
    """What was given today, as a machine that has no worklist tells of it afterwards.

    By the plan of a patient who was `mistaken` for this one, if there is one.
    """
    made = _given(booking)
    if mistaken is not None:
        made.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = _plan_uid(mistaken)
    return made


def _given(booking: Booking) -> Dataset:
    it = _course(booking)
    at = booking.start.replace(tzinfo=None)
    if it.stopped:
        rest = [Part(2, _STOPS_AT, delivery="CONTINUATION")]
        return _record(booking, it.plan, it.given, rest, at=at, which="rest")
    return _record(booking, it.plan, it.given + 1, [Part(1), Part(2)], at=at)


@dataclass(frozen=True, slots=True)
class _Course:
    """Somebody's plan, and how many fractions were begun; `stopped`: the last one is unfinished."""

    course: Course
    plan: Dataset
    given: int
    stopped: bool


def _course(booking: Booking) -> _Course:
    dice = random.Random(f"course/{booking.number}")
    label, kind, fractions, dose = dice.choice(_KINDS)
    who = booking.who
    course = Course(
        patient=who.mrn,
        name=who.name,
        birth_date=f"{who.born:%Y%m%d}",
        sex="M" if who.sex == "男" else "F",
        label=label,
        machine=booking.machine[0],
        fractions=fractions,
        dose=round(fractions * dose, 2),
        study=_uid(booking, "study"),
        frame=_uid(booking, "frame"),
        structures=_uid(booking, "structures"),
    )
    made = plan(kind, course, SOPInstanceUID=_plan_uid(booking))
    if dice.random() >= _UNAPPROVED:
        made = approved(made)
    return _Course(course, made, dice.randrange(1, min(fractions, 6)), dice.random() < _STOPPED)


def _plan_uid(booking: Booking) -> str:
    return _uid(booking, "plan")


def _record(
    booking: Booking,
    made: Dataset,
    fraction: int,
    parts: Sequence[Part],
    *,
    at: datetime,
    which: str = "fraction",
) -> Dataset:
    name = booking.machine[0]
    chance = random.Random(f"noise/{booking.number}/{fraction}")
    return record(
        made,
        fraction,
        parts,
        at=at,
        machine=Machine(name, f"SN-{name}", 0.1, 0.2, chance),
        SOPInstanceUID=_uid(booking, f"{which}/{fraction}"),
    )


def _images(booking: Booking) -> Iterator[Dataset]:
    """A body of water with two lungs and a bone, slice by slice."""
    who = booking.who
    for number in range(1, _SLICES + 1):
        made = Dataset()
        made.SpecificCharacterSet = "GB18030"
        made.SOPClassUID, made.SOPInstanceUID = _CT_IMAGE, _uid(booking, f"image/{number}")
        made.StudyDate = made.SeriesDate = f"{booking.start:%Y%m%d}"
        made.StudyTime = made.SeriesTime = f"{booking.start:%H%M%S}"
        made.AccessionNumber, made.Modality = f"Y{booking.number}", "CT"
        made.Manufacturer, made.StationName = "Isogate simulators", booking.machine[0]
        made.StudyDescription, made.SeriesDescription = "定位CT", "胸部 3mm"
        made.PatientName, made.PatientID = who.name, who.mrn
        made.IssuerOfPatientID = "HIS"
        made.PatientBirthDate = f"{who.born:%Y%m%d}"
        made.PatientSex = "M" if who.sex == "男" else "F"
        made.StudyInstanceUID, made.SeriesInstanceUID = _uid(booking, "ct"), _uid(booking, "series")
        made.FrameOfReferenceUID = _uid(booking, "ct frame")
        made.StudyID, made.SeriesNumber, made.InstanceNumber = "1", 1, number
        made.PatientPosition, made.SliceThickness = "HFS", 3
        made.ImagePositionPatient = [-192, -192, 3 * number]
        made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        made.PixelSpacing = [3, 3]
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.Rows = made.Columns = _SIZE
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
        made.RescaleIntercept, made.RescaleSlope, made.RescaleType = -1024, 1, "HU"
        made.WindowCenter, made.WindowWidth = 40, 400
        made.PixelData = _slice(number)
        yield made


def _slice(number: int) -> bytes:
    lung = 0.23 * math.sin(math.pi * number / (_SLICES + 1))
    values = bytearray()
    for row in range(_SIZE):
        for column in range(_SIZE):
            x, y = 2 * column / _SIZE - 1, 2 * row / _SIZE - 1
            values += _density(x, y, lung).to_bytes(2, "little")
    return bytes(values)


def _density(x: float, y: float, lung: float) -> int:
    """Hounsfield units and 1024, at a place between -1 and 1."""
    if (x / 0.85) ** 2 + (y / 0.6) ** 2 > 1:
        return 24
    if x**2 + (y - 0.4) ** 2 < _BONE**2:
        return 1824
    if min((x - 0.38) ** 2, (x + 0.38) ** 2) + (y / 1.3) ** 2 < lung**2:
        return 224
    return 1064


def _uid(booking: Booking, what: str) -> str:
    """The same for the same thing of the same booking (PS3.5 B.2 would want UUIDs; these do)."""
    digest = hashlib.blake2b(f"{booking.number}/{what}".encode(), digest_size=12).digest()
    return f"{_ORGANIZATION}.{int.from_bytes(digest, 'big')}"
