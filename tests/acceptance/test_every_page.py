"""Every page of every room of a real gateway, as its owner sees it, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from starlette.routing import Route

from gateway.alarms import Step, Wanted
from gateway.alarms.panel import AlarmPanel
from gateway.api import open_app
from gateway.api.app import Application
from gateway.app.gateway import Gateway
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.lab import LabDesk
from gateway.model import (
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Retention,
    Source,
    Subject,
    Value,
    from_datetime,
)
from gateway.patients import PatientBook
from gateway.patients.importer import PatientImporter
from gateway.room import OWNER
from gateway.schedule import ScheduleBook
from gateway.schedule.importer import Importer
from gateway.security import Security
from gateway.security.roles import Role
from gateway.store import Batch
from gateway.testing import Recognizing
from gateway.testing.access import whole_site
from gateway.web.caller import OVER_SOCKET
from tests.acceptance.browser import Tab, chromium, served, tab
from tests.peers import free_port, full_run
from tests.unit.patients.people_case import event as patient_event
from tests.unit.patients.people_case import said
from tests.unit.schedule.schedule_case import booked, event

pytestmark = [pytest.mark.peer, pytest.mark.acceptance, pytest.mark.timeout(900)]

SITE = {
    "site": {
        "id": "trial",
        "name": {"zh-CN": "示例医院", "en": "Example Hospital"},
        "time_zone": "Asia/Shanghai",
    },
    "links": {
        "analyzers": {"driver": "hl7", "transport": {"type": "tcp-listen", "port": free_port()}}
    },
    "schedule": {
        "resources": {
            "linac-1": {"name": {"zh-CN": "直线加速器1室", "en": "Linac 1"}, "known_as": ["LA1"]}
        }
    },
    "devices": {
        "hema": {
            "name": {"zh-CN": "血液分析仪", "en": "Hematology analyzer"},
            "link": "analyzers",
            "profile": "hematology-analyzer-hl7",
            "location": {"zh-CN": "检验科", "en": "Laboratory"},
        }
    },
}
REFUSED = re.compile("status of (40[34]|502)")
"""What the browser says of a page that this caller may not see, or of a provider that isn't there.

It is a page all the same.
"""

UNATTENDED = {"/pair", "/display", "/display/{zone}", "/display/{zone}/board"}
"""Screens that nobody works at: they renew themselves, and are as wide as a wall."""

LOOKS = [("zh-CN", "light"), ("en", "dark"), ("zh-CN", "dark"), ("en", "light")]


ELSEWHERE = (
    "/dicom",
    "/objects",
    "/studies",
    "/courses",
    "/plans",
    "/sessions",
    "/queue",
    "/kiosk/read/",
)
"""Whose pages that need a parameter are tried with the rooms that bring them."""

_PARTS = ("/devices/{device}/spark/", "/static/", "/objects/", "/display/{zone}/sound/")
"""What is no page but a part of one."""


def _pages(app: Application) -> list[str]:
    """The path of every page, as it is routed."""
    return sorted(
        {
            route.path
            for route in app.routes
            if isinstance(route, Route)
            and "GET" in (route.methods or ())
            and not route.path.startswith(("/api/", "/healthz", "/readyz", "/metrics", *_PARTS))
            and "." not in route.path
            and "/stream" not in route.path
            and not route.path.startswith("/dicom-web")
        }
        - UNATTENDED
    )


def _addresses(pages: list[str], shown: dict[str, str]) -> list[str]:
    """Every page that needs no more than its address, and those of `shown`."""
    return [*(page for page in pages if "{" not in page), *shown.values()]


async def filled(gateway: Gateway) -> dict[str, str]:
    """Something to see on every page; an address for each path that needs more than itself."""
    who = said("M1001", "王^建国", "1965-04-12", "M")
    today = datetime.now(ZoneInfo("Asia/Shanghai"))
    begin = from_datetime(today.replace(hour=10, minute=0, second=0, microsecond=0))
    booking = replace(
        booked("F1", "09:00", resource="LA1", who=who), start=begin, day=today.date().isoformat()
    )
    elsewhere = replace(
        booking, filler="F2", resources=(), notes=("status '作废' is not explained",)
    )
    doubt = said("M1001", "王^健国", "1965-04-12", "M")
    now = from_datetime(today)
    events = [
        replace(each, received_at=now, observed_at=now, raw_id=None)
        for each in (
            patient_event(1, who, source="hema"),
            patient_event(2, doubt, source="hema"),
            event(3, booking, source="hema"),
            event(4, elsewhere, source="hema"),
            _result(now),
        )
    ]
    await gateway.store.append(Batch(Retention.RECORD, events=tuple(events)))
    people, book = gateway.subscriber(PatientBook), gateway.subscriber(ScheduleBook)
    for each in (people, book, gateway.subscriber(LabDesk)):
        await each.reached(gateway.store.last_seq)
    sheet = "number,name\nM1002,李娜\n".encode()
    await gateway.subscriber(PatientImporter).done(OWNER, sheet, "HIS")
    panel = gateway.subscriber(AlarmPanel)
    alarm = await panel.one(OWNER, "hema/offline")
    assert alarm is not None
    await panel.act(OWNER, alarm, Wanted(Step.REMOVE, "being installed"))
    await gateway.subscriber(Security).staff.create(OVER_SOCKET, "li", "Li Wei", [Role.PHYSICIST])
    (record,) = await gateway.store.records(limit=1)
    patient = await people.resolve("M1001", "HIS")
    assert patient is not None
    (appointment, *_) = await book.of_patient([("M1001", "HIS")])
    return {
        "/alarms/{alarm:path}": "/alarms/hema/offline",
        "/appointments/{id}": f"/appointments/{appointment.id}",
        "/devices/{device}": "/devices/hema",
        "/devices/{device}/trend/{code:path}": "/devices/hema/trend/6690-2",
        "/events/{seq}": f"/events/{gateway.store.last_seq}",
        "/messages/{raw_id}": f"/messages/{record.raw_id}",
        "/patients/{id}": f"/patients/{patient.id}",
        "/samples/{owner}/{specimen:path}": "/samples/hema/S1",
        "/settings/accounts/{name}": "/settings/accounts/li",
    }


def _result(now: Instant) -> DeviceEvent:
    return DeviceEvent(
        id=b"result".ljust(16, b"-"),
        site="trial",
        source=Source("hema", "hl7"),
        kind=Kind.RESULT,
        code=Coding("http://loinc.org", "6690-2"),
        value=Value("6.5", 6.5),
        unit="10*9/L",
        received_at=now,
        observed_at=now,
        subject=Subject("M1001", "HIS", "S1"),
        flags=("H",),
    )


@dataclass(frozen=True, slots=True)
class Site:
    """Where the owner's pages are served, how they are routed, and the gateway behind them."""

    home: str
    pages: list[str]
    shown: dict[str, str]
    gateway: Gateway

    @property
    def addresses(self) -> list[str]:
        return _addresses(self.pages, self.shown)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    file = tmp_path / "devices.yaml"
    file.write_text(yaml.safe_dump({**whole_site(), **SITE}))
    async with open_gateway(ServeOptions(file, tmp_path / "data")) as gateway:
        shown = await filled(gateway)
        console = Console(gateway)
        pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
        async with (
            open_app(gateway, pages, console.error_page, gate=Recognizing()) as app,
            served(app, free_port()) as home,
        ):
            yield Site(home, _pages(app), shown, gateway)
            app.end_streams()


