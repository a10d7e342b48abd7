"""Whose results: the sample, patient and order of each kind of result message."""

from __future__ import annotations

import pytest

from gateway import QuarantineReason
from tests.unit.hl7.hl7_bench import HEADER, PATIENT, readings, refusal

SPM_A, SPM_B = "SPM|1|TUBE-A||SER", "SPM|2|TUBE-B||SER"


def result(value: str) -> str:
    return f"OBX|1|NM|WBC||{value}|10*9/L|||||F"


def message(kind: str, *segments: str) -> str:
    header = HEADER.replace("ORU^R01", kind).replace("2.3.1", "2.5.1")
    return "\r".join((header, *segments)) + "\r"


def found(kind: str, *segments: str) -> list[tuple[str, str, str, str]]:
    """Patient, sample, order and value of each result."""
    taken = readings(message(kind, *segments))
    subjects = [(each.subject, each.text) for each in taken if each.subject]
    return [(whose.patient, whose.specimen, whose.order, text) for whose, text in subjects]


@pytest.mark.parametrize("container", [(), ("SAC|||C1",)])
def test_in_an_r24_each_request_names_its_sample(container: tuple[str, ...]) -> None:
    first = ("OBR|1", "ORC|RE|O1", SPM_A, *container, result("1"))
    second = ("OBR|2", "ORC|RE|O2", SPM_B, *container, result("2"))
    assert found("OUL^R24", PATIENT, *first, *second, "OBR|3|O3", result("3")) == [
        ("P1", "TUBE-A", "O1", "1"),
        ("P1", "TUBE-B", "O2", "2"),
        ("P1", "", "O3", "3"),
    ]


@pytest.mark.parametrize("kind", ["OUL^R22", "OUL^R23"])
def test_in_an_r22_and_r23_a_sample_comes_before_its_requests(kind: str) -> None:
    first = (SPM_A, result("0"), "SAC|||C1", "OBR|1", "ORC|RE|O1", result("1"))
    second = (SPM_B, "NTE|1||of B", result("9"), "SAC|||C2", "OBR|2|O2", result("2"))
    assert found(kind, PATIENT, *first, *second, "OBR|3|O3", result("3")) == [
        ("P1", "TUBE-A", "", "0"),
        ("P1", "TUBE-A", "O1", "1"),
        ("P1", "TUBE-B", "", "9"),
        ("P1", "TUBE-B", "O2", "2"),
        ("P1", "TUBE-B", "O3", "3"),
    ]


def test_a_comment_on_a_sample_is_not_of_the_result_before_it() -> None:
    body = (SPM_A, "OBR|1", result("1"), SPM_B, "NTE|1||hemolytic", "OBR|2", result("2"))
    first, second = readings(message("OUL^R22", *body))
    assert "comments" not in (first.payload or {})
    assert "comments" not in (second.payload or {})


def test_in_an_r21_a_container_begins_what_follows() -> None:
    first = ("SAC|||C1", "ORC|RE|O1", "OBR|1||S1", result("1"))
    second = ("SAC|||C2", "ORC|RE|O2", "OBR|2||S2", result("2"))
    assert found("OUL^R21", *first, *second) == [("", "S1", "O1", "1"), ("", "S2", "O2", "2")]
    stray = message("OUL^R21", *first, "SAC|||C2", result("2"))
    assert refusal(stray).location == "OBR-1"


def test_the_sample_of_one_container_is_not_that_of_the_next() -> None:
    first = (SPM_A, "SAC|||C1", "OBR|1", result("1"))
    second = ("SAC|||C2", "OBR|2||S2", result("2"))
    assert found("OUL^R21", *first, *second) == [("", "TUBE-A", "", "1"), ("", "S2", "", "2")]


def test_one_sample_before_all_requests_of_an_oru_is_that_of_each() -> None:
    body = (PATIENT, SPM_A, "OBR|1", result("1"), "OBR|2", result("2"), SPM_A)
    assert [each[1] for each in found("ORU^R01", *body)] == ["TUBE-A", "TUBE-A"]


