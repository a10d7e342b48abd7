from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import ConfigError, StoreError
from gateway.keys import event_id, occurrence_id
from gateway.model import (
    DeviceEvent,
    Instant,
    Kind,
    Quarantined,
    QuarantineReason,
    RawId,
    Receipt,
    Retention,
    Subject,
)
from gateway.seal import Keyring, suite_named
from gateway.store import Batch, EventStore, Message, StoreOptions
from tests.unit.store.store_case import NOVEMBER, HeldClock, make_event, make_record

TELEMETRY, RECORD = Retention.TELEMETRY, Retention.RECORD


def _poll(number: int, *codes: str) -> Batch:
    occurrence = occurrence_id("site", "meter-1", f"poll {number}".encode())
    events = tuple(
        replace(make_event(number, code=code), id=event_id(occurrence, code)) for code in codes
    )
    return Batch(TELEMETRY, messages=(Message(occurrence, events),))


def _bare(events: list[DeviceEvent]) -> list[DeviceEvent]:
    return [replace(event, seq=0) for event in events]


async def test_what_is_appended_is_read_back_in_order(store: EventStore) -> None:
    events = [make_event(number) for number in range(5)]
    receipts = [await store.append(Batch(TELEMETRY, (), (event,))) for event in events]
    assert receipts == [Receipt((seq,)) for seq in range(1, 6)]
    found = await store.events()
    assert _bare(found) == events
    assert [event.seq for event in found] == [1, 2, 3, 4, 5]


async def test_a_fact_sent_twice_is_stored_once_and_its_bytes_twice(store: EventStore) -> None:
    raws = [store.raw_id(), store.raw_id()]
    batches = [Batch(TELEMETRY, (make_record(raw),), (make_event(1),)) for raw in raws]
    assert await store.append(batches[0]) == Receipt((1,))
    assert await store.append(batches[1]) == Receipt((), duplicate=1)
    assert len(await store.events()) == 1
    assert [record.raw_id for record in await store.records()] == raws[::-1]


async def test_a_fact_twice_in_one_group_is_stored_once(store: EventStore) -> None:
    futures = [store.submit(Batch(TELEMETRY, (), (make_event(1), make_event(n)))) for n in (2, 3)]
    assert [await future for future in futures] == [Receipt((1, 2)), Receipt((3,), duplicate=1)]


async def test_a_poll_is_known_again_as_a_whole(store: EventStore) -> None:
    poll = _poll(1, "power", "voltage", "current")
    assert await store.append(poll) == Receipt((1, 2, 3))
    assert await store.append(poll) == Receipt((), duplicate=3)
    assert _bare(await store.events(after=1, limit=5)) == list(poll.messages[0].events[1:])
    event = await store.event(2)
    assert event is not None
    assert event.code.code == "voltage"


async def test_a_message_that_is_known_in_part_gets_its_other_events(store: EventStore) -> None:
    whole = _poll(1, "power", "voltage", "current").messages[0]
    part = replace(whole, events=whole.events[1:2])
    assert await store.append(Batch(RECORD, messages=(part,))) == Receipt((1,))
    assert await store.append(Batch(RECORD, messages=(whole,))) == Receipt((2, 3), duplicate=1)
    assert await store.append(Batch(RECORD, messages=(whole,))) == Receipt((), duplicate=3)
    found = {event.id: event.code.code for event in await store.events()}
    assert found == {event.id: event.code.code for event in whole.events}


async def test_a_message_twice_in_one_group_is_stored_once(store: EventStore) -> None:
    message = _poll(1, "power", "voltage").messages[0]
    loose = Batch(RECORD, events=message.events[:1])
    batches = (loose, Batch(RECORD, messages=(message,)), Batch(RECORD, messages=(message,)))
    receipts = await asyncio.gather(*(store.submit(batch) for batch in batches))
    assert receipts == [Receipt((1,)), Receipt((2,), duplicate=1), Receipt((), duplicate=2)]


async def test_a_message_that_cannot_be_stored_leaves_nothing(store: EventStore) -> None:
    message = _poll(1, "power", "voltage").messages[0]
    bad = tuple(replace(event, payload={"when": object()}) for event in message.events)
    batches = [Batch(RECORD, messages=(replace(message, events=each),)) for each in (bad, bad[:0])]
    batches.append(Batch(RECORD, messages=(message,)))
    first, *others = [store.submit(batch) for batch in batches]
    assert [await future for future in others] == [Receipt(), Receipt((1, 2))]
    with pytest.raises(StoreError, match="device meter-1: this batch can't be stored"):
        await first


