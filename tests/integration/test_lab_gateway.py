"""From an analyzer on the wire to its sample's page, and from the quarantine to a result."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import yaml

from gateway.api import open_app
from gateway.app.gateway import Gateway
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.lab import LabDesk
from gateway.testing import Recognizing
from simulators.hl7 import HematologyAnalyzer, hl7_analyzer
from tests.integration.test_hl7_gateway import results, site
from tests.peers import free_port, port_answers, wait_until
from tests.unit.hl7.hl7_bench import Answers


async def _folded(gateway: Gateway) -> list[dict[str, Any]]:
    """What the API says once the laboratory stands where the store stands."""
    stored = await results(gateway.store)
    desk = gateway.subscriber(LabDesk)
    while desk.cursor() < stored[-1].seq:  # noqa: ASYNC110 - a projection has no event for it
        await asyncio.sleep(0.01)
    async with open_app(gateway, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            page = (await http.get("/api/v1/results?limit=1000")).json()
    items: list[dict[str, Any]] = page["items"]
    return items


async def _send(port: int, count: int) -> None:
    log = Answers()
    analyzer = HematologyAnalyzer(seed=1)
    async with hl7_analyzer(port=port, role="client", composer=analyzer, interval=0, log=log.note):
        await log.until(count)


async def test_results_from_the_wire_are_on_the_page_and_survive_their_tables(
    tmp_path: Path,
) -> None:
    port = free_port()
    (tmp_path / "devices.yaml").write_text(yaml.safe_dump(site(port)))
    options = ServeOptions(tmp_path / "devices.yaml", tmp_path / "data")
    async with open_gateway(options) as gateway:
        await _send(port, 10)
        before = await _folded(gateway)
        console = Console(gateway)
        async with open_app(
            gateway, console.routes(), console.error_page, gate=Recognizing()
        ) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                assert before[0]["value_text"] in (await http.get("/results?lang=en")).text
                message = await http.get(f"/messages/{before[0]['raw_id']}?lang=zh")
    assert "OBX 结果" in message.text
    assert before
    for file in (tmp_path / "data" / "store").glob("lab.sqlite*"):
        file.unlink()
    async with open_gateway(options) as gateway:
        again = await _folded(gateway)
    known = {item["id"] for item in again}
    assert {item["id"] for item in before} <= known


def _message(control: str, sent: str, line: int, value: str, status: str) -> bytes:
    """A count of one sample, measured at 15:16:57; the line numbers are the sender's own."""
    segments = (
        f"MSH|^~\\&|HEMA|A1|||{sent}||ORU^R01|{control}|P|2.3.1||||||UNICODE",
        "PID|1||P1",
        "OBR|1||S1|00001^Count|||20261123151657",
        f"OBX|{line}|NM|6690-2^WBC^LN||{value}|10*9/L|4.0-10.0|N|||{status}",
    )
    return b"\x0b" + "\r".join(segments).encode() + b"\r\x1c\r"


async def test_a_reprint_is_one_result_and_a_correction_names_it(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "devices.yaml").write_text(yaml.safe_dump(site(port)))
    messages = (
        _message("1", "20261123151700", 1, "5.20", "F"),
        _message("2", "20261123160000", 4, "5.20", "F"),
        _message("3", "20261123160500", 1, "5.40", "C"),
    )
    async with open_gateway(ServeOptions(tmp_path / "devices.yaml", tmp_path / "data")) as gateway:
        await asyncio.to_thread(
            wait_until, lambda: port_answers(port), within=10, what="the analyzers' port"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for message in messages:
            writer.write(message)
            assert b"|AA|" in await reader.readuntil(b"\x1c\r")
        writer.close()
        (corrected,) = await _folded(gateway)
        stored = await results(gateway.store)
        (test,) = await gateway.subscriber(LabDesk).sample("hema", "S1")
    assert len({event.raw_id for event in stored}) == 3
    assert (corrected["value_text"], corrected["version"]) == ("5.40", 2)
    assert corrected["supersedes"] == stored[0].id.hex()
    (first,) = test.earlier
    assert [other.id for other in first.again] == [stored[1].id]
