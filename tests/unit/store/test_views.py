from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.model import ClockQuality, DeviceEvent, Instant, Quality, Retention, Status, Value
from gateway.store import Batch, EventStore, StoreOptions
from gateway.store.rollup import FIVE_MINUTES, Rollup
from tests.unit.store.store_case import NOVEMBER, HeldClock, make_event

MINUTE = 60_000_000
HOUR_START = Instant(NOVEMBER - NOVEMBER % 3_600_000_000)


def _at(minute: float, number: float, **changes: object) -> DeviceEvent:
    at = Instant(HOUR_START + round(minute * MINUTE))
    event = make_event(round(minute * 1000), code="power")
    value = Value(str(number), number)
    return replace(event, value=value, received_at=at, observed_at=at, **changes)  # type: ignore[arg-type]


async def _fill(store: EventStore, *events: DeviceEvent) -> None:
    await store.append(Batch(Retention.TELEMETRY, (), events))


async def test_values_are_summed_by_bucket(store: EventStore) -> None:
    await _fill(store, _at(1, 10), _at(2, 30), _at(3, 20), _at(7, 5))
    end = Instant(HOUR_START + 60 * MINUTE)
    five = await store.rollup("meter-1", "power", HOUR_START, end, "5m")
    assert [(row.start - HOUR_START, row.count) for row in five] == [(0, 3), (FIVE_MINUTES, 1)]
    first = five[0]
    assert (first.low, first.high, first.mean, first.first, first.last) == (10, 30, 20, 10, 20)
    (hour,) = await store.rollup("meter-1", "power", HOUR_START, end, "1h")
    assert (hour.count, hour.low, hour.mean, hour.last) == (4, 5, 16.25, 5)


async def test_later_flushes_add_to_a_bucket(store: EventStore) -> None:
    end = Instant(HOUR_START + 60 * MINUTE)
    for event in (_at(2, 30), _at(1, 10), _at(3, 20)):
        await _fill(store, event)
        await store.rollup("meter-1", "power", HOUR_START, end, "5m")
    (row,) = await store.summary(HOUR_START, end)
    assert (row.count, row.low, row.high, row.first, row.last) == (3, 10, 30, 10, 20)


async def test_what_is_no_good_value_is_not_summed(store: EventStore) -> None:
    await _fill(
        store,
        _at(1, 10),
        _at(1.1, 1000, quality=Quality.BAD),
        _at(1.2, 1000, status=Status.ENTERED_IN_ERROR),
        _at(1.3, float("inf")),
    )
    (row,) = await store.summary(HOUR_START, Instant(HOUR_START + 60 * MINUTE))
    assert (row.count, row.high) == (1, 10)


async def test_units_are_never_mixed(store: EventStore) -> None:
    await _fill(store, _at(1, 1), _at(2, 1000, unit="W"))
    rows = await store.summary(HOUR_START, Instant(HOUR_START + 60 * MINUTE))
    assert sorted((row.unit, row.mean) for row in rows) == [("W", 1000), ("kW", 1)]


async def test_a_suspect_clock_does_not_choose_the_bucket(store: EventStore) -> None:
    wrong = replace(_at(1, 1), observed_at=Instant(0), clock=ClockQuality.SUSPECT)
    await _fill(store, wrong)
    end = Instant(HOUR_START + 60 * MINUTE)
    assert len(await store.rollup("meter-1", "power", HOUR_START, end, "5m")) == 1


async def test_dropped_views_are_rebuilt_the_same(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    end = Instant(HOUR_START + 60 * MINUTE)
    async with EventStore.open(tmp_path, options, clock) as store:
        await _fill(store, *(_at(minute / 3, minute) for minute in range(100)))
        before = (await store.summary(HOUR_START, end), store.latest())
    (tmp_path / "views.sqlite").unlink()
    async with EventStore.open(tmp_path, options, clock) as store:
        assert (await store.summary(HOUR_START, end), store.latest()) == before


async def test_a_stored_value_behind_an_observed_one_is_back_after_a_restart(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        await _fill(store, _at(1, 1))
        store.observe([_at(2, 2)], ())
        await store.summary(HOUR_START, HOUR_START)
        await _fill(store, make_event(9, device="other"))
    async with EventStore.open(tmp_path, options, clock) as store:
        assert [event.seq for event in store.latest("meter-1")] == [1]


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(-1e6, 1e6)), min_size=1), st.data())
def test_sums_do_not_depend_on_where_they_are_cut(
    values: list[tuple[int, float]], data: st.DataObject
) -> None:
    events = [_at(minute, number) for minute, number in values]
    cut = data.draw(st.integers(0, len(events)))
    whole, head, tail = Rollup(), Rollup(), Rollup()
    for number, event in enumerate(events):
        whole.fold([event])
        (head if number < cut else tail).fold([event])
    head.merge(tail.sums.items())
    for bucket, kept in whole.sums.items():
        other = head.sums[bucket]
        assert (other.count, other.low, other.high) == (kept.count, kept.low, kept.high)
        assert (other.first, other.last) == (kept.first, kept.last)
