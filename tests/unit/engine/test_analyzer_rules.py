from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.keys import occurrence_id
from gateway.model import (
    DeviceEvent,
    Instant,
    Quality,
    QuarantineReason,
    RawId,
    Reading,
    Status,
    Subject,
    from_datetime,
)
from gateway.normalizer import Interpretation, Interpreter
from gateway.profile import LOINC, Analyte, AnalyzerProfile, Grade
from tests.unit.engine.sites import device

SHANGHAI = ZoneInfo("Asia/Shanghai")
PROFILE = AnalyzerProfile(
    profile="chemistry",
    driver="test",
    title="Chemistry analyzer",
    grade=Grade.DERIVED,
    source="these tests",
    control="QC-.*",
    units={"毫摩尔/升": "mmol/L"},
    flags={"↑": "H"},
    points={
        "GLU": Analyte(
            system=LOINC, code="14749-6", unit="mmol/L", convert={"mg/dL": Decimal("0.0555")}
        ),
        "HBsAg": Analyte(),
    },
)
GLUCOSE = Reading("GLU", "5.50", 5.5, unit="mmol/L", subject=Subject(specimen="17"))
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)


def interpret(
    reading: Reading,
    *,
    profile: AnalyzerProfile = PROFILE,
    received: datetime = NOON,
    occurrence: bytes = b"1",
) -> Interpretation:
    entry = replace(device("a1", profile=profile), zone="Asia/Shanghai")
    happening = occurrence_id("site", "a1", occurrence)
    interpreter = Interpreter("site", "test", "1", entry)
    return interpreter.interpret([reading], [RawId(1)], from_datetime(received), happening)


def event(reading: Reading, profile: AnalyzerProfile = PROFILE) -> DeviceEvent:
    found = interpret(reading, profile=profile)
    assert not found.findings
    return found.events[0]


def specimen(profile: AnalyzerProfile, observed: Instant | None, received: datetime = NOON) -> str:
    reading = replace(GLUCOSE, observed_at=observed)
    (found,) = interpret(reading, profile=profile, received=received).events
    assert found.subject is not None
    return found.subject.specimen


def test_a_result_keeps_its_digits_and_names_its_test_by_loinc() -> None:
    found = event(GLUCOSE)
    assert (found.code.system, found.code.code) == (LOINC, "14749-6")
    assert found.value is not None
    assert (found.value.text, found.unit) == ("5.50", "mmol/L")


def test_the_device_s_spelling_of_a_unit_is_understood() -> None:
    assert event(replace(GLUCOSE, unit="毫摩尔/升")).unit == "mmol/L"


def test_a_conversion_is_exact_and_keeps_what_was_sent() -> None:
    found = event(replace(GLUCOSE, text="99.0", number=99.0, unit="mg/dL"))
    assert found.value is not None
    assert found.value.text == "5.49450"
    assert found.payload == {"as_sent": {"value": "99.0", "unit": "mg/dL"}}


@pytest.mark.parametrize("unit", ["g/L", "MMOL/L"])
def test_a_unit_that_the_profile_does_not_know_is_never_converted(unit: str) -> None:
    (finding,) = interpret(replace(GLUCOSE, unit=unit)).findings
    assert (finding.reason, finding.subject) == (QuarantineReason.UNKNOWN_UNIT, unit)


@pytest.mark.parametrize("words", ["----", "****", "nan", "high"])
def test_words_are_the_same_in_any_unit(words: str) -> None:
    found = event(replace(GLUCOSE, text=words, number=None, unit="mg/dL", range_text="70-110"))
    assert found.value is not None
    assert (found.value.text, found.value.number, found.unit) == (words, None, "mmol/L")
    assert found.range_text == ""
    assert found.payload == {"as_sent": {"value": words, "unit": "mg/dL", "range": "70-110"}}


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.ENTERED_IN_ERROR])
@pytest.mark.parametrize("text", ["", "99*"])
def test_a_withdrawal_in_another_unit_is_not_lost(status: Status, text: str) -> None:
    found = event(replace(GLUCOSE, text=text, number=None, unit="mg/dL", status=status))
    assert (found.status, found.unit) == (status, "mmol/L")


@pytest.mark.parametrize("text", ["1_3.5", "8.5*", "10-20", "１２"])
def test_words_in_which_a_number_may_stand_are_never_taken_for_another_unit(text: str) -> None:
    (finding,) = interpret(replace(GLUCOSE, text=text, number=None, unit="mg/dL")).findings
    assert (finding.reason, finding.subject) == (QuarantineReason.UNREADABLE, "GLU")
    (finding,) = interpret(
        replace(GLUCOSE, text=text, number=None, unit="mg/dL", quality=Quality.BAD)
    ).findings
    assert finding.reason is QuarantineReason.UNREADABLE


@pytest.mark.parametrize(("text", "number"), [("1e999", math.inf), ("five", 5.0)])
def test_only_a_number_is_multiplied(text: str, number: float) -> None:
    found = event(replace(GLUCOSE, text=text, number=number, unit="mg/dL"))
    assert found.value is not None
    assert (found.value.text, found.value.number) == (text, None)