async def test_no_page_is_forgotten(site: Site) -> None:
    """Each page that needs a parameter has an example; each entry of the navigation is walked."""
    lacking = [
        page
        for page in site.pages
        if "{" in page and page not in site.shown and not page.startswith(ELSEWHERE)
    ]
    assert lacking == [], "give each an address in `filled`"
    entries = {entry.path for entry in site.gateway.navigation()}
    assert entries - set(site.addresses) - UNATTENDED == set()
    assert len(entries) >= 10


async def _faults(page: Tab, path: str) -> list[str]:
    answer = await page.page.goto(page.page.url)
    if answer is None or "text/html" not in answer.headers.get("content-type", ""):
        return []
    wide = await page.value("document.documentElement.scrollWidth > innerWidth")
    return [
        *(f"{path}: {fault}" for fault in await page.axe()),
        *(f"{path}: too small: {each}" for each in await page.small_targets()),
        *([f"{path}: wider than the window"] if wide else []),
    ]


@pytest.mark.parametrize(("language", "theme"), LOOKS if full_run() else LOOKS[:2])
async def test_every_page_of_every_room_is_accessible(
    site: Site, language: str, theme: str
) -> None:
    async with chromium() as browser, tab(browser, site.home) as page:
        faults: list[str] = []
        for path in site.addresses:
            await page.go(path, lang=language, theme=theme)
            faults += await _faults(page, path)
        assert "\n".join(faults) == ""
        assert page.foreign == []
        assert [each for each in page.complaints if not REFUSED.search(each)] == []


async def test_every_page_of_every_room_fits_a_phone(site: Site) -> None:
    size = {"width": 390, "height": 844}
    async with chromium() as browser, tab(browser, site.home, viewport=size) as page:
        wide: list[str] = []
        for path in site.addresses:
            await page.go(path, lang="zh-CN")
            if await page.value("document.documentElement.scrollWidth") > 390:
                wide.append(path)
            wide += [f"{path}: {each}" for each in await page.too_wide()]
        assert wide == []


async def test_the_day_and_the_alarms_show_what_happens_by_themselves(site: Site) -> None:
    """An appointment and an alarm: on the open page without a key pressed."""
    day = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    rows = f"id,patient,name,start,resource\nF9,M2002,赵新来,{day} 11:00,LA1\n".encode()
    panel = site.gateway.subscriber(AlarmPanel)
    alarm = await panel.one(OWNER, "link/analyzers")
    assert alarm is not None
    async with (
        chromium() as browser,
        tab(browser, site.home) as one,
        tab(browser, site.home) as two,
    ):
        await one.go("/schedule", lang="en")
        await two.go("/alarms?standing=out-of-service", lang="en")
        await site.gateway.subscriber(Importer).done(OWNER, rows, "RIS", "HIS")
        await panel.act(OWNER, alarm, Wanted(Step.REMOVE, "rewired"))
        await one.shows("[data-lanes]", "赵新来")
        await two.shows("main", "Link analyzers")
        assert [*one.foreign, *two.foreign] == []
