"""A result enters the list of critical values, or leaves it: said to whoever sees to them. Pure."""

from __future__ import annotations

from enum import StrEnum

from gateway.keys import event_id, occurrence_id
from gateway.model import Coding, DeviceEvent, Kind, Source, Value

LISTING_SYSTEM = "urn:isogate:critical-value"
"""Code system of these events; the code is a `Listing`, the value the test's own code."""


_DAY = 86_400_000_000


class Listing(StrEnum):
    """LISTED: somebody has to be told. REPLACED: another version of its test stands in its place.

    WITHDRAWN: as if it was never said.
    """

    LISTED = "listed"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


def are_of_one(old: DeviceEvent, new: DeviceEvent) -> bool:
    """Whether a value may take the place of another: both of one patient, and of one day.

    Sample numbers and places in a rack are used again: then both have to be told.
    """
    patients = [(each.subject.patient, each.subject.issuer) for each in (old, new) if each.subject]
    same = len(set(patients)) <= 1
    return same and abs(new.received_at - old.received_at) < _DAY


def listing_event(cause: DeviceEvent, result: DeviceEvent, listing: Listing) -> DeviceEvent:
    """The event that follows from `cause` for a result.

    It names neither patient nor sample: whoever may read results finds them by the result.
    """
    occurrence = occurrence_id(cause.site, result.source.device, cause.id)
    return DeviceEvent(
        id=event_id(occurrence, f"{LISTING_SYSTEM}:{listing}:{result.id.hex()}"),
        site=cause.site,
        source=Source(result.source.device, "lab"),
        kind=Kind.ALARM,
        code=Coding(LISTING_SYSTEM, listing.value),
        value=Value(result.code.code),
        unit="",
        received_at=cause.received_at,
        observed_at=result.observed_at,
        clock=result.clock,
        raw_id=result.raw_id,
        simulated=result.simulated,
        caused_by=cause.id,
        payload={"result": result.id.hex(), "seq": result.seq},
    )
