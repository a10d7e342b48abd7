"""The event channel of UPS-RS over a real WebSocket: who opens it, what comes, when it ends."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dicom.ups.channels import Channels
from dicom.ups.events import Receiver, Telling
from dicom.ups.news import News
from dicom.ups.web import channel as channel_of
from dicom.web.server import BASE
from gateway.app import bounded, servers
from gateway.app.servers import listen, serving
from gateway.room import Outcome, Permission, Principal
from gateway.testing import Recognizing
from gateway.web import Means
from tests.dicom_peers import OURS
from tests.dicom_ups import GLOBAL, code, performed, work_item
from tests.peers import LOOPBACK
from tests.unit.dicom.pages_case import Desk, FollowedPorts, desk
from tests.unit.dicom.test_ups_web import body

TITLE, LOCK = "TMS_WEB", "2.25.7"
TMS = Principal("token:tms-web", "tms-web", frozenset(Permission))
TO = [Receiver(TITLE, "")]
OTHER = Principal("token:ris", "ris", frozenset(Permission))
UPS = {"titles": {OURS: {"allow": "anyone", "services": ["storage", "ups"]}}}


@dataclass(frozen=True, slots=True)
class Site:
    """A served node, and a subscriber that asks it over HTTP."""

    desk: Desk
    gate: Recognizing
    http: httpx.AsyncClient
    port: int

    @property
    def address(self) -> str:
        return f"ws://{LOOPBACK}:{self.port}{BASE}/subscribers/{TITLE}"

    @asynccontextmanager
    async def channel(self, **more: Any) -> AsyncIterator[ClientConnection]:
        async with connect(self.address, proxy=None, **more) as opened:
            yield opened

    async def subscribe(self, uid: str = GLOBAL) -> httpx.Response:
        return await self.http.post(f"/workitems/{uid}/subscribers/{TITLE}")

    async def create(self) -> str:
        uid = str(generate_uid())
        answer = await self.http.post(f"/workitems?{uid}", **body(work_item()))
        assert answer.status_code == 201, answer.text
        return uid

    async def state(self, uid: str, state: str) -> None:
        made = Dataset()
        made.ProcedureStepState, made.TransactionUID = state, LOCK
        answer = await self.http.put(f"/workitems/{uid}/state", **body(made))
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    gate, sock = Recognizing(TMS), listen(LOOPBACK, 0)
    port = sock.getsockname()[1]
    async with (
        desk(tmp_path, FollowedPorts(), gate=gate, more=UPS) as it,
        serving(it.app, [sock]),
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}{BASE}") as http,
    ):
        yield Site(it, gate, http, port)


async def heard(channel: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        said: dict[str, Any] = json.loads(await channel.recv())
    return said


def value(said: dict[str, Any], tag: str) -> Any:
    return said[tag]["Value"][0]


async def test_news_of_an_item_come_in_order_as_dicom_json(site: Site) -> None:
    answer = await site.subscribe()
    assert answer.status_code == 201
    assert answer.headers["content-location"] == site.address
    async with site.channel() as channel:
        uid = await site.create()
        await site.state(uid, "IN PROGRESS")
        news = [await heard(channel) for _ in range(3)]
    assert {value(each, "00000002") for each in news} == {"1.2.840.10008.5.1.4.34.6.4"}
    assert {value(each, "00001000") for each in news} == {uid}
    states = [value(each, "00741000") for each in news if value(each, "00001002") == 1]
    assert states == ["SCHEDULED", "IN PROGRESS"]
    numbers = [value(each, "00000110") for each in news]
    assert numbers == sorted(set(numbers))


async def test_whoever_is_another_is_told_why_it_is_not_opened(site: Site) -> None:
    site.gate.who = OTHER
    with pytest.raises(InvalidStatus) as refused:
        async with site.channel():
            pass
    assert refused.value.response.status_code == 403
    assert b"the token of that name" in (refused.value.response.body or b"")
    assert (await site.subscribe()).status_code == 404


async def test_who_is_refused_by_the_channel_itself_has_opened_nothing(site: Site) -> None:
    site.gate.who = OTHER
    with pytest.raises(InvalidStatus) as refused:
        async with site.channel():
            pass
    (entry,) = site.gate.audit.entries
    assert (entry.action, entry.outcome) == ("access.refuse", Outcome.REFUSED)
    assert refused.value.response.headers["x-content-type-options"] == "nosniff"


async def test_a_whole_life_is_heard_in_order(site: Site) -> None:
    await site.subscribe()
    async with site.channel() as channel:
        uid = await site.create()
        await site.state(uid, "IN PROGRESS")
        answer = await site.http.post(
            f"/workitems/{uid}?transaction-uid={LOCK}", **body(performed())
        )
        assert answer.status_code == 200, answer.text
        await site.state(uid, "COMPLETED")
        news = [await heard(channel) for _ in range(4)]
    states = [value(each, "00741000") for each in news if value(each, "00001002") == 1]
    assert states == ["SCHEDULED", "IN PROGRESS", "COMPLETED"]


async def test_a_performer_that_listens_hears_who_wants_its_item_canceled(site: Site) -> None:
    uid = await site.create()
    await site.subscribe(uid)
    await site.state(uid, "IN PROGRESS")
    async with site.channel() as channel:
        site.gate.who = OTHER
        answer = await site.http.post(f"/workitems/{uid}/cancelrequest", **body(Dataset()))
        assert answer.status_code == 202, answer.text
        assert value(await heard(channel), "00001002") == 2


async def test_one_program_does_not_take_the_channels_of_all(site: Site) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(site.channel())
        with pytest.raises(InvalidStatus) as refused:
            async with site.channel():
                pass
    assert refused.value.response.status_code == 503


async def test_a_gateway_that_stops_says_so(tmp_path: Path) -> None:
    gate, sock = Recognizing(TMS), listen(LOOPBACK, 0)
    async with desk(tmp_path, FollowedPorts(), gate=gate, more=UPS) as it:
        async with serving(it.app, [sock]):
            address = f"ws://{LOOPBACK}:{sock.getsockname()[1]}{BASE}/subscribers/{TITLE}"
            channel = await connect(address, proxy=None)
        with pytest.raises(ConnectionClosed) as closed:
            await _until_closed(channel)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


async def test_who_takes_nothing_is_dropped_with_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()

    class Watched(bounded.Socket):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    monkeypatch.setattr(servers, "Socket", Watched)
    monkeypatch.setattr(channel_of, "_CLOSING", 0.0)
    gate, sock = Recognizing(TMS), listen(LOOPBACK, 0)
    news = [Telling(GLOBAL, News(1, {"00741000": {"vr": "LT", "Value": ["x" * 20_000]}}), TO)]
    async with desk(tmp_path, FollowedPorts(), gate=gate, more=UPS) as it, serving(it.app, [sock]):
        assert it.node.keeping.ups is not None
        channels = it.node.keeping.ups.channels
        with await _deaf(sock.getsockname()[1]):
            monkeypatch.setattr(bounded, "_PATIENCE", 0.0)
            async with asyncio.timeout(20):
                while not lost.is_set():
                    channels.tell(news)
                    await asyncio.sleep(0)


async def _deaf(port: int) -> socket.socket:
    """A client that opens the channel and reads no more than that."""
    deaf, loop = socket.socket(), asyncio.get_running_loop()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    await loop.sock_connect(deaf, (LOOPBACK, port))
    head = (
        f"GET {BASE}/subscribers/{TITLE} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    await loop.sock_sendall(deaf, head.encode())
    assert (await loop.sock_recv(deaf, 12)).endswith(b"101")
    return deaf


async def test_without_the_right_it_is_refused_and_audited(site: Site) -> None:
    site.gate.who = Principal("token:tms-web", "tms-web", frozenset())
    with pytest.raises(InvalidStatus) as refused:
        async with site.channel():
            pass
    assert refused.value.response.status_code == 403
    (entry,) = [each for each in site.gate.audit.entries if each.action == "access.refuse"]
    assert entry.objects["path"] == f"{BASE}/subscribers/{TITLE}"


async def test_opening_it_is_in_the_audit(site: Site) -> None:
    async with site.channel():
        pass
    assert "schedule.read" in [each.action for each in site.gate.audit.entries]


async def test_what_it_says_itself_is_thrown_away(site: Site) -> None:
    await site.subscribe()
    async with site.channel() as channel:
        await channel.send("hello")
        await channel.send(b"\0" * 1000)
        await site.create()
        assert value(await heard(channel), "00741000") == "SCHEDULED"
        await channel.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            await _until_closed(channel)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def _until_closed(channel: ClientConnection) -> None:
    async with asyncio.timeout(10):
        while True:
            await channel.recv()


async def test_what_happens_while_nobody_listens_is_not_told_later(site: Site) -> None:
    await site.subscribe()
    await site.create()
    async with site.channel() as channel:
        later = await site.create()
        assert value(await heard(channel), "00001000") == later
    assert site.desk.ports.outbox.waiting == []


async def test_an_item_of_another_department_is_not_told(tmp_path: Path) -> None:
    limited = Principal("token:tms-web", "tms-web", frozenset(Permission), frozenset({"cath"}))
    gate, sock = Recognizing(limited), listen(LOOPBACK, 0)
    port = sock.getsockname()[1]
    departments = {"LINAC1": "radiotherapy"}
    async with (
        desk(tmp_path, FollowedPorts(), gate=gate, departments=departments, more=UPS) as it,
        serving(it.app, [sock]),
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}{BASE}") as http,
    ):
        site = Site(it, gate, http, port)
        await site.subscribe()
        async with site.channel() as channel:
            gate.who = TMS
            theirs, everybodys = str(generate_uid()), str(generate_uid())
            for uid, station in ((theirs, "LINAC1"), (everybodys, "NOBODY")):
                made = work_item(ScheduledStationNameCodeSequence=[code(station, station)])
                assert (await http.post(f"/workitems?{uid}", **body(made))).status_code == 201
            assert value(await heard(channel), "00001000") == everybodys


async def test_a_page_of_another_site_is_refused(site: Site) -> None:
    """A browser lets any page open a socket, and sends along whose cookies it has."""
    site.gate.means = Means.COOKIE
    for origin, opens in ((f"http://{LOOPBACK}:{site.port}", True), ("http://evil.test", False)):
        if opens:
            async with site.channel(origin=origin):
                continue
        with pytest.raises(InvalidStatus) as refused:
            async with site.channel(origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_a_token_that_ends_closes_it(site: Site) -> None:
    async with site.channel() as channel:
        site.gate.end()
        with pytest.raises(ConnectionClosed) as closed:
            await _until_closed(channel)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("path", ["/static/app.css", "/studies", "/nothing/here"])
async def test_nothing_else_is_opened_as_a_socket(
    site: Site, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{LOOPBACK}:{site.port}{path}", proxy=None):
            pass
    assert refused.value.response.status_code in (403, 404)
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


async def test_who_falls_behind_is_closed_and_holds_no_more() -> None:
    channels = Channels()
    news = [Telling("1.2.3", News(1, {}), TO)]
    with channels.opened(TITLE) as channel, channels.opened("OTHER") as other:
        for _ in range(1001):
            channels.tell(news)
        assert channel.behind.is_set()
        assert not other.behind.is_set()
    channels.tell(news)
