"""What is committed together."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import DeviceEvent, Instant, Quarantined, Retention, WireRecord


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person's word that a quarantine entry needs nobody any more."""

    quarantine: int
    at: Instant
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts that stand or fall together: one transaction in one segment.

    `wire` holds records that are not journalled yet; `events` may name older ones. With `poll`
    set, the events are one poll of one device and are packed into one row under that 16-byte
    `occurrence_id`; otherwise each event is a row of its own.
    """

    retention: Retention
    wire: tuple[WireRecord, ...] = ()
    events: tuple[DeviceEvent, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    poll: bytes = b""
    resolutions: tuple[Resolution, ...] = ()
