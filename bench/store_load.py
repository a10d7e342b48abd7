"""Events as the sensors and meters of a hospital send them, for the benchmarks of the store."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.keys import event_id, occurrence_id, place_id
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
from gateway.seal import DEFAULT, Keyring, suite_named
from gateway.store import Batch, EventStore, Message, StoreOptions

SITE = "bench"
SENSORS = 40
START = Instant(1_795_000_000_000_000)
_SYSTEM = "urn:isogate:point"
_METER_POINTS = 12
_RESULTS = 20


def sensor_batches(
    store: EventStore | None,
    count: int,
    *,
    step: int = 1000,
    start: Instant = START,
    first: int = 0,
) -> Iterator[Batch]:
    """One MQTT message of about 120 bytes and its event each; `step` µs apart, from `first` on."""
    dice = random.Random(1)
    for number in range(first, first + count):
        raw_id = RawId(number + 1) if store is None else store.raw_id()
        at = Instant(start + number * step)
        yield _sensor(raw_id, number, at, f"{20 + 5 * dice.random():.2f}", dice)


def meter_batches(
    store: EventStore, count: int, *, step: int = 1_000_000, start: Instant = START
) -> Iterator[Batch]:
    """Polls of three-phase meters: request and answer, and the points that changed."""
    dice = random.Random(2)
    for number in range(count):
        device, at = f"meter-{number % 20:02}", Instant(start + number * step)
        ask, answer = (
            WireRecord(store.raw_id(), "bus-1", device, direction, "s", at, dice.randbytes(size))
            for direction, size in ((Direction.OUT, 8), (Direction.IN, 53))
        )
        occurrence = occurrence_id(SITE, device, f"poll {number}".encode())
        events = tuple(
            _event(device, f"point-{point:02}", occurrence, answer, f"{230 * dice.random():.1f}")
            for point in sorted(dice.sample(range(_METER_POINTS), 8))
        )
        events = tuple(
            replace(event, id=place_id(occurrence, place)) for place, event in enumerate(events)
        )
        messages = (Message(occurrence, events),)
        yield Batch(Retention.TELEMETRY, (ask, answer), messages=messages)


def result_batches(count: int, patients: int, *, step: int, start: Instant) -> Iterator[Batch]:
    """Results of patients, a row each."""
    dice = random.Random(3)
    for number in range(count):
        at = Instant(start + number * step)
        record = WireRecord(RawId(1), "lis", "analyzer", Direction.IN, "s", at, b"")
        occurrence = occurrence_id(SITE, "analyzer", str(number).encode())
        event = _event("analyzer", "GLU", occurrence, record, f"{10 * dice.random():.1f}")
        patient = Subject(f"P{dice.randrange(patients):06}", "HIS", f"S{number}")
        yield Batch(Retention.RECORD, (), (_about(event, patient),))


def message_batches(store: EventStore | None, count: int, *, first: int = 0) -> Iterator[Batch]:
    """Messages of an analyzer: twenty results of a patient's sample, and 1.2 kB of its bytes."""
    dice = random.Random(4)
    for number in range(first, first + count):
        raw_id = RawId(number + 1) if store is None else store.raw_id()
        at = Instant(START + number * 1000)
        data = "".join(
            f"R|{place}|^^^T{place:02}|{10 * dice.random():.2f}|mmol/L|1.0^9.0|N||F||||20261123\r"
            for place in range(1, _RESULTS + 1)
        ).encode()
        record = WireRecord(raw_id, "lis", "analyzer", Direction.IN, "s", at, data)
        occurrence = occurrence_id(SITE, "analyzer", str(number).encode())
        patient = Subject(f"P{number % 5000:06}", "HIS", f"S{number}")
        events = tuple(
            _about(
                _event("analyzer", f"T{place:02}", occurrence, record, f"{10 * dice.random():.2f}"),
                patient,
            )
            for place in range(_RESULTS)
        )
        yield Batch(Retention.RECORD, (record,), messages=(Message(occurrence, events),))


def sealed() -> StoreOptions:
    """Options of a store that seals, as a gateway's does."""
    return StoreOptions(ring=Keyring.fresh(suite_named(DEFAULT), ""))


async def fill(store: EventStore, batches: Iterable[Batch]) -> None:
    """Append batches as fast as the store takes them."""
    receipt = None
    for batch in batches:
        await store.ready()
        receipt = store.submit(batch)
    if receipt is not None:
        await receipt


def _sensor(raw_id: RawId, number: int, at: Instant, text: str, dice: random.Random) -> Batch:
    device = f"sensor-{number % SENSORS:02}"
    humidity = 40 + 10 * dice.random()
    data = (
        f'{{"id":"{device}","ts":"2026-11-23T08:{number % 60:02}:00.{number % 1000:03}Z",'
        f'"temperature":{text},"humidity":{humidity:.1f},"battery":97,"seq":{number}}}'
    ).encode()
    record = WireRecord(raw_id, "broker", device, Direction.IN, "session-1", at, data)
    occurrence = occurrence_id(SITE, device, data)
    event = _event(device, "temperature", occurrence, record, text)
    return Batch(Retention.TELEMETRY, (record,), (event,))


def _event(device: str, code: str, occurrence: bytes, record: WireRecord, text: str) -> DeviceEvent:
    return DeviceEvent(
        id=event_id(occurrence, code),
        site=SITE,
        source=Source(device, "bench", "1"),
        kind=Kind.MEASUREMENT,
        code=Coding(_SYSTEM, code),
        value=Value(text, float(text)),
        unit="1",
        received_at=record.at,
        observed_at=record.at,
        raw_id=record.raw_id,
    )


def _about(event: DeviceEvent, subject: Subject) -> DeviceEvent:
    return replace(event, kind=Kind.RESULT, subject=subject)
