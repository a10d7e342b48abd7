"""What the laboratory knows, and what it can be asked."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.lab.flag import FlagLevel, level_of
from gateway.model import DeviceEvent, Instant, RawId, Status


@dataclass(frozen=True, slots=True)
class Other:
    """Another event of the same test."""

    seq: int
    id: bytes
    version: int
    raw_id: RawId | None
    received_at: Instant


@dataclass(frozen=True, slots=True)
class Result:
    """One result. `version` counts from 1 within its device, sample and test.

    `again` are later events that say the same once more. Such an event is itself a result that
    `repeats` the first one: it has its version and is never current. A correction `supersedes`
    another version where it is certain which. Of the event's payload only what the device sent
    before a conversion is kept here.
    """

    event: DeviceEvent
    version: int = 1
    current: bool = True
    again: tuple[Other, ...] = ()
    repeats: Other | None = None
    supersedes: Other | None = None
    superseded_by: Other | None = None

    @property
    def specimen(self) -> str:
        return specimen_of(self.event)

    @property
    def issuer(self) -> str:
        return self.event.subject.issuer if self.event.subject else ""

    @property
    def level(self) -> FlagLevel:
        return level_of(self.event.flags)

    @property
    def is_control(self) -> bool:
        return self.event.status is Status.QC


@dataclass(frozen=True, slots=True)
class SampleResult:
    """A test of a sample: the result that counts, and its earlier versions, newest first."""

    current: Result
    earlier: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Which current results are wanted; empty means any. `level` is the least that counts.

    CRITICAL is for whoever must see to it that somebody acted: neither quality control nor what is
    withdrawn, but also an earlier version that was critical, final and never withdrawn.
    """

    device: str = ""
    specimen: str = ""
    status: Status | None = None
    level: FlagLevel = FlagLevel.NONE


@dataclass(frozen=True, slots=True)
class Counts:
    """Current results and their samples; `controls` are quality control and count apart.

    `critical` counts what a filter for critical values finds.
    """

    results: int
    samples: int
    critical: int
    controls: int


def specimen_of(event: DeviceEvent) -> str:
    """The sample that an event is about, or nothing."""
    return event.subject.specimen if event.subject is not None else ""


def has_versions(event: DeviceEvent) -> bool:
    """Whether a later result takes this one's place.

    A result without a sample is nobody's, and each run of a control is a measurement of its own.
    """
    return bool(specimen_of(event)) and event.status is not Status.QC