async def test_a_message_of_two_patients_is_found_by_either(store: EventStore) -> None:
    message = _poll(1, "a", "b", "c").messages[0]
    people = [Subject("1", "HIS", "S1"), Subject("1", "HIS", "S2"), Subject("2", "HIS")]
    events = [replace(e, subject=s) for e, s in zip(message.events, people, strict=True)]
    await store.append(Batch(RECORD, messages=(replace(message, events=tuple(events)),)))
    found = [await store.events(patient=("HIS", patient)) for patient in ("1", "2")]
    assert [_bare(each) for each in found] == [events[:2], events[2:]]


async def test_what_an_event_says_beside_its_value_is_found_as_it_was(store: EventStore) -> None:
    event = replace(make_event(1), payload={"detail": "x"}, flags=("H",), kind=Kind.ALARM)
    await store.append(Batch(RECORD, events=(event, make_event(2))))
    assert _bare(await store.events(kinds=[Kind.ALARM])) == [event]
    assert (await store.append(Batch(RECORD, events=(event,)))).duplicate == 1


async def test_both_classes_read_as_one_sequence(store: EventStore) -> None:
    futures = []
    for number in range(20):
        retention = RECORD if number % 3 == 0 else TELEMETRY
        futures.append(store.submit(Batch(retention, (), (make_event(number),))))
    await asyncio.gather(*futures)
    pages = [await store.events(after=after, limit=7) for after in (0, 7, 14)]
    assert [event.seq for page in pages for event in page] == list(range(1, 21))


async def test_a_batch_that_cannot_be_stored_fails_alone(store: EventStore) -> None:
    good = [store.submit(Batch(TELEMETRY, (make_record(n),), (make_event(n),))) for n in (1, 2)]
    far = replace(make_event(3), received_at=Instant(1 << 70), observed_at=Instant(1 << 70))
    never = store.submit(Batch(TELEMETRY, (make_record(3),), (far,)))
    unwritable = replace(make_event(4), payload={"when": object()})
    bad = store.submit(Batch(TELEMETRY, (make_record(4),), (make_event(5), unwritable)))
    last = store.submit(Batch(TELEMETRY, (make_record(6),), (make_event(6),)))
    assert [(await future).duplicate for future in (*good, last)] == [0, 0, 0]
    for future in (never, bad):
        with pytest.raises(StoreError, match="can't be stored"):
            await future
    assert [event.value and event.value.text for event in await store.events()] == ["1", "2", "6"]
    assert [await store.record(RawId(number)) for number in (3, 4)] == [None, None]


