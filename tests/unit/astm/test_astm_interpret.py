"""What messages say: results in the device's own words."""

from __future__ import annotations

import zlib
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from drivers.astm.interpret import Said, interpret
from drivers.astm.records import parse_message
from drivers.astm.rules import Rules
from gateway import (
    DeviceEntry,
    DeviceOptions,
    Operator,
    ProtocolViolation,
    Quality,
    Reading,
    Status,
    Subject,
    from_datetime,
)
from tests.unit.astm.astm_kit import HEADER, device, profile

ORDER = b"O|1|S1||^^^ALL|R||||||N||||Serum||||||||||F"


def say(*records: bytes, header: bytes = HEADER, last: bytes = b"L|1|N", **more: Any) -> Said:
    entry = device(model=profile(**more), patient_issuer="HIS")
    return interpret(parse_message(enumerate([header, *records, last]), "utf-8"), Rules.of(entry))


def one(line: str, *before: bytes, **more: Any) -> Reading:
    (reading,) = say(*(before or (ORDER,)), line.encode(), **more).readings
    return reading


def test_a_result_in_full() -> None:
    said = say(
        b"P|1|P77||LAB9|Wang^Li||19700101|F",
        ORDER,
        b"R|1|^^^GLU|  5.50 |mmol/L|3.9-6.1|H\\A||F||op1|20261123075900|20261123080001|c1",
    )
    assert said.measured
    assert said.readings == (
        Reading(
            code="GLU",
            text="5.50",
            number=5.5,
            unit="mmol/L",
            observed_at=from_datetime(datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)),
            subject=Subject("P77", "HIS", "S1"),
            flags=("H", "A"),
            range_text="3.9-6.1",
            wire=3,
            payload=said.readings[0].payload,
        ),
    )
    assert said.readings[0].payload == {
        "P-5": "LAB9",
        "P-6": "Wang^Li",
        "P-8": "19700101",
        "P-9": "F",
        "O-6": "R",
        "O-12": "N",
        "O-16": "Serum",
        "O-26": "F",
        "R-11": "op1",
        "R-12": "20261123075900",
        "R-14": "c1",
    }


def test_a_number_without_a_unit_is_a_question_unless_the_profile_answers_it() -> None:
    bare = "R|1|^^^GLU|5.50||3.9-6.1|N||F"
    assert one(bare).unit == "(none)"
    assert one(bare, unit_missing="profile").unit == ""
    assert one("R|1|^^^GLU|negative|||N||F").unit == ""


@pytest.mark.parametrize(
    ("sent", "text", "number", "operator"),
    [
        ("5.50", "5.50", 5.5, None),
        ("<0.5", "0.5", 0.5, Operator.LESS),
        ("> 100", "100", 100.0, Operator.GREATER),
        ("<=3", "3", 3.0, Operator.AT_MOST),
        ("≥1e3", "1e3", 1000.0, Operator.AT_LEAST),
        ("-2.5", "-2.5", -2.5, None),
        (".5", ".5", 0.5, None),
        ("NEGATIVE", "NEGATIVE", None, None),
        ("1+", "1+", None, None),
        ("5,5", "5,5", None, None),
        ("1:64", "1:64", None, None),
        ("1e999", "1e999", None, None),
        ("<", "<", None, None),
        ("٣", "٣", None, None),
        ("", "", None, None),
    ],
)
def test_a_number_is_a_number_and_nothing_else(
    sent: str, text: str, number: float | None, operator: Operator | None
) -> None:
    reading = one(f"R|1|^^^GLU|{sent}|mmol/L")
    assert (reading.text, reading.number, reading.operator) == (text, number, operator)
    kept = (reading.payload or {}).get("R-4", text)
    assert kept == sent


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("F", Status.FINAL),
        ("", Status.FINAL),
        ("V", Status.FINAL),
        ("f", Status.FINAL),
        ("C", Status.CORRECTED),
        ("P", Status.PRELIMINARY),
        ("I", Status.PRELIMINARY),
        ("X", Status.CANCELLED),
        ("W", Status.PRELIMINARY),
        ("K", Status.PRELIMINARY),
    ],
)
def test_a_status_is_what_the_standard_says_and_an_unknown_one_is_not_final(
    sent: str, status: Status
) -> None:
    reading = one(f"R|1|^^^GLU|5.5|mmol/L||||{sent}")
    assert reading.status is status
    if sent in {"K", "W"}:
        assert (reading.payload or {})["R-9"] == sent
    assert (reading.quality is Quality.UNCERTAIN) == (sent == "W")


