"""How the driver reads on: late rows, clocks, restarts, faults; over a real SQLite file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.sqlpoll.driver import SqlDriver
from drivers.sqlpoll.engine import engine_of
from drivers.sqlpoll.profile import SqlLink, SqlProfile
from gateway import QuarantineReason, Status, StoreError
from gateway.testing import MemoryPorts
from tests.unit.sqlpoll.sites import device, link, polled, ports_at, turn, upsert

PROFILE = SqlProfile.model_validate(
    {
        "profile": "numbers",
        "driver": "sqlpoll",
        "title": "Numbers",
        "grade": "derived",
        "source": "these tests",
        "table": "r",
        "time_pattern": "%Y-%m-%d %H:%M:%S",
        "columns": {"time": "at", "key": "id", "code": "code", "value": "value"},
        "points": {"n": {"unit": "1"}},
    }
)


def row(number: int, at: str = "08:10:00", value: object = None) -> dict[str, Any]:
    said = number if value is None else value
    return {"id": number, "at": f"2026-11-23 {at}", "code": "n", "value": said}


def texts(ports: MemoryPorts) -> list[str]:
    return [reading.text for each in ports.publications for reading in each.readings]


def remove(path: Path) -> None:
    path.unlink()


def spoil(path: Path) -> None:
    path.write_bytes(b"no database at all, however long it may be")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.db"


async def test_rows_are_read_once_and_new_ones_at_the_next_turn(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(number) for number in range(1, 8)])
    async with polled(ports, link(path, device(PROFILE))):
        await turn(ports)
        upsert(path, "r", [row(8, "08:11:00")])
        await turn(ports)
        journalled = len(ports.records)
        await turn(ports)
        assert texts(ports) == ["1", "2", "3", "4", "5", "6", "7", "8"]
        assert len(ports.records) == journalled


async def test_a_restart_goes_on_from_the_journal_alone(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(number) for number in range(1, 8)])
    async with polled(ports, link(path, device(PROFILE))):
        pass
    journalled = len(ports.records)
    upsert(path, "r", [row(8, "08:09:00"), row(3, value=33)])
    async with polled(ports, link(path, device(PROFILE))):
        pass
    assert texts(ports)[7:] == ["8", "33"] or texts(ports)[7:] == ["33", "8"]
    assert len(ports.records) > journalled
    statuses = {each.readings[0].text: each.readings[0].status for each in ports.publications}
    assert statuses["33"] is Status.CORRECTED


async def test_a_page_that_is_not_committed_is_read_again(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(number) for number in range(1, 8)])
    ports.store_works = False
    with pytest.raises(StoreError):
        await SqlDriver(link(path, device(PROFILE))).run(ports)
    ports.store_works = True
    ports.dies_after = OSError("killed after the commit")
    with pytest.raises(OSError, match="killed"):
        await SqlDriver(link(path, device(PROFILE))).run(ports)
    assert texts(ports) == ["1", "2", "3"]
    async with polled(ports, link(path, device(PROFILE))):
        assert texts(ports) == ["1", "2", "3", "4", "5", "6", "7"]


async def test_a_late_row_within_the_overlap_is_found(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1, "08:10:00")])
    async with polled(ports, link(path, device(PROFILE, overlap=600, deep_every=1000))):
        upsert(path, "r", [row(2, "08:00:01"), row(3, "07:59:59")])
        await turn(ports)
        assert texts(ports) == ["1", "2"]


async def test_a_deep_poll_finds_rows_that_are_later_still(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1, "08:10:00")])
    async with polled(ports, link(path, device(PROFILE, overlap=60, deep_every=2))):
        upsert(path, "r", [row(2, "03:00:00")])
        await turn(ports)
        assert texts(ports) == ["1"]
        await turn(ports)
        assert texts(ports) == ["1", "2"]


async def test_a_row_from_the_future_hides_nothing(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1, "23:59:00")])
    async with polled(ports, link(path, device(PROFILE, overlap=600, deep_every=1000))):
        upsert(path, "r", [row(2, "08:20:30")])
        await turn(ports)
        assert texts(ports) == ["1", "2"]


async def test_without_overlap_each_row_is_asked_for_once(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1), row(2)])
    async with polled(ports, link(path, device(PROFILE, overlap=0, deep_every=1000))):
        upsert(path, "r", [row(1, value=11), row(3)])
        await turn(ports)
        assert texts(ports) == ["1", "2", "3"]


async def test_there_and_back_again_are_three_versions(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1, value="4.1")])
    async with polled(ports, link(path, device(PROFILE))):
        for value in ("5.2", "4.1", "4.1"):
            upsert(path, "r", [row(1, value=value)])
            await turn(ports)
    assert texts(ports) == ["4.1", "5.2", "4.1"]
    assert len({each.occurrence for each in ports.publications}) == 3


async def test_a_value_taken_back_is_a_cancelled_version(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1, value="4.1")])
    async with polled(ports, link(path, device(PROFILE))):
        upsert(path, "r", [row(1, value="")])
        await turn(ports)
        await turn(ports)
    assert [each.readings[0].status for each in ports.publications] == ["final", "cancelled"]


async def test_a_bad_row_is_quarantined_once_and_stops_nobody(path: Path) -> None:
    ports = ports_at()
    bad = {**row(2), "at": "9999"}
    upsert(path, "r", [row(1), bad, {**row(3), "value": b"\xff\xfe"}, row(4)])
    async with polled(ports, link(path, device(PROFILE))):
        await turn(ports)
        assert texts(ports) == ["1", "4"]
        assert [it.reason for it in ports.quarantine_list] == [QuarantineReason.UNREADABLE] * 2


async def test_a_key_that_comes_twice_identifies_no_row(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1), row(2)])
    view = PROFILE.model_copy(
        update={"table": "", "query": "SELECT 9 AS id, at, code, value FROM r"}
    )
    async with polled(ports, link(path, device(view), page=10)):
        await turn(ports)
        assert len(ports.publications) == 1
        assert ["twice" in it.detail for it in ports.quarantine_list] == [True]


async def test_a_table_that_is_not_there_makes_its_device_offline_alone(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1)])
    entry = link(path, device(PROFILE, table="nowhere"))
    async with polled(ports, entry):
        ((name, online, reason),) = ports.availabilities
        assert (name, online) == ("device", False)
        assert "no such table: nowhere" in reason
        upsert(path, "nowhere", [row(5)])
        await turn(ports)
        assert texts(ports) == ["5"]
        assert ports.availabilities[-1][1] is True


async def test_a_file_that_another_one_replaces_is_left_for_it(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1)])
    async with polled(ports, link(path, device(PROFILE))):
        other = path.with_name("other.db")
        upsert(other, "r", [row(1), row(2, "08:11:00")])
        other.replace(path)
        await turn(ports)
        assert texts(ports) == ["1", "2"]
        assert ports.availabilities == [("device", True, "")]


async def test_a_file_that_is_gone_is_told_and_read_again_when_one_is_there(path: Path) -> None:
    ports = ports_at()
    upsert(path, "r", [row(1)])
    async with polled(ports, link(path, device(PROFILE))):
        remove(path)
        await turn(ports)
        assert ports.availabilities[-1][1] is False
        assert "can't be opened" in ports.availabilities[-1][2]
        spoil(path)
        await turn(ports)
        assert ports.availabilities[-1][1] is False
        remove(path)
        upsert(path, "r", [row(2)])
        await turn(ports)
        assert texts(ports) == ["1", "2"]
        assert ports.availabilities[-1][1] is True


async def test_the_file_is_opened_read_only(path: Path) -> None:
    upsert(path, "r", [row(1)])
    options = SqlLink.model_validate({"database": "sqlite", "path": path})
    engine = engine_of("link", options)
    connection = engine.connect()
    with pytest.raises(engine.error, match="readonly"):
        connection.cursor().execute("INSERT INTO r VALUES (2, '', '', '')")
    connection.close()
