"""An event as a row of the laboratory's tables, and back."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from gateway.lab.result import Other, Result
from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Laterality,
    Operator,
    Quality,
    RawId,
    Source,
    Status,
    Subject,
    Value,
)
from gateway.normalizer.laboratory import AS_SENT


def body_of(event: DeviceEvent) -> bytes:
    """What has no column of its own, as JSON; members that say nothing are left out."""
    said = {
        "site": event.site,
        "driver": event.source.driver,
        "version": event.source.version,
        "value": _value(event.value),
        "unit": event.unit,
        "observed": event.observed_at,
        "clock": event.clock,
        "quality": event.quality,
        "simulated": event.simulated,
        "subject": _subject(event.subject),
        "actor": event.actor,
        "caused_by": event.caused_by.hex(),
        "supersedes": event.supersedes.hex(),
        "flags": event.flags,
        "range": event.range_text,
        "low": event.range_low,
        "high": event.range_high,
        AS_SENT: (event.payload or {}).get(AS_SENT),
    }
    return orjson.dumps({key: each for key, each in said.items() if each not in (None, "", ())})


class Row(NamedTuple):
    """The columns of a result, in the order in which they are selected.

    Other events of its test are JSON: seq, id in hexadecimal, version, raw id, receive time.
    """

    seq: int
    id: bytes
    device: str
    system: str
    code: str
    status: str
    received: int
    raw: int | None
    version: int
    current: int
    body: bytes
    again: str = "[]"
    repeats: str | None = None
    supersedes: str | None = None
    superseded_by: str | None = None


def result_of(row: Row) -> Result:
    """The result of a row."""
    said: dict[str, Any] = orjson.loads(row.body)
    subject, as_sent = said.get("subject"), said.get(AS_SENT)
    event = DeviceEvent(
        id=row.id,
        site=said.get("site", ""),
        source=Source(row.device, said.get("driver", ""), said.get("version", "")),
        kind=Kind.RESULT,
        code=Coding(row.system, row.code),
        value=_read_value(said.get("value")),
        unit=said.get("unit", ""),
        received_at=Instant(row.received),
        observed_at=Instant(said["observed"]),
        clock=ClockQuality(said["clock"]),
        quality=Quality(said["quality"]),
        status=Status(row.status),
        raw_id=None if row.raw is None else RawId(row.raw),
        simulated=said["simulated"],
        subject=None if subject is None else _read_subject(subject),
        actor=said.get("actor", ""),
        caused_by=bytes.fromhex(said.get("caused_by", "")),
        supersedes=bytes.fromhex(said.get("supersedes", "")),
        flags=tuple(said.get("flags", ())),
        range_text=said.get("range", ""),
        range_low=said.get("low"),
        range_high=said.get("high"),
        payload=None if as_sent is None else {AS_SENT: as_sent},
        seq=row.seq,
    )
    return Result(
        event,
        row.version,
        bool(row.current),
        tuple(sorted(map(_other, orjson.loads(row.again)), key=lambda other: other.seq)),
        _one(row.repeats),
        _one(row.supersedes),
        _one(row.superseded_by),
    )


def _one(text: str | None) -> Other | None:
    return None if text is None else _other(orjson.loads(text))


def _other(said: list[Any]) -> Other:
    seq, identity, version, raw, received = said
    raw_id = None if raw is None else RawId(raw)
    return Other(seq, bytes.fromhex(identity), version, raw_id, Instant(received))


def _value(value: Value | None) -> list[Any] | None:
    if value is None:
        return None
    code = value.code
    return [
        value.text,
        value.number,
        value.operator,
        None if code is None else [code.system, code.code],
    ]


def _read_value(said: list[Any] | None) -> Value | None:
    if said is None:
        return None
    text, number, operator, code = said
    return Value(
        text,
        number,
        None if operator is None else Operator(operator),
        None if code is None else Coding(*code),
    )


def _subject(subject: Subject | None) -> list[str] | None:
    if subject is None:
        return None
    return [
        subject.patient,
        subject.issuer,
        subject.specimen,
        subject.order,
        subject.session,
        subject.laterality or "",
    ]


def _read_subject(said: list[str]) -> Subject:
    patient, issuer, specimen, order, session, side = said
    laterality = Laterality(side) if side else None
    return Subject(patient, issuer, specimen, order, session, laterality)
