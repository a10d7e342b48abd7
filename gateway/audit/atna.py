"""An audit entry as a DICOM audit message (PS3.15 A.5), as IHE ATNA sends it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree as ET

from gateway.audit.entry import AuditEntry
from gateway.model import to_datetime
from gateway.room import Outcome

_DCM, _OURS, _RFC3881 = "DCM", "99ISOGATE", "RFC-3881"
_OUTCOMES = {Outcome.SUCCESS: "0", Outcome.REFUSED: "4", Outcome.FAILED: "8"}
_MACHINE_BY_ADDRESS = "2"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What may stand in no XML document (XML 1.0, production 2)."""
_PERSON, _SYSTEM_OBJECT = "1", "2"
_PATIENT_ROLE, _RESOURCE_ROLE = "1", "4"
_APPLICATION_SERVER = "4"


class Code(NamedTuple):
    """A coded value: code, code system, meaning."""

    code: str
    system: str
    text: str


class Event(NamedTuple):
    """Which audit event an action is: its id, its type if it has one, and C, R, U, D or E."""

    id: Code
    type: Code | None
    action: str


def _dcm(code: str, text: str) -> Code:
    return Code(code, _DCM, text)


_APPLICATION = _dcm("110100", "Application Activity")
_AUDIT_USED = _dcm("110101", "Audit Log Used")
_ACCESSED = _dcm("110103", "DICOM Instances Accessed")
_TRANSFERRED = _dcm("110104", "DICOM Instances Transferred")
_EXPORT = _dcm("110106", "Export")
_IMPORT = _dcm("110107", "Import")
_PATIENT = _dcm("110110", "Patient Record")
_ALERT = _dcm("110113", "Security Alert")
_AUTHENTICATION = _dcm("110114", "User Authentication")
_ROLES = _dcm("110136", "Security Roles Changed")
_ATTRIBUTES = _dcm("110137", "User security Attributes Changed")
_SOFTWARE = _dcm("110131", "Software Configuration")
_LOGIN, _LOGOUT = _dcm("110122", "Login"), _dcm("110123", "Logout")

_EVENTS = {
    "gateway.start": Event(_APPLICATION, _dcm("110120", "Application Start"), "E"),
    "gateway.stop": Event(_APPLICATION, _dcm("110121", "Application Stop"), "E"),
    "session.open": Event(_AUTHENTICATION, _LOGIN, "E"),
    "session.refuse": Event(_AUTHENTICATION, _LOGIN, "E"),
    "session.close": Event(_AUTHENTICATION, _LOGOUT, "E"),
    "account.roles": Event(_ALERT, _ROLES, "E"),
    "access.open": Event(_PATIENT, Code("access.open", _OURS, "access.open"), "R"),
}
_AREAS = {
    "account": Event(_ALERT, _ATTRIBUTES, "E"),
    "token": Event(_ALERT, _ATTRIBUTES, "E"),
    "settings": Event(_ALERT, _SOFTWARE, "E"),
    "mapping": Event(_ALERT, _SOFTWARE, "E"),
    "audit": Event(_AUDIT_USED, None, "R"),
    "export": Event(_EXPORT, None, "R"),
    "backup": Event(_EXPORT, None, "R"),
    "import": Event(_IMPORT, None, "C"),
}
_VERBS = {"read": "R", "find": "R", "create": "C", "add": "C", "delete": "D", "remove": "D"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from: the site, and this process as the network knows it."""

    site: str
    source: str


def event_of(action: str) -> Event:
    """The audit event of an action; what DICOM has no event for is coded as our own."""
    if known := _EVENTS.get(action):
        return known
    area, _, verb = action.partition(".")
    if known := _AREAS.get(area):
        return known
    does = _VERBS.get(verb, "E" if area == "alarms" else "U")
    if area == "images":
        return Event(_TRANSFERRED if verb == "send" else _ACCESSED, None, "R")
    if area in ("patients", "results", "schedule", "events", "wire", "quarantine"):
        return Event(_PATIENT, Code(action, _OURS, action), does)
    return Event(Code(action, _OURS, action), None, does)


def message(entry: AuditEntry, origin: Origin) -> bytes:
    """The audit message in UTF-8, without an XML declaration (syslog carries the encoding)."""
    root = ET.Element("AuditMessage")
    _identify_event(root, entry)
    _participate(root, entry, origin)
    source = ET.SubElement(
        root,
        "AuditSourceIdentification",
        AuditEnterpriseSiteID=origin.site,
        AuditSourceID=origin.source,
    )
    server = Code(_APPLICATION_SERVER, _DCM, "Application Server Process")
    _coded(source, "AuditSourceTypeCode", server)
    _name_objects(root, entry, origin)
    return _NOT_XML.sub("\ufffd", ET.tostring(root, encoding="unicode")).encode()


def _identify_event(root: ET.Element, entry: AuditEntry) -> None:
    event = event_of(entry.action)
    at = to_datetime(entry.at).isoformat(timespec="microseconds")
    identification = ET.SubElement(
        root,
        "EventIdentification",
        EventActionCode=event.action,
        EventDateTime=at,
        EventOutcomeIndicator=_OUTCOMES[entry.outcome],
    )
    _coded(identification, "EventID", event.id)
    if event.type is not None:
        _coded(identification, "EventTypeCode", event.type)
    if entry.outcome is not Outcome.SUCCESS and entry.detail:
        ET.SubElement(identification, "EventOutcomeDescription").text = entry.detail


def _participate(root: ET.Element, entry: AuditEntry, origin: Origin) -> None:
    who = {"UserID": entry.who, "UserIsRequestor": "true"}
    if entry.name:
        who["UserName"] = entry.name
    if entry.address:
        who |= {
            "NetworkAccessPointID": entry.address,
            "NetworkAccessPointTypeCode": _MACHINE_BY_ADDRESS,
        }
    ET.SubElement(root, "ActiveParticipant", who)
    us = ET.SubElement(root, "ActiveParticipant", UserID=origin.source, UserIsRequestor="false")
    _coded(us, "RoleIDCode", _dcm("110150", "Application"))


def _name_objects(root: ET.Element, entry: AuditEntry, origin: Origin) -> None:
    subject = entry.subject
    if subject is not None and subject.patient:
        identifier = f"{subject.patient}^^^{subject.issuer or origin.site}"
        patient = _object(root, identifier, _PERSON, _PATIENT_ROLE)
        _coded(patient, "ParticipantObjectIDTypeCode", Code("2", _RFC3881, "Patient Number"))
    named = list(entry.objects)
    if subject is not None and subject.specimen:
        named.append(("specimen", subject.specimen))
    for kind, thing in named:
        other = _object(root, thing, _SYSTEM_OBJECT, _RESOURCE_ROLE)
        _coded(other, "ParticipantObjectIDTypeCode", Code(kind, _OURS, kind))


def _object(root: ET.Element, identifier: str, kind: str, role: str) -> ET.Element:
    return ET.SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=identifier,
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )


def _coded(parent: ET.Element, tag: str, code: Code) -> None:
    attributes = {"csd-code": code.code, "codeSystemName": code.system, "originalText": code.text}
    ET.SubElement(parent, tag, attributes)
