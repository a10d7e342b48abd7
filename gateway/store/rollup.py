"""Five-minute sums of stored values, in memory until they are written. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.model import ClockQuality, DeviceEvent, Quality, Status

FIVE_MINUTES = 300_000_000
HOUR = 3_600_000_000
_NOT_COUNTED = (Status.CANCELLED, Status.ENTERED_IN_ERROR, Status.QC)

Line: TypeAlias = tuple[str, str, str, str, bool]
"""Device, code system, code, unit, simulated: values of different units are never summed."""

Bucket: TypeAlias = tuple[Line, int]
"""A line, and the start of five minutes in µs."""


@dataclass(slots=True)
class Sum:
    """What a roll-up keeps of the values in one bucket."""

    count: int
    low: float
    high: float
    total: float
    first: float
    first_at: int
    last: float
    last_at: int

    def add(self, number: float, at: int) -> None:
        """Count one later-stored value."""
        self.count += 1
        self.total += number
        if not self.low <= number <= self.high:
            self.low, self.high = min(self.low, number), max(self.high, number)
        if at >= self.last_at:
            self.last, self.last_at = number, at
        elif at < self.first_at:
            self.first, self.first_at = number, at

    def merge(self, other: Sum) -> None:
        """Add later-stored values; among equal times the later stored is the last."""
        self.count += other.count
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        self.total += other.total
        if other.first_at < self.first_at:
            self.first, self.first_at = other.first, other.first_at
        if other.last_at >= self.last_at:
            self.last, self.last_at = other.last, other.last_at


class Rollup:
    """The sums of events that are on disk, not yet in the views file."""

    def __init__(self, sums: Mapping[Bucket, Sum] | None = None) -> None:
        self.sums: dict[Bucket, Sum] = dict(sums or {})

    def fold(self, events: Iterable[DeviceEvent]) -> None:
        """Count each event's number at its observed time, or receive time if its clock is off."""
        sums = self.sums
        for event in events:
            value = event.value
            if value is None or (number := value.number) is None or not _counts(event, number):
                continue
            at = event.observed_at
            if event.clock is ClockQuality.SUSPECT:
                at = event.received_at
            code = event.code
            line = (event.source.device, code.system, code.code, event.unit, event.simulated)
            bucket = (line, at - at % FIVE_MINUTES)
            known = sums.get(bucket)
            if known is None:
                sums[bucket] = Sum(1, number, number, number, number, at, number, at)
            else:
                known.add(number, at)

    def merge(self, others: Iterable[tuple[Bucket, Sum]]) -> None:
        """Add later sums."""
        for bucket, later in others:
            known = self.sums.get(bucket)
            if known is None:
                self.sums[bucket] = later
            else:
                known.merge(later)


def _counts(event: DeviceEvent, number: float) -> bool:
    status = event.status
    stands = status is Status.FINAL or status not in _NOT_COUNTED
    return stands and event.quality is not Quality.BAD and math.isfinite(number)
