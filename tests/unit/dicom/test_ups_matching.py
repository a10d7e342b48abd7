"""Attribute matching (PS3.4 C.2.2.2)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian

from dicom.content import Content, decode, tag
from dicom.ups.matching import answer_of, chosen, malformed, matches
from tests.dicom_objects import encoded
from tests.dicom_ups import work_item

ZONE = ZoneInfo("Asia/Shanghai")
ITEM = decode(encoded(work_item()), ExplicitVRLittleEndian)


def key(keyword: str, vr: str, *found: Any) -> Content:
    return {tag(keyword): {"vr": vr, "Value": list(found)} if found else {"vr": vr}}


def name(**groups: str) -> Content:
    return key("PatientName", "PN", groups)


def station(**codes: str) -> Content:
    item = {tag(keyword): {"vr": "SH", "Value": [value]} for keyword, value in codes.items()}
    return key("ScheduledStationNameCodeSequence", "SQ", item)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, True),
        (key("PatientID", "LO"), True),
        (key("PatientID", "LO", "P-100"), True),
        (key("PatientID", "LO", "P-1??"), True),
        (key("PatientID", "LO", "p-100"), False),
        (key("PatientID", "LO", "P-10"), False),
        (key("PatientID", "LO", "P*0"), True),
        (key("PatientID", "LO", "P.100"), False),
        (name(Alphabetic="ZHANG^*"), True),
        (name(Ideographic="张*"), True),
        (name(Alphabetic="张*"), True),
        (name(Alphabetic="Zhang^Wei", Ideographic="李*"), False),
        (name(Alphabetic="Zhang"), False),
        (key("MedicalAlerts", "LO", "*"), True),
        (key("MedicalAlerts", "LO", "x"), False),
        (key("ProcedureStepState", "CS", "SCHEDULED"), True),
        (key("ProcedureStepState", "CS", "IN PROGRESS"), False),
        (key("StudyInstanceUID", "UI", "1.2.3"), False),
        (station(CodeValue="LINAC1"), True),
        (station(CodeValue="LINAC2"), False),
        (station(CodeValue="LINAC1", CodingSchemeDesignator="DCM"), False),
        (key("ScheduledStationNameCodeSequence", "SQ"), True),
        (key("ReferencedRequestSequence", "SQ", {}), True),
        (key("ReferencedRequestSequence", "SQ", key("AccessionNumber", "SH", "A")), False),
        (key("PatientBirthDate", "DA", "19600229"), True),
        (key("PatientBirthDate", "DA", "19600228-19600301"), True),
        (key("PatientBirthDate", "DA", "-19600228"), False),
    ],
)
def test_a_key_matches(keys: Content, expected: bool) -> None:  # noqa: FBT001 - a table
    assert matches(keys, ITEM, ZONE) is expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("20250601101500", True),
        ("20250601", True),
        ("2025", True),
        ("20250601-20250601", True),
        ("20250601-", True),
        ("-20250601", True),
        ("-202505", False),
        ("20250602-", False),
        ("20250601021500+0000", True),
        ("20250601101500+0000", False),
        ("20250601000000+0000-20250601030000+0000", True),
        ("20250531201500-0600", True),
        ("20250531200000-0600-20250531203000-0600", True),
        ("tomorrow", False),
        ("20251301", False),
    ],
)
def test_a_time_matches_what_spans_it(wanted: str, expected: bool) -> None:  # noqa: FBT001
    """Without an offset it is the site's zone: the item starts at 10:15 in Shanghai."""
    keys = key("ScheduledProcedureStepStartDateTime", "DT", wanted)
    assert matches(keys, ITEM, ZONE) is expected


def test_an_identifier_may_name_its_own_zone() -> None:
    keys = key("ScheduledProcedureStepStartDateTime", "DT", "20250601021500")
    assert not matches(keys, ITEM, ZONE)
    assert matches(keys | key("TimezoneOffsetFromUTC", "SH", "+0000"), ITEM, ZONE)


@given(st.text("0123456789-+. ", max_size=24))
def test_no_text_makes_the_matching_fail(wanted: str) -> None:
    keys = key("ScheduledProcedureStepStartDateTime", "DT", wanted)
    assert matches(keys, ITEM, ZONE) in (True, False)


def test_an_answer_has_what_was_asked_for_and_nothing_else() -> None:
    keys = (
        key("PatientID", "LO")
        | key("MedicalAlerts", "LO")
        | station(CodeValue="LINAC1")
        | key("TimezoneOffsetFromUTC", "SH", "+0000")
    )
    answer = chosen(keys, ITEM)
    assert sorted(answer) == sorted(keys.keys() - {tag("TimezoneOffsetFromUTC")})
    assert answer[tag("MedicalAlerts")] == {"vr": "LO"}
    (item,) = answer[tag("ScheduledStationNameCodeSequence")]["Value"]
    assert list(item) == [tag("CodeValue")]


