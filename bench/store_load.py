"""Events as the sensors and meters of a hospital send them, for the benchmarks of the store."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from gateway.keys import event_id, occurrence_id
from gateway.model import (
    Coding,
    DeviceEvent,
    Direction,
    Instant,
    Kind,
    RawId,
    Retention,
    Source,
    Subject,
    Value,
    WireRecord,
)
from gateway.store import Batch, EventStore

SITE = "bench"
SENSORS = 40
START = Instant(1_795_000_000_000_000)
_SYSTEM = "urn:isogate:point"
_METER_POINTS = 12


def sensor_batches(
    store: EventStore | None, count: int, *, step: int = 1000, start: Instant = START
) -> Iterator[Batch]:
    """One MQTT message of about 120 bytes and its event each; `step` µs apart."""
    dice = random.Random(1)
    for number in range(count):
        raw_id = RawId(number + 1) if store is None else store.raw_id()
        at = Instant(start + number * step)
        yield _sensor(raw_id, number, at, f"{20 + 5 * dice.random():.2f}", dice)


def meter_batches(
    store: EventStore, count: int, *, step: int = 1_000_000, start: Instant = START
) -> Iterator[Batch]:
    """Polls of three-phase meters: request and answer, and the points that changed."""
    dice = random.Random(2)
    for number in range(count):
        device = f"meter-{number % 20:02}"
        at = Instant(start + number * step)
        ask = _wire(store.raw_id(), "bus-1", device, Direction.OUT, at, dice.randbytes(8))
        answer = _wire(store.raw_id(), "bus-1", device, Direction.IN, at, dice.randbytes(53))
        occurrence = occurrence_id(SITE, device, f"poll {number}".encode())
        events = tuple(
            _event(device, f"point-{point:02}", occurrence, at, answer.raw_id, dice)
            for point in sorted(dice.sample(range(_METER_POINTS), 8))
        )
        yield Batch(Retention.TELEMETRY, (ask, answer), events, poll=occurrence)


def result_batches(count: int, patients: int, *, step: int, start: Instant) -> Iterator[Batch]:
    """Results of patients, a row each."""
    dice = random.Random(3)
    for number in range(count):
        at = Instant(start + number * step)
        occurrence = occurrence_id(SITE, "analyzer", str(number).encode())
        event = _event("analyzer", "GLU", occurrence, at, RawId(1), dice, unit="mmol/L")
        patient = Subject(f"P{dice.randrange(patients):06}", "HIS", f"S{number}")
        yield Batch(Retention.RECORD, (), (_about(event, patient),))


def _sensor(raw_id: RawId, number: int, at: Instant, text: str, dice: random.Random) -> Batch:
    device = f"sensor-{number % SENSORS:02}"
    data = (
        f'{{"id":"{device}","ts":"2026-11-23T08:{number % 60:02}:00.{number % 1000:03}Z",'
        f'"temperature":{text},"humidity":{40 + 10 * dice.random():.1f},"battery":97,"seq":{number}}}'
    ).encode()
    record = _wire(raw_id, "broker", device, Direction.IN, at, data)
    occurrence = occurrence_id(SITE, device, data)
    event = _event(device, "temperature", occurrence, at, raw_id, dice, text=text, unit="Cel")
    return Batch(Retention.TELEMETRY, (record,), (event,))


def _wire(
    raw_id: RawId, link: str, device: str, direction: Direction, at: Instant, data: bytes
) -> WireRecord:
    return WireRecord(raw_id, link, device, direction, "session-1", at, data)


def _event(
    device: str,
    code: str,
    occurrence: bytes,
    at: Instant,
    raw_id: RawId,
    dice: random.Random,
    *,
    text: str = "",
    unit: str = "kW",
) -> DeviceEvent:
    text = text or f"{230 * dice.random():.1f}"
    return DeviceEvent(
        id=event_id(occurrence, _SYSTEM, code),
        site=SITE,
        source=Source(device, "bench", "1"),
        kind=Kind.MEASUREMENT,
        code=Coding(_SYSTEM, code),
        value=Value(text, float(text)),
        unit=unit,
        received_at=at,
        observed_at=at,
        raw_id=raw_id,
    )


def _about(event: DeviceEvent, subject: Subject) -> DeviceEvent:
    return replace(event, kind=Kind.RESULT, subject=subject)
