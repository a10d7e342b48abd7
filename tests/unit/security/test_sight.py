"""What people see of events and devices, on pages, by API and live."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gateway.driver import DeviceEntry
from gateway.model import DeviceEvent, Kind, Quarantined, QuarantineReason, RawId, Subject
from gateway.room import OWNER, Permission, Principal, Sight, visible
from gateway.room.sight import permission_for
from gateway.security.roles import PERMISSIONS, Role, permissions_of
from tests.accounts import House, house
from tests.unit.api.memory_site import METER, NOON, ROOM, analyzer, device, found, measured, wire
from tests.unit.api.streaming import opened


def _of(department: str, entry: tuple[str, DeviceEntry]) -> tuple[str, DeviceEntry]:
    return entry[0], replace(entry[1], department=department)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    """A meter of the plant, an analyzer of the laboratory, and a sensor that is nobody's."""
    async with house(tmp_path) as opened_house:
        site = opened_house.site
        site.furnish(
            [
                _of("plant", ("modbus", device("meter-1", "Meter", METER, "bus"))),
                _of("lab", analyzer()),
                ("mqtt", device("room-1", "Vault", ROOM, "broker")),
            ]
        )
        site.store.keep(wire(7, b"meter", device_="meter-1"))
        site.store.keep(replace(wire(8, b"Li Wei", device_="chemistry-1"), link="lab-line"))
        await site.hear(
            measured("meter-1", "power", "1", "kW", raw_id=7),
            replace(found("2823-3", "4.1", raw_id=8), subject=Subject("P1", "HIS", "S1")),
            measured("room-1", "humidity", "40", "%"),
            replace(measured("room-1", "bed", "1", ""), subject=Subject("P1", "HIS")),
        )
        for name in ("meter-1", "chemistry-1"):
            site.store.put_aside(
                Quarantined(RawId(7), "bus", name, QuarantineReason.UNKNOWN_CODE, name, "", NOON)
            )
        yield opened_house


async def _devices(browser: httpx.AsyncClient, path: str, key: str = "device") -> set[str]:
    answer = (await browser.get(f"/api/v1{path}")).json()
    items = answer["items"] if isinstance(answer, dict) else answer
    return {item[key] for item in items}


async def test_a_facilities_person_sees_no_laboratory_results(home: House) -> None:
    browser = await home.client(Role.FACILITIES)
    assert await _devices(browser, "/latest") == {"meter-1", "room-1"}
    page = (await browser.get("/devices/chemistry-1")).text
    assert "4.1" not in page
    codes = {item["code"] for item in (await browser.get("/api/v1/latest")).json()}
    assert codes == {"power", "humidity"}


async def test_a_department_sees_its_own_devices_only(home: House) -> None:
    browser = await home.client(Role.ENGINEER, departments=["plant"])
    assert await _devices(browser, "/devices", "id") == {"meter-1"}
    assert await _devices(browser, "/links", "id") == {"bus"}
    for path in ("/latest", "/events", "/messages", "/quarantine"):
        assert await _devices(browser, path) == {"meter-1"}, path
    assert await _devices(browser, "/results") == set()
    for path in (
        "/api/v1/devices/chemistry-1",
        "/api/v1/latest?device=chemistry-1",
        "/api/v1/events?device=chemistry-1",
        "/api/v1/results?device=chemistry-1",
        "/api/v1/messages/8",
        "/api/v1/samples/chemistry-1/S1",
        "/api/v1/links/lab-line/tap",
        "/api/v1/stream?device=chemistry-1",
        "/devices/chemistry-1",
        "/devices/chemistry-1/trend/2823-3",
        "/devices/chemistry-1/spark/2823-3",
        "/messages/8",
        "/samples/chemistry-1/S1",
    ):
        assert (await browser.get(path)).status_code == 404, path
    for path in ("/", "/devices", "/devices?view=cards", "/messages", "/quarantine", "/results"):
        page = (await browser.get(path)).text
        assert "meter-1" in page or path == "/results"
        assert "chemistry-1" not in page, path
        assert "room-1" not in page, path
    assert not re.search("chemistry-1|room-1", (await browser.get("/events")).text)


