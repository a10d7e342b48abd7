"""Every row of the README's table of a service that calls us, from the wire."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from drivers.http.called import CalledDriver
from gateway import Connection, TcpListen
from gateway.supervisor.listening import answer_calls
from gateway.testing import MemoryPorts
from simulators.http import Caller, as_json, as_soap
from tests.integration.test_hl7_driver import until_tapped
from tests.integration.test_hl7_tls import pem
from tests.integration.test_http_service import result
from tests.peers import free_port
from tests.unit.httpsource.test_http_posted import ROW, called, device, document
from tests.unit.httpsource.test_http_posted import SECRET as SHARED

__all__ = ["pem"]

SECRET = SHARED["secret"]
BEARER = {"authorization": f"Bearer {SECRET}"}


class CalledPorts(MemoryPorts):
    """Ports in memory, over a port of this machine."""

    async def serve(
        self, handle: Callable[[Connection], Awaitable[None]], on: TcpListen | None = None
    ) -> None:
        assert on is not None
        await answer_calls("link", on, lambda _direction, _data: None, self.connected, handle)


@dataclass(slots=True)
class Place:
    ports: CalledPorts
    task: asyncio.Task[None]
    port: int
    http: httpx.AsyncClient

    async def post(self, content: bytes, **headers: str) -> httpx.Response:
        return await self.http.post("/", content=content, headers={**BEARER, **headers})

    async def say(self, *parts: bytes, answers: int = 1) -> bytes:
        """Send bytes as they are; the heads of so many answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return b"".join([await reader.readuntil(b"\r\n\r\n") for _ in range(answers)])
        finally:
            writer.close()


@asynccontextmanager
async def place(**options: Any) -> AsyncIterator[Place]:
    port, ports = free_port(), CalledPorts()
    link = called(
        device(),
        device("soap", "results-posted-soap", path="/soap"),
        port=port,
        **{"secret": SECRET, **options},
    )
    task = asyncio.create_task(CalledDriver(link).run(ports))
    try:
        await ports.until(lambda: bool(ports.sessions) or task.done())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            yield Place(ports, task, port, http)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_document_is_acknowledged_when_it_is_on_disk_and_not_before() -> None:
    async with place() as here:
        here.ports.hold()
        posting = asyncio.create_task(here.post(document(ROW)))
        await until_tapped(here.ports, b"POST /\n" + document(ROW))
        assert not posting.done()
        assert here.ports.records == []
        here.ports.release()
        assert (await posting).status_code == 204
    (record,) = here.ports.records
    assert (record.data, record.device) == (document(ROW), "device")
    assert len(here.ports.publications) == 1


async def test_a_soap_caller_gets_the_acknowledgement_of_its_profile() -> None:
    async with place() as here:
        body = as_soap([result("results-soap", 1, "4.10")])
        answer = await here.http.post("/soap", content=body, headers=BEARER)
        assert (answer.status_code, answer.headers["content-type"]) == (
            200,
            "text/xml; charset=utf-8",
        )
        assert "SaveResultsResponse" in answer.text
        (said,) = here.ports.publications
        assert (said.device, said.readings[0].text) == ("soap", "4.10")


async def test_a_post_that_is_repeated_adds_nothing_and_is_acknowledged_again() -> None:
    async with place() as here:
        other = {**ROW, "id": "2"}
        for content in (document(ROW), document(ROW), document(other, ROW)):
            assert (await here.post(content)).status_code == 204
        assert len(here.ports.publications) == 2
        assert len(here.ports.records) == 3


async def test_what_can_not_be_read_is_told_and_kept_once() -> None:
    async with place() as here:
        for _ in range(2):
            answer = await here.post(b'{"results": [{}]}')
            assert answer.status_code == 422
            assert "row 1" in answer.json()["detail"]
        (entry,) = here.ports.quarantine_list
        assert (entry.device, entry.reason) == ("device", "unreadable")
        assert [record.data for record in here.ports.records] == [b'{"results": [{}]}']
        assert (await here.post(document(ROW))).status_code == 204


@pytest.mark.parametrize("content", [document(ROW), b"nonsense"])
async def test_a_store_that_refuses_is_503_and_nothing_is_taken(content: bytes) -> None:
    async with place() as here:
        here.ports.store_works = False
        answer = await here.post(content)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        here.ports.store_works = True
        assert (await here.post(content)).status_code in (204, 422)
        assert len(here.ports.records) == 1


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", BEARER, 405),
        ("POST", "/", {}, 401),
        ("POST", "/", {"authorization": "Bearer wrong"}, 401),
        ("POST", "/nowhere", BEARER, 404),
        ("POST", "/", {**BEARER, "content-encoding": "gzip"}, 415),
    ],
)
async def test_who_may_not_post_is_refused_before_anything_is_read_or_kept(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with place() as here:
        answer = await here.http.request(method, path, headers=headers, content=document(ROW))
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["status"], bool(problem["detail"])) == (status, True)
        assert SECRET not in answer.text
        assert here.ports.records == []


