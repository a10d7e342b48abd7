"""Whoever is limited to a department finds nothing of another one, wherever they look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from gateway.alarms import Step, Wanted
from gateway.alarms.panel import AlarmPanel
from gateway.api import open_app
from gateway.app.gateway import Gateway
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.model import Retention
from gateway.patients import PatientBook
from gateway.room import OWNER, Principal, rule_of
from gateway.schedule import ScheduleBook
from gateway.store import Batch
from gateway.testing import Recognizing
from tests.peers import free_port
from tests.unit.patients.people_case import event as patient_event
from tests.unit.patients.people_case import said as patient
from tests.unit.schedule.schedule_case import booked, event

LIMITED = Principal("person:li", "Li", OWNER.permissions, frozenset({"radiotherapy"}))
THEIRS = ("MB-0002", "乙某某", "Beta HIS", "beta-room")
"""What of the other department must not be read anywhere."""

OURS = ("MA-0001", "甲某某", "Alpha HIS", "alpha-room")


@dataclass(slots=True)
class Site:
    """A gateway with two departments, and a browser of whoever asks."""

    gateway: Gateway
    gate: Recognizing
    http: httpx.AsyncClient
    paths: list[str]

    async def get(self, who: Principal, path: str) -> httpx.Response:
        self.gate.who = who
        return await self.http.get(path)

    async def post(self, who: Principal, path: str, **form: str) -> httpx.Response:
        self.gate.who = who
        return await self.http.post(path, data=form)


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    described = {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "links": {"calls": {"driver": "http", "mode": "listen", "port": free_port()}},
        "devices": {
            name: {
                "link": "calls",
                "path": f"/{name}",
                "profile": "his-appointments-posted",
                "name": title,
                "department": department,
            }
            for name, title, department in (
                ("his-a", "Alpha HIS", "radiotherapy"),
                ("his-b", "Beta HIS", "imaging"),
            )
        },
        "schedule": {
            "resources": {
                "alpha-room": {"name": "alpha-room", "department": "radiotherapy"},
                "beta-room": {"name": "beta-room", "department": "imaging"},
            }
        },
    }
    (folder / "devices.yaml").write_text(yaml.safe_dump(described))
    options = ServeOptions(folder / "devices.yaml", folder / "data")
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(open_gateway(options))
        await _told(gateway)
        console, gate = Console(gateway), Recognizing()
        pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
        app = await stack.enter_async_context(
            open_app(gateway, pages, console.error_page, gate=gate)
        )
        transport = httpx.ASGITransport(app)
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=transport, base_url="http://localhost", follow_redirects=True
            )
        )
        paths = [
            str(route.path)  # type: ignore[attr-defined]
            for route in app.routes
            if "GET" in (getattr(route, "methods", None) or ())
            and "{" not in str(route.path)  # type: ignore[attr-defined]
            and rule_of(route) is not None
            and not str(route.path).endswith("/stream")  # type: ignore[attr-defined]
        ]
        yield Site(gateway, gate, http, paths)


async def _told(gateway: Gateway) -> None:
    """The same of both departments: a patient, an appointment, an alarm that is not normal."""
    events = []
    for number, name, room, source in (
        ("MA-0001", "甲^某某", "alpha-room", "his-a"),
        ("MB-0002", "乙^某某", "beta-room", "his-b"),
    ):
        who = patient(number, name, "1965-04-12")
        booking = booked(f"F{number}", "09:00", resource=room, who=who)
        events += [patient_event(1, who, source=source), event(1, booking, source=source)]
    receipt = await gateway.store.append(Batch(Retention.RECORD, events=tuple(events)))
    for book in (gateway.subscriber(PatientBook), gateway.subscriber(ScheduleBook)):
        await book.reached(max(receipt.seqs))
    panel = gateway.subscriber(AlarmPanel)
    for device in ("his-a", "his-b"):
        alarm = await panel.one(OWNER, f"{device}/offline")
        assert alarm is not None
        await panel.act(OWNER, alarm, Wanted(Step.REMOVE, "being installed"))


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_no_page_shows_what_is_of_another_department(tmp_path: Path, language: str) -> None:
    async with site(tmp_path) as here:
        assert len(here.paths) > 40
        everywhere = {"": ""}
        for path in here.paths:
            asked = f"{path}?lang={language}&day=2026-11-23"
            shown = (await here.get(LIMITED, asked)).text
            for secret in THEIRS:
                assert secret not in shown, f"{path} shows {secret}"
            everywhere[path] = shown
            everywhere[f"all {path}"] = (await here.get(OWNER, asked)).text
        whole = "".join(text for path, text in everywhere.items() if path.startswith("all "))
        limited = "".join(text for path, text in everywhere.items() if path.startswith("/"))
        assert [each for each in (*THEIRS, *OURS) if each not in whole] == []
        assert [each for each in OURS if each not in limited] == []


async def test_what_is_of_another_department_is_not_there_by_its_address(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        people, book = here.gateway.subscriber(PatientBook), here.gateway.subscriber(ScheduleBook)
        for number, answer in (("MA-0001", 200), ("MB-0002", 404)):
            found = await people.resolve(number, "HIS")
            assert found is not None
            (theirs,) = await book.of_patient([(number, "HIS")])
            device = "his-a" if answer == 200 else "his-b"
            paths = (
                f"/patients/{found.id}",
                f"/api/v1/patients/{found.id}",
                f"/api/v1/patients/{found.id}/history",
                f"/appointments/{theirs.id}",
                f"/api/v1/appointments/{theirs.id}",
                f"/alarms/{device}/offline",
                f"/api/v1/alarms/{device}/offline",
                f"/devices/{device}",
            )
            for path in paths:
                assert (await here.get(LIMITED, path)).status_code == answer, path
                assert (await here.get(OWNER, path)).status_code == 200, path
            hits = await here.post(LIMITED, "/find", text=number)
            assert (number in hits.text) is (answer == 200)


async def test_nothing_is_done_to_what_is_of_another_department(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        people, book = here.gateway.subscriber(PatientBook), here.gateway.subscriber(ScheduleBook)
        found = await people.resolve("MB-0002", "HIS")
        assert found is not None
        (theirs,) = await book.of_patient([("MB-0002", "HIS")])
        one = f"/appointments/{theirs.id}"
        before = here.gateway.store.last_seq
        why = {"reason": "because"}
        for path, form in (
            (f"{one}/move", {"status": "cancelled", **why}),
            (f"{one}/assign", {"value": "MA-0001", "issuer": "HIS", **why}),
            (f"{one}/hold", why),
            (f"{one}/release", why),
            (f"/patients/{found.id}/link", {"value": "MA-0001", "issuer": "HIS", **why}),
            (f"/patients/{found.id}/separate", {"value": "MB-0002", "issuer": "HIS", **why}),
            ("/alarms/his-b/offline/return-to-service", why),
        ):
            assert (await here.post(LIMITED, path, **form)).status_code == 404, path
        elsewhere = {"resource": "beta-room", "start": "2026-11-24T09:00", "minutes": "15"}
        made = await here.post(
            LIMITED,
            "/appointments/new?lang=en",
            patient="MA-0001",
            issuer="HIS",
            kind="IMRT",
            **elsewhere,
        )
        assert made.status_code == 422
        assert "Choose one of the list." in made.text
        assert here.gateway.store.last_seq == before