async def test_everything_survives_a_restart(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        first = store.raw_id()
        batch = Batch(TELEMETRY, (make_record(first),), (make_event(1, raw=first),))
        await store.append(batch)
        await store.append(_poll(2, "a", "b"))
    async with EventStore.open(tmp_path, options, clock) as store:
        assert store.raw_id() > first
        assert await store.append(replace(batch, wire=())) == Receipt((), duplicate=1)
        assert await store.record(first) == make_record(first)
        assert await store.append(_poll(3, "a")) == Receipt((4,))
        assert [event.seq for event in store.latest("meter-1")] == [1, 4, 3]


async def test_leaving_commits_what_is_queued(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        futures = [store.submit(Batch(TELEMETRY, (), (make_event(n),))) for n in range(50)]
    assert [future.result().seqs for future in futures] == [(seq,) for seq in range(1, 51)]
    with pytest.raises(StoreError, match="closed"):
        store.submit(Batch(TELEMETRY))


async def test_a_full_queue_makes_producers_wait(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    options = replace(options, queue_batches=2)
    async with EventStore.open(tmp_path, options, clock) as store:
        store.submit(Batch(TELEMETRY, (), (make_event(1),)))
        last = store.submit(Batch(TELEMETRY, (), (make_event(2),)))
        await store.ready()
        assert last.done()


async def test_the_directory_serves_one_gateway(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock):
        with pytest.raises(ConfigError, match="in use"):
            async with EventStore.open(tmp_path, options, clock):
                pass


@pytest.mark.parametrize("format_", ["1", "3", "5", "x"])
async def test_another_format_is_refused(
    tmp_path: Path, options: StoreOptions, clock: HeldClock, format_: str
) -> None:
    (tmp_path / "format").write_text(f"{format_}\n")
    with pytest.raises(ConfigError, match=f"data format {format_}"):
        async with EventStore.open(tmp_path, options, clock):
            pass


@pytest.mark.parametrize(
    ("ring", "said"),
    [(None, "name its keys"), (Keyring.fresh(suite_named("sm4-gcm"), ""), "put the right one")],
    ids=["none", "another"],
)
async def test_another_keyring_is_refused(
    tmp_path: Path, options: StoreOptions, clock: HeldClock, ring: Keyring | None, said: str
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        await store.append(Batch(TELEMETRY, (), (make_event(1),)))
    with pytest.raises(ConfigError, match=said):
        async with EventStore.open(tmp_path, replace(options, ring=ring), clock):
            pass


@pytest.mark.parametrize("sealed", [True, False])
async def test_a_patient_is_found_by_issuer_and_identifier(
    tmp_path: Path, options: StoreOptions, clock: HeldClock, *, sealed: bool
) -> None:
    about = [("HIS", "1"), ("HIS", "2"), ("LIS", "1"), ("HIS", "1")]
    options = options if sealed else replace(options, ring=None)
    async with EventStore.open(tmp_path, options, clock) as store:
        for number, (issuer, patient) in enumerate(about):
            event = replace(make_event(number), subject=Subject(patient, issuer), kind=Kind.RESULT)
            await store.append(Batch(RECORD, (), (event,)))
        assert [event.seq for event in await store.events(patient=("HIS", "1"))] == [1, 4]


async def test_events_are_chosen_by_device_kind_and_code(store: EventStore) -> None:
    await store.append(_poll(1, "power", "voltage"))
    await store.append(Batch(TELEMETRY, (), (make_event(2, device="m2"), make_event(3))))
    await store.append(Batch(RECORD, (), (replace(make_event(4), kind=Kind.ALARM),)))
    chosen = {
        "device": await store.events(device="meter-1"),
        "code": await store.events(code="voltage"),
        "kind": await store.events(kinds=[Kind.ALARM, Kind.ACTION]),
        "both": await store.events(device="meter-1", code="power", kinds=[Kind.MEASUREMENT]),
        "nobody": await store.events(device="m3"),
    }
    assert {name: [event.seq for event in found] for name, found in chosen.items()} == {
        "device": [1, 2, 4, 5],
        "code": [2],
        "kind": [5],
        "both": [1, 4],
        "nobody": [],
    }


async def test_quarantine_is_a_work_list_that_people_resolve(store: EventStore) -> None:
    entries = tuple(
        Quarantined(RawId(n), "bus", "m1", reason, "code", "detail", Instant(NOVEMBER))
        for n, reason in enumerate((QuarantineReason.UNKNOWN_CODE, QuarantineReason.UNREADABLE), 1)
    )
    receipt = await store.append(Batch(TELEMETRY, (make_record(1),), (make_event(1),), entries))
    assert receipt == Receipt((1,), quarantined=2)
    found = await store.quarantine()
    assert tuple(each.entry for each in found) == entries
    await store.resolve(found[0].id, actor="ma", note="mapped")
    await store.resolve(found[0].id, actor="li", note="later")
    assert [each.resolved for each in await store.quarantine()] == [True, False]
    resolution = (await store.quarantine(limit=1))[0].resolution
    assert resolution is not None
    assert resolution.actor == "ma"
    assert await store.quarantine(open_only=True) == found[1:]
    assert await store.quarantine(reason=QuarantineReason.UNREADABLE) == found[1:]


async def test_records_are_found_by_where_they_crossed(store: EventStore) -> None:
    records = [make_record(n, device=f"m{n % 2}") for n in range(1, 7)]
    await store.append(Batch(TELEMETRY, tuple(records)))
    assert await store.records(device="m1", limit=2) == [records[4], records[2]]
    assert await store.records(before=3) == [records[1], records[0]]
    assert await store.records(link="elsewhere") == []


async def test_records_that_commit_out_of_order_are_found_in_order(store: EventStore) -> None:
    for numbers in ((1, 900, 3), (2,), (9000, 8100, 7000), (899, 1000, 5500), (1 << 20,)):
        await store.append(Batch(TELEMETRY, tuple(make_record(n) for n in numbers)))
    ids = [1 << 20, 9000, 8100, 7000, 5500, 1000, 900, 899, 3, 2, 1]

    async def answers() -> list[object]:
        found = [await store.record(RawId(number)) for number in (*ids, 4, 1 << 30)]
        pages = [await store.records(before=at, limit=4) for at in (None, 5500, 3)]
        ours = await store.records(device="meter-1", limit=100)
        assert [each.raw_id for each in ours] == ids
        assert [[each.raw_id for each in page] for page in pages] == [ids[:4], ids[5:9], ids[9:]]
        assert [each and each.raw_id for each in found] == [*ids, None, None]
        return [found, pages, ours]

    before = await answers()
    await store.close_segments(current=True)
    assert await answers() == before


async def test_what_is_observed_shows_but_is_not_stored(store: EventStore) -> None:
    await store.append(Batch(TELEMETRY, (), (make_event(1),)))
    record = make_record(9)
    store.observe([make_event(2)], (record,))
    (latest,) = store.latest("meter-1")
    assert (latest.seq, latest.value and latest.value.text) == (0, "2")
    assert await store.record(RawId(9)) == record
    assert len(await store.events()) == 1


async def test_a_reading_observed_later_is_not_overtaken_by_an_earlier_commit(
    store: EventStore,
) -> None:
    future = store.submit(Batch(TELEMETRY, (), (make_event(1),)))
    store.observe([make_event(2)], ())
    await future
    assert [event.value and event.value.text for event in store.latest()] == ["2"]
