"""Audit messages have what PS3.15 A.5 asks for, and travel as RFC 5424 and 5425 say."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from gateway.audit.atna import Origin, event_of, message
from gateway.audit.entry import AuditEntry
from gateway.audit.syslog import framed
from gateway.model import Instant, Subject
from gateway.room import Outcome

ORIGIN = Origin("xiehe", "gateway-1")
AT = Instant(1_795_435_200_123_456)


def entry(action: str = "results.read", **more: object) -> AuditEntry:
    facts: dict[str, object] = {
        "at": AT, "who": "person:wang", "name": "王护士", "action": action,
        "outcome": Outcome.SUCCESS, "address": "10.1.2.3",
    }  # fmt: skip
    return AuditEntry(**{**facts, **more})  # type: ignore[arg-type]


def parsed(one: AuditEntry) -> ET.Element:
    return ET.fromstring(message(one, ORIGIN))  # noqa: S314 - our own message


def test_a_message_has_its_parts_in_the_order_of_the_schema() -> None:
    subject = Subject(patient="7", issuer="his", specimen="S1")
    root = parsed(entry(subject=subject, objects=(("device", "chemistry-1"),)))
    assert [child.tag for child in root] == [
        "EventIdentification",
        "ActiveParticipant",
        "ActiveParticipant",
        "AuditSourceIdentification",
        *["ParticipantObjectIdentification"] * 3,
    ]
    event = root[0]
    assert event.attrib == {
        "EventActionCode": "R",
        "EventDateTime": "2026-11-23T12:00:00.123456+00:00",
        "EventOutcomeIndicator": "0",
    }
    assert event[0].tag == "EventID"
    assert event[0].attrib == {
        "csd-code": "110110",
        "codeSystemName": "DCM",
        "originalText": "Patient Record",
    }
    who = root[1].attrib
    assert (who["UserID"], who["UserName"], who["UserIsRequestor"]) == (
        "person:wang",
        "王护士",
        "true",
    )
    assert (who["NetworkAccessPointID"], who["NetworkAccessPointTypeCode"]) == ("10.1.2.3", "2")
    patient = root[4]
    assert patient.attrib == {
        "ParticipantObjectID": "7^^^his",
        "ParticipantObjectTypeCode": "1",
        "ParticipantObjectTypeCodeRole": "1",
    }
    assert patient[0].attrib["csd-code"] == "2"
    others = [each.attrib["ParticipantObjectID"] for each in root[5:]]
    assert others == ["chemistry-1", "S1"]


@pytest.mark.parametrize(
    ("action", "event", "kind", "does"),
    [
        ("session.open", "110114", "110122", "E"),
        ("session.close", "110114", "110123", "E"),
        ("gateway.start", "110100", "110120", "E"),
        ("account.lock", "110113", "110137", "E"),
        ("account.roles", "110113", "110136", "E"),
        ("settings.reload", "110113", "110131", "E"),
        ("audit.read", "110101", "", "R"),
        ("export.audit", "110106", "", "R"),
        ("import.appointments", "110107", "", "C"),
        ("images.send", "110104", "", "R"),
        ("images.read", "110103", "", "R"),
        ("access.open", "110110", "access.open", "R"),
        ("patients.create", "110110", "patients.create", "C"),
        ("alarms.acknowledge", "alarms.acknowledge", "", "E"),
    ],
)
def test_an_action_has_its_event(action: str, event: str, kind: str, does: str) -> None:
    found = event_of(action)
    assert (found.id.code, found.type.code if found.type else "", found.action) == (
        event,
        kind,
        does,
    )


@pytest.mark.parametrize(
    ("outcome", "indicator"),
    [(Outcome.SUCCESS, "0"), (Outcome.REFUSED, "4"), (Outcome.FAILED, "8")],
)
def test_what_came_of_it_is_said(outcome: Outcome, indicator: str) -> None:
    event = parsed(entry("session.open", outcome=outcome, detail="wrong password"))[0]
    assert event.attrib["EventOutcomeIndicator"] == indicator
    described = event.findtext("EventOutcomeDescription")
    assert described == (None if outcome is Outcome.SUCCESS else "wrong password")


def test_a_frame_counts_its_bytes_and_names_the_message() -> None:
    frame = framed(AT, "host name", "42", "张三".encode())
    length, _, rest = frame.partition(b" ")
    assert int(length) == len(rest)
    assert rest.startswith(
        b"<85>1 2026-11-23T12:00:00.123456Z hostname isogate 42 DICOM+RFC3881 - \xef\xbb\xbf"
    )
    assert rest.endswith("张三".encode())


def test_what_is_no_xml_character_does_not_break_a_message() -> None:
    root = parsed(entry(detail='<&">', outcome=Outcome.FAILED))
    assert root[0].findtext("EventOutcomeDescription") == '<&">'
    parsed(entry(detail="a\x00b\x0bc\ud800", outcome=Outcome.FAILED))
