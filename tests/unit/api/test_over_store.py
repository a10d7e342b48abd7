"""The same API over the real event store."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.api import Application, open_app
from gateway.console import Console
from gateway.console.pages.newest import Filters, newest
from gateway.console.pages.when import seq_at
from gateway.model import (
    DeviceEvent,
    Instant,
    Quarantined,
    QuarantineReason,
    RawId,
    Retention,
    SystemClock,
)
from gateway.store import Batch, EventStore, StoreOptions
from gateway.testing import Recognizing
from gateway.web import History
from tests.unit.api.memory_site import NOON, SECOND, measured, wire
from tests.unit.api.stored_site import StoredSite
from tests.unit.api.streaming import opened


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EventStore]:
    options = StoreOptions(min_free=0, floor_free=0)
    async with EventStore.open(tmp_path / "store", options, SystemClock()) as opened_store:
        yield opened_store


@pytest.fixture
async def app(store: EventStore) -> AsyncIterator[Application]:
    site = StoredSite(store)
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as running:
        yield running


@pytest.fixture
async def http(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def _store(
    store: EventStore, count: int, device: str = "meter-1", first: int = 0
) -> list[RawId]:
    raw_ids = []
    for n in range(first, first + count):
        raw_id = store.raw_id()
        at = Instant(NOON + n * SECOND)
        record = replace(wire(raw_id, b"\x01%d" % n, device_=device), at=at)
        event = measured(device, "power", str(n), "kW", at=at, raw_id=raw_id)
        await store.append(Batch(Retention.TELEMETRY, (record,), (event,)))
        raw_ids.append(raw_id)
    return raw_ids


async def _json(http: httpx.AsyncClient, path: str) -> Any:
    response = await http.get(path)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_event_store_is_a_history(store: EventStore) -> None:
    history: History = store
    assert history.last_seq == 0


async def test_events_lead_to_their_bytes(store: EventStore, http: httpx.AsyncClient) -> None:
    await _store(store, 3)
    page = await _json(http, "/api/v1/events?device=meter-1")
    assert [item["value"] for item in page["items"]] == [0.0, 1.0, 2.0]
    for n, item in enumerate(page["items"]):
        message = await _json(http, f"/api/v1/messages/{item['raw_id']}")
        assert b64decode(message["bytes"]) == b"\x01%d" % n
        assert message["device"] == "meter-1"


async def test_latest_and_messages_and_quarantine(
    store: EventStore, http: httpx.AsyncClient
) -> None:
    raw_ids = await _store(store, 3)
    reason = QuarantineReason.UNKNOWN_CODE
    entry = Quarantined(raw_ids[0], "bus", "meter-1", reason, "co2", "no such point", NOON)
    await store.append(Batch(Retention.TELEMETRY, quarantine=(entry,)))
    (value,) = await _json(http, "/api/v1/latest")
    messages = await _json(http, "/api/v1/messages?device=meter-1&limit=2")
    quarantine = await _json(http, "/api/v1/quarantine?open=true")
    assert (value["value"], value["raw_id"]) == (2.0, raw_ids[2])
    assert [item["raw_id"] for item in messages["items"]] == [raw_ids[2], raw_ids[1]]
    assert quarantine["items"][0]["raw_id"] == raw_ids[0]


async def test_a_stream_resumes_across_the_disk_and_what_comes(
    store: EventStore, app: Application
) -> None:
    await _store(store, 600)
    async with opened(app, last=10) as stream:
        await _store(store, 3, "room-1")
        seqs = [int((await stream.frame())["id"]) for _ in range(593)]
    assert seqs == sorted(set(seqs))
    assert len(seqs) == 593


async def test_the_log_is_read_backwards(store: EventStore) -> None:
    await _store(store, 1, "room-1")
    await _store(store, 700)
    last = await newest(store, before=store.last_seq + 1, count=50)
    rare = await newest(
        store, before=store.last_seq + 1, count=50, filters=Filters(device="room-1")
    )
    assert [event.value.text for event in last.events if event.value] == [
        str(n) for n in range(699, 649, -1)
    ]
    assert [event.source.device for event in rare.events] == ["room-1"]
    assert (last.reached, rare.reached) == (last.events[-1].seq, 0)


async def test_a_search_of_the_log_says_how_far_it_looked(store: EventStore) -> None:
    await _store(store, 700)
    last_seq = store.last_seq

    def wanted(event: DeviceEvent) -> bool:
        return event.value is not None and event.value.text == "3"

    three = Filters(wanted=wanted)
    near = await newest(store, before=last_seq + 1, count=5, filters=three, reach=100)
    assert (near.events, near.reached) == ([], last_seq - 100)
    far = await newest(store, before=near.reached + 1, count=5, filters=three)
    assert [event.value.text for event in far.events if event.value] == ["3"]


async def test_what_a_restore_left_out_between_seqs_is_jumped_over(tmp_path: Path) -> None:
    options = StoreOptions(min_free=0, floor_free=0)
    async with EventStore.open(tmp_path / "store", options, SystemClock()) as store:
        await _store(store, 100)
        assert [await store.seq_before(seq) for seq in (1, 2, 1 << 40)] == [0, 1, 100]
    (tmp_path / "store" / "next_seq").write_text(str(1 << 40))
    async with EventStore.open(tmp_path / "store", options, SystemClock()) as store:
        assert store.last_seq == 100
        await _store(store, 10, "room-1", first=100)
        assert store.last_seq == (1 << 40) + 9
        before = store.last_seq + 1
        found = await newest(store, before=before, count=50, reach=80)
        assert [event.seq for event in found.events][9:12] == [1 << 40, 100, 99]
        assert (len(found.events), found.reached) == (40, 70)
        rare = Filters(device="nobody")
        assert (await newest(store, before=before, count=5, filters=rare, reach=80)).reached == 65
        assert (await newest(store, before=before, count=50, lowest=95)).reached == 95
        assert len((await newest(store, before=before, count=50)).events) == 50
        at = [Instant(NOON + second * SECOND) for second in (50, 100, 101)]
        assert [await seq_at(store, each) for each in at] == [50, 100, 1 << 40]


async def test_every_page_is_served(store: EventStore, http: httpx.AsyncClient) -> None:
    raw_ids = await _store(store, 60)
    pages = ["/", "/devices/meter-1", "/devices/meter-1/trend/power", "/messages", "/events"]
    for path in [*pages, "/devices/meter-1/spark/power", f"/messages/{raw_ids[0]}?seq=1"]:
        assert (await http.get(path)).status_code == 200, path