def test_a_unit_of_the_same_size_keeps_its_range_and_its_words() -> None:
    same = Analyte(unit="mmol/L", convert={"meq/L": Decimal(1)})
    profile = PROFILE.model_copy(update={"points": {"GLU": same}})
    sent = replace(GLUCOSE, text="8.5*", number=None, unit="meq/L", range_text="3-9")
    found = event(sent, profile=profile)
    assert found.value is not None
    assert (found.value.text, found.range_text, found.unit) == ("8.5*", "3-9", "mmol/L")


def test_words_are_a_result() -> None:
    found = event(Reading("HBsAg", "阴性"))
    assert found.value is not None
    assert (found.value.text, found.value.number) == ("阴性", None)


def test_a_control_sample_is_quality_control() -> None:
    found = event(replace(GLUCOSE, subject=Subject(specimen="QC-L1")))
    assert found.status is Status.QC
    assert event(GLUCOSE).status is Status.FINAL


def test_flags_are_translated_where_the_profile_says_so() -> None:
    assert event(replace(GLUCOSE, flags=("↑", "A"))).flags == ("H", "A")


def test_a_barcode_is_the_sample_itself() -> None:
    assert specimen(PROFILE, None) == "17"


DAILY = PROFILE.model_copy(update={"specimen": "daily-number", "day_starts": time(7, 30)})


@pytest.mark.parametrize(
    ("hour", "minute", "day"),
    [(7, 29, "2026-11-22"), (7, 30, "2026-11-23"), (23, 59, "2026-11-23")],
)
def test_a_daily_number_belongs_to_the_laboratory_s_day(hour: int, minute: int, day: str) -> None:
    at = from_datetime(NOON.replace(hour=hour, minute=minute))
    late = NOON.replace(day=24, hour=8)
    assert specimen(DAILY, at, received=late) == f"a1/{day}/17"


RECEIVED = DAILY.model_copy(update={"run_date": "received"})
MIDNIGHT = DAILY.model_copy(update={"day_starts": time()})
STUCK = from_datetime(datetime(2000, 1, 1, tzinfo=SHANGHAI))


def test_a_dead_clock_does_not_make_two_days_samples_one() -> None:
    monday = specimen(RECEIVED, STUCK, received=NOON)
    tuesday = specimen(RECEIVED, STUCK, received=NOON.replace(day=24))
    assert (monday, tuesday) == ("a1/2026-11-23/17", "a1/2026-11-24/17")


def test_an_old_result_that_is_sent_again_is_of_its_own_day() -> None:
    old = from_datetime(NOON.replace(month=10, day=13))
    assert specimen(DAILY, old) == "a1/2026-10-13/17"


def test_a_date_alone_tells_the_day_where_that_starts_at_midnight() -> None:
    dated = replace(GLUCOSE, payload={"date": "2026-11-20"})
    (found,) = interpret(dated, profile=MIDNIGHT).events
    assert found.subject == Subject(specimen="a1/2026-11-20/17")
    assert interpret(dated, profile=DAILY).events == ()


def test_a_clock_that_is_a_little_ahead_does_not_make_tomorrow() -> None:
    late = NOON.replace(hour=23, minute=58)
    ahead = from_datetime(late + timedelta(minutes=4))
    assert specimen(MIDNIGHT, ahead, received=late) == "a1/2026-11-23/17"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"observed_at": STUCK},
        {"observed_at": from_datetime(NOON + timedelta(hours=23))},
        {"observed_at": from_datetime(NOON + timedelta(days=9000))},
        {"observed_at": from_datetime(NOON), "payload": {"time_of": "H-14"}},
        {"observed_at": from_datetime(NOON), "payload": {"time_of": "MSH-7"}},
        {"payload": {"date": "2026-11-24"}},
        {"payload": {"date": "2001-11-24"}},
    ],
    ids=str,
)
def test_a_daily_number_of_an_uncertain_day_waits_for_a_person(sent: dict[str, Any]) -> None:
    reading = replace(GLUCOSE, **sent)
    (finding,) = interpret(reading, profile=MIDNIGHT).findings
    assert (finding.reason, finding.subject) == (QuarantineReason.UNREADABLE, "run_date")
    assert "which day's sample '17' this GLU is of" in finding.detail
    (found,) = interpret(reading, profile=RECEIVED).events
    assert found.subject == Subject(specimen="a1/2026-11-23/17")


@pytest.mark.parametrize(
    "control", [{"status": Status.QC}, {"subject": Subject(specimen="QC-1")}], ids=str
)
def test_a_run_of_a_control_needs_no_certain_day(control: dict[str, Any]) -> None:
    (found,) = interpret(replace(GLUCOSE, **control), profile=DAILY).events
    assert found.status is Status.QC
    assert found.subject is not None
    assert found.subject.specimen.startswith("a1/2026-11-23/")


def test_a_result_of_nobody_needs_no_day() -> None:
    assert event(replace(GLUCOSE, subject=None), profile=DAILY).subject is None


def test_the_time_of_a_request_tells_the_day() -> None:
    asked = replace(GLUCOSE, observed_at=from_datetime(NOON), payload={"time_of": "OBR-7"})
    assert event(asked, profile=DAILY).subject == Subject(specimen="a1/2026-11-23/17")


def test_a_mended_mapping_gives_the_same_event() -> None:
    renamed = {**PROFILE.points, "GLU": Analyte(unit="mmol/L")}
    mended = PROFILE.model_copy(update={"points": renamed})
    assert event(GLUCOSE).id == event(GLUCOSE, profile=mended).id
