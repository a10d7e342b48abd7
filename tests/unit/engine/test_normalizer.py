from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keys import occurrence_id
from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Instant,
    Micros,
    Quality,
    QuarantineReason,
    RawId,
    Reading,
    judge_clock,
)
from gateway.normalizer import ChangeFilter, Interpretation, Interpreter
from gateway.profile import POINT_SYSTEM
from tests.unit.engine.sites import device

NOW = Instant(1_795_000_000_000_000)
SECOND = 1_000_000
HAPPENING = occurrence_id("site", "t1", b"first")
WARM = Reading("temperature", "21.50", 21.5)


def interpret(*readings: Reading, raw_ids: tuple[int, ...] = (7,)) -> Interpretation:
    interpreter = Interpreter("site", "test", "1", device("t1"))
    return interpreter.interpret(readings, [RawId(each) for each in raw_ids], NOW, HAPPENING)


def only_event(reading: Reading) -> DeviceEvent:
    found = interpret(reading)
    assert not found.findings
    return found.events[0]


def test_a_measurement_keeps_its_digits_and_gets_its_unit() -> None:
    event = only_event(WARM)
    assert event.value is not None
    assert (event.value.text, event.value.number, event.unit) == ("21.50", 21.5, "Cel")
    assert event.code == Coding(POINT_SYSTEM, "temperature")


def test_a_state_is_coded_and_keeps_what_was_sent() -> None:
    event = only_event(Reading("door", "1"))
    assert event.value is not None
    assert event.value.text == "1"
    assert event.value.code == Coding(POINT_SYSTEM, "open")


@pytest.mark.parametrize(
    ("reading", "reason", "subject"),
    [
        (Reading("humidity", "40", 40.0), QuarantineReason.UNKNOWN_CODE, "humidity"),
        (replace(WARM, unit="K"), QuarantineReason.UNKNOWN_UNIT, "K"),
        (Reading("door", "7"), QuarantineReason.UNKNOWN_CODE, "7"),
        (Reading("temperature", "warm"), QuarantineReason.UNREADABLE, "temperature"),
    ],
)
def test_what_the_profile_does_not_know_waits_for_a_person(
    reading: Reading, reason: QuarantineReason, subject: str
) -> None:
    found = interpret(reading)
    assert not found.events
    assert [(each.reason, each.subject) for each in found.findings] == [(reason, subject)]


@pytest.mark.parametrize("reading", [Reading("door", "7"), replace(WARM, unit="K")])
def test_a_point_that_is_not_understood_has_no_value_until_it_is(reading: Reading) -> None:
    found = interpret(WARM, reading, Reading("humidity", "40", 40.0))
    understood, blank = found.told
    assert found.events == (understood,)
    assert (blank.value, blank.quality, blank.raw_id) == (None, Quality.BAD, 7)
    assert blank.code.code == reading.code
    mended = interpret(WARM, replace(WARM, text="22", number=22.0), Reading("door", "1"))
    assert blank.id not in {event.id for event in mended.events}, "it can still be read later"


def test_one_unknown_reading_does_not_hold_back_the_others() -> None:
    found = interpret(Reading("humidity", "40", 40.0), WARM)
    assert [event.code.code for event in found.events] == ["temperature"]


@pytest.mark.parametrize(
    ("reading", "quality"),
    [
        (WARM, Quality.GOOD),
        (Reading("temperature", "300", 300.0), Quality.UNCERTAIN),
        (Reading("temperature", "-300", -300.0), Quality.UNCERTAIN),
        (Reading("temperature", "nan", math.nan), Quality.BAD),
        (Reading("temperature", "", quality=Quality.BAD), Quality.BAD),
        (Reading("door", "1", quality=Quality.UNCERTAIN), Quality.UNCERTAIN),
    ],
)
def test_quality_says_how_far_a_value_can_be_trusted(reading: Reading, quality: Quality) -> None:
    assert only_event(reading).quality is quality


def test_a_value_that_could_not_be_read_has_no_value() -> None:
    assert only_event(Reading("temperature", "", quality=Quality.BAD)).value is None


def test_every_reading_names_the_message_that_carried_it() -> None:
    found = interpret(replace(WARM, wire=0), Reading("door", "0", wire=2), raw_ids=(5, 6, 7))
    assert [event.raw_id for event in found.events] == [5, 7]


