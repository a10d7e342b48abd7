from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.keys import event_id, occurrence_id
from gateway.model import Instant, RawId, Receipt, Retention, from_datetime, to_datetime
from gateway.store import Batch, EventStore, Message, StoreOptions
from gateway.store.catalog import Catalog, SegmentFile
from tests.unit.store.store_case import HeldClock, make_event, make_record

TELEMETRY, RECORD = Retention.TELEMETRY, Retention.RECORD
DAY = 86_400_000_000


def _poll(number: int) -> Batch:
    occurrence = occurrence_id("site", "meter-1", b"poll %d" % number)
    event = replace(make_event(number), id=event_id(occurrence, "power"))
    message = Message(occurrence, (event,))
    return Batch(TELEMETRY, (make_record(1000 + number),), messages=(message,))


async def _fill(store: EventStore, first: int = 1) -> None:
    for number in range(first, first + 30):
        retention = RECORD if number % 3 == 0 else TELEMETRY
        wire, event = make_record(number, b"payload %d" % number), make_event(number, raw=number)
        await store.append(Batch(retention, (wire,), (event,)))
    await store.append(_poll(first))


async def test_a_closed_segment_answers_as_the_open_one_did(store: EventStore) -> None:
    await _fill(store)

    async def answers() -> list[object]:
        return [
            await store.events(limit=100),
            await store.events(device="meter-1", after=7),
            await store.records(limit=100),
            await store.records(device="meter-1", before=20, limit=5),
            await store.record(RawId(3)),
            await store.record(RawId(1001)),
            await store.event(31),
            store.latest(),
        ]

    before = await answers()
    closed = await store.close_segments(current=True)
    assert sorted(path.name for path in closed) == [
        "2026-11.record.closed.sqlite",
        "2026-11.telemetry.closed.sqlite",
    ]
    assert await answers() == before


async def test_writing_goes_on_beside_closed_segments(store: EventStore) -> None:
    await _fill(store)
    await store.close_segments(current=True)
    known = replace(_poll(1), wire=())
    assert await store.append(known) == Receipt((), duplicate=1)
    assert await store.append(Batch(RECORD, (), (make_event(3),))) == Receipt((), duplicate=1)
    assert (await store.append(Batch(RECORD, (), (make_event(99),)))).seqs == (32,)
    assert [event.seq for event in await store.events(after=29)] == [30, 31, 32]


async def test_each_month_has_its_own_segment(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        await store.append(Batch(TELEMETRY, (), (make_event(1),)))
        clock.at += 30 * DAY
        await store.append(Batch(TELEMETRY, (), (make_event(2), make_event(1))))
        clock.at -= 30 * DAY
        await store.append(Batch(TELEMETRY, (), (make_event(3),)))
        names = sorted(path.name for path in (tmp_path / "segments").glob("*.sqlite"))
        assert names == ["2026-11.telemetry.sqlite", "2026-12.telemetry.sqlite"]
        assert [event.seq for event in await store.events()] == [1, 2, 3]
        clock.at += 30 * DAY
        assert [path.name for path in await store.close_segments()] == [
            "2026-11.telemetry.closed.sqlite"
        ]
        assert [event.seq for event in await store.events()] == [1, 2, 3]


async def test_retention_drops_whole_telemetry_segments_only(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        await _fill(store)
        clock.at += 30 * DAY
        await store.append(Batch(TELEMETRY, (), (make_event(100),)))
        dropped = await store.drop_telemetry(clock.now())
        assert [path.name for path in dropped] == ["2026-11.telemetry.sqlite"]
        left = await store.events(limit=100)
        assert [event.seq for event in left] == [*range(3, 31, 3), 32]
    async with EventStore.open(tmp_path, options, clock) as store:
        assert await store.events(limit=100) == left


def test_a_closing_cut_short_leaves_one_whole_form(tmp_path: Path) -> None:
    file = SegmentFile("2026-10", 1, TELEMETRY, closed=False, folder=tmp_path)
    other = SegmentFile("2026-10", 2, TELEMETRY, closed=False, folder=tmp_path)
    for path in (file.path, file.rewritten().path, other.path):
        path.write_bytes(b"")
    Path(f"{other.rewritten().path}.new").write_bytes(b"half")
    Path(f"{file.path}-wal").write_bytes(b"")
    assert Catalog.scan(tmp_path).files == (file.rewritten(), other)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-10.2.telemetry.sqlite",
        "2026-10.telemetry.closed.sqlite",
    ]


def test_the_month_is_that_of_utc(tmp_path: Path) -> None:
    last = from_datetime(to_datetime(Instant(0)).replace(year=2026, month=12)) - 1
    assert Catalog(tmp_path).current(RECORD, Instant(last)).path.name == "2026-11.record.sqlite"
    assert Catalog(tmp_path).current(RECORD, Instant(last + 1)).month == "2026-12"