def test_a_model_may_mean_something_else_by_a_status() -> None:
    assert one("R|1|^^^GLU|5.5", statuses={"": "preliminary"}).status is Status.PRELIMINARY


@pytest.mark.parametrize(
    ("header", "order"),
    [(HEADER.replace(b"|P|", b"|Q|"), ORDER), (HEADER, ORDER.replace(b"|N|", b"|Q|"))],
)
def test_quality_control_is_marked(header: bytes, order: bytes) -> None:
    (reading,) = say(order, b"R|1|^^^GLU|5.5", header=header).readings
    assert reading.status is Status.QC


def test_the_code_stands_where_the_profile_says() -> None:
    line = "R|1|^MTB^^Xpert^Assay^4^rpoB1^Ct|NEG^24.7"
    where: dict[str, Any] = {"code_at": ["R-3.2", "R-3.7", "R-3.8"], "value_at": ["R-4.1", "R-4.2"]}
    reading = one(line, **where)
    assert (reading.code, reading.text) == ("MTB^rpoB1^Ct", "NEG")
    payload = reading.payload or {}
    assert (payload["R-3"], payload["R-4"]) == ("^MTB^^Xpert^Assay^4^rpoB1^Ct", "NEG^24.7")
    quantity = one("R|1|^MTB^^Xpert^^^rpoB1^Ct|^24.7", **where)
    assert (quantity.text, quantity.number) == ("24.7", 24.7)
    assert one("R|1|^MTB^^Xpert^Assay^4^MTB^|X", **where).code == "MTB^MTB"


def test_a_code_that_is_not_where_it_should_be_is_kept_whole() -> None:
    assert one("R|1|GLU^^x|5.5").code == "GLU^^x"


def test_sample_patient_and_order_stand_where_the_profile_says() -> None:
    where: dict[str, Any] = {"specimen_at": "O-4.3", "patient_at": "P-5", "order_at": "O-3"}
    said = say(b"P|1|||L7", b"O|1|REQ9|^^   27^M", b"R|1|^^^GLU|5.5", **where)
    assert said.readings[0].subject == Subject("L7", "HIS", "27", "REQ9")
    assert said.sampled


def test_a_result_of_nobody_has_no_subject() -> None:
    said = say(b"O|1", b"R|1|^^^GLU|5.5")
    assert said.readings[0].subject is None
    assert not said.sampled


def test_an_order_belongs_to_the_patient_before_it() -> None:
    said = say(
        b"P|1|A", b"O|1|S1", b"R|1|^^^GLU|1", b"O|2|S2", b"R|1|^^^GLU|2", b"P|2|B", b"R|1|^^^GLU|3"
    )
    about = [reading.subject for reading in said.readings]
    assert about == [Subject("A", "HIS", "S1"), Subject("A", "HIS", "S2"), Subject("B", "HIS")]


@pytest.mark.parametrize(
    ("result", "header_time", "expected"),
    [
        ("R|1|^^^GLU|5||||||||20261123090000|20261123100000", "20261123110000", 2),
        ("R|1|^^^GLU|5||||||||20261123090000", "20261123110000", 1),
        ("R|1|^^^GLU|5", "20261123110000", 3),
        ("R|1|^^^GLU|5", "", None),
        ("R|1|^^^GLU|5||||||||20261123090000|2026-11-23", "20261123110000", None),
        ("R|1|^^^GLU|5|||||||||20261123", "20261123110000", None),
    ],
)
def test_the_first_time_that_is_given_counts(
    result: str, header_time: str, expected: int | None
) -> None:
    header = HEADER.rpartition(b"|")[0] + b"|" + header_time.encode()
    (reading,) = say(ORDER, result.encode(), header=header).readings
    moment = datetime(2026, 11, 23, expected, tzinfo=UTC) if expected else None
    assert reading.observed_at == (from_datetime(moment) if moment else None)
    if result.endswith(("2026-11-23", "|20261123")):
        assert (reading.payload or {})["R-13"] == result.rpartition("|")[2]


def test_comments_belong_to_what_they_follow() -> None:
    said = say(
        b"C|1|I|of all",
        b"P|1|A",
        "C|1|I|病人备注".encode(),
        ORDER,
        "C|1|I|溶血".encode(),
        b"R|1|^^^GLU|1",
        b"C|1|I|rerun^43|I",
        b"R|2|^^^ALT|2",
    )
    first, second = (reading.payload or {} for reading in said.readings)
    assert first["R-C"] == ("rerun^43",)
    assert "R-C" not in second
    for payload in (first, second):
        assert (payload["H-C"], payload["P-C"]) == (("of all",), ("病人备注",))
        assert payload["O-C"] == ("溶血",)


