from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.api import document, open_app
from gateway.model import Instant, RawId, Status, Subject
from gateway.testing import Recognizing
from tests.unit.api.memory_site import NOON, SECOND, MemorySite, analyzer, found, furnished


@pytest.fixture
async def site() -> MemorySite:
    site = furnished(None, analyzer())
    await site.hear(
        found("2345-7", "5.10", raw_id=3),
        found("2823-3", "6.90", raw_id=4, flags=("HH",)),
        found("2345-7", "5.20", raw_id=5, status=Status.CORRECTED),
        found("2345-7", "4.00", raw_id=6, specimen="QC1", status=Status.QC),
        found("2345-7", "9.10", raw_id=7, specimen="chemistry-1/2026-11-23/12", flags=("H",)),
    )
    return site


@pytest.fixture
async def http(site: MemorySite) -> AsyncIterator[httpx.AsyncClient]:
    async with open_app(site, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client


async def _json(http: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    response = await http.get(f"/api/v1{path}")
    assert response.status_code == status, response.text
    return response.json()


async def test_results_have_a_name_a_level_and_a_version(http: httpx.AsyncClient) -> None:
    page = await _json(http, "/results")
    document.Results.model_validate(page, strict=False)
    assert [item["value_text"] for item in page["items"]] == ["9.10", "4.00", "5.20", "6.90"]
    corrected, critical = page["items"][2:]
    assert corrected["name"] == {"zh-CN": "葡萄糖", "en": "Glucose"}
    assert (corrected["version"], corrected["status"]) == (2, "corrected")
    assert (critical["level"], critical["flags"]) == ("critical", ["HH"])


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("flag=critical", ["6.90"]),
        ("flag=abnormal", ["9.10", "6.90"]),
        ("status=qc", ["4.00"]),
        ("sample=S1", ["5.20", "6.90"]),
        ("device=chemistry-1&limit=1", ["9.10"]),
        ("device=room-1", []),
    ],
)
async def test_results_are_filtered(http: httpx.AsyncClient, query: str, texts: list[str]) -> None:
    page = await _json(http, f"/results?{query}")
    assert [item["value_text"] for item in page["items"]] == texts


async def test_older_results_follow_by_next(http: httpx.AsyncClient) -> None:
    newest = await _json(http, "/results?limit=3")
    older = await _json(http, f"/results?limit=3&before={newest['next']}")
    assert [item["value_text"] for item in older["items"]] == ["6.90"]
    assert older["next"] is None


async def test_a_sample_shows_its_tests_with_what_they_replaced(http: httpx.AsyncClient) -> None:
    sample = await _json(http, "/samples/chemistry-1/S1")
    document.Sample.model_validate(sample, strict=False)
    glucose, potassium = sample["items"]
    assert glucose["value_text"] == "5.20"
    assert [each["value_text"] for each in glucose["earlier"]] == ["5.10"]
    assert potassium["earlier"] == []


async def test_a_correction_and_its_original_name_each_other(http: httpx.AsyncClient) -> None:
    glucose, potassium = (await _json(http, "/samples/chemistry-1/S1"))["items"]
    (original,) = glucose["earlier"]
    assert glucose["supersedes"] == original["id"]
    assert original["superseded_by"] == glucose["id"]
    assert "supersedes" not in potassium


async def test_a_result_that_was_sent_again_names_its_further_sources(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    at = Instant(NOON - 7 * SECOND)
    first = replace(found("2823-3", "4.4", specimen="S7", raw_id=21), observed_at=at)
    again = replace(first, id=b"again".ljust(16), raw_id=RawId(22), received_at=Instant(NOON + 1))
    await site.hear(first, again)
    page = await _json(http, "/results?sample=S7")
    document.Results.model_validate(page, strict=False)
    (item,) = page["items"]
    assert item["raw_id"] == 21
    (source,) = item["sent_again"]
    assert (source["raw_id"], source["id"]) == (22, again.id.hex())


async def test_a_sample_of_a_day_is_named_with_its_slashes(http: httpx.AsyncClient) -> None:
    sample = await _json(http, "/samples/chemistry-1/chemistry-1/2026-11-23/12")
    assert [item["value_text"] for item in sample["items"]] == ["9.10"]


async def test_a_sample_is_found_by_the_issuer_that_a_device_named(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    named = Subject(patient="P1", issuer="HIS", specimen="B77")
    await site.hear(replace(found("2345-7", "7.7"), subject=named))
    sample = await _json(http, "/samples/HIS/B77")
    assert sample["items"][0]["subject"]["patient"] == "P1"


@pytest.mark.parametrize("path", ["/samples/chemistry-1/S9", "/results?device=nobody"])
async def test_what_does_not_exist_is_said_to_be_unknown(
    http: httpx.AsyncClient, path: str
) -> None:
    problem = await _json(http, path, 404)
    assert problem["title"].startswith("Unknown ")
