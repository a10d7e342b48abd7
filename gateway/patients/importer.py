"""Taking in a file of patients: what would happen, row by row, and then doing it, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from gateway.keys import content_digest, event_id, occurrence_id
from gateway.model import (
    Clock,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    PatientStatement,
    RawId,
    Source,
    Value,
    subject_of,
)
from gateway.patients.book import PatientBook
from gateway.patients.desk import record_id
from gateway.patients.family import Family, judge, key_of
from gateway.patients.heard import Heard, Way
from gateway.patients.person import patient_of
from gateway.patients.sheet import Stated, read
from gateway.room import Auditor, Patient, Principal, RoomPorts
from gateway.room.sheet import IMPORT, SheetFault, decode

_SYSTEM = "urn:isogate:point"
_CODE = "csv"


class Effect(StrEnum):
    """What a row does.

    NEW: a patient whom nobody knew. CHANGED: more is known of one. SAME: nothing. QUESTION: it
    contradicts what is in force, which stays until a person decides. FAULTY: it can't be taken.
    """

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    QUESTION = "question"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row and what it does; `entries` is how much was heard of its record before."""

    row: int
    effect: Effect
    said: PatientStatement | None = None
    faults: tuple[SheetFault, ...] = ()
    entries: int = 0


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


class PatientImporter:
    """Reads files into the book of patients."""

    def __init__(
        self, site: str, clock: Clock, ports: RoomPorts, audit: Auditor, book: PatientBook
    ) -> None:
        self._site, self._clock = site, clock
        self._ports, self._audit, self._book = ports, audit, book

    async def tried(self, data: bytes, issuer: str, charset: str = "") -> Report:
        """What a file would do. Nothing is changed."""
        decoded = decode(data, charset)
        if isinstance(decoded, SheetFault):
            return Report(decoded.word, "", (), (decoded,))
        lines, faults = read(decoded.text, issuer)
        outcomes = [await self._outcome(line) for line in lines]
        return Report(decoded.charset, decoded.also, tuple(outcomes), tuple(faults))

    async def done(self, who: Principal, data: bytes, issuer: str, charset: str = "") -> Report:
        """Take in what is new, in one transaction with the file's bytes.

        The same file again does nothing: its rows are the same.
        """
        report = await self.tried(data, issuer, charset)
        idle = {Effect.SAME, Effect.FAULTY}
        wanted = [each for each in report.outcomes if each.effect not in idle]
        if not wanted:
            return report
        record = self._ports.record(IMPORT, data, device=IMPORT, session=issuer)
        events = [self._event(each, who, record.raw_id) for each in wanted]
        receipt = await self._ports.publish(events, record)
        await self._audit.record(
            "patients.import", who, objects={"issuer": issuer}, detail=f"{len(events)} rows"
        )
        await self._book.reached(max(receipt.seqs, default=0))
        return report

    async def _outcome(self, line: Stated) -> Outcome:
        said = line.said
        if said is None or said.own is None:
            return Outcome(line.row, Effect.FAULTY, faults=line.faults)
        heard = await self._book.history(record_id(said.own))
        return Outcome(line.row, _effect(heard, said, self._clock.now()), said, (), len(heard))

    def _event(self, each: Outcome, who: Principal, raw_id: RawId) -> DeviceEvent:
        said = each.said
        if said is None or said.own is None:
            raise TypeError("a faulty row makes no event")
        occurrence = content_digest(orjson.dumps(said.payload()), each.entries.to_bytes(4, "big"))
        now = self._clock.now()
        return DeviceEvent(
            id=event_id(occurrence_id(self._site, IMPORT, occurrence), _CODE),
            site=self._site,
            source=Source(IMPORT, IMPORT),
            kind=Kind.PATIENT,
            code=Coding(_SYSTEM, _CODE),
            value=Value(_CODE),
            unit="",
            received_at=now,
            observed_at=now,
            raw_id=raw_id,
            subject=subject_of(said),
            actor=who.id,
            payload=said.payload(),
        )


def _effect(heard: Sequence[Heard], said: PatientStatement, now: Instant) -> Effect:
    """What would become of the family that a row belongs to, had it been heard now."""
    last = max((each.seq for each in heard), default=0)
    latest = max([now, *(each.at for each in heard)])
    entry = Heard(last + 1, "", latest, None, Way.STATED, said, IMPORT, _CODE)
    before, after = judge(heard), judge([*heard, entry])
    known = {question.id for question in before.questions()}
    if any(question.id not in known for question in after.questions()):
        return Effect.QUESTION
    standing = _patient(before, entry)
    if standing is None:
        return Effect.NEW
    return Effect.SAME if standing == _patient(after, entry) else Effect.CHANGED


def _patient(family: Family, entry: Heard) -> Patient | None:
    root = family.root(key_of(entry.own))
    return next(
        (patient_of(each) for each in family.people() if key_of(each.root.own) == root), None
    )