def test_observations_on_the_sample_of_an_oru_follow_it() -> None:
    body = ("OBR|1", result("1"), SPM_A, result("2"), "OBR|2", result("3"), SPM_B)
    assert [each[1] for each in found("ORU^R01", *body)] == ["TUBE-A", "TUBE-A", "TUBE-B"]


@pytest.mark.parametrize("kind", ["ORU^R01", "OUL^R21"])
def test_an_order_is_that_of_the_request_it_stands_at(kind: str) -> None:
    before = ("ORC|RE|O1", "OBR|1||S1", result("1"), "ORC|RE|O2", "OBR|2||S2", result("2"))
    assert [each[2] for each in found(kind, *before)] == ["O1", "O2"]
    behind = ("OBR|1||S1", "ORC|RE|O1", result("1"), "OBR|2||S2", "ORC|RE|O2", result("2"))
    assert [each[2] for each in found(kind, *behind)] == ["O1", "O2"]


PID_2 = "PID|2||P2^^^HIS"


@pytest.mark.parametrize(
    ("kind", "segments", "location"),
    [
        ("ORU^R01", (SPM_A, "OBR|1", result("1"), SPM_B, "OBR|2", result("2")), "SPM-2"),
        ("ORU^R01", ("OBR|1", result("1"), SPM_A, SPM_B), "SPM-2"),
        ("ORU^R01", (SPM_A, SPM_B, "OBR|1", result("1")), "SPM-2"),
        ("ORU^R01", ("OBR|1", "SPM|1|||SER", result("1"), "SPM|1|||PLAS"), "SPM-2"),
        ("OUL^R24", ("OBR|1", SPM_A, result("1"), SPM_B, result("2")), "SPM-2"),
        ("OUL^R24", ("OBR|1", result("1"), SPM_A, "OBR|2", result("2")), "SPM-1"),
        ("OUL^R21", ("SAC", "OBR|1||S1", result("1"), SPM_A), "SPM-1"),
        ("ORU^R01", (PATIENT, "OBR|1||S1", result("1"), PID_2, result("2")), "OBR-1"),
        ("OUL^R22", (PATIENT, SPM_A, "OBR|1", result("1"), PID_2, result("2")), "OBR-1"),
        ("OUL^R24", (PATIENT, "OBR|1", SPM_A, result("1"), PID_2, result("2")), "OBR-1"),
        ("ORU^R01", ("OBR|1||S1", result("1"), "ORC|RE|O2", result("2")), "OBR-1"),
        ("OUL^R22", ("OBR|1||S1", result("1"), "SAC", result("2")), "OBR-1"),
    ],
)
def test_results_that_may_be_of_another_sample_are_refused_whole(
    kind: str, segments: tuple[str, ...], location: str
) -> None:
    refused = refusal(message(kind, *segments))
    assert (refused.condition, refused.location) == (100, location)
    assert refused.reason is QuarantineReason.UNREADABLE


def test_a_sample_that_spm_and_obr_name_differently_is_nobodys() -> None:
    differing = message("OUL^R22", SPM_A, "OBR|1||TUBE-B", result("1"))
    refused = refusal(differing)
    assert refused.location == "SPM-2"
    assert "'TUBE-A'" in str(refused)
    assert "'TUBE-B'" in str(refused)
    assert readings(differing, specimen_at=["SPM-2.1.1"])
    assert found("OUL^R22", "SPM|1|BAR^LAB", "OBR|1||LAB", result("1")) == [("", "BAR", "", "1")]


def test_of_a_control_spm_names_the_lot_and_obr_the_run() -> None:
    control = message("OUL^R22", "SPM|1|LOT1|||||||||Q", "OBR|1||RUN-7", result("1"))
    (reading,) = readings(control)
    assert reading.subject is not None
    assert reading.subject.specimen == "LOT1"