@pytest.mark.parametrize("size", [f"content-length: {10**9}", "transfer-encoding: chunked"])
async def test_a_document_over_the_limit_is_refused(size: str) -> None:
    head = f"POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\n{size}\r\n\r\n"
    async with place(limit=1024) as here:
        said = await here.say(head.encode(), b"800\r\n" + b"x" * 2048 + b"\r\n")
        assert said.startswith(b"HTTP/1.1 413 ")
        assert here.ports.records == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x0bMSH|^~\\&|||\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\nhost: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\n" + b"x: " + b"y" * 20_000, b"431"),
    ],
)
async def test_what_is_no_http_is_told(sent: bytes, status: bytes) -> None:
    async with place() as here:
        assert (await here.say(sent)).startswith(b"HTTP/1.1 " + status)


async def test_half_a_post_ends_after_its_time_and_leaves_nothing() -> None:
    head = (
        f"POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\n"
        "content-length: 90\r\n\r\n"
    )
    async with place(timeout=1) as here:
        assert (await here.say(head.encode(), b'{"results"')).startswith(b"HTTP/1.1 408 ")
        assert here.ports.records == []


async def test_a_caller_that_waits_to_be_told_to_go_on_is_told() -> None:
    head = (
        f"POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\n"
        f"expect: 100-continue\r\nconnection: close\r\ncontent-length: {len(document(ROW))}\r\n\r\n"
    )
    async with place() as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(head.encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 \r\n\r\n"
        writer.write(document(ROW))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
        writer.close()


async def test_posts_in_one_segment_are_answered_one_after_the_other() -> None:
    def request(*rows: dict[str, Any]) -> bytes:
        body = document(*rows)
        head = (
            f"POST / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async with place() as here:
        several = b"".join(request({**ROW, "id": key}) for key in "123")
        said = await here.say(several, answers=3)
        assert said.count(b"HTTP/1.1 204 ") == 3
        assert len(here.ports.publications) == 3


async def test_a_caller_over_tls_is_served_by_its_certificate_alone(pem: Path) -> None:
    files = {name: str(pem / name) for name in ("peer.pem", "peer.key", "authority.pem")}
    tls = {"certificate": files["peer.pem"], "key": files["peer.key"], "ca": files["authority.pem"]}
    trust = ssl.create_default_context(cafile=files["authority.pem"])
    trust.check_hostname = False
    async with place(tls=tls, secret=None) as here:
        url = f"https://127.0.0.1:{here.port}/"
        async with httpx.AsyncClient(verify=trust) as nobody:
            with pytest.raises(httpx.TransportError):
                await nobody.post(url, content=document(ROW))
        trust.load_cert_chain(files["peer.pem"], files["peer.key"])
        async with httpx.AsyncClient(verify=trust) as known:
            assert (await known.post(url, content=document(ROW))).status_code == 204
    assert len(here.ports.publications) == 1


async def test_a_secret_is_in_no_record_and_on_no_tap() -> None:
    async with place() as here:
        await here.post(document(ROW))
        seen = b"".join(data for _, data in here.ports.tapped)
        assert document(ROW) in seen
        assert SECRET.encode() not in seen + b"".join(each.data for each in here.ports.records)


async def test_a_post_under_way_is_answered_when_the_gateway_stops() -> None:
    async with place() as here:
        here.ports.hold()
        posting = asyncio.create_task(here.post(document(ROW)))
        await until_tapped(here.ports, b"POST /\n" + document(ROW))
        here.task.cancel()
        await asyncio.sleep(0)
        here.ports.release()
        assert (await posting).status_code == 204


async def test_a_system_that_repeats_and_breaks_off_delivers_everything_once() -> None:
    async with place() as here:
        caller = Caller("127.0.0.1", here.port, headers=BEARER, again=0.5, cut=0.3)
        caller.chance.seed(7)
        for number in range(40):
            body = as_json([result("results-soap", number, f"{number}.5")])
            await caller.deliver(body, pause=0)
        await caller.hang_up()
        texts = [each.readings[0].text for each in here.ports.publications]
        assert texts == [f"{number}.5" for number in range(40)]
