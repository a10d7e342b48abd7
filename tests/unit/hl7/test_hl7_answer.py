"""The strict writer: what each mode and version is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drivers.hl7.answer import Sealed, answers
from drivers.hl7.header import Header
from drivers.hl7.message import Message
from drivers.hl7.refusal import Refusal, missing, rejected, unparsable

SEALED = Sealed(datetime(2026, 11, 23, 9, 8, 7, tzinfo=UTC), "42")
LOST = unparsable("x|y", "of type NM", "OBX[3]-5")


def header(version: str = "2.3.1", when: tuple[str, str] = ("", "")) -> Header:
    msh = f"MSH|^~\\&|LAB^1|A1|US|RT|||ORU^R01|7|P|{version}|||{when[0]}|{when[1]}||UNICODE"
    return Header.of(Message(msh))


def told(refusal: Refusal | None, *, version: str = "2.3.1") -> list[str]:
    (text,) = answers(header(version), refusal, SEALED)
    assert text.endswith("\r")
    return text.rstrip("\r").split("\r")


def codes(refusal: Refusal | None, accept: str, application: str) -> list[str]:
    found = answers(header("2.5", (accept, application)), refusal, SEALED)
    return [Message(text).all("MSA")[0].raw(1) for text in found]


def test_an_answer_turns_sender_and_receiver_round() -> None:
    assert told(None) == [
        "MSH|^~\\&|US|RT|LAB^1|A1|20261123090807||ACK^R01|42|P|2.3.1||||||UNICODE",
        "MSA|AA|7||||0",
    ]


@pytest.mark.parametrize(
    ("version", "kind"),
    [("2.2", "ACK^R01"), ("2.3.1", "ACK^R01"), ("2.4", "ACK^R01^ACK"), ("2.8.2", "ACK^R01^ACK")],
)
def test_the_type_is_written_as_the_version_has_it(version: str, kind: str) -> None:
    assert told(None, version=version)[0].split("|")[8] == kind


def test_an_error_is_written_in_the_old_form_before_2_5() -> None:
    assert told(LOST)[1:] == [
        "MSA|AE|7|'x\\F\\y' is not of type NM|||102^Data type error^HL70357",
        "ERR|OBX^3^5^102&Data type error&HL70357",
    ]


def test_an_error_is_written_in_the_new_form_from_2_5_on() -> None:
    assert told(LOST, version="2.5.1")[1:] == [
        "MSA|AE|7",
        "ERR||OBX^3^5|102^Data type error^HL70357|E||||'x\\F\\y' is not of type NM",
    ]


def test_an_unknown_version_is_answered_in_an_old_one() -> None:
    lines = told(rejected(203, "version", "MSH-12"), version="9.9")
    assert lines[0].split("|")[11] == "2.3.1"
    assert lines[2] == "ERR|MSH^1^12^203&Unsupported version id&HL70357"


def test_who_can_t_be_read_is_answered_without_an_address() -> None:
    (text,) = answers(None, rejected(200, "no MSH", "MSH-1"), SEALED)
    assert text.split("\r")[:2] == [
        "MSH|^~\\&|||||20261123090807||ACK|42|P|2.3.1",
        "MSA|AR||no MSH|||200^Unsupported message type^HL70357",
    ]


@pytest.mark.parametrize(
    ("accept", "application", "good", "bad"),
    [
        ("AL", "", ["CA"], ["CE"]),
        ("AL", "NE", ["CA"], ["CE"]),
        ("AL", "AL", ["CA", "AA"], ["CE"]),
        ("NE", "AL", ["AA"], ["AE"]),
        ("", "AL", ["AA"], ["AE"]),
        ("NE", "NE", [], []),
        ("ER", "NE", [], ["CE"]),
        ("SU", "NE", ["CA"], []),
        ("NE", "ER", [], ["AE"]),
        ("NE", "SU", ["AA"], []),
        ("ER", "SU", ["AA"], ["CE"]),
        ("0", "2", ["AA"], ["AE"]),
        ("", "", ["AA"], ["AE"]),
    ],
)
def test_the_enhanced_mode_answers_what_was_asked_for(
    accept: str, application: str, good: list[str], bad: list[str]
) -> None:
    assert codes(None, accept, application) == good
    assert codes(missing("it", "MSH-10"), accept, application) == bad


def test_a_rejection_is_cr_in_the_enhanced_mode() -> None:
    assert codes(rejected(200, "no", "MSH-9"), "AL", "AL") == ["CR"]


def test_two_answers_have_two_control_ids() -> None:
    found = answers(header("2.5", ("AL", "AL")), None, SEALED)
    assert [Message(text).header.raw(10) for text in found] == ["42", "42-2"]


def test_what_stands_in_msh_16_for_the_maker_alone_is_given_back() -> None:
    (text,) = answers(header("2.3.1", ("", "2")), None, SEALED)
    assert Message(text).header.raw(16) == "2"


@pytest.mark.parametrize(
    ("kind", "version", "answered"),
    [
        ("ORM^O01", "2.3.1", "ORR^O02"),
        ("ORM^O01", "2.4", "ORR^O02^ORR_O02"),
        ("OMG^O19", "2.5", "ORG^O20^ORG_O20"),
        ("OML^O21", "2.5.1", "ORL^O22^ORL_O22"),
        ("OML^O33", "2.5.1", "ORL^O34^ORL_O34"),
        ("SIU^S12", "2.4", "ACK^S12^ACK"),
    ],
)
def test_an_order_is_answered_with_the_answer_to_it(kind: str, version: str, answered: str) -> None:
    asked = Header.of(Message(f"MSH|^~\\&|HIS|H|US|RT|||{kind}|7|P|{version}"))
    (text,) = answers(asked, None, SEALED)
    assert Message(text).header.raw(9) == answered


def test_the_accept_acknowledgement_of_an_order_is_a_general_one() -> None:
    asked = Header.of(Message("MSH|^~\\&|HIS|H|US|RT|||ORM^O01|7|P|2.4|||AL|AL"))
    kinds = [Message(text).header.raw(9) for text in answers(asked, None, SEALED)]
    assert kinds == ["ACK^O01^ACK", "ORR^O02^ORR_O02"]
