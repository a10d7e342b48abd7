"""A stored object, and the events that say so. An event is the durable row of the index. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dicom.storage.attributes import Attributes
from gateway import (
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Quality,
    Source,
    Subject,
    Value,
    content_digest,
)

OID_SYSTEM = "urn:ietf:rfc:3986"
"""Code system of UIDs as URIs: an object event's code is its SOP class, `urn:oid:…`."""
DICOM_SYSTEM = "urn:isogate:dicom"
"""Code system of what the node itself says of objects."""
CONFLICT = "object.conflict"
_DRIVER = "dicom"
_OID = "urn:oid:"


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored object's file. `digest` is SHA-256 of its transfer syntax, a zero, its dataset."""

    digest: str
    size: int

    @property
    def path(self) -> str:
        """How the name of its file begins, relative to the folder of objects."""
        return f"{self.digest[:2]}/{self.digest}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent an object, to which of our titles, from which address, in which encoding."""

    calling: str
    called: str
    address: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of the store: what it is, where it lies, whence it came. `seq` orders arrivals."""

    attributes: Attributes
    blob: Blob
    origin: Origin
    received_at: Instant
    seq: int = 0

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.attributes.sop_instance


def payload_of(stored: StoredObject) -> dict[str, Any]:
    """What an event says beyond its own fields; values that JSON has."""
    attributes, origin = stored.attributes, stored.origin
    return {
        "sop_class": attributes.sop_class,
        "sop_instance": attributes.sop_instance,
        "study": attributes.study,
        "series": attributes.series,
        "sha256": stored.blob.digest,
        "size": stored.blob.size,
        "transfer_syntax": origin.transfer_syntax,
        "calling": origin.calling,
        "called": origin.called,
        "address": origin.address,
        "charset": attributes.charset,
        "attributes": dict(attributes.values),
        "problems": list(attributes.problems),
    }


def read_payload(said: Mapping[str, Any], received_at: Instant, seq: int) -> StoredObject:
    """The object that `payload_of` described."""
    attributes = Attributes(
        sop_class=said["sop_class"],
        sop_instance=said["sop_instance"],
        study=said["study"],
        series=said["series"],
        values=said["attributes"],
        charset=said["charset"],
        problems=tuple(said["problems"]),
    )
    origin = Origin(said["calling"], said["called"], said["address"], said["transfer_syntax"])
    return StoredObject(attributes, Blob(said["sha256"], said["size"]), origin, received_at, seq)


def event_of(stored: StoredObject, site: str, device: str, after: int = 0) -> DeviceEvent:
    """The event of an object. The same object has the same id, whoever sends it again.

    Only `after` it was removed, by the event of that seq, it comes as another one.
    """
    attributes = stored.attributes
    again = (f"after {after}",) if after else ()
    return DeviceEvent(
        id=_identity(site, "object", stored.uid, stored.blob.digest, *again),
        site=site,
        source=Source(device, _DRIVER),
        kind=Kind.OBJECT,
        code=Coding(OID_SYSTEM, f"{_OID}{attributes.sop_class}"),
        value=Value(stored.uid),
        unit="",
        received_at=stored.received_at,
        observed_at=stored.received_at,
        quality=Quality.UNCERTAIN if attributes.problems else Quality.GOOD,
        subject=_subject(attributes),
        payload=payload_of(stored),
    )


def is_object(event: DeviceEvent) -> bool:
    """Whether the event is one of `event_of`; other parts may have objects of their own."""
    return event.kind is Kind.OBJECT and event.code.system == OID_SYSTEM


def object_of(event: DeviceEvent) -> StoredObject:
    """What an event of `event_of` says."""
    return read_payload(event.payload or {}, event.received_at, event.seq)


def conflict_event(of: DeviceEvent, kind: str, words: str) -> DeviceEvent:
    """The event that follows from an object that contradicts an earlier one."""
    return replace(
        of,
        id=_identity(of.site, "conflict", kind, of.id.hex()),
        kind=Kind.SYSTEM,
        code=Coding(DICOM_SYSTEM, CONFLICT),
        value=Value(words),
        caused_by=of.id,
        payload={"conflict": kind, "sop_instance": of.value.text if of.value else ""},
        seq=0,
    )


def _identity(*parts: str) -> bytes:
    return content_digest(b"dicom", *(part.encode() for part in parts))


def _subject(attributes: Attributes) -> Subject | None:
    patient, order = attributes.text("PatientID"), attributes.text("AccessionNumber")
    if not patient and not order:
        return None
    issuer = attributes.text("IssuerOfPatientID") if patient else ""
    return Subject(patient=patient, issuer=issuer, order=order)
