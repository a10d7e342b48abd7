"""What leaves the store, what is held back, and the events that say so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dicom.storage.object import DICOM_SYSTEM
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
from gateway.room import ACTION_SYSTEM

REMOVED, CLEARED = "study.removed", "study.cleared"
"""Of a study: nothing finds its objects any more; nothing of them is on disk any more."""
HOLD, RELEASE = "images.hold", "images.release"
"""Acts of people: no rule removes a study; rules may again."""


@dataclass(frozen=True, slots=True)
class Removal:
    """The objects of a study, up to the one of the event `upto`, removed by a rule.

    `instances` and `bytes` are what it was decided for; `subject` is whose they are. `decided` is
    the seq of the newest event that was looked at: what came later in the study undoes it.
    """

    study: str
    upto: int
    rule: str
    instances: int
    bytes: int
    subject: Subject | None = None
    decided: int = 0

    def event(self, site: str, at: Instant) -> DeviceEvent:
        said = {
            "study": self.study,
            "upto": self.upto,
            "rule": self.rule,
            "instances": self.instances,
            "bytes": self.bytes,
            "decided": self.decided,
        }
        return _event(REMOVED, site, at, said, self.subject)


def removal_in(event: DeviceEvent) -> Removal | None:
    """The removal that an event tells of."""
    if not _is(event, REMOVED):
        return None
    said: Mapping[str, Any] = event.payload or {}
    return Removal(
        said["study"],
        said["upto"],
        said["rule"],
        said["instances"],
        said["bytes"],
        event.subject,
        said.get("decided", 0),
    )


def cleared(removal: int, study: str, site: str, at: Instant) -> DeviceEvent:
    """The event that the files of a removal, by its seq, are gone."""
    return _event(CLEARED, site, at, {"study": study, "removal": removal})


def cleared_in(event: DeviceEvent) -> int | None:
    """The removal whose files are gone."""
    return int((event.payload or {})["removal"]) if _is(event, CLEARED) else None


def hold_in(event: DeviceEvent) -> tuple[str, bool] | None:
    """The study that a person wants held, or (False) no longer held."""
    code = event.code
    if event.kind is not Kind.ACTION or code.system != ACTION_SYSTEM:
        return None
    if code.code not in (HOLD, RELEASE):
        return None
    return str((event.payload or {})["study"]), code.code == HOLD


def _is(event: DeviceEvent, code: str) -> bool:
    return event.kind is Kind.OBJECT and event.code == Coding(DICOM_SYSTEM, code)


def _event(
    code: str, site: str, at: Instant, said: Mapping[str, Any], subject: Subject | None = None
) -> DeviceEvent:
    """What is decided twice of the same objects is two events: a hold may have undone the first."""
    study = said["study"]
    key = [site, code, study, str(said.get("upto", said.get("removal")))]
    if said.get("decided"):
        key.append(str(said["decided"]))
    return DeviceEvent(
        id=content_digest(b"dicom", *(part.encode() for part in key)),
        site=site,
        source=Source("dicom", "dicom"),
        kind=Kind.OBJECT,
        code=Coding(DICOM_SYSTEM, code),
        value=Value(study),
        unit="",
        received_at=at,
        observed_at=at,
        quality=Quality.GOOD,
        subject=subject,
        payload=said,
    )