async def test_a_laboratory_sees_its_results_and_no_other_bytes(home: House) -> None:
    browser = await home.client(Role.LABORATORY, departments=["lab"])
    assert await _devices(browser, "/results") == {"chemistry-1"}
    assert (await browser.get("/samples/chemistry-1/S1")).status_code == 200
    assert (await browser.get("/messages/8")).status_code == 200
    assert (await browser.get("/messages/7")).status_code == 404
    subjects = [each.subject for each in home.audit.entries if each.subject is not None]
    assert subjects[-1] == Subject("P1", "HIS", "S1")


async def test_a_poller_goes_past_what_it_is_not_shown(home: House) -> None:
    browser = await home.client(Role.ENGINEER, departments=["plant"])
    page = (await browser.get("/api/v1/events", params={"after": 1, "limit": 2})).json()
    assert page == {"items": [], "next": 3}


async def test_nobody_learns_the_devices_from_the_sign_in_page(home: House) -> None:
    page = (await home.anonymous().get("/sign-in")).text
    assert "meter-1" not in page
    assert "/devices" not in page


async def _stream(home: House, browser: httpx.AsyncClient, query: str) -> set[str]:
    cookie = f"isogate={browser.cookies['isogate']}"
    got: set[str] = set()
    async with opened(home.app, query, last=0, cookie=cookie) as stream:
        await asyncio.sleep(0)
        await home.site.store.add(measured("meter-1", "end", "1", "kW"))
        while True:
            data = (await stream.frame())["data"]
            item = data.get("data", data)
            if item["code"] == "end":
                return got
            got.add(item["code"])


@pytest.mark.parametrize("query", ["topics=event", "topics=latest"])
@pytest.mark.parametrize(
    ("role", "departments", "codes"),
    [
        (Role.ENGINEER, (), {"power", "2823-3", "humidity", "bed"}),
        (Role.FACILITIES, (), {"power", "humidity"}),
        (Role.THERAPIST, (), {"power", "humidity", "bed"}),
        (Role.ENGINEER, ("plant",), {"power"}),
        (Role.LABORATORY, ("lab", "plant"), {"power", "2823-3"}),
    ],
)
async def test_the_live_stream_carries_what_its_reader_may_see(
    home: House, query: str, role: Role, departments: tuple[str, ...], codes: set[str]
) -> None:
    browser = await home.client(role, departments=departments)
    assert await _stream(home, browser, query) == codes


async def test_a_stream_that_reveals_patients_is_in_the_audit(home: House) -> None:
    await _stream(home, await home.client(Role.LABORATORY), "topics=event")
    assert home.audit.entries[-1].action == "events.read"
    count = len(home.audit.entries)
    await _stream(home, await home.client(Role.FACILITIES), "topics=event")
    new = [each.action for each in home.audit.entries[count:]]
    assert "events.read" not in new


def _event(kind: Kind, subject: Subject | None) -> DeviceEvent:
    return replace(measured("m", "c", "1", ""), kind=kind, subject=subject)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_about_a_patient_takes_a_permission_that_says_so(kind: Kind) -> None:
    assert permission_for(_event(kind, Subject("P1", "HIS"))).reveals_patients
    assert isinstance(permission_for(_event(kind, None)), Permission)


@pytest.mark.parametrize("role", list(Role))
def test_a_sight_opens_what_its_role_may_read_and_no_more(role: Role) -> None:
    who = Principal("person:x", "x", permissions_of([role]))
    sight = Sight.of(who)
    assert sight.opened <= PERMISSIONS[role]
    for kind in Kind:
        event = _event(kind, None)
        assert sight.event(event, None) == (permission_for(event) in PERMISSIONS[role])


def test_a_device_of_no_department_is_shown_to_the_unlimited_alone() -> None:
    entry = device("m", "M", METER, "bus")
    limited = Principal("person:x", "x", frozenset(Permission), frozenset({"lab"}))
    assert visible(OWNER, entry)
    assert not visible(limited, entry)
    assert not visible(limited, None)
    assert visible(limited, replace(entry, department="lab"))
