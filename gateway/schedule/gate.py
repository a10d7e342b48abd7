"""Facts that other rooms set on an appointment: "may be called: no, because …"."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.keys import content_digest, event_id, occurrence_id
from gateway.model import Coding, DeviceEvent, Instant, Kind, Source, Value

SYSTEM = "urn:isogate:schedule"
"""Code system of what rooms say of an appointment."""

SET, CLEAR = "gate.set", "gate.clear"
LANGUAGES = ("zh-CN", "en")


def gate_event(
    site: str,
    room: str,
    name: str,
    appointment: str,
    reason: Mapping[str, str] | None,
    *,
    at: Instant,
    cause: bytes,
    actor: str = "",
) -> DeviceEvent:
    """The event that sets a gate on an appointment, or clears it where `reason` is None.

    `reason` is in every language of the pages, or it is a ValueError: the queue reads it out to
    the person at the desk. `cause` is the id of the event that it follows from; the same cause
    gives the same event, so it may be emitted again after a crash. Publish it with
    `RoomPorts.publish`, or return it from `Fold.fold`.
    """
    if reason is not None and any(not reason.get(tag) for tag in LANGUAGES):
        raise ValueError(f"gate {room}/{name}: say the reason in {' and '.join(LANGUAGES)}")
    code = CLEAR if reason is None else SET
    occurrence = content_digest(room.encode(), name.encode(), appointment.encode(), cause)
    return DeviceEvent(
        id=event_id(occurrence_id(site, room, occurrence), code),
        site=site,
        source=Source(room, room),
        kind=Kind.APPOINTMENT,
        code=Coding(SYSTEM, code),
        value=Value(name),
        unit="",
        received_at=at,
        observed_at=at,
        actor=actor,
        caused_by=cause,
        payload={"appointment": appointment, "room": room, "name": name}
        | ({"reason": dict(reason)} if reason is not None else {}),
    )


def is_gate(event: DeviceEvent) -> bool:
    """Whether an event of kind APPOINTMENT is about a gate, not about the appointment itself."""
    return event.code.system == SYSTEM
