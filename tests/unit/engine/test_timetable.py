from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.driver import DeviceEntry
from gateway.supervisor.timetable import Timetable
from tests.unit.engine.sites import device


def turn(timetable: Timetable) -> tuple[str, float]:
    found = timetable.next()
    assert found is not None
    entry, due = found
    return entry.id, due


def test_devices_of_one_interval_are_spread_over_it() -> None:
    table = Timetable([device("a"), device("b")], now=100.0)
    assert turn(table) == ("a", 100.0)
    table.answered("a", 100.1)
    assert turn(table) == ("b", 100.5)


def test_the_rate_does_not_drift_when_answers_take_time() -> None:
    table = Timetable([device("a")], now=0.0)
    table.answered("a", 0.3)
    table.answered("a", 1.4)
    assert turn(table) == ("a", 2.0)


def test_polls_that_could_not_be_made_in_time_are_left_out() -> None:
    table = Timetable([device("a")], now=0.0)
    table.answered("a", 3.5)
    assert turn(table) == ("a", 4.0)


def test_a_failing_device_is_left_alone_for_longer_and_longer_up_to_half_a_minute() -> None:
    table = Timetable([device("a")], now=0.0)
    pauses = []
    now = 0.0
    for _ in range(12):
        table.failed("a", now)
        _, due = turn(table)
        pauses.append(due - now)
        now = due
    assert pauses[0] < 1.5
    assert 24.0 <= pauses[-1] <= 30.0


def test_a_device_counts_as_offline_at_its_second_failure_in_a_row() -> None:
    table = Timetable([device("a")], now=0.0)
    assert not table.failed("a", 0.0)
    assert table.failed("a", 1.0)
    table.answered("a", 3.0)
    assert not table.failed("a", 4.0)


def test_an_answer_closes_the_breaker() -> None:
    table = Timetable([device("a")], now=0.0)
    for now in (0.0, 2.0, 6.0, 14.0):
        table.failed("a", now)
    _, due = turn(table)
    table.answered("a", due)
    assert turn(table)[1] == pytest.approx(due + 1.0)


def test_one_that_answers_early_has_its_rate_again_at_once() -> None:
    table = Timetable([device("a")], now=0.0)
    for now in (0.0, 2.0, 6.0, 14.0):
        table.failed("a", now)
    table.answered("a", 15.0)
    assert turn(table)[1] == pytest.approx(16.0)


def test_a_new_list_keeps_the_place_of_unchanged_devices() -> None:
    table = Timetable([device("a"), device("b")], now=0.0)
    table.answered("a", 0.1)
    table.answered("b", 0.6)
    changed: DeviceEntry = replace(device("b"), interval=5.0)
    table.replace([device("a"), changed], now=0.7)
    assert turn(table) == ("b", 0.7)
    table.answered("b", 0.7)
    assert turn(table) == ("a", 1.0)


def test_a_removed_device_is_not_asked_again() -> None:
    table = Timetable([device("a")], now=0.0)
    table.replace([], now=0.0)
    assert table.next() is None
    table.answered("a", 0.0)
    assert not table.failed("a", 0.0)
    assert table.next() is None


def test_a_device_that_was_asked_early_keeps_its_turn() -> None:
    table = Timetable([device("a"), device("b")], now=0.0)
    first = table.first({"a"})
    assert first is not None
    assert first.id == "b"
    table.answered("b", 0.2)
    table.answered("a", 0.1)
    assert turn(table) == ("b", 0.5)
    assert table.first({"a", "b"}) is None


def test_breakers_outlive_a_connection_of_those_that_were_silent_all_along() -> None:
    table = Timetable([device("dead"), device("alive")], now=0.0)
    table.answered("alive", 0.5)
    for _ in range(6):
        table.failed("dead", 1.0)
        table.failed("alive", 1.0)
    table.connected(2.0)
    assert turn(table) == ("alive", 2.0)
    table.failed("alive", 2.0)
    assert turn(table)[0] == "alive"
    table.answered("alive", 3.5)
    while turn(table)[0] == "alive":
        table.answered("alive", turn(table)[1])
    assert turn(table)[1] > 24.0
