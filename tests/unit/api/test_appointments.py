from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.api import document
from tests.unit.patients.people_case import event as patient_event
from tests.unit.patients.people_case import said as patient
from tests.unit.schedule.office_case import Office, office
from tests.unit.schedule.schedule_case import booked, event

WANTED = {
    "patient": "1",
    "issuer": "HIS",
    "resource": "linac-1",
    "start": "2026-11-23T06:00:00Z",
    "kind": "IMRT",
}
KEY = {"Idempotency-Key": "key-00001"}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        await opened.tell(patient_event(1, patient("1", "王^芳")))
        opened.http.headers["accept"] = "application/json"
        yield opened


async def _json(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


async def test_a_day_is_listed(desk: Office) -> None:
    await desk.tell(event(1, booked("F1", "09:00")), event(2, booked("F2", "10:00", resource="2")))
    page = await _json(await desk.http.get("/api/v1/appointments"))
    document.Appointments.model_validate(page, strict=False)
    assert [item["filler"] for item in page["items"]] == ["F1", "F2"]
    assert page["items"][0]["patient"] == {"name": "王芳", "number": "1", "known": True}
    query = "day=2026-11-23&resource=linac-1"
    page = await _json(await desk.http.get(f"/api/v1/appointments?{query}"))
    assert [item["filler"] for item in page["items"]] == ["F1"]


async def test_the_same_key_makes_one_appointment(desk: Office) -> None:
    first = await _json(await desk.http.post("/api/v1/appointments", json=WANTED, headers=KEY))
    again = await _json(await desk.http.post("/api/v1/appointments", json=WANTED, headers=KEY))
    assert first == again
    document.Appointment.model_validate(first, strict=False)
    other = {**WANTED, "kind": "VMAT"}
    await _json(await desk.http.post("/api/v1/appointments", json=other, headers=KEY), 409)
    await _json(await desk.http.post("/api/v1/appointments", json=WANTED), 422)
    unknown = {**WANTED, "patient": "2"}
    await _json(await desk.http.post("/api/v1/appointments", json=unknown, headers=KEY), 404)
    found = await _json(await desk.http.get(f"/api/v1/appointments/{first['id']}"))
    assert found["start"] == "2026-11-23T06:00:00.000000Z"


async def test_one_is_cancelled_once_with_a_reason(desk: Office) -> None:
    made = await _json(await desk.http.post("/api/v1/appointments", json=WANTED, headers=KEY))
    path = f"/api/v1/appointments/{made['id']}/cancel"
    await _json(await desk.http.post(path, json={"reason": ""}), 422)
    for _ in range(2):
        gone = await _json(await desk.http.post(path, json={"reason": "machine down"}))
        assert gone["status"] == "cancelled"
    assert len(await desk.book.history(made["id"])) == 2
    await _json(await desk.http.get("/api/v1/appointments/00"), 404)


async def test_a_file_is_tried_and_taken_in(desk: Office) -> None:
    text = "id,patient,start\nA1,1,2026-11-23 14:00\nA2,1,soon\n"
    body = {"csv": b64encode(text.encode()).decode(), "book": "RIS", "issuer": "HIS"}
    path = "/api/v1/appointments/import"
    tried = await _json(await desk.http.post(path, json=body))
    assert [row["effect"] for row in tried["rows"]] == ["new", "faulty"]
    assert tried["rows"][1]["faults"] == [[3, 3, "This is no date and time.", "soon"]]
    await _json(await desk.http.post(path, json={**body, "dry_run": False}))
    again = await _json(await desk.http.post(path, json=body))
    assert [row["effect"] for row in again["rows"]] == ["same", "faulty"]
