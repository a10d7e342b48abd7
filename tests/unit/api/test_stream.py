from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator

import pytest

from gateway.api import Application, open_app
from gateway.model import Direction
from gateway.registry import DeviceState
from gateway.testing import Recognizing
from gateway.web.listener import MOST_WAITING
from tests.unit.api.memory_site import NOON, MemorySite, furnished, measured
from tests.unit.api.streaming import opened


async def _settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def site() -> MemorySite:
    return furnished()


@pytest.fixture
async def app(site: MemorySite) -> AsyncIterator[Application]:
    async with open_app(site, gate=Recognizing()) as running:
        await _settle()
        yield running


async def test_an_event_arrives_as_a_cloudevent_with_its_seq(
    site: MemorySite, app: Application
) -> None:
    async with opened(app) as stream:
        await _settle()
        await site.store.add(measured("meter-1", "power", "5", "kW"))
        frame = await stream.frame()
    assert (frame["event"], frame["id"]) == ("event", "1")
    assert frame["data"]["type"] == "org.isogate.measurement"
    assert frame["data"]["data"]["value"] == 5.0


async def test_a_client_resumes_after_the_last_event_it_saw(
    site: MemorySite, app: Application
) -> None:
    await site.store.add(*(measured("meter-1", "power", str(n), "kW") for n in range(10)))
    await _settle()
    async with opened(app, last=7) as stream:
        assert [(await stream.frame())["id"] for _ in range(3)] == ["8", "9", "10"]
        await _settle()
        await site.store.add(measured("meter-1", "power", "99", "kW"))
        assert (await stream.frame())["id"] == "11"


async def test_a_client_that_has_seen_more_than_the_log_holds_is_told(
    site: MemorySite, app: Application
) -> None:
    await site.store.add(*(measured("meter-1", "power", str(n), "kW") for n in range(10)))
    await _settle()
    async with opened(app, last=11) as stream:
        assert await stream.status == 410
    async with opened(app, "topics=alarm", last=11) as stream:
        assert await stream.status == 200


async def test_what_is_stored_while_a_client_catches_up_comes_once_and_in_order(
    site: MemorySite, app: Application
) -> None:
    await site.store.add(*(measured("meter-1", "power", str(n), "kW") for n in range(1200)))
    await _settle()
    async with opened(app, last=0) as stream:
        for n in range(50):
            await site.store.add(measured("meter-1", "power", str(2000 + n), "kW"))
        ids = [int((await stream.frame())["id"]) for _ in range(1250)]
    assert ids == list(range(1, 1251))


async def test_without_a_last_event_the_stream_begins_now(
    site: MemorySite, app: Application
) -> None:
    await site.store.add(measured("meter-1", "power", "1", "kW"))
    await _settle()
    async with opened(app) as stream:
        await _settle()
        await site.store.add(measured("meter-1", "power", "2", "kW"))
        assert (await stream.frame())["id"] == "2"


async def test_devices_filter_the_past_and_the_present(site: MemorySite, app: Application) -> None:
    await site.store.add(
        measured("meter-1", "power", "1", "kW"), measured("room-1", "humidity", "40", "%")
    )
    await _settle()
    async with opened(app, "device=room-1", last=0) as stream:
        assert (await stream.frame())["id"] == "2"
        await _settle()
        await site.store.add(
            measured("meter-1", "power", "2", "kW"), measured("room-1", "humidity", "41", "%")
        )
        assert (await stream.frame())["id"] == "4"


async def test_latest_begins_with_what_is_known_and_brings_unstored_values(
    site: MemorySite, app: Application
) -> None:
    await site.store.add(measured("meter-1", "power", "1", "kW"))
    async with opened(app, "topics=latest") as stream:
        first = await stream.frame()
        await _settle()
        site.poll(measured("meter-1", "power", "2", "kW"))
        second = await stream.frame()
    assert (first["event"], first["data"]["value"]) == ("latest", 1.0)
    assert (second["data"]["value"], second["data"]["seq"]) == (2.0, None)
    assert "id" not in second


async def test_a_device_that_falls_silent_is_told_and_its_values_turn_stale(
    site: MemorySite, app: Application
) -> None:
    await site.store.add(measured("meter-1", "power", "1", "kW"))
    async with opened(app, "topics=latest,device&device=meter-1") as stream:
        assert [(await stream.frame())["event"] for _ in range(2)] == ["device", "latest"]
        site.registry.move("meter-1", DeviceState.OFFLINE, NOON, "no answer for 3 s")
        state = await stream.frame()
        value = await stream.frame()
    assert (state["data"]["state"], state["data"]["reason"]) == ("offline", "no answer for 3 s")
    assert (value["data"]["value"], value["data"]["quality"]) == (1.0, "stale")


async def test_clients_with_one_interest_are_given_the_very_same_bytes(
    site: MemorySite, app: Application
) -> None:
    async with opened(app) as one, opened(app) as other:
        await _settle()
        await site.store.add(measured("meter-1", "power", "1", "kW"))
        await _settle()
        first = [one.chunks.get_nowait() for _ in range(2)][-1]
        second = [other.chunks.get_nowait() for _ in range(2)][-1]
    assert first is second


async def test_a_client_that_does_not_read_is_cut_and_the_others_go_on(
    site: MemorySite, app: Application
) -> None:
    async with opened(app) as slow, opened(app) as quick:
        await _settle()
        slow.reading.clear()
        for n in range(MOST_WAITING // 400):
            await site.store.add(measured("meter-1", "power", str(n), "kW"))
            await _settle()
        slow.reading.set()
        async with asyncio.timeout(5):
            await slow.ended.wait()
        held = slow.chunks.qsize()
        assert not quick.ended.is_set()
        assert held < MOST_WAITING // 400


async def test_a_client_that_leaves_is_forgotten(site: MemorySite, app: Application) -> None:
    async with opened(app):
        await _settle()
        assert app.clients == 1
    assert app.clients == 0


async def test_streams_end_when_the_server_stops(app: Application) -> None:
    async with opened(app) as stream:
        await _settle()
        app.end_streams()
        async with asyncio.timeout(5):
            await stream.ended.wait()


async def test_a_quiet_tap_ends_when_the_server_stops(app: Application) -> None:
    async with opened(app, path="/api/v1/links/bus/tap") as stream:
        await _settle()
        app.end_streams()
        async with asyncio.timeout(5):
            await stream.ended.wait()


async def test_the_tap_shows_bytes_as_they_cross(site: MemorySite, app: Application) -> None:
    async with opened(app, path="/api/v1/links/bus/tap") as stream:
        await _settle()
        site.taps.show("bus", Direction.OUT, b"\x01\x03\x00\x00")
        frame = await stream.frame()
    assert frame["event"] == "bytes"
    assert b64decode(frame["data"]["bytes"]) == b"\x01\x03\x00\x00"
    assert (frame["data"]["direction"], frame["data"]["missed"]) == ("out", 0)
