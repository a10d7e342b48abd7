"""The steps of the days around today, made anew when the schedule or the patients have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from dicom.query.matching import Range
from dicom.worklist.options import WorklistOptions
from dicom.worklist.step import Around, LeftOut, Site, Step, appointment_of, step_of
from gateway import StoreError, to_datetime
from gateway.room import Agenda, Appointment, People, Principal, RoomContext

T = TypeVar("T", Step, LeftOut)

_ONE = timedelta(days=1)
_MOST_DAYS = 480
_Revisions: TypeAlias = tuple[int, int, int]
"""Of the schedule, the patients, and what was performed."""


class Performed(Protocol):
    """What is known of steps that modalities have begun; `revision` grows when that changes."""

    revision: int

    async def standing(self, appointments: Collection[str]) -> Mapping[str, str]:
        """STARTED or COMPLETED, of those that were."""
        ...


@dataclass(frozen=True, slots=True)
class _Day:
    """The steps of a day, as things were at these revisions."""

    revisions: _Revisions
    steps: Sequence[Step]
    left_out: Sequence[LeftOut]


class Board:
    """The worklist of a site."""

    def __init__(self, context: RoomContext, performed: Performed) -> None:
        self._context, self._performed = context, performed
        self._site = Site(ZoneInfo(context.site.zone), context.site.locale)
        self._days: dict[date, _Day] = {}

    async def steps(self, options: WorklistOptions, days: Range | None = None) -> Sequence[Step]:
        """In order of their time; `days` are eight digits each. StoreError if nobody can tell."""
        found = await self._of(options, days)
        return [step for day in found for step in day.steps if step.shown]

    async def meant(self, options: WorklistOptions, studies: Collection[str]) -> Sequence[Step]:
        """Every step that a modality may mean: also what is over, or past and of these UIDs."""
        days = await self._of(options, None)
        found = {step.appointment: step for day in days for step in day.steps}
        agenda, people = self._keepers()
        ids = [id_ for id_ in map(appointment_of, studies) if id_ and id_ not in found]
        named = [each for id_ in ids if (each := await agenda.appointment(id_)) is not None]
        for step in await self._steps(agenda, people, named):
            if isinstance(step, Step):
                found[step.appointment] = step
        return list(found.values())

    async def left_out(self, options: WorklistOptions) -> Sequence[LeftOut]:
        """Appointments of stations that no worklist shows, each with the reason."""
        return [each for day in await self._of(options, None) for each in day.left_out]

    async def seen(self, who: Principal, items: Iterable[T]) -> list[T]:
        """Those whose appointment somebody sees, who may be limited to departments."""
        if not who.departments:
            return list(items)
        agenda, _ = self._keepers()
        found = [(each, await agenda.appointment(each.appointment)) for each in items]
        return [each for each, of in found if of is not None and agenda.sees(who, of)]

    async def _of(self, options: WorklistOptions, days: Range | None) -> Sequence[_Day]:
        agenda, people = self._keepers()
        known = people.revision if people is not None else 0
        revisions = (agenda.revision, known, self._performed.revision)
        wanted = list(self._wanted(options, days))
        found = {day: self._days[day] for day in wanted if self._revisions(day) == revisions}
        stale = [day for day in wanted if day not in found]
        if stale:
            found |= await self._make(agenda, people, stale, revisions)
        return [found[day] for day in wanted]

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

    def _revisions(self, day: date) -> _Revisions | None:
        known = self._days.get(day)
        return known.revisions if known is not None else None

    async def _make(
        self,
        agenda: Agenda,
        people: People | None,
        days: Sequence[date],
        revisions: _Revisions,
    ) -> Mapping[date, _Day]:
        appointments = await agenda.between(days[0], days[-1])
        made: dict[date, tuple[list[Step], list[LeftOut]]] = {day: ([], []) for day in days}
        found = await self._steps(agenda, people, appointments)
        for each, step in zip(appointments, found, strict=True):
            day = self._day(each)
            if day in made and step is not None:
                steps, left_out = made[day]
                steps.append(step) if isinstance(step, Step) else left_out.append(step)
        fresh = {day: _Day(revisions, *lists) for day, lists in made.items()}
        if len(self._days) > _MOST_DAYS:
            self._days.clear()
        self._days |= fresh
        return fresh

    async def _steps(
        self, agenda: Agenda, people: People | None, appointments: Sequence[Appointment]
    ) -> Sequence[Step | LeftOut | None]:
        """What each appointment makes; None where its resource is no station."""
        orders = await agenda.orders_of(appointments)
        keys = {each.key for each in appointments if each.key is not None}
        known = await people.resolve_all(keys) if people is not None else {}
        standing = await self._performed.standing([each.id for each in appointments])
        found: list[Step | LeftOut | None] = []
        for each in appointments:
            station = agenda.station(each.resource)
            patient = known.get(each.key) if each.key is not None else None
            performed = standing.get(each.id, "")
            if station is None:
                found.append(None)
                continue
            around = Around(station, patient, orders.get(each.id), performed)
            found.append(step_of(each, around, self._site))
        return found

    def _day(self, appointment: Appointment) -> date | None:
        if appointment.start is not None:
            return to_datetime(appointment.start).astimezone(self._site.zone).date()
        try:
            return date.fromisoformat(appointment.day)
        except ValueError:
            return None
