"""The events of performed procedure steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dicom.dimse import Parties
from dicom.mpps.link import How, Link, read_link
from dicom.mpps.said import STATUS, Said, Tree, text
from dicom.storage.object import DICOM_SYSTEM
from gateway import (
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Quality,
    RawId,
    Source,
    Subject,
    Value,
    content_digest,
)

CREATED = "step.created"
CHANGED = "step.changed"
_PATIENT_ID, _ISSUER = 0x00100020, 0x00100021


@dataclass(frozen=True, slots=True)
class Came:
    """When a message came, from whom, and its bytes in the journal."""

    site: str
    device: str
    parties: Parties
    at: Instant
    raw: RawId


def created_event(uid: str, said: Said, links: Sequence[Link], came: Came) -> DeviceEvent:
    """A step began. The second one of a UID has the id of the first."""
    payload = {**_payload(uid, said, came.parties), "links": [each.payload() for each in links]}
    good = all(each.how is How.LINKED for each in links) and not said.problems
    return _event(CREATED, "", subject_of(said.tree), came, payload, good=good)


def changed_event(
    uid: str, said: Said, number: int, subject: Subject | None, came: Came
) -> DeviceEvent:
    """The `number`th change of a step."""
    payload = {**_payload(uid, said, came.parties), "number": number}
    return _event(CHANGED, str(number), subject, came, payload, good=not said.problems)


def is_step(event: DeviceEvent) -> bool:
    """Whether the event is one of these."""
    return event.code.system == DICOM_SYSTEM and event.code.code in (CREATED, CHANGED)


def subject_of(tree: Tree) -> Subject | None:
    """The patient that a modality names."""
    patient = text(tree, _PATIENT_ID)
    return Subject(patient=patient, issuer=text(tree, _ISSUER)) if patient else None


def read_links(payload: Mapping[str, Any]) -> tuple[Link, ...]:
    """What `created_event` wrote."""
    return tuple(map(read_link, payload.get("links", ())))


def _payload(uid: str, said: Said, parties: Parties) -> dict[str, Any]:
    return {
        "step": uid,
        "attributes": said.tree,
        "problems": list(said.problems),
        "calling": parties.calling,
        "called": parties.called,
        "address": parties.address,
    }


def _event(
    code: str,
    occurrence: str,
    subject: Subject | None,
    came: Came,
    payload: Mapping[str, Any],
    *,
    good: bool,
) -> DeviceEvent:
    parts = ("mpps", came.site, payload["step"], occurrence)
    return DeviceEvent(
        id=content_digest(*(part.encode() for part in parts)),
        site=came.site,
        source=Source(came.device, "dicom"),
        kind=Kind.SESSION,
        code=Coding(DICOM_SYSTEM, code),
        value=Value(text(payload["attributes"], STATUS)),
        unit="",
        received_at=came.at,
        observed_at=came.at,
        quality=Quality.GOOD if good else Quality.UNCERTAIN,
        subject=subject,
        raw_id=came.raw,
        payload=payload,
    )
