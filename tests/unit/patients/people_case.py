"""What the tests of patients share: statements as systems and people make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Identifier,
    IdentifierType,
    Instant,
    Kind,
    PatientStatement,
    PatientVerb,
    PersonName,
    RawId,
    Sex,
    Source,
    Value,
    Visit,
    script_of,
)
from gateway.patients.book import KINDS, PatientBook
from gateway.patients.heard import act_payload
from gateway.patients.tables import Tables
from gateway.profile import POINT_SYSTEM
from gateway.room import ACTION_SYSTEM
from gateway.testing import known_ring

NOON = 1_795_435_200_000_000
MINUTE = 60_000_000


def number(value: str, issuer: str = "HIS", sort: str = "mrn") -> Identifier:
    return Identifier(value, issuer, IdentifierType(sort))


def said(
    value: str,
    name: str = "",
    born: str = "",
    sex: str = "",
    *more: Identifier,
    issuer: str = "HIS",
    verb: str = "stated",
    others: Sequence[str | Identifier] = (),
    visit: Visit | None = None,
    deceased: bool | None = None,
) -> PatientStatement:
    """A statement on the record `value`; `others` are records of the same issuer unless given."""
    family, _, given = name.partition("^")
    names = (PersonName(script_of(name), family, given),) if name else ()
    return PatientStatement(
        PatientVerb(verb),
        (number(value, issuer), *more),
        names,
        born,
        Sex(sex) if sex else None,
        sex,
        deceased,
        visit,
        tuple(each if isinstance(each, Identifier) else number(each, issuer) for each in others),
    )


def event(
    minute: float,
    statement: PatientStatement,
    *,
    raw: int | None = None,
    source: str = "his",
    kind: Kind = Kind.PATIENT,
) -> DeviceEvent:
    """An event of a source, `minute` minutes after noon; its id follows from what it says."""
    at = Instant(NOON + int(minute * MINUTE))
    payload: dict[str, Any] = statement.payload()
    if kind is not Kind.PATIENT:
        payload = {"book": "B", "patient": payload}
    identity = repr((minute, statement, source, kind)).encode()
    return DeviceEvent(
        id=blake2b(identity, digest_size=16).digest(),
        site="site",
        source=Source(source, "hl7"),
        kind=kind,
        code=Coding(POINT_SYSTEM, "ADT^A08"),
        value=Value("A08"),
        unit="",
        received_at=Instant(NOON + 600 * MINUTE),
        observed_at=at,
        clock=ClockQuality.DEVICE,
        raw_id=RawId(raw or int(minute * 10) + 1),
        payload=payload,
    )


def act(
    minute: float,
    code: str,
    statement: PatientStatement | None = None,
    reason: str = "because",
    **payload: Any,
) -> DeviceEvent:
    """What a person did, `minute` minutes after noon."""
    at = Instant(NOON + int(minute * MINUTE))
    more = act_payload(statement) if statement else {}
    return DeviceEvent(
        id=blake2b(repr((minute, code, statement, payload)).encode(), digest_size=16).digest(),
        site="site",
        source=Source("gateway", "gateway"),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, code),
        value=Value(reason),
        unit="",
        received_at=at,
        observed_at=at,
        actor="person:wang",
        payload={**more, **payload},
    )


class Told:
    """A book in memory, and the events that it was told."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.book = PatientBook(Path(path), known_ring(), Tables, ThreadPoolExecutor(1), KINDS)
        self._seq = 0

    async def tell(self, *events: DeviceEvent) -> None:
        """Each event as if the store gave it the next seq."""
        numbered = []
        for each in events:
            self._seq += 1
            numbered.append(replace(each, seq=self._seq))
        if numbered:
            await self.book.apply(numbered, _nothing_follows)


async def _nothing_follows(events: Iterable[DeviceEvent]) -> None:
    raise AssertionError(list(events))
