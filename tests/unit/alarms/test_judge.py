from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alarms.definition import Limit, Word
from gateway.alarms.delay import Delay
from gateway.alarms.judge import meets, trusted
from gateway.model import Coding, Instant, Micros, Operator, Quality, Status, Value
from tests.unit.alarms.alarm_case import measured

HIGH = Limit("temperature", above=True, limit=25.0, deadband=2.0, unit="Cel")
LOW = Limit("temperature", above=False, limit=5.0, deadband=1.0, unit="Cel")


@pytest.mark.parametrize(
    ("limit", "number", "was", "meets_it"),
    [
        (HIGH, 25.0, False, False),
        (HIGH, 25.1, False, True),
        (HIGH, 24.0, True, True),
        (HIGH, 24.0, False, False),
        (HIGH, 23.0, True, False),
        (LOW, 5.0, False, False),
        (LOW, 4.9, False, True),
        (LOW, 5.5, True, True),
        (LOW, 6.0, True, False),
    ],
)
def test_a_limit_is_left_only_beyond_its_deadband(
    limit: Limit, number: float, *, was: bool, meets_it: bool
) -> None:
    assert meets(measured(number), limit, was=was) is meets_it


@pytest.mark.parametrize(
    ("operator", "number", "meets_it"),
    [
        (Operator.GREATER, 30.0, True),
        (Operator.GREATER, 20.0, None),
        (Operator.LESS, 20.0, False),
        (Operator.LESS, 30.0, None),
    ],
)
def test_a_number_with_a_comparator_counts_only_where_it_is_certain(
    operator: Operator, number: float, *, meets_it: bool | None
) -> None:
    value = Value(f"{operator}{number}", number, operator)
    assert meets(replace(measured(number), value=value), HIGH, was=False) is meets_it


def test_a_value_in_another_unit_says_nothing() -> None:
    assert meets(replace(measured(300.0), unit="K"), HIGH, was=False) is None


def test_a_state_is_compared_by_its_word() -> None:
    closed = Value("0", 0, code=Coding("urn:isogate:point", "closed"))
    door = replace(measured(0), value=closed, unit="")
    assert meets(door, Word("door", "closed"), was=False) is True
    assert meets(door, Word("door", "open"), was=True) is False


@pytest.mark.parametrize("quality", [each for each in Quality if each is not Quality.GOOD])
def test_only_good_values_count(quality: Quality) -> None:
    assert trusted(measured(30.0))
    assert not trusted(replace(measured(30.0), quality=quality))
    assert not trusted(replace(measured(30.0), status=Status.ENTERED_IN_ERROR))


def test_a_condition_must_hold_without_a_break() -> None:
    delay = Delay(Micros(10), Micros(5))
    delay.see(True, Instant(100))
    assert delay.turn(Instant(109)) is None
    delay.see(False, Instant(109))
    delay.see(True, Instant(110))
    assert delay.turn(Instant(119)) is None
    assert delay.turn(Instant(120)) == 110
    assert delay.told


def test_what_nobody_can_see_neither_raises_nor_clears_and_costs_no_time_afterwards() -> None:
    delay = Delay(Micros(10), Micros(5))
    delay.see(True, Instant(100))
    delay.see(None, Instant(105))
    assert delay.turn(Instant(500)) is None
    delay.see(True, Instant(500))
    assert delay.turn(Instant(500)) == 100


def test_a_clock_that_is_set_back_begins_the_delay_anew() -> None:
    delay = Delay(Micros(10), Micros(5))
    delay.see(True, Instant(1000))
    assert delay.turn(Instant(100)) is None
    assert delay.turn(Instant(110)) == 100


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(1, 7)), max_size=60))
def test_what_is_told_changes_only_after_the_delay(seen: list[tuple[bool | None, int]]) -> None:
    """Against the history itself: the opposite was seen, and nothing else, for the whole delay."""
    delay, now = Delay(Micros(4), Micros(6)), 0
    history: list[tuple[int, bool | None]] = []
    for truth, wait in seen:
        now += wait
        history.append((now, truth))
        before = delay.told
        delay.see(truth, Instant(now))
        since = delay.turn(Instant(now))
        if since is None:
            assert delay.told is before
            continue
        assert now - since >= (6 if before else 4)
        assert {each for at, each in history if at >= since} <= {not before, None}
