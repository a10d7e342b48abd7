"""A stored object, and the events that say so. An event is the durable row of the index. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
class Change:
    """What a rule changes in an object when it comes: values by keyword, after and before."""

    rule: str
    after: Mapping[str, str]
    before: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Coerced:
    """An object was changed; `sent` is the file as it was sent, which is kept."""

    change: Change
    sent: Blob


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of the store: what it is, where it lies, whence it came. `seq` orders arrivals."""

    attributes: Attributes
    blob: Blob
    origin: Origin
    received_at: Instant
    seq: int = 0
    coerced: Coerced | None = None

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.attributes.sop_instance

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Its files: the one that counts, and the one as it was sent if that is another."""
        return (self.blob,) if self.coerced is None else (self.blob, self.coerced.sent)

    @property
    def as_sent(self) -> StoredObject:
        """As it came, before a rule changed it."""
        if self.coerced is None:
            return self
        values = {**self.attributes.values, **self.coerced.change.before}
        told = {keyword: value for keyword, value in values.items() if value}
        attributes = replace(self.attributes, values=told)
        return replace(self, attributes=attributes, blob=self.coerced.sent, coerced=None)


def payload_of(stored: StoredObject) -> dict[str, Any]:
    """What an event says beyond its own fields; values that JSON has."""
    attributes, origin, coerced = stored.attributes, stored.origin, stored.coerced
    said = {
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
    if coerced is not None:
        said["coerced"] = {
            "rule": coerced.change.rule,
            "after": dict(coerced.change.after),
            "before": dict(coerced.change.before),
            "sha256": coerced.sent.digest,
            "size": coerced.sent.size,
        }
    return said


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
    blob = Blob(said["sha256"], said["size"])
    return StoredObject(attributes, blob, origin, received_at, seq, _coerced(said.get("coerced")))


def _coerced(said: Mapping[str, Any] | None) -> Coerced | None:
    if said is None:
        return None
    change = Change(said["rule"], said["after"], said["before"])
    return Coerced(change, Blob(said["sha256"], said["size"]))


def event_of(stored: StoredObject, site: str, device: str, after: int = 0) -> DeviceEvent:
    """The event of an object. The same object has the same id, whoever sends it again.

    Only `after` it was removed, by the event of that seq, it comes as another one; and so it does
    where a rule puts other values into it.
    """
    attributes = stored.attributes
    again = (f"after {after}",) if after else ()
    return DeviceEvent(
        id=_identity(site, "object", stored.uid, *_content(stored), *again),
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


def content_of(stored: StoredObject) -> str:
    """What two objects have in common that are the same, whenever a rule changed each of them."""
    if stored.coerced is None:
        return stored.blob.digest
    return content_digest(b"coerced", *(part.encode() for part in _content(stored))).hex()


def _content(stored: StoredObject) -> Sequence[str]:
    """What makes an object this one: what was sent, and what a rule put into it."""
    coerced = stored.coerced
    if coerced is None:
        return (stored.blob.digest,)
    values = sorted(coerced.change.after.items())
    return (coerced.sent.digest, *(f"{keyword}={value}" for keyword, value in values))


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
