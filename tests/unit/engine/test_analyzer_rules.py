from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from gateway.keys import occurrence_id
from gateway.model import (
    DeviceEvent,
    Instant,
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


def test_words_can_not_be_converted() -> None:
    words = replace(GLUCOSE, text="high", number=None, unit="mg/dL")
    assert interpret(words).findings[0].reason is QuarantineReason.UNKNOWN_UNIT


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


def test_a_dead_clock_does_not_make_two_days_samples_one() -> None:
    stuck = from_datetime(datetime(2000, 1, 1, tzinfo=SHANGHAI))
    monday = specimen(DAILY, stuck, received=NOON)
    tuesday = specimen(DAILY, stuck, received=NOON.replace(day=24))
    assert (monday, tuesday) == ("a1/2026-11-23/17", "a1/2026-11-24/17")


def test_a_mended_mapping_gives_the_same_event() -> None:
    renamed = {**PROFILE.points, "GLU": Analyte(unit="mmol/L")}
    mended = PROFILE.model_copy(update={"points": renamed})
    assert event(GLUCOSE).id == event(GLUCOSE, profile=mended).id
