"""The steps of the days around today, made anew when the schedule or the patients have changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from dicom.query.matching import Range
from dicom.worklist.options import WorklistOptions
from dicom.worklist.step import LeftOut, Site, Step, step_of
from gateway import StoreError, to_datetime
from gateway.room import Agenda, Appointment, Order, Patient, PatientKey, People, RoomContext

_ONE = timedelta(days=1)
_MOST_DAYS = 120


@dataclass(frozen=True, slots=True)
class _Day:
    """The steps of a day, as the schedule and the patients were at these revisions."""

    revisions: tuple[int, int]
    steps: Sequence[Step]
    left_out: Sequence[LeftOut]


class Board:
    """The worklist of a site."""

    def __init__(self, context: RoomContext) -> None:
        self._context = context
        self._site = Site(ZoneInfo(context.site.zone), context.site.locale)
        self._days: dict[date, _Day] = {}

    async def steps(self, options: WorklistOptions, days: Range | None = None) -> Sequence[Step]:
        """In order of their time; `days` are eight digits each. StoreError if nobody can tell."""
        found = await self._of(options, days)
        return [step for day in found for step in day.steps]

    async def left_out(self, options: WorklistOptions) -> Sequence[LeftOut]:
        """Appointments of stations that no worklist shows, each with the reason."""
        return [each for day in await self._of(options, None) for each in day.left_out]

    async def _of(self, options: WorklistOptions, days: Range | None) -> Sequence[_Day]:
        agenda, people = self._keepers()
        revisions = (agenda.revision, people.revision if people is not None else 0)
        wanted = list(self._wanted(options, days))
        stale = [day for day in wanted if self._revisions(day) != revisions]
        if stale:
            await self._make(agenda, people, stale, revisions)
        return [self._days[day] for day in wanted]

    def _keepers(self) -> tuple[Agenda, People | None]:
        try:
            agenda = self._context.neighbours(Agenda)
        except LookupError:
            raise StoreError("the schedule is closed: there is no worklist") from None
        try:
            return agenda, self._context.neighbours(People)
        except LookupError:
            return agenda, None

    def _wanted(self, options: WorklistOptions, days: Range | None) -> Iterator[date]:
        today = to_datetime(self._context.clock.now()).astimezone(self._site.zone).date()
        for ahead in range(-options.back, options.ahead + 1):
            day = today + ahead * _ONE
            if days is None or days.holds(f"{day:%Y%m%d}"):
                yield day

    def _revisions(self, day: date) -> tuple[int, int] | None:
        known = self._days.get(day)
        return known.revisions if known is not None else None

    async def _make(
        self,
        agenda: Agenda,
        people: People | None,
        days: Sequence[date],
        revisions: tuple[int, int],
    ) -> None:
        appointments = await agenda.between(days[0], days[-1])
        orders = await agenda.orders_of(appointments)
        keys = {each.key for each in appointments if each.key is not None}
        known = await people.resolve_all(keys) if people is not None else {}
        if len(self._days) > _MOST_DAYS:
            self._days.clear()
        made: dict[date, tuple[list[Step], list[LeftOut]]] = {day: ([], []) for day in days}
        for each in appointments:
            day = self._day(each)
            step = self._step(agenda, each, known, orders)
            if day in made and step is not None:
                steps, left_out = made[day]
                steps.append(step) if isinstance(step, Step) else left_out.append(step)
        for day, (steps, left_out) in made.items():
            self._days[day] = _Day(revisions, steps, left_out)

    def _step(
        self,
        agenda: Agenda,
        appointment: Appointment,
        known: Mapping[PatientKey, Patient],
        orders: Mapping[str, Order],
    ) -> Step | LeftOut | None:
        station = agenda.station(appointment.resource)
        if station is None or not station.ae_title:
            return None
        patient = known.get(appointment.key) if appointment.key is not None else None
        return step_of(appointment, station, patient, orders.get(appointment.id), self._site)

    def _day(self, appointment: Appointment) -> date | None:
        if appointment.start is not None:
            return to_datetime(appointment.start).astimezone(self._site.zone).date()
        try:
            return date.fromisoformat(appointment.day)
        except ValueError:
            return None
