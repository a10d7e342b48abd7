"""Events, records and a clock that stands, for the tests of the store."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.keys import event_id, occurrence_id
from gateway.model import (
    Coding,
    DeviceEvent,
    Direction,
    Instant,
    Kind,
    RawId,
    Source,
    Value,
    WireRecord,
)

NOVEMBER = Instant(1_795_000_000_000_000)  # 2026-11-18


@dataclass
class HeldClock:
    """Domain time that moves when told."""

    at: int = NOVEMBER

    def now(self) -> Instant:
        return Instant(self.at)


def make_event(
    number: int, *, device: str = "meter-1", code: str = "power", raw: int | None = None
) -> DeviceEvent:
    occurrence = occurrence_id("site", device, str(number).encode())
    return DeviceEvent(
        id=event_id(occurrence, code),
        site="site",
        source=Source(device, "modbus", "1"),
        kind=Kind.MEASUREMENT,
        code=Coding("urn:x", code),
        value=Value(str(number), float(number)),
        unit="kW",
        received_at=Instant(NOVEMBER + number),
        observed_at=Instant(NOVEMBER + number),
        raw_id=None if raw is None else RawId(raw),
    )


def make_record(raw_id: int, data: bytes = b"bytes", *, device: str = "meter-1") -> WireRecord:
    at = Instant(NOVEMBER + raw_id)
    return WireRecord(RawId(raw_id), "bus", device, Direction.IN, "s1", at, data)
