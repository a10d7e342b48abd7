from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.driver import Driver, DriverType, LinkEntry, LinkOptions, Poll
from gateway.errors import StoreError
from gateway.model import Direction, Kind, Micros, Publication, Quality, QuarantineReason, Reading
from gateway.registry import DeviceState, Registry
from gateway.store import EventStore, StoreOptions
from gateway.supervisor import Intake
from gateway.testing import ManualClock
from tests.unit.engine.sites import PROFILE, device, link, settled

WARM = Reading("temperature", "21.5", 21.5)


def no_driver(_link: LinkEntry) -> Driver:
    raise AssertionError("the intake starts no driver")


DRIVERS = {"test": DriverType("test", "1", no_driver, Path(), type(PROFILE), LinkOptions)}


class Disk:
    """Free space as the store sees it."""

    def __init__(self) -> None:
        self.free = 1 << 40

    def __call__(self, _path: Path) -> int:
        return self.free


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock, disk: Disk) -> AsyncIterator[EventStore]:
    options = StoreOptions(probe_seconds=0.01, free_space=disk)
    async with EventStore.open(tmp_path / "store", options, clock) as opened:
        yield opened


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def intake(store: EventStore, registry: Registry, clock: ManualClock) -> Intake:
    intake = Intake("site", store, registry, clock, Micros(60_000_000))
    intake.configure([link("line", device("t1"), device("t2"))], DRIVERS)
    return intake


async def committed(intake: Intake) -> bool:
    """Wait until every poll taken in is decided; whether the store takes more."""
    intake.flush()
    return await settled(intake.store)


async def recovered(intake: Intake) -> None:
    """Wait, within bounds, until the store takes commits again."""
    for _ in range(10_000):
        if await committed(intake):
            return
    raise AssertionError("the store did not recover")


def poll(*readings: Reading) -> Poll:
    return Poll(readings, ((Direction.OUT, b"ask"), (Direction.IN, b"answer")))


def publication(*readings: Reading, device: str = "t1", occurrence: bytes = b"1") -> Publication:
    return Publication(device, readings, (), occurrence)


async def test_a_publication_is_committed_with_its_bytes(intake: Intake, store: EventStore) -> None:
    record = intake.record("line", b"hello", Direction.IN, "t1", "s")
    receipt = await intake.publish("line", publication(WARM), [record])
    (event,) = await store.events(device="t1", kinds=[Kind.MEASUREMENT])
    assert receipt.seqs == (event.seq,)
    assert event.raw_id == record.raw_id
    kept = await store.record(record.raw_id)
    assert kept is not None
    assert kept.data == b"hello"


async def test_the_same_publication_again_adds_nothing(intake: Intake, store: EventStore) -> None:
    record = intake.record("line", b"hello", Direction.IN, "t1", "s")
    await intake.publish("line", publication(WARM), [record])
    again = intake.record("line", b"hello", Direction.IN, "t1", "s")
    receipt = await intake.publish("line", publication(WARM), [again])
    assert (receipt.seqs, receipt.duplicate) == ((), 1)
    assert len(await store.events(device="t1", kinds=[Kind.MEASUREMENT])) == 1


async def test_what_an_unknown_device_says_is_kept_in_quarantine(
    intake: Intake, store: EventStore
) -> None:
    record = intake.record("line", b"who am I", Direction.IN, "t9", "s")
    receipt = await intake.publish("line", publication(WARM, device="t9"), [record])
    assert receipt.quarantined == 1
    (entry,) = await store.quarantine()
    assert entry.entry.reason is QuarantineReason.UNKNOWN_DEVICE
    assert entry.entry.raw_id == record.raw_id


async def test_an_unknown_code_is_quarantined_beside_the_events(
    intake: Intake, store: EventStore
) -> None:
    record = intake.record("line", b"both", Direction.IN, "t1", "s")
    readings = (WARM, Reading("humidity", "40", 40.0))
    receipt = await intake.publish("line", publication(*readings), [record])
    assert (len(receipt.seqs), receipt.quarantined) == (1, 1)


async def test_a_failed_commit_is_told_and_leaves_nothing(
    intake: Intake, store: EventStore, disk: Disk
) -> None:
    disk.free = 0
    record = intake.record("line", b"hello", Direction.IN, "t1", "s")
    with pytest.raises(StoreError):
        await intake.publish("line", publication(WARM), [record])
    assert await store.record(record.raw_id) is None


async def test_a_poll_is_stored_when_it_changes_and_always_feeds_the_latest_values(
    intake: Intake, store: EventStore, clock: ManualClock
) -> None:
    entry = device("t1")
    intake.sample("line", entry, poll(WARM))
    clock.advance(1)
    intake.sample("line", entry, poll(Reading("temperature", "21.6", 21.6)))
    await committed(intake)
    assert len(await store.events(device="t1", kinds=[Kind.MEASUREMENT])) == 1
    latest = {event.code.code: event for event in store.latest("t1")}["temperature"]
    assert latest.value is not None
    assert latest.value.text == "21.6"
    assert latest.raw_id is not None
    record = await store.record(latest.raw_id)
    assert record is not None
    assert record.data == b"answer"


async def test_a_poll_that_could_not_be_stored_is_stored_with_the_next(
    intake: Intake, store: EventStore, disk: Disk
) -> None:
    disk.free = 0
    intake.sample("line", device("t1"), poll(WARM))
    await committed(intake)
    disk.free = 1 << 40
    await recovered(intake)
    intake.sample("line", device("t1"), poll(WARM))
    await committed(intake)
    assert len(await store.events(device="t1", kinds=[Kind.MEASUREMENT])) == 1


