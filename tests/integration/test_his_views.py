"""Patients and appointments from views and services, through the whole engine to its pages."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml

from gateway.api import open_app
from gateway.app.gateway import Gateway
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.model import AppointmentStatus, Identifier
from gateway.patients import PatientBook
from gateway.room import OWNER, Appointment, Patient
from gateway.schedule import ScheduleBook
from gateway.schedule.desk import ScheduleDesk
from gateway.testing import Recognizing
from simulators.his import Bookings, BookingService, BookingTables, posted
from tests.peers import free_port
from tests.postgres import postgres

ZONE = ZoneInfo("Asia/Shanghai")


def _wall() -> datetime:
    """What the booking system's clock shows."""
    return datetime.now(ZONE).replace(tzinfo=None, microsecond=0)


def _tomorrow(hour: int) -> datetime:
    return (_wall() + timedelta(days=1)).replace(hour=hour, minute=0, second=0)


@dataclass(slots=True)
class Site:
    """A gateway, what it shows, and the booking system that it follows."""

    gateway: Gateway
    people: PatientBook
    book: ScheduleBook

    async def until(self, check: Callable[[], Awaitable[bool]]) -> None:
        """Wait for events until something holds."""
        async with asyncio.timeout(30):
            while True:
                seq = self.gateway.store.last_seq
                for each in (self.people, self.book):
                    await each.reached(seq)
                if await check():
                    return
                await self.book.reached(seq + 1)

    async def patient(self, number: str) -> Patient | None:
        return await self.people.resolve(number, "HIS")

    async def booked(self, patient: str) -> Appointment | None:
        return next(iter(await self.book.of_patient([(patient, "HIS")])), None)


@asynccontextmanager
async def running(folder: Path, links: dict[str, Any], devices: dict[str, Any]) -> Any:
    described = {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "links": links,
        "devices": devices,
        "schedule": {"resources": {"linac-1": {"name": "Linac 1", "known_as": ["LA1"]}}},
    }
    (folder / "devices.yaml").write_text(yaml.safe_dump(described))
    options = ServeOptions(folder / "devices.yaml", folder / "data")
    async with open_gateway(options) as gateway:
        yield Site(gateway, gateway.subscriber(PatientBook), gateway.subscriber(ScheduleBook))


@dataclass(slots=True)
class Database:
    """Where a booking system writes, and the link that reads it."""

    tables: BookingTables
    link: dict[str, Any] = field(default_factory=dict)


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Database]:
    path = folder / "his.db"
    with closing(sqlite3.connect(path)) as connection:
        tables = BookingTables(connection, Bookings(_wall))
        yield Database(tables, {"database": "sqlite", "path": str(path)})


@contextmanager
def on_postgresql(_folder: Path) -> Iterator[Database]:
    with postgres() as server, server.connect() as connection:
        connection.autocommit = False
        tables = BookingTables(connection, Bookings(_wall), mark="%s", texts=False)
        there = {"host": server.host, "port": server.port, "name": "postgres", "user": "postgres"}
        yield Database(tables, {"database": "postgresql", **there})


