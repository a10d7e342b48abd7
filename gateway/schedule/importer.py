"""Taking in a file of appointments: what would happen, row by row, and then doing it, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import orjson

from gateway.keys import content_digest, event_id, occurrence_id
from gateway.model import (
    AppointmentStatement,
    Clock,
    Coding,
    DeviceEvent,
    Kind,
    RawId,
    Source,
    Subject,
    Value,
)
from gateway.room import Auditor, Principal, RoomPorts
from gateway.room.sheet import IMPORT, SheetFault, decode
from gateway.schedule.book import ScheduleBook
from gateway.schedule.identity import named_appointment
from gateway.schedule.news import news, stands, told
from gateway.schedule.sheet import Stated, Terms, read

_SYSTEM = "urn:isogate:point"


class Effect(StrEnum):
    """What a row does: a NEW appointment, a CHANGED one, nothing (SAME), or it can't be taken."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row and what it does. `news` is what is kept of it: what files had not said before.

    A patient who is not known, or a place, is no fault: the appointment waits on the work list.
    """

    row: int
    effect: Effect
    said: AppointmentStatement | None = None
    faults: tuple[SheetFault, ...] = ()
    known_patient: bool = True
    known_resource: bool = True
    news: AppointmentStatement | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a file does. `faults` are of the whole file: then no row was read."""

    charset: str
    also: str
    outcomes: tuple[Outcome, ...]
    faults: tuple[SheetFault, ...] = ()

    def counts(self) -> Mapping[str, int]:
        """How many rows there are of each effect."""
        counted = Counter(each.effect for each in self.outcomes)
        return {each.value: counted[each] for each in Effect}


class Importer:
    """Reads files into the schedule."""

    def __init__(
        self, site: str, clock: Clock, ports: RoomPorts, audit: Auditor, book: ScheduleBook
    ) -> None:
        self._site, self._clock = site, clock
        self._ports, self._audit, self._book = ports, audit, book

    async def tried(self, data: bytes, book: str, issuer: str, charset: str = "") -> Report:
        """What a file would do. Nothing is changed."""
        decoded = decode(data, charset)
        if isinstance(decoded, SheetFault):
            return Report(decoded.word, "", (), (decoded,))
        terms = Terms(book, issuer, self._zone)
        lines, faults = read(decoded.text, terms)
        outcomes = [await self._outcome(line) for line in lines]
        return Report(decoded.charset, decoded.also, tuple(outcomes), tuple(faults))

    async def done(
        self, who: Principal, data: bytes, book: str, issuer: str, charset: str = ""
    ) -> Report:
        """Take in what files had not said before, in one transaction with the file's bytes.

        The same file again does nothing, whatever became of its appointments since. A row that
        says what stands already is kept, so that it does nothing the next time either.
        """
        report = await self.tried(data, book, issuer, charset)
        wanted = [each for each in report.outcomes if each.news]
        if not wanted:
            return report
        record = self._ports.record(IMPORT, data, device=IMPORT, session=book)
        events = [self._event(each, who, record.raw_id) for each in wanted]
        receipt = await self._ports.publish(events, record)
        await self._audit.record(
            "schedule.import", who, objects={"book": book}, detail=f"{len(events)} rows"
        )
        await self._book.reached(max(receipt.seqs, default=0))
        return report

    @property
    def _zone(self) -> ZoneInfo:
        return self._book.setting.zone

    async def _outcome(self, line: Stated) -> Outcome:
        if line.said is None:
            return Outcome(line.row, Effect.FAULTY, faults=line.faults)
        said = line.said
        id_ = named_appointment(said).main.hex()
        standing = await self._book.appointment(id_)
        own = said.patient.own if said.patient else None
        people = await self._book.known_people(own) if own else {}
        resource = self._book.resources.of(said.book, said.resources)
        history = await self._book.history(id_)
        known = told(each.said for each in reversed(history) if each.source == IMPORT)
        fresh = news(known, said)
        effect = Effect.NEW
        if standing is not None:
            same = fresh is None or (known is None and stands(standing, said))
            effect = Effect.SAME if same else Effect.CHANGED
        version = await self._book.version(id_)
        return Outcome(line.row, effect, said, (), bool(people), bool(resource), fresh, version)

    def _event(self, each: Outcome, who: Principal, raw_id: RawId) -> DeviceEvent:
        said = each.news
        if said is None:
            raise TypeError("a row that says nothing makes no event")
        content = orjson.dumps(said.payload())
        occurrence = content_digest(said.book.encode(), content, each.version.to_bytes(4, "big"))
        now = self._clock.now()
        own = said.patient.own if said.patient else None
        return DeviceEvent(
            id=event_id(occurrence_id(self._site, IMPORT, occurrence), "csv"),
            site=self._site,
            source=Source(IMPORT, IMPORT),
            kind=Kind.APPOINTMENT,
            code=Coding(_SYSTEM, "csv"),
            value=Value(said.filler),
            unit="",
            received_at=now,
            observed_at=now,
            raw_id=raw_id,
            subject=Subject(own.value, own.issuer) if own else None,
            actor=who.id,
            payload=said.payload(),
        )