async def test_what_stands_is_said_again_until_the_disk_takes_it_and_what_is_over_is_not(
    intake: Intake, store: EventStore, disk: Disk
) -> None:
    disk.free = 0
    intake.link("line", "down", "no answer")
    intake.link("other", "down", "no answer")
    intake.availability("t1", online=True, reason="")
    intake.availability("t1", online=False, reason="silent")
    await committed(intake)
    intake.link("other", "up", "")
    intake.say_again()
    await committed(intake)
    assert await store.events() == []
    disk.free = 1 << 40
    await recovered(intake)
    for _ in range(2):
        intake.say_again()
        await committed(intake)
    said = [
        (event.source.device, event.code.code, event.value and event.value.text)
        for event in await store.events()
    ]
    assert sorted(said) == [
        ("gateway", "link/line", "down"),
        ("gateway", "link/other", "up"),
        ("t1", "availability", "offline"),
    ]


async def test_what_is_over_is_not_said_after_what_followed_it(
    intake: Intake, store: EventStore, disk: Disk
) -> None:
    disk.free = 0
    intake.link("line", "down", "no answer")
    await committed(intake)
    disk.free = 1 << 40
    await recovered(intake)
    intake.link("line", "up", "")
    intake.say_again()
    await committed(intake)
    (event,) = await store.events()
    assert event.value is not None
    assert event.value.text == "up"


async def test_a_fault_that_repeats_with_every_poll_is_on_the_work_list_once(
    intake: Intake, store: EventStore
) -> None:
    for _ in range(3):
        intake.sample("line", device("t1"), poll(WARM, Reading("humidity", "40", 40.0)))
    await committed(intake)
    assert len(await store.quarantine()) == 1


def door(state: str) -> Poll:
    return poll(Reading("door", state), WARM)


async def test_a_state_that_nobody_explained_leaves_no_old_one_standing(
    intake: Intake, store: EventStore, clock: ManualClock
) -> None:
    for state in "07":
        intake.sample("line", device("t1"), door(state))
        clock.advance(1)
    latest = {event.code.code: event for event in store.latest("t1")}
    assert (latest["door"].value, latest["door"].quality) == (None, Quality.BAD)
    assert await committed(intake)
    stored = await store.events(device="t1", kinds=[Kind.STATE])
    assert [event.value and event.value.text for event in stored] == ["0", None]


async def test_a_message_whose_state_nobody_explained_leaves_no_old_one_standing(
    intake: Intake, store: EventStore
) -> None:
    for at, state in enumerate("07"):
        record = intake.record("line", state.encode(), Direction.IN, "t1", "s")
        said = publication(Reading("door", state), occurrence=b"%d" % at)
        await intake.publish("line", said, [record])
    (latest,) = store.latest("t1")[:1]
    assert (latest.value, latest.quality) == (None, Quality.BAD)


async def test_a_fault_that_came_back_is_told_again(intake: Intake, store: EventStore) -> None:
    for state in "77077":
        intake.sample("line", device("t1"), door(state))
        assert await committed(intake)
    assert len(await store.quarantine()) == 2


async def test_a_fault_whose_telling_failed_is_told_with_the_next_poll(
    intake: Intake, store: EventStore, disk: Disk
) -> None:
    disk.free = 0
    intake.sample("line", device("t1"), door("7"))
    assert not await committed(intake)
    disk.free = 1 << 40
    await recovered(intake)
    intake.sample("line", device("t1"), door("7"))
    assert await committed(intake)
    assert [each.entry.subject for each in await store.quarantine()] == ["7"]


async def test_coming_and_going_are_events_once_each(
    intake: Intake, store: EventStore, registry: Registry
) -> None:
    intake.sample("line", device("t1"), poll(WARM))
    intake.availability("t1", online=False, reason="silent")
    intake.availability("t1", online=False, reason="silent")
    intake.sample("line", device("t1"), poll(WARM))
    await committed(intake)
    events = await store.events(device="t1", kinds=[Kind.AVAILABILITY])
    texts = [event.value.text for event in events if event.value]
    assert texts == ["online", "offline", "online"]
    status = registry.get("t1")
    assert status is not None
    assert status.state is DeviceState.ONLINE


async def test_after_an_outage_every_point_is_stored_again(
    intake: Intake, store: EventStore
) -> None:
    intake.sample("line", device("t1"), poll(WARM))
    intake.availability("t1", online=False, reason="silent")
    intake.sample("line", device("t1"), poll(WARM))
    await committed(intake)
    assert len(await store.events(device="t1", kinds=[Kind.MEASUREMENT])) == 2


async def test_watchers_see_every_poll_until_they_stop(intake: Intake) -> None:
    seen: list[str] = []
    stop = intake.watch(lambda events: seen.extend(event.code.code for event in events))
    intake.sample("line", device("t1"), poll(WARM))
    intake.sample("line", device("t1"), poll(WARM))
    stop()
    intake.sample("line", device("t1"), poll(WARM))
    assert seen == ["temperature", "temperature"]


async def test_a_point_or_device_that_is_gone_from_the_file_is_gone_from_the_latest_values(
    intake: Intake, store: EventStore
) -> None:
    intake.sample("line", device("t1"), poll(WARM, Reading("door", "0")))
    intake.sample("line", device("t2"), poll(WARM))
    await committed(intake)
    points = {"temperature": PROFILE.points["temperature"]}
    without_door = PROFILE.model_copy(update={"points": points})
    intake.configure([link("line", device("t1", profile=without_door))], DRIVERS)
    left = {(event.source.device, event.code.code) for event in store.latest()}
    assert left == {("t1", "temperature"), ("t1", "availability")}
