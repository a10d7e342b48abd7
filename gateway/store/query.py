"""What can be asked of the store, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.model import DeviceEvent, Direction, Instant, Kind, Quarantined
from gateway.store.batch import Resolution
from gateway.store.series import Series

Patient: TypeAlias = tuple[str, str]
"""Issuer and patient: an identifier without its issuer identifies nobody."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Events after `after` and up to `upto`, ordered by seq. None and empty mean: any."""

    after: int
    upto: int
    limit: int
    device: str | None = None
    kinds: frozenset[Kind] = frozenset()
    code: str | None = None
    patient: Patient | None = None

    def wants_series(self, series: Series) -> bool:
        return (
            (self.device is None or series.device == self.device)
            and (not self.kinds or series.kind in self.kinds)
            and (self.code is None or series.code == self.code)
        )

    def wants(self, event: DeviceEvent) -> bool:
        """Whether an event meets every condition, seq included."""
        return (
            self.after < event.seq <= self.upto
            and (self.device is None or event.source.device == self.device)
            and (not self.kinds or event.kind in self.kinds)
            and (self.code is None or event.code.code == self.code)
            and (self.patient is None or _is_about(event, self.patient))
        )


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Wire records below `before`, newest first."""

    limit: int
    before: int | None = None
    link: str | None = None
    device: str | None = None
    session: str | None = None
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class QuarantineQuery:
    """Quarantine entries after `after`, oldest first."""

    after: int
    upto: int
    limit: int
    reason: str | None = None
    device: str | None = None
    open_only: bool = False


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """Something that waits for a person, or no longer does. `id` is in the sequence of events."""

    id: int
    entry: Quarantined
    resolution: Resolution | None = None

    @property
    def resolved(self) -> bool:
        return self.resolution is not None


@dataclass(frozen=True, slots=True)
class RollupRow:
    """The stored values of one series in one bucket, in `unit`.

    `mean` is that of the stored values: a polled point is stored when it changes and at least
    once a minute, so a long steady value weighs less than its time. Bad and cancelled values do
    not count.
    """

    device: str
    system: str
    code: str
    unit: str
    simulated: bool
    start: Instant
    count: int
    low: float
    high: float
    mean: float
    first: float
    last: float


def _is_about(event: DeviceEvent, patient: Patient) -> bool:
    subject = event.subject
    return subject is not None and (subject.issuer, subject.patient) == patient