def views(link: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    quick = {"interval": 0.1, "deep_every": 1}
    return {"his": {"driver": "sqlpoll", **link}}, {
        "patients": {"link": "his", "profile": "his-patients-view", "name": "HIS", **quick},
        "bookings": {"link": "his", "profile": "his-appointments-view", "name": "HIS", **quick},
    }


@pytest.mark.parametrize(
    "database", [on_sqlite, pytest.param(on_postgresql, marks=pytest.mark.peer)]
)
async def test_a_view_is_followed_as_messages_are(
    database: Callable[[Path], Any], tmp_path: Path
) -> None:
    with database(tmp_path) as there:
        tables: BookingTables = there.tables
        his = tables.bookings
        tables.create()
        his.register("M1", "王小明", "1961-04-05", card_no="C1")
        his.register("M2", "李娜", "1975-12-01", "2")
        his.book("A1", "M1", _tomorrow(9))
        his.book("A2", "M2", _tomorrow(10))
        tables.write()
        async with running(tmp_path, *views(there.link)) as site:
            await site.until(lambda: _both(site))
            await _what_a_person_noted_stays(site, tables)
            await _corrections_and_discrepancies(site, tables)
            await _a_row_that_is_gone_cancels_nothing(site, tables)
            await _the_page_names_the_source(site)


async def _both(site: Site) -> bool:
    return bool(
        await site.patient("M1")
        and await site.patient("M2")
        and await site.booked("M1")
        and await site.booked("M2")
    )


async def _what_a_person_noted_stays(site: Site, tables: BookingTables) -> None:
    """A patient who is here is not sent away by a row that is touched; another day does that."""
    desk = site.gateway.subscriber(ScheduleDesk)
    first = await site.booked("M1")
    assert first is not None
    assert first.start is not None
    assert site.book.local(first.start).replace(tzinfo=None) == _tomorrow(9)
    assert (first.resource, first.minutes, first.source) == ("linac-1", 15, "bookings")
    await desk.move(OWNER, first.id, AppointmentStatus.ARRIVED, "")
    tables.bookings.change("A1", remark="轮椅")
    tables.write()
    await site.until(lambda: _reason(site, "M1", "轮椅"))
    standing = await site.booked("M1")
    assert standing is not None
    assert standing.status is AppointmentStatus.ARRIVED
    later = _tomorrow(9) + timedelta(days=3)
    tables.bookings.change("A1", begin_at=later, end_at=later + timedelta(minutes=30))
    tables.write()
    await site.until(lambda: _status(site, "M1", AppointmentStatus.BOOKED))
    moved = await site.booked("M1")
    assert moved is not None
    assert (moved.day, moved.minutes) == (later.date().isoformat(), 30)


async def _corrections_and_discrepancies(site: Site, tables: BookingTables) -> None:
    """A name that changes is a question, a merge within one issuer a rule, a status a status."""
    his = tables.bookings
    his.register("M2", "李娜娜", "1975-12-01", "2")
    his.register("M3", "王小明", "1961-04-05", merged_into="M1")
    his.change("A2", status="已取消")
    tables.write()
    await site.until(lambda: _status(site, "M2", AppointmentStatus.CANCELLED))
    await site.until(lambda: _disputed(site, "M2"))
    known = await site.patient("M2")
    assert known is not None
    assert known.names[0].text == "李娜"
    merged = await site.patient("M3")
    assert merged is not None
    assert merged.own == Identifier("M1", "HIS", merged.own.type)


async def _a_row_that_is_gone_cancels_nothing(site: Site, tables: BookingTables) -> None:
    tables.bookings.forget("A1")
    tables.bookings.register("M4", "赵六", "1980-01-01")
    tables.write()
    await site.until(lambda: _known(site, "M4"))
    tables.bookings.register("M5", "钱七", "1981-01-01")
    tables.write()
    await site.until(lambda: _known(site, "M5"))
    standing = await site.booked("M1")
    assert standing is not None
    assert standing.status is AppointmentStatus.BOOKED


async def _the_page_names_the_source(site: Site) -> None:
    found = await site.booked("M1")
    assert found is not None
    async with browsing(site) as http:
        page = await http.get(f"/appointments/{found.id}?lang=en")
        day = await http.get(f"/schedule?lang=en&day={found.day}")
    assert 'href="/devices/bookings"' in page.text
    assert 'href="/devices/bookings"' in day.text


@asynccontextmanager
async def browsing(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    console = Console(site.gateway)
    gate = Recognizing()
    pages = [*console.routes(), *site.gateway.rooms.routes(console.kit)]
    async with open_app(site.gateway, pages, console.error_page, gate=gate) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield http


async def _reason(site: Site, patient: str, text: str) -> bool:
    found = await site.booked(patient)
    return found is not None and found.reason == text


async def _status(site: Site, patient: str, status: AppointmentStatus) -> bool:
    found = await site.booked(patient)
    return found is not None and found.status is status


async def _disputed(site: Site, patient: str) -> bool:
    found = await site.patient(patient)
    return found is not None and bool(found.disputed)


async def _known(site: Site, patient: str) -> bool:
    return await site.patient(patient) is not None


async def test_where_the_site_says_so_a_row_that_is_gone_is_a_cancellation(tmp_path: Path) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    shipped = Path(__file__).parents[2] / "drivers/sqlpoll/profiles/his-appointments-view.yaml"
    text = shipped.read_text(encoding="utf-8")
    own = text.replace("his-appointments-view", "our-view", 1).replace(
        "vanished: nothing", "vanished: cancelled"
    )
    (profiles / "our-view.yaml").write_text(own, encoding="utf-8")
    with on_sqlite(tmp_path) as there:
        his = there.tables.bookings
        there.tables.create()
        for number in "123":
            his.book(f"A{number}", f"M{number}", _tomorrow(9))
        there.tables.write()
        links, devices = views(there.link)
        devices["bookings"]["profile"] = "our-view"
        async with running(tmp_path, links, devices) as site:
            await site.until(lambda: _status(site, "M2", AppointmentStatus.BOOKED))
            his.forget("A2")
            there.tables.write()
            await site.until(lambda: _status(site, "M2", AppointmentStatus.CANCELLED))
            his.book("A2", "M2", _tomorrow(9))
            there.tables.write()
            await site.until(lambda: _status(site, "M2", AppointmentStatus.BOOKED))


async def test_a_service_that_is_asked_and_one_that_calls_fill_the_same_schedule(
    tmp_path: Path,
) -> None:
    port = free_port()
    his = Bookings(_wall)
    for number in range(1, 4):
        his.book(f"B{number}", f"M{number}", _tomorrow(8 + number))
    service = BookingService(his)
    async with service.serving() as asked:
        links = {
            "ris": {"driver": "http", "url": f"http://127.0.0.1:{asked}"},
            "calls": {"driver": "http", "mode": "listen", "port": port},
        }
        devices = {
            "ris": {
                "link": "ris",
                "profile": "his-appointments-service",
                "name": "RIS",
                "interval": 0.1,
            },
            "caller": {"link": "calls", "profile": "his-appointments-posted", "name": "RIS"},
        }
        async with running(tmp_path, links, devices) as site:
            await site.until(lambda: _status(site, "M3", AppointmentStatus.BOOKED))
            service.faults.add("broken")
            his.change("B1", status="已取消", updated_at=_wall())
            service.faults.clear()
            await site.until(lambda: _status(site, "M1", AppointmentStatus.CANCELLED))
            his.change("B2", begin_at=_tomorrow(15))
            row = {**his.appointments.pop("B2")}
            async with httpx.AsyncClient() as http:
                for _ in range(2):
                    answer = await http.post(f"http://127.0.0.1:{port}/", content=posted(row))
                    assert answer.status_code == 204
            await site.until(lambda: _hour(site, "M2", 15))
            found = await site.book.of_patient([("M2", "HIS")])
            assert [each.filler for each in found] == ["B2"], "one appointment, by its number"


async def _hour(site: Site, patient: str, hour: int) -> bool:
    found = await site.booked(patient)
    return bool(found and found.start and site.book.local(found.start).hour == hour)
