"""What a driver says: the device's own code, unit and clock, before anyone interprets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.model.event import Subject
from gateway.model.swift import swift
from gateway.model.terms import Operator, Quality, Status
from gateway.model.time import Instant
from gateway.model.wire import RawId

TIME_OF = "time_of"
"""Key of a result's payload: where `observed_at` stands, if that is not the result's own time."""


@swift
@dataclass(frozen=True, slots=True)
class Reading:
    """One value in the device's own words.

    `text` is the value as sent, decoded but otherwise untouched; `number` its arithmetic value
    where the wire carries one, so that nobody parses it twice. `unit` is what the device sent;
    empty means that the profile knows. `observed_at` is the device's own clock; None means that
    it has none. `wire` says where its bytes lie: the index of its message among those of the poll
    or publication (-1: the last one). `subject` names patient, specimen and order as the device
    did; `flags` and `range_text` are as sent; `payload` keeps what has no field of its own, and
    under `TIME_OF` the place of a time that is the message's or the request's, not the result's.
    """

    code: str
    text: str
    number: float | None = None
    unit: str = ""
    observed_at: Instant | None = None
    quality: Quality = Quality.GOOD
    status: Status = Status.FINAL
    operator: Operator | None = None
    wire: int = -1
    subject: Subject | None = None
    flags: tuple[str, ...] = ()
    range_text: str = ""
    payload: Mapping[str, Any] | None = None


@swift
@dataclass(frozen=True, slots=True)
class Publication:
    """Readings of one device that belong together: one message, or one poll.

    `occurrence` says which happening this is, in bytes that are the same when the same message
    is sent again and differ for every other one. It comes from the protocol (message control id
    and content, packet id and redelivery flag), never from a device's clock or sample number
    alone.
    """

    device: str
    readings: tuple[Reading, ...]
    raw_ids: tuple[RawId, ...]
    occurrence: bytes


@swift
@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a publication; when it is returned, everything in it is on disk.

    `seqs` are the new events in order; `duplicate` counts events known already, `quarantined`
    readings that wait for a person.
    """

    seqs: tuple[int, ...] = ()
    duplicate: int = 0
    quarantined: int = 0