LABEL = "ProcedureStepLabel"


@pytest.mark.parametrize(
    "foreign",
    [
        key(LABEL, "PN", {"Alphabetic": "Treatment Delivery"}),
        key(LABEL, "SQ", key("CodeValue", "SH", "x")),
        key(LABEL, "US", 1),
        key("PatientName", "LO", "Zhang*"),
        key("ScheduledStationNameCodeSequence", "LO", "LINAC1"),
    ],
)
def test_values_of_another_kind_never_match(foreign: Content) -> None:
    assert matches(foreign, ITEM, ZONE) is False
    assert chosen(foreign, ITEM).keys() == foreign.keys()
    poisoned = ITEM | foreign
    sound = {each: ITEM[each] for each in foreign}
    assert matches(sound, poisoned, ZONE) is False
    assert chosen(sound, poisoned).keys() == foreign.keys()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (key("ReasonForCancellation", "LT", "a" * 5_000), "*a" * 30 + "*b"),
        (key("PatientName", "PN", {"Alphabetic": "a" * 64}), {"Alphabetic": "*a" * 30 + "*b"}),
    ],
)
def test_many_stars_take_no_time(found: Content, wanted: Any) -> None:
    ((name, each),) = found.items()
    assert matches({name: {**each, "Value": [wanted]}}, found, ZONE) is False


@pytest.mark.parametrize(
    "keys",
    [
        key("PatientID", "LO", "?" * 65),
        name(Alphabetic="*" + "a" * 150, Ideographic="a" * 150),
        station(CodeValue="*a" * 70),
        key("PatientID", "LO", *["a"] * 65),
    ],
)
def test_a_key_of_which_nobody_needs_so_much_is_malformed(keys: Content) -> None:
    assert malformed(keys).startswith("(00")


def test_a_list_of_uids_may_be_long() -> None:
    keys = key("StudyInstanceUID", "UI", *(f"1.2.{number}" for number in range(1000)))
    assert malformed(keys) == ""
    assert matches(keys, key("StudyInstanceUID", "UI", "1.2.999"), ZONE) is True


START = "ScheduledProcedureStepStartDateTime"
OWN_ZONE = key("TimezoneOffsetFromUTC", "SH", "-0800")


@pytest.mark.parametrize(
    "wanted",
    ["20240101-99991231", "20240101-99991231235959", "20250101-999912", "2025-9999", "-9999"],
)
def test_a_range_may_last_to_the_end_of_the_calendar(wanted: str) -> None:
    keys = key(START, "DT", wanted)
    assert malformed(keys) == ""
    assert matches(keys, ITEM, ZONE)
    assert not matches(keys | key("TimezoneOffsetFromUTC", "SH", "+0000"), key(START, "DT"), ZONE)


@pytest.mark.parametrize("wanted", ["99991231", "9999", "99991231235959.999999"])
def test_the_last_moment_of_the_calendar_is_one(wanted: str) -> None:
    keys = key(START, "DT", wanted)
    assert malformed(keys) == ""
    assert matches(keys, keys, ZONE)
    assert not matches(keys, ITEM, ZONE)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("20250601101500", False),
        ("20250602021500", True),
        ("20250601101500-0800", True),
        ("20250602", True),
        ("20250601", False),
    ],
)
def test_the_times_of_an_item_are_in_its_own_zone(wanted: str, expected: bool) -> None:  # noqa: FBT001
    keys = key(START, "DT", wanted)
    assert matches(keys, ITEM | OWN_ZONE, ZONE) is expected
    explicit = ITEM | OWN_ZONE | key(START, "DT", "20250601101500+0800")
    assert matches(key(START, "DT", "20250601101500"), explicit, ZONE)


@pytest.mark.parametrize("own", ["-1200", "+1400", "nonsense"])
def test_a_day_of_birth_is_in_no_zone(own: str) -> None:
    zone = key("TimezoneOffsetFromUTC", "SH", own)
    birth = key("PatientBirthDate", "DA", "19600229")
    assert matches(birth, ITEM | zone, ZONE)
    assert matches(birth | zone, ITEM, ZONE)


def test_an_answer_has_the_zone_that_an_item_names() -> None:
    keys = key(START, "DT")
    assert answer_of(keys, ITEM) == {tag(START): ITEM[tag(START)]}
    assert answer_of(keys, ITEM | OWN_ZONE) == {tag(START): ITEM[tag(START)]} | OWN_ZONE
    assert chosen(keys, ITEM | OWN_ZONE) == {tag(START): ITEM[tag(START)]}
    asked = keys | key("TimezoneOffsetFromUTC", "SH")
    assert chosen(asked, ITEM | OWN_ZONE) == {tag(START): ITEM[tag(START)]} | OWN_ZONE
