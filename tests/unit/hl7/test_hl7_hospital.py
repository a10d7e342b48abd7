"""Meaning: what hospital systems say of patients, appointments and orders."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.hl7.times import parse_time
from gateway import (
    AppointmentStatement,
    AppointmentStatus,
    Gathering,
    Identifier,
    IdentifierType,
    PatientVerb,
    Presence,
    ResourceKind,
    ResourceUse,
    Subject,
    Visit,
    appointment_statement,
    order_statement,
    patient_statement,
)
from tests.unit.hl7.hl7_bench import HEADER, PATIENT, SHANGHAI, readings, refusal


def hospital(kind: str, *segments: str) -> str:
    return "\r".join((HEADER.replace("ORU^R01", kind).replace("2.3.1", "2.4"), *segments))


def test_a_registration_is_one_reading_with_its_essentials() -> None:
    visit = "PV1|1|O|放疗科^2^3"
    (reading,) = readings(hospital("ADT^A04", "EVN||202611230900", PATIENT, visit))
    assert (reading.code, reading.subject) == ("ADT^A04", Subject("P1", "HIS"))
    assert reading.payload is not None
    assert patient_statement(reading.payload).visit == Visit(
        "O", "放疗科", "2", "3", presence=Presence.IN
    )


def test_a_merge_names_both_patients() -> None:
    (reading,) = readings(hospital("ADT^A40", PATIENT, "MRG|P0^^^HIS^MR~C9^^^HIS^HC~P00^^^HIS^MR"))
    said = patient_statement(reading.payload or {})
    assert said.verb is PatientVerb.MERGED
    assert [each.value for each in said.others] == ["P0", "P00"]


def test_a_merge_of_numbers_of_another_sort_takes_the_first() -> None:
    (reading,) = readings(hospital("ADT^A18", PATIENT, "MRG|X1^^^LAB~X2^^^LAB"))
    (other,) = patient_statement(reading.payload or {}).others
    assert (other.value, other.issuer) == ("X1", "LAB")


@pytest.mark.parametrize(("trigger", "verb"), [("A24", "linked"), ("A37", "unlinked")])
def test_a_link_names_two_patients(trigger: str, verb: str) -> None:
    other = PATIENT.replace("P1", "P2")
    (reading,) = readings(hospital(f"ADT^{trigger}", PATIENT, other))
    said = patient_statement(reading.payload or {})
    assert (said.verb, [each.value for each in said.others]) == (verb, ["P2"])


def test_the_number_that_names_a_record_is_the_one_that_the_profile_says() -> None:
    words = {"own": ["PI"], "issuers": {"PI": "HIS"}, "identifier_types": {"IP": "inpatient"}}
    text = hospital("ADT^A04", "PID|1||Z9^^^^IP~P1^^^^PI~~C3^^^X^HC||王^芳")
    (reading,) = readings(text, hospital=words)
    assert reading.subject == Subject("P1", "HIS")
    said = patient_statement(reading.payload or {})
    assert [(each.value, each.type) for each in said.identifiers] == [
        ("P1", IdentifierType.INTERNAL),
        ("C3", IdentifierType.CARD),
    ]


@pytest.mark.parametrize(
    ("kind", "segments", "condition"),
    [
        ("ADT^A04", (), 100),
        ("ADT^A04", ("PID|1",), 101),
        ("ADT^A40", (PATIENT,), 100),
        ("ADT^A40", (PATIENT, "MRG|"), 101),
        ("ADT^A04", (PATIENT, "EVN||soon"), 102),
        ("ADT^A40", (PATIENT, "MRG|P0"), 101),
        ("ADT^A04", ("PID|1||P1||王建国",), 101),
        ("ADT^A04", ("PID|1||P1^^^HIS||王建国||1965041",), 102),
        ("ADT^A37", (PATIENT, PATIENT, PATIENT), 100),
        ("SIU^S12", (PATIENT,), 100),
        ("SIU^S12", ("SCH||",), 101),
        ("SIU^S12", ("SCH|A1",), 101),
        ("SIU^S12", ("SCH|A1||||||||15|fortnights",), 102),
        ("SIU^S12", ("SCH|A1||||||||1500",), 102),
        ("SIU^S12", ("SCH|A1||||||||x",), 102),
        ("SIU^S12", ("SCH|A1||||||||||^^^soon",), 102),
        ("ORM^O01", (PATIENT,), 100),
        ("ORM^O01", (PATIENT, "ORC|NW"), 101),
        ("ORM^O01", (PATIENT, "ORC||P1"), 101),
        ("ORM^O01", (PATIENT, "ORC|ZZ|P1"), 102),
        ("ORM^O01", (PATIENT, "ORC|NW|P1|||||^^^soon"), 102),
    ],
)
def test_a_hospital_message_without_its_essentials_is_refused(
    kind: str, segments: tuple[str, ...], condition: int
) -> None:
    assert refusal(hospital(kind, *segments)).condition == condition


def appointment(text: str, **options: Any) -> AppointmentStatement:
    (reading,) = readings(text, **options)
    return appointment_statement(reading.payload or {})


def test_blocked_time_has_a_resource_and_no_patient() -> None:
    text = hospital("SIU^S23", "SCH|A1||||||||||^^^202611240800", "AIG|1||LINAC1^Linac")
    (reading,) = readings(text)
    assert reading.subject == Subject()
    said = appointment_statement(reading.payload or {})
    assert said.status is AppointmentStatus.BLOCKED
    assert said.resources == (ResourceUse(ResourceKind.EQUIPMENT, "LINAC1", "Linac"),)


def test_the_time_of_an_appointment_comes_from_tq1_then_sch_then_its_resources() -> None:
    schedule = "SCH|A1||||||||||{}"
    timing = "TQ1|1||||||202611240900|202611240930"
    resource = "AIL|1||R1|||202611241100|||1|h"
    at = "^^^202611241000"
    first = appointment(hospital("SIU^S12", schedule.format(at), timing, resource))
    second = appointment(hospital("SIU^S12", schedule.format(at), resource))
    third = appointment(hospital("SIU^S12", schedule.format(""), resource))
    hours = [(parse_time(f"20261124{hour}", SHANGHAI)) for hour in ("0900", "1000", "1100")]
    assert [each.start for each in (first, second, third)] == hours
    assert [each.minutes for each in (first, second, third)] == [60, 60, 60]
    without = appointment(hospital("SIU^S12", schedule.format(at), timing))
    assert without.minutes == 30


def resources(trigger: str, *segments: str) -> tuple[Gathering, str, str, str]:
    """How resources gather, and the ids of those that are there, updated and removed."""
    said = appointment(hospital(f"SIU^{trigger}", "SCH|A1||||||||||^^^202611241000", *segments))
    there, updated, removed = (
        " ".join(each.id for each in uses) for uses in (said.resources, said.updated, said.removed)
    )
    return said.gathering, there, updated, removed


@pytest.mark.parametrize(
    ("segments", "gathered"),
    [
        (("AIG|1||LA1", "AIL|1||R1"), ("replace", "LA1 R1", "", "")),
        (("AIG|1|S|LA1", "AIG|2||"), ("replace", "LA1", "", "")),
        (("AIG|1|D|LA1", "AIG|2|A|LA2"), ("add", "LA2", "", "LA1")),
        (("AIS|1|D|CT", "AIP|1|a|WANG"), ("add", "WANG", "", "CT")),
        (("AIL|1|X|R1", "AIG|1|U|LA2"), ("add", "R1", "LA2", "")),
        (("AIL|1|D|R1", "AIG|1|D|LA1"), ("remove", "R1 LA1", "", "")),
        (
            ("RGS|1|D", "AIG|1||LA1", "AIL|1|X|R1", "RGS|2|U", "AIG|1||LA2"),
            ("add", "R1 LA2", "", "LA1"),
        ),
    ],
)
def test_a_segment_s_action_code_says_what_becomes_of_its_resource(
    segments: tuple[str, ...], gathered: tuple[str, ...]
) -> None:
    assert resources("S14", *segments) == gathered


@pytest.mark.parametrize(
    ("trigger", "segments", "gathered"),
    [
        ("S18", ("AIG|1||LA2",), ("add", "LA2", "", "")),
        ("S22", ("AIG|1||LA2",), ("remove", "LA2", "", "")),
        ("S20", ("AIG|1|U|LA2", "AIG|2|X|LA1"), ("add", "LA1", "", "LA2")),
        ("S21", ("AIG|1|U|LA2", "AIG|2|D|LA1"), ("add", "", "LA2", "LA1")),
        ("S15", ("AIG|1|D|LA1",), ("replace", "LA1", "", "")),
    ],
)
def test_an_event_of_resources_says_what_their_segments_leave_out(
    trigger: str, segments: tuple[str, ...], gathered: tuple[str, ...]
) -> None:
    assert resources(trigger, *segments) == gathered


def test_a_resource_that_is_taken_away_says_no_time_and_no_service() -> None:
    gone, comes = "AIS|1|D|CT^CT|202611240800", "AIS|2|A|MR^MRI|202611240900"
    said = appointment(hospital("SIU^S14", "SCH|A1", gone, comes))
    assert said.start == parse_time("202611240900", SHANGHAI)
    assert said.kind_name == "MRI"


def test_an_event_says_more_than_a_stale_status() -> None:
    cancelled = hospital("SIU^S15", "SCH|A1" + "|" * 24 + "Booked")
    said = appointment(cancelled)
    assert (said.status, said.status_sent) == (AppointmentStatus.CANCELLED, "Booked")


def test_a_word_for_a_status_that_nobody_explained_is_noted_and_changes_nothing() -> None:
    said = appointment(hospital("SIU^S14", "SCH|A1" + "|" * 24 + "审核中"))
    assert said.status is None
    assert said.notes == ("status '审核中' is not explained in the profile",)
    words = {"statuses": {"审核中": "pending"}}
    text = hospital("SIU^S14", "SCH|A1" + "|" * 24 + "审核中")
    assert appointment(text, hospital=words).status is AppointmentStatus.PENDING


def test_an_appointment_of_several_patients_says_so() -> None:
    two = hospital("SIU^S14", "SCH|A1", PATIENT, PATIENT.replace("P1", "P2"))
    said = appointment(two)
    assert said.patient is not None
    assert said.patient.own == Identifier("P1", "HIS", IdentifierType.MRN)
    assert "2 patients" in said.notes[0]


@pytest.mark.parametrize(
    ("control", "status", "standing"),
    [
        ("NW", "", "active"),
        ("CA", "", "revoked"),
        ("HD", "", "on-hold"),
        ("SC", "CM", "completed"),
        ("XO", "", None),
    ],
)
def test_an_order_stands_as_its_control_says(
    control: str, status: str, standing: str | None
) -> None:
    (reading,) = readings(hospital("ORM^O01", PATIENT, f"ORC|{control}|P7|||{status}"))
    said = order_statement(reading.payload or {})
    assert (said.placer, said.status) == ("P7", standing)
    assert reading.subject == Subject("P1", "HIS", order="P7")