def test_a_reading_that_waits_keeps_its_place_among_those_of_its_code() -> None:
    waiting = interpret(replace(WARM, unit="K"), replace(WARM, text="23.1", number=23.1))
    mended = interpret(WARM, replace(WARM, text="23.1", number=23.1))
    assert [event.id for event in waiting.events] == [mended.events[1].id]


def test_a_code_that_comes_twice_gives_two_events() -> None:
    first, second = interpret(WARM, WARM).events
    assert first.id != second.id


def test_the_same_happening_gives_the_same_ids_whatever_the_clock_says() -> None:
    early = only_event(replace(WARM, observed_at=NOW))
    late = only_event(replace(WARM, observed_at=Instant(NOW + 60 * SECOND)))
    assert early.id == late.id


@pytest.mark.parametrize(
    ("offset", "clock"),
    [
        (0, ClockQuality.DEVICE),
        (-3600, ClockQuality.DEVICE),
        (299, ClockQuality.DEVICE),
        (301, ClockQuality.SUSPECT),
        (-32 * 86400, ClockQuality.SUSPECT),
    ],
)
def test_an_implausible_device_clock_is_kept_and_marked(offset: int, clock: ClockQuality) -> None:
    observed = Instant(NOW + offset * SECOND)
    assert judge_clock(observed, NOW) == (observed, clock)


def test_without_a_device_clock_the_receive_time_stands_in() -> None:
    assert judge_clock(None, NOW) == (NOW, ClockQuality.GATEWAY)


@given(
    st.tuples(st.text(), st.text(), st.binary()),
    st.tuples(st.text(), st.text(), st.binary()),
)
def test_two_happenings_never_share_an_id(
    one: tuple[str, str, bytes], other: tuple[str, str, bytes]
) -> None:
    assert (occurrence_id(*one) == occurrence_id(*other)) == (one == other)


def changes() -> ChangeFilter:
    return ChangeFilter(device("t1"), Micros(60 * SECOND))


def stored(kept: ChangeFilter, seconds: float, *readings: Reading) -> list[str]:
    """The codes of one poll that are to be stored."""
    interpreter = Interpreter("site", "test", "1", device("t1"))
    at = Instant(NOW + int(seconds * SECOND))
    found = interpreter.interpret_poll(readings, (RawId(1),), at, HAPPENING, kept)
    return [event.code.code for event in found.due]


def test_the_first_poll_is_stored_and_an_equal_one_is_not() -> None:
    kept = changes()
    assert stored(kept, 0, WARM) == ["temperature"]
    assert stored(kept, 1, WARM) == []


def test_a_move_within_the_deadband_is_measured_from_what_was_stored() -> None:
    kept = changes()
    stored(kept, 0, Reading("temperature", "20.0", 20.0))
    assert not stored(kept, 1, Reading("temperature", "20.5", 20.5))
    assert stored(kept, 2, Reading("temperature", "20.6", 20.6))


def test_a_change_of_state_or_quality_is_always_stored() -> None:
    kept = changes()
    stored(kept, 0, WARM, Reading("door", "0"))
    assert stored(kept, 1, Reading("door", "1"))
    assert stored(kept, 2, Reading("temperature", "", quality=Quality.BAD))
    assert stored(kept, 3, WARM)


@pytest.mark.parametrize("later", [60, -1])
def test_everything_is_stored_at_the_heartbeat_and_after_the_clock_stepped_back(later: int) -> None:
    kept = changes()
    stored(kept, 0, WARM)
    assert stored(kept, later, WARM)


def test_what_could_not_be_committed_is_due_again() -> None:
    kept = changes()
    stored(kept, 0, WARM)
    kept.forget()
    assert stored(kept, 1, WARM)


def test_every_value_of_a_poll_is_an_event_and_the_stored_ones_have_ids_of_their_own() -> None:
    kept = changes()
    stored(kept, 0, WARM)
    interpreter = Interpreter("site", "test", "1", device("t1"))
    readings = (WARM, Reading("door", "0"), Reading("serial", "A7"))
    found = interpreter.interpret_poll(readings, (RawId(1),), NOW, HAPPENING, kept)
    assert [event.code.code for event in found.events] == ["temperature", "door", "serial"]
    assert [event.code.code for event in found.due] == ["door", "serial"]
    assert len({event.id for event in found.due}) == 2
