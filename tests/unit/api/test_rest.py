from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from gateway.api import Application, document, open_app
from gateway.model import Instant, Quality, Quarantined, QuarantineReason, RawId
from gateway.registry import DeviceState
from gateway.testing import Recognizing
from gateway.web import OverSocket, Readiness, rfc3339
from tests.unit.api.memory_site import NOON, MemorySite, furnished, measured, wire


@pytest.fixture
def site() -> MemorySite:
    return furnished()


@pytest.fixture
async def app(site: MemorySite) -> AsyncIterator[Application]:
    async with open_app(site, gate=Recognizing()) as running:
        yield running


@pytest.fixture
async def http(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


async def _json(http: httpx.AsyncClient, path: str, status: int = 200) -> Any:
    response = await http.get(path)
    assert response.status_code == status, response.text
    return response.json()


async def test_the_site_says_who_it_is_and_by_which_zone_it_lives(http: httpx.AsyncClient) -> None:
    site = await _json(http, "/api/v1/site")
    document.Site.model_validate(site, strict=False)
    assert (site["id"], site["time_zone"]) == ("xiehe-rt", "Asia/Shanghai")


async def test_latest_gives_each_point_with_its_origin(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.store.add(measured("meter-1", "power", "12.50", "kW", raw_id=41))
    (item,) = await _json(http, "/api/v1/latest")
    expected = {
        "device": "meter-1",
        "code": "power",
        "value": 12.5,
        "value_text": "12.50",
        "unit": "kW",
        "status": "final",
        "quality": "good",
        "observed_at": "2026-11-23T12:00:00.000000Z",
        "received_at": "2026-11-23T12:00:00.000000Z",
        "raw_id": 41,
        "seq": 1,
        "name": {"zh-CN": "有功功率", "en": "Active power"},
    }
    assert {name: item[name] for name in expected} == expected


async def test_latest_is_stale_and_keeps_its_value_when_the_device_is_silent(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.store.add(measured("meter-1", "power", "12.5", "kW"))
    site.registry.move("meter-1", DeviceState.OFFLINE, NOON, "no answer")
    (item,) = await _json(http, "/api/v1/latest?device=meter-1")
    assert (item["value"], item["quality"]) == (12.5, "stale")


async def test_a_bad_value_of_a_silent_device_stays_bad(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.store.add(measured("meter-1", "power", "1", "kW", quality=Quality.BAD))
    site.registry.move("meter-1", DeviceState.OFFLINE, NOON, "no answer")
    assert [item["quality"] for item in await _json(http, "/api/v1/latest")] == ["bad"]


async def test_latest_shows_a_value_that_was_not_stored(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    site.poll(measured("meter-1", "power", "3", "kW"))
    (item,) = await _json(http, "/api/v1/latest")
    assert (item["value"], item["seq"]) == (3.0, None)


async def test_pages_of_events_join_without_gap_or_repetition(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.store.add(*(measured("meter-1", "power", str(n), "kW") for n in range(25)))
    seen: list[int] = []
    after = 0
    for _ in range(4):
        page = await _json(http, f"/api/v1/events?after={after}&limit=10")
        seen += [item["seq"] for item in page["items"]]
        after = page["next"]
    assert seen == list(range(1, 26))
    assert after == 25


async def test_events_are_filtered_by_device(site: MemorySite, http: httpx.AsyncClient) -> None:
    await site.store.add(
        measured("meter-1", "power", "1", "kW"), measured("room-1", "humidity", "40", "%")
    )
    page = await _json(http, "/api/v1/events?device=room-1")
    assert [item["code"] for item in page["items"]] == ["humidity"]


async def test_events_come_as_cloudevents_where_asked(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    event = measured("meter-1", "power", "1", "kW")
    await site.store.add(event)
    response = await http.get(
        "/api/v1/events", headers={"accept": "application/cloudevents-batch+json"}
    )
    (item,) = response.json()
    assert response.headers["content-type"] == "application/cloudevents-batch+json"
    assert (item["specversion"], item["type"]) == ("1.0", "org.isogate.measurement")
    assert (item["id"], item["source"]) == (event.id.hex(), "/xiehe-rt/meter-1")
    assert item["data"]["seq"] == 1
    assert response.headers["link"] == '</api/v1/events?after=1>; rel="next"'


async def test_a_message_is_given_byte_for_byte(site: MemorySite, http: httpx.AsyncClient) -> None:
    data = bytes(range(256))
    site.store.keep(wire(7, data))
    item = await _json(http, "/api/v1/messages/7")
    assert b64decode(item["bytes"]) == data
    assert (item["device"], item["direction"], item["link"]) == ("meter-1", "in", "bus")
    assert item["received_at"] == "2026-11-23T12:00:00.000000Z"


async def test_messages_page_backwards(site: MemorySite, http: httpx.AsyncClient) -> None:
    for raw_id in range(1, 6):
        site.store.keep(wire(raw_id, b"x"))
    first = await _json(http, "/api/v1/messages?link=bus&limit=3")
    second = await _json(http, f"/api/v1/messages?limit=3&before={first['next']}")
    assert [item["raw_id"] for item in first["items"]] == [5, 4, 3]
    assert [item["raw_id"] for item in second["items"]] == [2, 1]
    assert second["next"] is None


async def test_quarantine_says_why_and_where_the_bytes_are(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    reason = QuarantineReason.UNKNOWN_CODE
    site.store.put_aside(
        Quarantined(RawId(9), "broker", "room-1", reason, "co2", "no point co2", NOON)
    )
    page = await _json(http, "/api/v1/quarantine?reason=unknown-code")
    assert page["items"][0]["raw_id"] == 9
    assert page["items"][0]["subject"] == "co2"
    assert (await _json(http, "/api/v1/quarantine?reason=unreadable"))["items"] == []


async def test_a_device_is_told_in_both_languages(http: httpx.AsyncClient) -> None:
    item = await _json(http, "/api/v1/devices/meter-1")
    assert item["name"] == {"zh-CN": "加速器电表", "en": "Linac meter"}
    assert (item["state"], item["simulated"]) == ("online", True)
    assert [point["code"] for point in item["points"]][:2] == ["voltage-l1", "current-l1"]
    assert [each["id"] for each in await _json(http, "/api/v1/devices")] == ["meter-1", "room-1"]


async def test_answers_have_the_documented_shape(site: MemorySite, http: httpx.AsyncClient) -> None:
    await site.store.add(measured("meter-1", "power", "1", "kW", raw_id=1))
    site.store.keep(wire(1, b"\x01"))
    shapes: dict[str, Any] = {
        "/api/v1/latest": list[document.LatestValue],
        "/api/v1/events": document.Events,
        "/api/v1/messages": document.Messages,
        "/api/v1/messages/1": document.Message,
        "/api/v1/devices": list[document.Device],
        "/api/v1/links": list[document.Link],
        "/api/v1/quarantine": document.Quarantine,
    }
    for path, shape in shapes.items():
        response = await http.get(path)
        TypeAdapter(shape).validate_json(response.content)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/devices/nobody", 404),
        ("/api/v1/latest?device=nobody", 404),
        ("/api/v1/events?device=nobody", 404),
        ("/api/v1/messages/12345", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/events?limit=100000", 422),
        ("/api/v1/events?after=-1", 422),
        ("/api/v1/messages/abc", 422),
        ("/api/v1/quarantine?reason=bored", 422),
        ("/api/v1/stream?topics=gossip", 422),
        ("/api/v1/stream?device=nobody", 404),
        ("/api/v1/stream?after=1", 410),
        ("/api/v1/events?after=1", 410),
        ("/api/v1/quarantine?after=1", 410),
        ("/api/v1/links/nobody/tap", 404),
    ],
)
async def test_a_refusal_says_what_why_and_what_now(
    http: httpx.AsyncClient, path: str, status: int
) -> None:
    response = await http.get(path)
    body = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["advice"]
    assert body["instance"] == path.partition("?")[0]


async def test_ready_turns_503_with_the_reason_while_acknowledgements_are_withheld(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    assert (await http.get("/readyz")).status_code == 200
    site.state = Readiness(ready=False, reason="the disk is full")
    body = await _json(http, "/readyz", 503)
    assert "the disk is full" in body["detail"]
    assert (await http.get("/healthz")).status_code == 200


async def test_metrics_count_devices_by_state_and_add_the_engines_own(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    text = (await http.get("/metrics")).text
    assert 'isogate_devices{state="online"} 1\n' in text
    assert 'isogate_devices{state="waiting"} 1\n' in text
    assert "# TYPE isogate_test_total counter\nisogate_test_total 7\n" in text


async def test_reload_is_for_the_owner_of_the_socket_alone(
    site: MemorySite, app: Application, http: httpx.AsyncClient
) -> None:
    refused = await http.post("/api/v1/reload")
    assert refused.status_code == 403
    assert site.asked == []
    transport = httpx.ASGITransport(OverSocket(app), client=("", 0))
    async with httpx.AsyncClient(transport=transport, base_url="http://isogate") as owner:
        assert (await owner.post("/api/v1/reload")).status_code == 200
    assert site.asked == ["reload"]


async def test_the_quarantine_is_read_again_in_the_name_of_who_asks(
    app: Application, http: httpx.AsyncClient
) -> None:
    chosen = {"device": "meter-1", "reason": "unknown-code"}
    transport = httpx.ASGITransport(OverSocket(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://isogate") as owner:
        report = (await owner.post("/api/v1/quarantine/interpret", json=chosen)).json()
    assert report["asked"] == ["meter-1", "unknown-code", "owner"]


async def test_openapi_describes_every_rest_route(http: httpx.AsyncClient) -> None:
    paths = (await _json(http, "/api/v1/openapi.json"))["paths"]
    assert {"/api/v1/latest", "/api/v1/events", "/api/v1/messages/{raw_id}"} <= paths.keys()


async def test_a_time_before_the_epoch_keeps_its_microseconds() -> None:
    assert rfc3339(Instant(-1)) == "1969-12-31T23:59:59.999999Z"
