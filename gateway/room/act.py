"""What a person did, as the event that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.model import Coding, DeviceEvent, Instant, Kind, Source, Subject, Value
from gateway.room.access import ACTION_SYSTEM, Principal

GATEWAY = "gateway"
"""The device that events of people, and of the gateway itself, are from."""


def act_event(
    identity: bytes,
    site: str,
    at: Instant,
    who: Principal,
    code: str,
    *,
    text: str = "",
    subject: Subject | None = None,
    payload: Mapping[str, Any] | None = None,
    caused_by: bytes = b"",
) -> DeviceEvent:
    """The event of an act (`room.verb`) at a moment; `identity` is its id."""
    return DeviceEvent(
        id=identity,
        site=site,
        source=Source(GATEWAY, GATEWAY),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, code),
        value=Value(text) if text else None,
        unit="",
        received_at=at,
        observed_at=at,
        subject=subject,
        actor=who.id,
        caused_by=caused_by,
        payload=payload,
    )
