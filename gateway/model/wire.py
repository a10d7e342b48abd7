"""Bytes as they crossed a wire, and bytes that nobody could interpret yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from gateway.model.swift import swift
from gateway.model.terms import Direction, QuarantineReason
from gateway.model.time import Instant

RawId = NewType("RawId", int)
"""Identifies the bytes of a wire record for ever; allotted by the store, never reused."""


@swift
@dataclass(frozen=True, slots=True)
class WireRecord:
    """One piece of wire traffic, kept as it was.

    `device` is empty where the bytes could not be attributed. `session` names the connection,
    association or subscription that they crossed in.
    """

    raw_id: RawId
    link: str
    device: str
    direction: Direction
    session: str
    at: Instant
    data: bytes


@swift
@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message, or a part of it, that waits for a person; its bytes are in the journal.

    `subject` is what the work list groups by: the unknown code, unit, topic or address.
    """

    raw_id: RawId
    link: str
    device: str
    reason: QuarantineReason
    subject: str
    detail: str
    at: Instant
