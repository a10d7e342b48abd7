"""Whatever a source does between polls, each statement is published once, in its order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.driver import DeviceEntry, LinkEntry, LinkOptions
from gateway.errors import DeviceUnavailable, ProtocolViolation
from gateway.model import Instant, QuarantineReason, Status
from gateway.profile import Analyte, Grade
from gateway.rows import (
    Fetched,
    Position,
    Refused,
    Row,
    RowColumns,
    RowDevice,
    RowProfile,
    follow,
    interpret_page,
)
from gateway.rows.entry import Entry
from gateway.rows.ledger import MOST_KNOWN, Ledger
from gateway.rows.page import Page, decode, encode
from gateway.testing import MemoryPorts

NOON = datetime(2026, 11, 23, 4)  # noqa: DTZ001 - a wall time
PROFILE = RowProfile(
    profile="rows",
    driver="rows",
    title="Rows",
    grade=Grade.DERIVED,
    source="these tests",
    columns=RowColumns(time="at", key="key", code="code", value="value"),
    points={"n": Analyte(unit="1")},
)
DEVICE = DeviceEntry("device", "Device", "link", PROFILE, RowDevice(overlap=60), 1.0)
LINK = LinkEntry("link", "rows", LinkOptions(), None, (DEVICE,))


@dataclass(slots=True)
class Table:
    """Rows in memory, in pages of two."""

    rows: dict[int, Row] = field(default_factory=dict)

    def put(self, key: int, at: int, value: str) -> None:
        moment = NOON + timedelta(seconds=at)
        values = {"at": moment.isoformat(), "key": str(key), "code": "n", "value": value}
        self.rows[key] = Row(moment, key, values)

    async def now(self) -> Instant | None:
        return None

    async def pages(
        self, _device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        found = sorted(
            (row for row in self.rows.values() if row.at >= start.at),
            key=lambda row: (row.at, row.key),
        )
        for at in range(0, len(found), 2):
            yield found[at : at + 2]


async def polls(ports: MemoryPorts, table: Table, count: int = 1) -> None:
    """Start, poll so often, and stop, as a gateway that is killed."""
    task = asyncio.create_task(follow(ports, (DEVICE,), table))
    awaited = ports.waiting + count
    for _ in range(count - 1):
        ports.turn()
    await ports.until(lambda: ports.waiting >= awaited)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Overlapping(Table):
    """Pages that begin with the row that ended the one before, as services that page by time."""

    async def pages(
        self, device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        last: Sequence[Fetched] = ()
        async for rows in Table.pages(self, device, start):
            yield [*last, *rows]
            last = rows[-1:]


class Busy(Table):
    """A table in which somebody writes once, after a page was read."""

    def __init__(self) -> None:
        super().__init__()
        self.then: list[tuple[int, int, str]] = []

    async def pages(
        self, _device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        after = (start.at, 0)
        while True:
            rows = sorted(self.rows.values(), key=lambda row: (row.at, row.key))
            page = [row for row in rows if (row.at, row.key) > after][:2]
            if not page:
                return
            yield page
            after = page[-1].at, int(page[-1].key)
            if self.then:
                self.put(*self.then.pop())


class Twofold(Table):
    """A view that shows a key twice, on two pages, at two times."""

    async def pages(
        self, device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        async for rows in Table.pages(self, device, start):
            yield [replace(row, key=9) if isinstance(row, Row) else row for row in rows[:1]]


def texts(ports: MemoryPorts) -> list[str]:
    return [reading.text for each in ports.publications for reading in each.readings]


async def test_a_row_that_two_pages_hold_is_published_once_and_is_no_fault() -> None:
    ports, table = MemoryPorts(), Overlapping()
    for key in range(1, 6):
        table.put(key, key, str(key))
    await polls(ports, table, 2)
    assert texts(ports) == ["1", "2", "3", "4", "5"]
    assert ports.quarantine_list == []


async def test_a_row_that_is_corrected_while_its_poll_goes_on_is_a_newer_version() -> None:
    ports, table = MemoryPorts(), Busy()
    for key in range(1, 6):
        table.put(key, key, str(key))
    table.then = [(2, 30, "9.9")]
    await polls(ports, table, 3)
    assert texts(ports) == ["1", "2", "3", "4", "5", "9.9"]
    assert ports.publications[-1].readings[0].status is Status.CORRECTED
    assert ports.quarantine_list == []


async def test_a_key_that_comes_twice_on_two_pages_in_every_poll_identifies_no_row() -> None:
    ports, table = MemoryPorts(), Twofold()
    for key in range(1, 5):
        table.put(key, key, str(key))
    await polls(ports, table, 5)
    assert texts(ports) == ["1", "3"]
    assert ["came twice" in each.detail for each in ports.quarantine_list] == [True]


STEPS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(-50, 0), st.sampled_from("abc"), st.booleans()),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=100)
async def test_each_change_of_each_row_is_published_once_over_any_restarts(
    steps: list[tuple[int, int, str, bool]],
) -> None:
    ports, table = MemoryPorts(), Table()
    expected: list[str] = []
    for key, at, value, restarted in steps:
        text = f"{key}{value}"
        if key not in table.rows or table.rows[key].values["value"] != text:
            expected.append(text)
        table.put(key, at, text)
        await polls(ports, table, 1 if restarted else 2)
    assert texts(ports) == expected
    assert len({(each.device, each.occurrence) for each in ports.publications}) == len(expected)


@given(STEPS)
async def test_the_journal_alone_says_the_same(
    steps: list[tuple[int, int, str, bool]],
) -> None:
    ports, table = MemoryPorts(), Table()
    for key, at, value, _ in steps:
        table.put(key, at, f"{key}{value}")
        await polls(ports, table)
    again = [
        each
        for record in ports.records
        for each in interpret_page(LINK, ports.records, record.raw_id)
    ]
    assert again == ports.publications


async def test_an_absence_longer_than_the_lookback_leaves_no_hole() -> None:
    ports, table = MemoryPorts(), Table()
    table.put(1, 0, "a")
    await polls(ports, table)
    days = 24 * 3600
    table.put(2, 2 * days, "b")
    ports.clock.advance(9 * days)
    await polls(ports, table)
    assert texts(ports) == ["a", "b"]


async def test_the_first_poll_of_all_begins_a_lookback_before_now() -> None:
    ports, table = MemoryPorts(), Table()
    table.put(1, -30 * 3600, "old")
    table.put(2, -20 * 3600, "new")
    await polls(ports, table)
    assert texts(ports) == ["new"]


async def test_a_value_without_its_code_waits_for_a_person() -> None:
    ports, table = MemoryPorts(), Table()
    for key in (1, 2, 3):
        table.put(key, key, str(key))
    for key, value in ((1, "5.2"), (2, None)):
        row = table.rows[key]
        table.rows[key] = replace(row, values={**row.values, "code": " ", "value": value})
    await polls(ports, table, 3)
    assert texts(ports) == ["3"]
    (waiting,) = ports.quarantine_list
    assert waiting.reason is QuarantineReason.UNREADABLE
    assert waiting.detail == "code is empty: nothing says what the value is of"
    table.put(1, 1, "5.2")
    await polls(ports, table)
    assert texts(ports) == ["3", "5.2"]


async def test_nothing_is_journalled_without_news() -> None:
    ports, table = MemoryPorts(), Table()
    table.put(1, 0, "a")
    await polls(ports, table, 5)
    assert len(ports.records) == 1


def test_too_many_rows_to_remember_are_told() -> None:
    ledger = Ledger(overlap=60, lookback=60)
    table = Table()
    for key in range(MOST_KNOWN + 1):
        table.put(key, 0, "a")
        row = table.rows[key]
        entry = ledger.sift(row, {})
        assert entry is not None
        ledger.remember(entry, {})
    ledger.advance(Position(NOON))
    with pytest.raises(DeviceUnavailable, match="shorten lookback"):
        ledger.prune(NOON)
    later = NOON + timedelta(hours=1)
    ledger.advance(Position(later))
    ledger.prune(later)


def test_a_page_explains_itself() -> None:
    page = Page((), Position(NOON, 7))
    assert encode(page) == b'{"isogate rows 1": ["2026-11-23T04:00:00", 7]}\n'
    assert decode(encode(page)) == page


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"isogate rows 1": [1]}'])
def test_what_is_no_page_is_told(data: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        decode(data)


def test_a_refused_row_is_read_again_once_its_profile_is_mended() -> None:
    values = {"at": "23.11.2026 12:00", "key": "7", "code": "n", "value": "5"}
    record = MemoryPorts().record(
        encode(Page((Entry(Refused(values, "no time")),), None)), device="device", session="device"
    )
    with pytest.raises(ProtocolViolation):
        interpret_page(LINK, [record], record.raw_id)
    mended = PROFILE.model_copy(update={"time_pattern": "%d.%m.%Y %H:%M"})
    link = replace(LINK, devices=(replace(DEVICE, profile=mended),))
    (said,) = interpret_page(link, [record], record.raw_id)
    assert said.readings[0].text == "5"
