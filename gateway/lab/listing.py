"""A result enters the list of critical values, or leaves it: said to whoever sees to them. Pure."""

from __future__ import annotations

from enum import StrEnum

from gateway.keys import event_id, occurrence_id
from gateway.model import Coding, DeviceEvent, Kind, Source, Value

LISTING_SYSTEM = "urn:isogate:critical-value"
"""Code system of these events; the code is a `Listing`, the value the test's own code."""


class Listing(StrEnum):
    """LISTED: somebody has to be told. REPLACED: another version of its test stands in its place.

    WITHDRAWN: as if it was never said.
    """

    LISTED = "listed"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


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