def test_curves_are_kept_short_and_whole_in_the_journal() -> None:
    curve = b64encode(zlib.compress(bytes(range(256)) * 40, 0)).decode()
    record = f"M|1|HISTOGRAM|PLT|FLOATLE-stream/deflate:base64^{curve}"
    said = say(ORDER, record.encode(), b"R|1|^^^GLU|5.5")
    (kept,) = (said.readings[0].payload or {})["O-M"]
    assert kept.startswith("M|1|HISTOGRAM|PLT|FLOATLE")
    assert kept.endswith(f"({len(record)} characters)")
    assert len(kept) < 160


def test_no_more_comments_than_a_person_reads() -> None:
    said = say(ORDER, *[b"C|1|I|x" for _ in range(100)], b"R|1|^^^GLU|5.5")
    assert len((said.readings[0].payload or {})["O-C"]) == 32


@pytest.mark.parametrize(("purpose", "word"), [("T", "training"), ("D", "debugging")])
def test_a_message_for_training_is_no_result(purpose: str, word: str) -> None:
    header = HEADER.replace(b"|P|", f"|{purpose}|".encode())
    with pytest.raises(ProtocolViolation, match=word):
        say(ORDER, b"R|1|^^^GLU|5.5", header=header)


@pytest.mark.parametrize("code", ["T", "R", "E"])
def test_a_message_that_was_broken_off_is_no_result(code: str) -> None:
    with pytest.raises(ProtocolViolation, match="broken off"):
        say(ORDER, b"R|1|^^^GLU|5.5", last=b"L|1|" + code.encode())


@pytest.mark.parametrize("last", [b"L|1|N", b"L|1|F", b"L|1", b"L"])
def test_a_message_may_end_in_several_ways(last: bytes) -> None:
    assert len(say(ORDER, b"R|1|^^^GLU|5.5", last=last).readings) == 1


def test_a_query_says_no_result() -> None:
    said = say(b"Q|1|^S1||ALL||||||||O")
    assert said.readings == ()
    assert not said.sampled


def test_a_device_of_another_driver_is_a_mistake() -> None:
    stranger = DeviceEntry("x", "x", "lab", profile(), DeviceOptions(), 1.0)
    with pytest.raises(TypeError, match="not a device"):
        Rules.of(stranger)


def test_a_result_that_was_sent_before_says_so() -> None:
    again = one("R|1|^^^GLU|5.50|mmol/L||N||R")
    assert (again.status, again.payload) == (
        Status.FINAL,
        {**(again.payload or {}), "R-9": "R", "sent_again": True},
    )
    assert "sent_again" not in (one("R|1|^^^GLU|5.50|mmol/L||N||F").payload or {})


@pytest.mark.parametrize(
    ("times", "date"),
    [
        ("|20261120", "2026-11-20"),
        ("20261120|", "2026-11-20"),
        ("|20261320", None),
        ("|2026112", None),
        ("|20261120080000", None),
        ("|", None),
    ],
)
def test_a_date_without_a_time_is_kept_as_a_date(times: str, date: str | None) -> None:
    assert (one(f"R|1|^^^GLU|5.50|mmol/L||N||F||op|{times}").payload or {}).get("date") == date


@pytest.mark.parametrize(
    ("report", "status"),
    [
        ("F", Status.FINAL),
        ("p", Status.PRELIMINARY),
        ("I", Status.PRELIMINARY),
        ("C", Status.CORRECTED),
        ("X", Status.CANCELLED),
        ("Q", Status.FINAL),
        ("", Status.FINAL),
    ],
)
def test_an_order_s_report_type_counts_where_a_result_has_no_status(
    report: str, status: Status
) -> None:
    order = b"O|1|S1||^^^ALL|R||||||N||||||||||||||" + report.encode()
    assert one("R|1|^^^GLU|5.50|mmol/L||N||", order).status is status
    assert one("R|1|^^^GLU|5.50|mmol/L||N||P", order).status is Status.PRELIMINARY
    explained = one("R|1|^^^GLU|5.50|mmol/L||N||", order, statuses={"": "preliminary"})
    assert explained.status is Status.PRELIMINARY
    assert one("R|1|^^^GLU|5.50|mmol/L||N||", b"P|1").status is Status.FINAL


@pytest.mark.parametrize("action", ["Q", "q", r"Q\N", r"N\ Q"])
def test_any_of_an_order_s_action_codes_makes_it_quality_control(action: str) -> None:
    order = b"O|1|S1||^^^ALL|R||||||" + action.encode()
    assert one("R|1|^^^GLU|5.50|mmol/L||N||F", order).status is Status.QC
