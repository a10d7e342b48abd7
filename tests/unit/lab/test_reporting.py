"""Critical values: of which somebody has to be told, and who was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.driver import DeviceEntry, DeviceOptions, LinkEntry, LinkOptions
from gateway.lab import LabDesk
from gateway.lab.reporting.desk import ReportDesk
from gateway.lab.reporting.options import CriticalValues
from gateway.lab.reporting.pages import Pages
from gateway.lab.reporting.state import State
from gateway.model import DeviceEvent, Instant, Status, Subject
from gateway.room import OWNER, Level, Permission, Principal
from gateway.testing import (
    ManualClock,
    MemoryRoomPorts,
    known_ring,
    room_context,
)
from gateway.web import Refusal
from tests.unit.api.memory_site import CHEMISTRY
from tests.unit.lab.lab_case import NOON, result
from tests.unit.lab.report_case import Bench, critical, reporting


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with reporting(tmp_path) as found:
        yield found


async def test_a_critical_value_waits_until_somebody_was_told_and_people_are_told_of_it(
    bench: Bench,
) -> None:
    await bench.hear(result(1, "5.0"), critical(2))
    (value,) = await bench.values()
    assert (value.state, value.device) == (State.WAITING, "chemistry-1")
    (said,) = bench.notices()
    assert said.open
    assert "S1" not in str(said)
    assert "6.90" not in str(said)
    after = await bench.report(value.seq)
    assert (after.state, after.reports[0].told) == (State.REPORTED, "王护士 4病区")
    assert [each.open for each in bench.notices()] == [True, False]
    assert len({each.key for each in bench.notices()}) == 1


async def test_only_the_first_of_two_who_report_at_once_is_noted(bench: Bench) -> None:
    await bench.hear(critical(1))
    (value,) = await bench.values()
    first, second = await asyncio.gather(
        bench.report(value.seq, "A"), bench.report(value.seq, "B"), return_exceptions=True
    )
    assert isinstance(second, Refusal)
    assert second.status == 409
    assert not isinstance(first, BaseException)
    assert [each.told for each in first.reports] == ["A"]
    with pytest.raises(Refusal) as refused:
        await bench.report(99)
    assert refused.value.status == 404


async def test_a_value_that_was_reported_and_then_withdrawn_is_to_be_retracted(
    bench: Bench,
) -> None:
    await bench.hear(critical(1))
    (value,) = await bench.values()
    await bench.report(value.seq)
    await bench.hear(result(20, "6.90", status=Status.ENTERED_IN_ERROR))
    assert await bench.states() == [State.TO_RETRACT]
    with pytest.raises(Refusal) as refused:
        await bench.report(value.seq, "a stale page")
    assert refused.value.status == 409
    page = (await bench.http.get("/critical-values")).text
    assert "王护士" in page
    assert 'value="to-retract"' in page
    after = await bench.report(value.seq, "李医生", State.TO_RETRACT)
    assert (after.state, len(after.reports)) == (State.RETRACTED, 2)
    assert [each.open for each in bench.notices()] == [True, False, True, False]


async def test_another_critical_version_takes_the_place_of_the_first(bench: Bench) -> None:
    await bench.hear(critical(1), critical(2, "7.20"))
    assert await bench.states() == [State.WAITING, State.REPLACED]
    waiting, _ = await bench.values()
    assert (await bench.lab.result(waiting.seq) or 0) != 0
    assert [each.open for each in bench.notices()] == [True, False, True]


async def test_what_corrected_a_told_value_and_was_entered_in_error_retracts_that_as_well(
    bench: Bench,
) -> None:
    await bench.hear(critical(1))
    (value,) = await bench.values()
    await bench.report(value.seq)
    await bench.hear(critical(30, "7.20", Status.CORRECTED))
    await bench.hear(result(40, "7.20", status=Status.ENTERED_IN_ERROR))
    found = {each.seq: each.state for each in await bench.values()}
    assert found.pop(value.seq) is State.TO_RETRACT
    assert set(found.values()) == {State.WITHDRAWN}


@pytest.mark.parametrize("later", [{"patient": "P2"}, {"days": 2}], ids=["patient", "day"])
async def test_a_number_that_is_used_again_lets_nobody_forget_the_first(
    bench: Bench, later: dict[str, Any]
) -> None:
    first = replace(critical(1), subject=Subject(patient="P1", specimen="7"))
    second = replace(
        critical(2, "7.20"),
        subject=Subject(patient=later.get("patient", "P1"), specimen="7"),
        received_at=Instant(NOON + 2 + later.get("days", 0) * 86_400_000_000),
    )
    await bench.hear(first, second)
    assert await bench.states() == [State.WAITING, State.WAITING]


async def test_whoever_sees_one_department_sees_its_values_behind_many_others(
    tmp_path: Path,
) -> None:
    ports = MemoryRoomPorts("xiehe-rt", ManualClock(Instant(NOON)))
    own = DeviceEntry("own", "", "line", CHEMISTRY, DeviceOptions(), 1.0, department="a")
    entry = LinkEntry("line", "astm", LinkOptions(), None, (own,))
    nurse = Principal("person:n", "N", frozenset(Permission), frozenset({"a"}))
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as lab:
        context = room_context(
            tmp_path, ports, section=CriticalValues(), neighbours=(lab,), links=(entry,)
        )
        async with ReportDesk.open_in(context) as desk:
            many = [result(seq, "6.9", specimen=f"S{seq}", flags=("HH",)) for seq in range(1, 502)]
            own_one = result(600, "6.9", device="own", flags=("HH",))
            await ports.publish([*many, own_one])
            for _ in range(3):
                await ports.feed(lab, desk)
            seen, total = await desk.waiting(nurse)
            assert ([each.value.device for each in seen], total) == (["own"], 1)
            everything, count = await desk.waiting(OWNER)
            assert (len(everything), count) == (500, 502)


async def test_one_withdrawn_before_anybody_was_told_wants_nobody(bench: Bench) -> None:
    await bench.hear(critical(1), result(2, "6.90", status=Status.ENTERED_IN_ERROR))
    assert await bench.states() == [State.WITHDRAWN]


async def test_controls_and_repetitions_call_nobody(bench: Bench) -> None:
    once = critical(1)
    again = replace(critical(2), observed_at=once.observed_at)
    await bench.hear(once, again, critical(3, status=Status.QC))
    assert [each.state for each in await bench.values()][-1:] != [State.REPORTED]
    assert sum(each.is_open for each in await bench.states()) == 1


async def test_the_same_events_make_the_same_tables_and_nothing_new(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.hear(critical(1))
    (value,) = await bench.values()
    await bench.report(value.seq)
    await bench.hear(result(20, "6.90", status=Status.ENTERED_IN_ERROR))
    told, made = await bench.values(), {each.id for each in bench.ports.events}
    again: list[DeviceEvent] = []

    async def emitted(events: object) -> None:
        again.extend(events)  # type: ignore[arg-type]

    (tmp_path / "anew").mkdir()
    context = room_context(
        tmp_path / "anew", bench.ports, section=CriticalValues(), neighbours=(bench.lab,)
    )
    async with ReportDesk.open_in(context) as anew:
        await anew.apply(list(bench.ports.events), emitted)
        waiting, total = await anew.waiting(OWNER)
        assert ([each.value for each in waiting], total) == (told, len(told))
    assert {each.id for each in again} <= made


async def test_the_page_lists_them_and_takes_a_report(bench: Bench) -> None:
    await bench.hear(critical(1))
    (value,) = await bench.values()
    page = (await bench.http.get("/critical-values")).text
    assert "6.90" in page
    assert "/samples/chemistry-1/S1" in page
    path = f"/critical-values/{value.seq}/report"
    refused = await bench.http.post(path, data={"answers": "waiting", "told": "王", "way": "phone"})
    assert refused.status_code == 422
    given = {"answers": "waiting", "told": "王护士", "way": "phone", "read_back": "yes"}
    asking = asyncio.create_task(bench.http.post(path, data=given))
    while not asking.done():
        await asyncio.sleep(0)
        await bench.feed()
    assert (await asking).status_code == 303
    page = (await bench.http.get("/critical-values")).text
    assert "王护士" in page
    assert "没有待通知的危急值" in page
    assert "Macro" not in page


async def test_the_api_lists_them_and_takes_a_report(bench: Bench) -> None:
    await bench.hear(critical(1))
    (value,) = await bench.values()
    listed = (await bench.http.get("/api/v1/critical-values")).json()["items"]
    assert [(each["value"], each["sample"], each["state"]) for each in listed] == [
        ("6.90", "S1", "waiting")
    ]
    path = f"/api/v1/critical-values/{value.seq}/report"
    body = {"answers": "waiting", "told": "A", "way": "person", "read_back": True}
    refused = await bench.http.post(path, json={**body, "read_back": False})
    assert refused.status_code == 422
    stale = await bench.http.post(path, json={**body, "answers": "to-retract"})
    assert stale.status_code == 409
    asking = asyncio.create_task(bench.http.post(path, json=body))
    while not asking.done():
        await asyncio.sleep(0)
        await bench.feed()
    assert (await asking).json()["state"] == "reported"
    items = (await bench.http.get("/api/v1/critical-values?waiting=false")).json()["items"]
    assert items[0]["reports"][0]["told"] == "A"


async def test_the_overview_says_which_wait_too_long(bench: Bench) -> None:
    pages = Pages(bench.desk)
    assert (await pages.glance(OWNER)).tiles == ()
    await bench.hear(critical(1))
    early = await pages.glance(OWNER)
    assert (early.tiles[0].level, early.attention) == (Level.MEDIUM, [])
    bench.clock.advance(16 * 60)
    late = await pages.glance(OWNER)
    assert late.tiles[0].level is Level.HIGH
    assert [each.path for each in late.attention] == ["/critical-values"]
