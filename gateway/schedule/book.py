"""The keeper of the schedule: the subscriber, and its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from gateway.driver import LinkEntry
from gateway.model import Identifier, Instant, Kind, from_datetime, to_datetime
from gateway.projection import Projection
from gateway.room import (
    Appointment,
    Neighbours,
    Order,
    Patient,
    PatientKey,
    People,
    Principal,
    Station,
)
from gateway.schedule.answers import Row, Unreadable
from gateway.schedule.calendar import WorkCalendar
from gateway.schedule.identity import orders_named, patient_keys
from gateway.schedule.noted import Noted
from gateway.schedule.options import ScheduleOptions
from gateway.schedule.problem import Problem, problems
from gateway.schedule.resources import Resources
from gateway.schedule.row import is_unclear, other_patient, read_appointment
from gateway.schedule.seen import SeenSchedule
from gateway.schedule.standing import since
from gateway.schedule.tables import Tables
from gateway.seal import Keyring

KINDS = (Kind.APPOINTMENT, Kind.ORDER, Kind.ACTION)
_WORK_LIST = 500


@dataclass(frozen=True, slots=True)
class Setting:
    """What the schedule needs to know of its site."""

    zone: ZoneInfo
    options: ScheduleOptions
    neighbours: Neighbours
    links: Callable[[], Sequence[LinkEntry]] = tuple


class ScheduleBook(Projection[Tables]):
    """Appointments, orders and gates; a `gateway.room.Agenda`.

    Every method that is awaited may raise StoreError.
    """

    setting: Setting
    resources: Resources
    calendar: WorkCalendar

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring, setting: Setting) -> AsyncIterator[ScheduleBook]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, KINDS) as book:
            yield book.at(setting)

    def at(self, setting: Setting) -> Self:
        """The book of a site."""
        self.setting = setting
        self.resources = Resources(setting.options)
        self.calendar = WorkCalendar(setting.options.holidays)
        return self

    async def day(self, day: date, resource: str = "") -> Sequence[Appointment]:
        first, last = self.span(day)
        days = [day.isoformat()]
        rows = await self.ask(lambda tables: tables.read.between(first, last, days))
        found = [self._read(row) for row in rows]
        return [each for each in found if not resource or each.resource == resource]

    async def between(self, first: date, last: date) -> Sequence[Appointment]:
        begin, (_, end) = self.span(first)[0], self.span(last)
        days = [
            (first + timedelta(days=after)).isoformat() for after in range((last - first).days + 1)
        ]
        rows = await self.ask(lambda tables: tables.read.between(begin, end, days))
        return [self._read(row) for row in rows]

    async def orders_of(self, appointments: Collection[Appointment]) -> Mapping[str, Order]:
        wanted = {
            each.id: orders_named(each.book, each.order_placer, each.order_filler)
            for each in appointments
        }
        found = await self.ask(
            lambda tables: {id_: tables.read.order_of(keys) for id_, keys in wanted.items() if keys}
        )
        return {id_: order for id_, order in found.items() if order is not None}

    def station(self, resource: str) -> Station | None:
        found = self.resources.get(resource)
        if found is None:
            return None
        return Station(
            found.id,
            found.ae_title,
            found.modality,
            found.name,
            found.location,
        )

    def department(self, word: str) -> str:
        return self.resources.department(word)

    async def appointment(self, id_: str) -> Appointment | None:
        key = _key(id_)
        row = await self.ask(lambda tables: tables.read.appointment(key)) if key else None
        return None if row is None else self._read(row)

    async def since(self, id_: str) -> Instant | None:
        found = await self.history(id_)
        return since(found) if found else None

    async def version(self, id_: str) -> int:
        """How often something was said of an appointment; 0 if nothing is known of it."""
        key = _key(id_)
        row = await self.ask(lambda tables: tables.read.appointment(key)) if key else None
        return 0 if row is None else row.entries

    async def of_patient(
        self, keys: Collection[PatientKey], *, since: Instant | None = None
    ) -> Sequence[Appointment]:
        wanted = patient_keys(list(keys))
        rows = await self.ask(lambda tables: tables.read.of_patients(wanted, since))
        return [self._read(row) for row in rows]

    def seen_by(self, who: Principal) -> SeenSchedule:
        """What somebody sees of the schedule."""
        return SeenSchedule.of(who, self.setting.links(), self.resources)

    def sees(self, who: Principal, appointment: Appointment) -> bool:
        return self.seen_by(who).appointment(appointment)

    async def orders(self, keys: Collection[PatientKey]) -> Sequence[Order]:
        wanted = patient_keys(list(keys))
        return await self.ask(lambda tables: tables.read.orders(wanted))

    async def newest_orders(self, limit: int = 100) -> Sequence[Order]:
        """Orders of everybody that still stand, newest first."""
        return await self.ask(lambda tables: tables.read.newest_orders(limit))

    async def history(self, id_: str) -> Sequence[Noted]:
        """What was said and done about an appointment, newest first."""
        key = _key(id_)
        return await self.ask(lambda tables: tables.read.history(key)) if key else ()

    async def problems(self, now: Instant) -> Sequence[Problem]:
        """What is wrong with appointments from today on that still stand, and what any asks."""
        today = self.local(now).date()
        since, _ = self.span(today)
        day = today.isoformat()
        rows = await self.ask(
            lambda tables: [
                *tables.read.questions(_WORK_LIST),
                *tables.read.open_from(since, day, _WORK_LIST),
            ]
        )
        return await self.judged(rows)

    async def judged(self, rows: Sequence[Row]) -> Sequence[Problem]:
        """What is wrong with the appointments of these rows."""
        found = [self._read(row) for row in rows]
        others = {row.id.hex(): other for row in rows if (other := other_patient(row.body))}
        unclear = {row.id.hex() for row in rows if is_unclear(row.body)}
        people = await self.people(found)
        return list(problems(found, people, others, unclear))

    async def people(self, appointments: Iterable[Appointment]) -> dict[PatientKey, Patient]:
        """Who is meant, as far as they are known; nobody where no patients are kept."""
        return await self._resolved({each.key for each in appointments if each.key is not None})

    async def known_people(self, *numbers: Identifier) -> dict[PatientKey, Patient]:
        """The patients who have these numbers; who is not known is left out."""
        return await self._resolved({(each.value, each.issuer) for each in numbers})

    async def _resolved(self, keys: Collection[PatientKey]) -> dict[PatientKey, Patient]:
        try:
            people = self.setting.neighbours(People)
        except LookupError:
            return {}
        return dict(await people.resolve_all(keys))

    async def unreadable(self, limit: int = 100) -> Sequence[Unreadable]:
        """Events that should say something of an appointment or an order, and don't."""
        return await self.ask(lambda tables: tables.read.unreadable(limit))

    def local(self, instant: Instant) -> datetime:
        """The time at the site."""
        return to_datetime(instant).astimezone(self.setting.zone)

    def span(self, day: date) -> tuple[Instant, Instant]:
        """Begin and end of a day at the site."""
        zone = self.setting.zone
        begin = datetime.combine(day, time(), zone)
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        return from_datetime(begin), from_datetime(end)

    def _read(self, row: Row) -> Appointment:
        return read_appointment(row.id, row.body, row.gates, self.resources)


def _key(id_: str) -> bytes | None:
    try:
        return bytes.fromhex(id_) or None
    except ValueError:
        return None
