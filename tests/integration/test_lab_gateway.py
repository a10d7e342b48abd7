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
from simulators.hl7 import HematologyAnalyzer, hl7_analyzer
from tests.integration.test_hl7_gateway import results, site
from tests.peers import free_port
from tests.unit.hl7.hl7_bench import Answers


async def _folded(gateway: Gateway) -> list[dict[str, Any]]:
    """What the API says once the laboratory stands where the store stands."""
    stored = await results(gateway.store)
    desk = gateway.subscriber(LabDesk)
    while desk.cursor() < stored[-1].seq:  # noqa: ASYNC110 - a projection has no event for it
        await asyncio.sleep(0.01)
    async with open_app(gateway) as app:
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
        async with open_app(gateway, console.routes(), console.error_page) as app:
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
