"""Meaning: what the segments of a message say of results, and whose they are."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.hl7.interpret import Reader, Understood, interpret
from drivers.hl7.message import Message
from drivers.hl7.times import parse_time
from drivers.hl7.values import Measured, read_value
from gateway import (
    Direction,
    Instant,
    Operator,
    ProtocolViolation,
    Quality,
    QuarantineReason,
    RawId,
    Status,
    Subject,
    WireRecord,
    to_datetime,
)
from tests.unit.hl7.hl7_bench import (
    HEADER,
    MESSAGE,
    PATIENT,
    REQUEST,
    RESULT,
    SHANGHAI,
    changed,
    device,
    link,
    profile,
    readings,
    refusal,
    understood,
)

SYDNEY = ZoneInfo("Australia/Sydney")


def test_a_result_keeps_what_the_device_said() -> None:
    (reading,) = readings(MESSAGE)
    assert reading.code == "WBC"
    assert (reading.text, reading.number, reading.unit) == ("5.2", 5.2, "10*9/L")
    assert (reading.range_text, reading.flags) == ("4.0-10.0", ("N",))
    assert reading.status is Status.FINAL
    assert reading.subject == Subject("P1", "HIS", "S1")
    assert reading.observed_at is not None
    assert to_datetime(reading.observed_at).isoformat() == "2026-11-23T07:16:57+00:00"
    assert reading.payload is not None
    assert reading.payload["patient"]["name"] == "王建国"


@pytest.mark.parametrize(
    ("kind", "sent", "expected"),
    [
        ("NM", "  5.50 ", Measured("5.50", 5.5)),
        ("NM", "<0.01", Measured("0.01", 0.01, Operator.LESS)),
        ("NM", "-1.2E3", Measured("-1.2E3", -1200.0)),
        ("SN", ">=^200", Measured("200", 200.0, Operator.AT_LEAST)),
        ("SN", "^1^:^128", Measured("1:128")),
        ("SN", "^10^-^20", Measured("10-20")),
        ("SN", "^2^+", Measured("2+")),
        ("SN", "<>^5", Measured("<>5")),
        ("ST", "7.600", Measured("7.600", 7.6)),
        ("ST", "≤ 5", Measured("5", 5.0, Operator.AT_MOST)),
        ("ST", "+-", Measured("+-")),
        ("TX", "one~two", Measured("one\ntwo")),
        ("CE", "P^Positive^L", Measured("Positive", coded=("P", "Positive", "L"))),
        ("CWE", "P", Measured("P", coded=("P",))),
        ("NM", "", Measured("", quality=Quality.BAD)),
        ("NM", '""', Measured("", quality=Quality.BAD)),
        ("NM", "----", Measured("----", quality=Quality.BAD)),
        ("", "seen", Measured("seen")),
    ],
)
def test_a_value_is_read_by_its_type(kind: str, sent: str, expected: Measured) -> None:
    segment = Message(f"{HEADER}\rOBX|1|{kind}|X||{sent}").first("OBX")
    assert segment is not None
    assert read_value(segment, ("----",)) == expected


@pytest.mark.parametrize(
    ("kind", "sent"), [("NM", "1e999"), ("NM", "abc"), ("NM", "1~2"), ("SN", "<^x"), ("NM", "٣")]
)
def test_a_value_that_is_not_of_its_type_is_no_value(kind: str, sent: str) -> None:
    segment = Message(f"{HEADER}\rOBX|1|{kind}|X||{sent}").first("OBX")
    assert segment is not None
    with pytest.raises(ValueError, match="number"):
        read_value(segment)


@pytest.mark.parametrize(
    ("sent", "size"),
    [("^Image^BMP^Base64^Qk1G", 3), ("^^^Hex^4142", 2), ("^TEXT^^A^abc", 3), ("Qk1G", 3)],
)
def test_a_picture_is_described_and_its_bytes_stay_in_the_journal(sent: str, size: int) -> None:
    (reading,) = readings(changed(OBX=f"OBX|1|ED|PIC||{sent}||||||F"))
    assert reading.text == ""
    assert reading.payload is not None
    assert reading.payload["data"]["size"] == size
    assert reading.payload["data"]["digest"].startswith("sha256:")


def test_a_picture_that_can_t_be_decoded_is_bad_and_holds_nothing_up() -> None:
    (reading,) = readings(changed(OBX="OBX|1|ED|PIC||^Image^BMP^Base64^?||||||F"))
    assert reading.quality is Quality.BAD


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("P", Status.PRELIMINARY),
        ("F", Status.FINAL),
        ("C", Status.CORRECTED),
        ("X", Status.CANCELLED),
        ("D", Status.ENTERED_IN_ERROR),
        ("W", Status.ENTERED_IN_ERROR),
        ("", Status.PRELIMINARY),
    ],
)
def test_the_status_is_that_of_obx_11(sent: str, status: Status) -> None:
    (reading,) = readings(changed(OBX=f"OBX|1|NM|WBC||5.2|10*9/L||||{'|'}{sent}"))
    assert reading.status is status


def test_an_empty_status_is_what_the_profile_says() -> None:
    (reading,) = readings(changed(OBX="OBX|1|NM|WBC||5.2|10*9/L"), status_unstated="final")
    assert reading.status is Status.FINAL


def test_a_cancelled_result_needs_no_value() -> None:
    (reading,) = readings(changed(OBX="OBX|1||WBC|||||||" + "|X"))
    assert (reading.text, reading.status) == ("", Status.CANCELLED)


def test_a_number_without_its_unit_is_a_question() -> None:
    bare = changed(OBX="OBX|1|NM|WBC||0.52||||||F")
    assert readings(bare)[0].unit == "(none)"
    assert readings(bare, unit_missing="profile")[0].unit == ""
    assert readings(changed(OBX="OBX|1|NM|NOTE||5||||||F"))[0].unit == ""


def test_a_unit_whose_caret_was_not_escaped_is_whole() -> None:
    (reading,) = readings(changed(OBX="OBX|1|NM|WBC||5.2|10^9/L|||||F"))
    assert reading.unit == "10^9/L"


def test_a_coded_answer_is_its_code_where_the_profile_knows_it() -> None:
    assert readings(changed(OBX="OBX|1|CE|NIT||P^Positive^L||||||F"))[0].text == "P"
    assert readings(changed(OBX="OBX|1|CE|NOTE||P^Positive^L||||||F"))[0].text == "Positive"


def test_comments_belong_to_what_they_follow() -> None:
    body = f"{REQUEST}\rNTE|1||of all\r{RESULT}\rNTE|1||of one~and more\r{RESULT}"
    text = f"{HEADER}\r{PATIENT}\r{body}"
    first, second = readings(text)
    assert first.payload is not None
    assert second.payload is not None
    assert first.payload["request_comments"] == ("of all",)
    assert first.payload["comments"] == ["of one", "and more"]
    assert "comments" not in second.payload


@pytest.mark.parametrize("mark", ["MSH-11", "OBR-4.1"])
def test_quality_control_is_marked_as_the_profile_says(mark: str) -> None:
    rules = {"quality_control": {mark: ["Q", "00001"]}}
    (reading,) = readings(MESSAGE.replace("|P|2.3.1", "|Q|2.3.1"), **rules)
    assert reading.status is Status.QC
    assert reading.subject == Subject(specimen="S1")
    assert reading.payload is not None
    assert "patient" not in reading.payload


def role(sent: str) -> str:
    return f"{HEADER}\r{REQUEST}\r{RESULT}\rSPM|1|^LOT1|||||||||{sent}"


@pytest.mark.parametrize("sent", ["Q", "E", "F", "O", "B^Blind^HL70369", "C", "V"])
def test_a_control_specimen_is_no_patients(sent: str) -> None:
    (reading,) = readings(role(sent))
    assert reading.status is Status.QC
    assert ("calibration" in (reading.payload or {})) == (sent in "CV")


@pytest.mark.parametrize("sent", ["", '""', "P", "L", "R", "G^Group"])
def test_a_patients_specimen_is_no_control(sent: str) -> None:
    (reading,) = readings(role(sent), specimen_at=["SPM-2.2.1"])
    assert reading.status is Status.FINAL


@pytest.mark.parametrize("sent", ["X", "q", "QC"])
def test_a_specimen_of_an_unknown_role_is_refused(sent: str) -> None:
    refused = refusal(role(sent))
    assert (refused.condition, refused.location) == (102, "SPM-11")
    assert repr(sent) in str(refused)


def test_specimen_and_order_are_where_the_profile_says() -> None:
    text = MESSAGE.replace("OBR|1||S1", "OBR|1|BAR^x|S1")
    (reading,) = readings(text, specimen_at=["OBR-2.1"], order_at=["OBR-3.1"])
    assert reading.subject is not None
    assert (reading.subject.specimen, reading.subject.order) == ("BAR", "S1")


def test_a_specimen_of_an_oru_follows_its_results_and_of_an_oul_goes_before() -> None:
    header = HEADER.replace("2.3.1", "2.5.1")
    after = (header, "OBR|1|O1", RESULT, "SPM|1|A1", "OBR|2|O2", RESULT, "SPM|1|B1")
    found = readings("\r".join(after))
    assert [each.subject.specimen for each in found if each.subject] == ["A1", "B1"]
    oul = header.replace("ORU^R01", "OUL^R22")
    before = (oul, "SPM|1|A1", "OBR|1|O1", "ORC|RE|P1", RESULT, "SPM|1|B1", "OBR|2|O2", RESULT)
    found = readings("\r".join(before))
    assert [each.subject.specimen for each in found if each.subject] == ["A1", "B1"]
    assert [each.subject.order for each in found if each.subject] == ["P1", "O2"]


def test_a_patient_id_without_an_issuer_has_the_devices() -> None:
    text = MESSAGE.replace("P1^^^HIS^MR", "P1")
    assert Reader([device()]).understand(text.encode()).readings[0].subject == Subject(
        "P1", "", "S1"
    )
    named = Reader([device(patient_issuer="LAB")])
    assert named.understand(text.encode()).readings[0].subject == Subject("P1", "LAB", "S1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261123151657", "2026-11-23T07:16:57+00:00"),
        ("202611231516", "2026-11-23T07:16:00+00:00"),
        ("20261123151657.25+0000", "2026-11-23T15:16:57.250000+00:00"),
        ("20261123151657-0330", "2026-11-23T18:46:57+00:00"),
        ("20261123", None),
        ("2026112315", None),
        ("19600101000000", None),
        ("21991231235959+0000", "2199-12-31T23:59:59+00:00"),
        ("22000101000000+0000", None),
        ("99991231235959+0000", None),
        ("99991231235959-1200", None),
        ("99991231235959", None),
        ("00010101000000+1200", None),
    ],
)
def test_times_are_in_the_devices_zone_unless_they_name_one(
    text: str, expected: str | None
) -> None:
    instant = parse_time(text, SHANGHAI)
    assert (to_datetime(instant).isoformat() if instant is not None else None) == expected


@pytest.mark.parametrize("sent", ["99991231235959+0000", "20261123"])
def test_a_time_that_is_no_instant_stays_as_text(sent: str) -> None:
    (reading,) = readings(changed(OBX=f"{RESULT}|||{sent}"))
    assert reading.observed_at is None
    assert (reading.payload or {})["time_sent"] == sent


@pytest.mark.parametrize("text", ["20260405023000", "20261004023000"])
def test_an_hour_that_comes_twice_or_never_is_no_instant(text: str) -> None:
    assert parse_time(text, SYDNEY) is None


@pytest.mark.parametrize("text", ["yesterday", "20261332", "2026112399", "00000000000000", "٢٠٢٦"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        parse_time(text, SHANGHAI)


@pytest.mark.parametrize(
    ("text", "condition", "location"),
    [
        (changed(OBX="", OBR=""), 100, "OBX-5"),
        (changed(OBR=""), 100, "OBR-1"),
        (changed(OBX="OBX|1|NM|||5.2|10*9/L|||||F"), 101, "OBX[1]-3"),
        (changed(OBX="OBX|1||WBC||5.2|10*9/L|||||F"), 101, "OBX[1]-2"),
        (changed(OBX="OBX|1|NM|WBC||x|10*9/L|||||F"), 102, "OBX[1]-5"),
        (changed(OBX="OBX|1|NM|WBC||5.2|10*9/L|||||?"), 102, "OBX[1]-11"),
        (changed(OBR="OBR|1||S1|x|||soon"), 102, "OBX[1]-14"),
        (changed(OBR="OBR|1||", PID=""), 101, "OBR-3"),
        (MESSAGE.replace("|7|P|", "||P|"), 101, "MSH-10"),
        (MESSAGE.replace("ORU^R01", ""), 101, "MSH-9"),
        (MESSAGE.replace("ORU^R01", "QRY^Q02"), 200, "MSH-9.1"),
        (MESSAGE.replace("ORU^R01", "ORU^R99"), 201, "MSH-9.2"),
        (MESSAGE.replace("|P|", "|T|"), 202, "MSH-11"),
        (MESSAGE.replace("2.3.1", "3.0"), 203, "MSH-12"),
    ],
)
def test_a_message_that_breaks_a_rule_is_refused_whole(
    text: str, condition: int, location: str
) -> None:
    found = refusal(text)
    assert (found.condition, found.location) == (condition, location)


def test_a_message_without_a_version_is_read() -> None:
    assert readings(MESSAGE.replace("|2.3.1|", "||"))


def test_a_header_that_can_t_be_read_names_nobody() -> None:
    found = Reader([device()]).understand(b"garbage")
    assert found.header is None
    assert found.refusal is not None
    assert found.refusal.condition == 200


def sent_by(sender: str, *names: dict[str, Any]) -> Understood:
    devices = [device(f"d{at}", **options) for at, options in enumerate(names)]
    return Reader(devices).understand(MESSAGE.replace("LAB|A1", sender).encode())


def test_devices_of_a_link_are_told_apart_by_msh_3_and_4() -> None:
    two = ({"sender": "LAB|A1"}, {"sender": "LAB|A2"})
    assert sent_by("LAB|A2", *two).device == "d1"
    assert sent_by("LAB", {"sender": "LAB"}, {"sender_pattern": "X.*"}).device == "d0"
    assert sent_by("XY|Z", {"sender": "LAB"}, {"sender_pattern": "X.*"}).device == "d1"


def test_a_message_of_nobody_or_of_two_is_not_guessed() -> None:
    nobody = sent_by("OTHER|A1", {"sender": "LAB|A1"}, {"sender": "LAB|A2"}).refusal
    both = sent_by("LAB|A1", {"sender": "LAB"}, {"sender": "LAB"}).refusal
    assert nobody is not None
    assert both is not None
    assert nobody.reason is QuarantineReason.UNKNOWN_DEVICE
    assert both.reason is QuarantineReason.AMBIGUOUS
    assert {nobody.condition, both.condition} == {204}


def test_each_device_is_recognized_in_its_own_charset() -> None:
    devices = [
        device("utf", sender="检验科|A1"),
        device("gb", sender="检验科|A2", charset="gb18030"),
    ]
    text = MESSAGE.replace("LAB|A1", "检验科|A2").replace("UNICODE", "")
    assert Reader(devices).understand(text.encode("gb18030")).device == "gb"
    assert Reader(devices).understand(text.encode()).refusal is not None


def test_a_repetition_is_known_by_sender_control_id_and_content() -> None:
    occurrences = {
        understood(text).occurrence
        for text in (
            MESSAGE,
            MESSAGE,
            MESSAGE.replace("5.2", "5.3"),
            MESSAGE.replace("|7|P", "|8|P"),
            MESSAGE.replace("A1", "A2"),
        )
    }
    assert len(occurrences) == 4


def test_journalled_bytes_are_read_again() -> None:
    entry = link(device())
    wire = b"\x0b" + MESSAGE.encode() + b"\x1c\r"
    record = WireRecord(RawId(5), "link", "a1", Direction.IN, "s", Instant(1), wire)
    (publication,) = interpret(entry, [record], RawId(5))
    assert publication.raw_ids == (5,)
    assert publication.occurrence == understood(MESSAGE).occurrence
    with pytest.raises(ProtocolViolation):
        interpret(entry, [record], RawId(6))


def test_a_message_with_too_many_results_is_refused() -> None:
    text = MESSAGE + "OBX|\r" * 10_000
    assert refusal(text).condition == 100


def test_what_the_charset_put_right_is_noted() -> None:
    found = Reader([device(charset="ascii")]).understand(MESSAGE.encode())
    assert (found.readings[0].payload or {})["notes"] == ("the message is utf-8, not ascii",)


def test_bytes_that_still_can_t_be_read_stay_on_the_work_list() -> None:
    wire = b"\x0bgarbage\x1c\r"
    record = WireRecord(RawId(5), "link", "a1", Direction.IN, "s", Instant(1), wire)
    with pytest.raises(ProtocolViolation):
        interpret(link(), [record], RawId(5))


def test_places_of_a_profile_are_checked() -> None:
    with pytest.raises(ValueError, match="a result names"):
        profile(specimen_at=["SCH-1"])
    with pytest.raises(ValueError, match="OBX-3"):
        profile(quality_control={"MSH11": ["Q"]})


def test_a_group_keeps_the_first_order_and_drops_empty_comments() -> None:
    oul = HEADER.replace("ORU^R01", "OUL^R22")
    body = f"OBR|1||S1\rORC|RE|P1\rNTE|1|| ~\r{RESULT}\rORC|RE|P2\rOBR|2||S2\r{RESULT}"
    found = readings(f"{oul}\r{body}")
    assert [each.subject.order for each in found if each.subject] == ["P1", "P2"]
