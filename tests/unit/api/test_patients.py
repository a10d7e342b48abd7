from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.api import document, open_app
from gateway.patients.desk import record_id
from gateway.patients.seen import SeenPatients
from gateway.testing import Recognizing
from tests.unit.api.memory_site import furnished
from tests.unit.patients.people_case import Told, event, number, said


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    told, site = Told(), furnished()
    await told.tell(
        event(1, said("1", "王^芳", "1972-02-29", "F", number("C1", "HIS", "card")), raw=7),
        event(2, said("1", "王^方"), raw=8),
        event(3, said("2", "WANG^FANG", verb="merged", others=["9"]), raw=9),
    )
    site.subscribers += (told.book, SeenPatients(told.book, site.subscriber, lambda: ()))
    async with open_app(site, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


async def _json(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


async def test_patients_are_found_by_a_post(http: httpx.AsyncClient) -> None:
    page = await _json(await http.post("/api/v1/patients/find", json={"text": "王 1972-02-29"}))
    document.Patients.model_validate(page, strict=False)
    (found,) = page["items"]
    assert [each["value"] for each in found["identifiers"]] == ["1", "C1"]
    assert (found["birth_date"], found["sex"], found["disputed"]) == ("1972-02-29", "F", ["name"])
    recent = await _json(await http.get("/api/v1/patients?limit=1"))
    assert [each["identifiers"][0]["value"] for each in recent["items"]] == ["2"]


async def test_a_merged_number_resolves_to_who_stands(http: httpx.AsyncClient) -> None:
    asked = {"identifier": "9", "issuer": "HIS"}
    found = await _json(await http.post("/api/v1/patients/resolve", json=asked))
    document.Patient.model_validate(found, strict=False)
    assert found["id"] == record_id(number("2"))
    nobody = await http.post("/api/v1/patients/resolve", json={**asked, "issuer": "LAB"})
    assert (await _json(nobody, 404))["title"] == "Nobody has this number"


async def test_history_leads_to_the_bytes(http: httpx.AsyncClient) -> None:
    id_ = record_id(number("1"))
    page = await _json(await http.get(f"/api/v1/patients/{id_}/history"))
    document.PatientHistory.model_validate(page, strict=False)
    assert [each["raw_id"] for each in page["items"]] == [8, 7]
    assert (await _json(await http.get(f"/api/v1/patients/{id_}")))["id"] == id_
    await _json(await http.get("/api/v1/patients/ff"), 404)


async def test_discrepancies_say_both_sides(http: httpx.AsyncClient) -> None:
    page = await _json(await http.get("/api/v1/discrepancies"))
    document.Discrepancies.model_validate(page, strict=False)
    (found,) = page["items"]
    assert (found["kind"], found["in_force"], found["said"]) == ("conflict", "王芳", "王方")
