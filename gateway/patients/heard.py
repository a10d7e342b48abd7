"""What was heard of patients, from sources and from people: one entry an event, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from gateway.model import (
    ClockQuality,
    DeviceEvent,
    Identifier,
    Instant,
    Kind,
    PatientStatement,
    patient_statement,
)

REGISTER = "patients.register"
ACCEPT = "patients.accept"
DISMISS = "patients.dismiss"
LINK = "patients.link"
SEPARATE = "patients.separate"


class Way(StrEnum):
    """How an entry counts.

    STATED: by a keeper of patients. MENTIONED: beside something else (an appointment), so that it
    can contradict and never make a patient. ACCEPTED, LINKED, SEPARATED: decided by a person.
    """

    STATED = "stated"
    MENTIONED = "mentioned"
    ACCEPTED = "accepted"
    LINKED = "linked"
    SEPARATED = "separated"


@dataclass(frozen=True, slots=True)
class Heard:
    """One event about a record, which `said.own` names.

    `at` orders: when it happened by the source's own clock where that can be believed, else when
    it came; then the order of arrival. A person's decision comes after all that it was made on,
    whatever the sources' clocks say. For ACCEPTED `said` holds the facts that are accepted.
    """

    seq: int
    event: str
    at: Instant
    raw: int | None
    way: Way
    said: PatientStatement
    source: str
    code: str
    actor: str = ""
    reason: str = ""

    @property
    def order(self) -> tuple[int, int, int]:
        return self.at, self.raw or 0, self.seq

    @property
    def own(self) -> Identifier:
        """The record's own identifier."""
        return self.said.identifiers[0]

    def body(self) -> bytes:
        """As the tables keep it."""
        return orjson.dumps(
            [
                self.event,
                self.way,
                self.said.payload(),
                self.source,
                self.code,
                self.actor,
                self.reason,
            ]
        )


def stored(seq: int, at: int, raw: int | None, body: bytes) -> Heard:
    """An entry of the tables."""
    event, way, said, source, code, actor, reason = orjson.loads(body)
    return Heard(
        seq,
        event,
        Instant(at),
        raw,
        Way(way),
        patient_statement(said),
        source,
        code,
        actor,
        reason,
    )


def heard(event: DeviceEvent) -> Heard | None:
    """What an event says of a patient; None if nothing. ValueError or KeyError: it is malformed."""
    payload = event.payload or {}
    match event.kind:
        case Kind.PATIENT:
            return _entry(event, Way.STATED, patient_statement(payload))
        case Kind.APPOINTMENT | Kind.ORDER:
            mentioned = payload.get("patient")
            said = patient_statement(mentioned) if mentioned else None
            return _entry(event, Way.MENTIONED, said) if said and said.own else None
        case Kind.ACTION:
            way = _ACTS.get(event.code.code)
            return _entry(event, way, patient_statement(payload["said"])) if way else None
        case _:
            return None


_ACTS: Mapping[str, Way] = {
    REGISTER: Way.STATED,
    ACCEPT: Way.ACCEPTED,
    LINK: Way.LINKED,
    SEPARATE: Way.SEPARATED,
}


def _entry(event: DeviceEvent, way: Way, said: PatientStatement) -> Heard:
    own = said.own
    if own is None or not own.value or not own.issuer:
        raise ValueError("the statement names no record: an identifier and its issuer are needed")
    text = event.value.text if event.value and event.kind is Kind.ACTION else ""
    trusted = event.clock is ClockQuality.DEVICE
    return Heard(
        seq=event.seq,
        event=event.id.hex(),
        at=max(event.observed_at if trusted else event.received_at, _after(event)),
        raw=event.raw_id,
        way=way,
        said=said,
        source=event.source.device,
        code=event.code.code,
        actor=event.actor,
        reason=text,
    )


def _after(event: DeviceEvent) -> Instant:
    seen = (event.payload or {}).get("after") if event.kind is Kind.ACTION else None
    return Instant(0 if seen is None else seen + 1)


def act_payload(said: PatientStatement, after: Instant | None = None) -> dict[str, Any]:
    """The payload of a person's decision; `after` is the time of the newest entry that they saw."""
    return {"said": said.payload()} | ({} if after is None else {"after": after})
