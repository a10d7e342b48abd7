from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.driver import Driver, DriverType, LinkEntry, LinkOptions
from gateway.errors import ProtocolViolation
from gateway.model import (
    Direction,
    Kind,
    Micros,
    Publication,
    Quarantined,
    QuarantineReason,
    RawId,
    Reading,
    WireRecord,
)
from gateway.profile import Point
from gateway.registry import Registry
from gateway.store import EventStore, StoreOptions
from gateway.supervisor import Again, Intake
from gateway.testing import ManualClock
from tests.unit.engine.sites import PROFILE, device, link


def no_driver(_link: LinkEntry) -> Driver:
    raise AssertionError("nothing is started here")


def read(_link: LinkEntry, records: Sequence[WireRecord], raw_id: RawId) -> Sequence[Publication]:
    """A message is `code=number`, or several with spaces between, for device t1."""
    (message,) = (record for record in records if record.raw_id == raw_id)
    pairs = [pair.partition("=") for pair in message.data.decode().split()]
    if not all(equals for _, equals, _ in pairs):
        raise ProtocolViolation("there is no = in it", message.data)
    readings = tuple(Reading(code, text, float(text)) for code, _, text in pairs)
    return [Publication("t1", readings, (raw_id,), message.data)]


DRIVER = DriverType("test", "1", no_driver, Path(), type(PROFILE), LinkOptions, interpret=read)
LINE = link("line", device("t1"))
HUMIDITY = PROFILE.model_copy(update={"points": {**PROFILE.points, "humidity": Point(unit="%")}})


class Site:
    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.intake = Intake("site", store, Registry(), ManualClock(), Micros(60_000_000))
        self.configure(LINE)

    def configure(self, line: LinkEntry) -> None:
        self.line = line
        self.intake.configure([line], {"test": DRIVER})

    async def receive(self, data: bytes) -> None:
        record = self.intake.record("line", data, Direction.IN, "t1", "s")
        (publication,) = read(self.line, [record], record.raw_id)
        await self.intake.publish("line", replace(publication, raw_ids=()), [record])

    async def again(self) -> str:
        """What the first open entry still waits for; empty if it was resolved."""
        (entry, *_) = await self.store.quarantine(open_only=True)
        outcome = await Again("site", self.store).read(entry, self.line, DRIVER, "owner")
        return outcome.waits

    async def values(self) -> list[str]:
        events = await self.store.events(kinds=[Kind.MEASUREMENT])
        return [f"{event.code.code}={event.value.text}" for event in events if event.value]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    options = StoreOptions(free_space=lambda _: 1 << 40)
    async with EventStore.open(tmp_path / "store", options, ManualClock()) as store:
        yield Site(store)


async def test_a_mended_profile_turns_what_waited_into_events(site: Site) -> None:
    await site.receive(b"humidity=41")
    site.configure(link("line", device("t1", profile=HUMIDITY)))
    assert await site.again() == ""
    assert await site.values() == ["humidity=41"]
    assert not await site.store.quarantine(open_only=True)


async def test_an_event_from_the_quarantine_leads_to_its_bytes(site: Site) -> None:
    await site.receive(b"humidity=41")
    site.configure(link("line", device("t1", profile=HUMIDITY)))
    await site.again()
    (event,) = await site.store.events(kinds=[Kind.MEASUREMENT])
    assert event.raw_id is not None
    record = await site.store.record(event.raw_id)
    assert record is not None
    assert record.data == b"humidity=41"


async def test_what_is_still_unknown_goes_on_waiting(site: Site) -> None:
    await site.receive(b"humidity=41")
    assert "humidity" in await site.again()
    assert await site.values() == []
    assert len(await site.store.quarantine(open_only=True)) == 1


async def test_a_message_that_can_not_be_read_goes_on_waiting(site: Site) -> None:
    record = site.intake.record("line", b"noise", Direction.IN, "t1", "s")
    entry = Quarantined(
        record.raw_id, "line", "t1", QuarantineReason.UNREADABLE, "noise", "no =", record.at
    )
    await site.intake.quarantine(entry, [record])
    assert await site.again() == "there is no = in it"


async def test_a_device_that_is_gone_keeps_its_message_waiting(site: Site) -> None:
    await site.receive(b"humidity=41")
    site.configure(link("line", device("t2")))
    assert "t1" in await site.again()


async def test_what_comes_to_light_waits_under_its_own_reason(site: Site) -> None:
    record = site.intake.record("line", b"temperature=20 pressure=3", Direction.IN, "t1", "s")
    entry = Quarantined(
        record.raw_id, "line", "t1", QuarantineReason.UNREADABLE, "charset", "mended", record.at
    )
    await site.intake.quarantine(entry, [record])
    assert await site.again() == ""
    assert await site.values() == ["temperature=20"]
    (left,) = await site.store.quarantine(open_only=True)
    assert (left.entry.reason, left.entry.subject) == (QuarantineReason.UNKNOWN_CODE, "pressure")
    assert left.entry.raw_id == record.raw_id


async def test_of_two_unknown_codes_in_a_message_each_is_settled_by_itself(site: Site) -> None:
    await site.receive(b"humidity=41 pressure=3")
    site.configure(link("line", device("t1", profile=HUMIDITY)))
    assert await site.again() == ""
    assert await site.values() == ["humidity=41"]
    (left,) = await site.store.quarantine(open_only=True)
    assert left.entry.subject == "pressure"
    assert "pressure" in await site.again()
    assert len(await site.store.quarantine(open_only=True)) == 1


async def test_a_preview_stores_nothing(site: Site) -> None:
    await site.receive(b"humidity=41")
    mended = link("line", device("t1", profile=HUMIDITY))
    (entry,) = await site.store.quarantine(open_only=True)
    trial = await Again("site", site.store).preview(entry, mended, DRIVER)
    assert [event.code.code for event in trial.events] == ["humidity"]
    assert trial.waits == ""
    assert await site.values() == []
    assert len(await site.store.quarantine(open_only=True)) == 1


async def test_an_old_message_is_no_news(site: Site) -> None:
    await site.receive(b"humidity=41")
    site.configure(link("line", device("t1", profile=HUMIDITY)))
    await site.receive(b"humidity=55")
    await site.again()
    latest = {event.code.code: event.value for event in site.store.latest("t1")}
    value = latest["humidity"]
    assert value is not None
    assert value.text == "55"
