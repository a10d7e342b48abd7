"""A person maps what an analyzer sends, on the page; the line is not disturbed by it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import yaml

from gateway.api import open_app
from gateway.app.gateway import Gateway
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.lab import LabDesk
from gateway.mapping import Mappings
from gateway.model import DeviceEvent, Kind
from gateway.testing import Recognizing
from tests.peers import free_port, port_answers, wait_until

WBC = "OBX|1|NM|6690-2^WBC^LN||5.20|10*9/L|||||F"
ESR = "OBX|2|NM|ESR^Sedimentation||{value}|mm/h|||||F"
CHOSEN = {"link": "analyzers", "reason": "unknown-code", "subject": "ESR"}
FORM = {
    **CHOSEN,
    "of_device": "hema",
    "code": "4537-7",
    "name_zh": "红细胞沉降率",
    "name_en": "Erythrocyte sedimentation rate",
    "unit": "mm/h",
    "kind": "result",
    "scope": "profile:hematology-analyzer-hl7",
}


def _site(port: int, devices: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    return {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "links": {
            "analyzers": {"driver": "hl7", "transport": {"type": "tcp-listen", "port": port}}
        },
        "devices": {
            name: {
                "name": name.upper(),
                "link": "analyzers",
                "profile": "hematology-analyzer-hl7",
                **more,
            }
            for name, more in devices.items()
        },
    }


def _message(control: int, *results: str, sender: str = "HEMA") -> bytes:
    segments = (
        f"MSH|^~\\&|{sender}|A1|||20261123151700||ORU^R01|{control}|P|2.3.1||||||UNICODE",
        "PID|1||P1",
        f"OBR|1||S{control}|00001^Count|||20261123151657",
        *results,
    )
    return b"\x0b" + "\r".join(segments).encode() + b"\r\x1c\r"


class Site:
    """A gateway, its pages, and one connection of an analyzer to it."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.gateway: Gateway
        self.http: httpx.AsyncClient
        self._control = 0

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Site]:
        options = ServeOptions(self.home / "devices.yaml", self.home / "data")
        async with AsyncExitStack() as stack:
            gateway = self.gateway = await stack.enter_async_context(open_gateway(options))
            console = Console(gateway)
            pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
            app = await stack.enter_async_context(
                open_app(gateway, pages, console.error_page, gate=Recognizing())
            )
            transport = httpx.ASGITransport(app)
            self.http = await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=transport,
                    base_url="http://localhost",
                    headers={"accept": "text/html", "accept-language": "en"},
                    cookies={"lang": "en"},
                )
            )
            await asyncio.to_thread(
                wait_until, lambda: port_answers(self.port), within=10, what="the analyzers' port"
            )
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
            yield self
            self._writer.close()

    async def send(self, *results: str, sender: str = "HEMA") -> str:
        """The code of the answer, over the connection that was opened first."""
        self._control += 1
        self._writer.write(_message(self._control, *results, sender=sender))
        answer = (await self._reader.readuntil(b"\x1c\r")).decode()
        return answer.partition("MSA|")[2][:2]

    async def results(self) -> list[DeviceEvent]:
        events = await self.gateway.store.events(kinds={Kind.RESULT}, limit=1000)
        desk = self.gateway.subscriber(LabDesk)
        if events:
            await desk.reached(events[-1].seq)
        return list(events)

    async def waiting(self) -> list[tuple[str, str]]:
        entries = await self.gateway.store.quarantine(open_only=True)
        return [(each.entry.reason.value, each.entry.subject) for each in entries]

    async def map(self, form: Mapping[str, str], do: str = "map") -> httpx.Response:
        return await self.http.post("/quarantine/map", data={**form, "do": do})


@pytest.fixture
def home(tmp_path: Path) -> Site:
    port = free_port()
    (tmp_path / "devices.yaml").write_text(yaml.safe_dump(_site(port, {"hema": {}})))
    return Site(tmp_path, port)


async def test_an_unknown_test_is_mapped_on_the_page_and_its_messages_become_results(
    home: Site,
) -> None:
    async with home.up() as site:
        for value in ("12", "14"):
            assert await site.send(WBC, ESR.format(value=value)) == "AA"
        assert await site.waiting() == [("unknown-code", "ESR")] * 2
        page = (await site.http.get("/quarantine")).text
        (query,) = re.findall(r'href="/quarantine/map\?([^"]+)"', page)
        assert "Map a test" in (await site.http.get(f"/quarantine/map?{unescape(query)}")).text
        tried = await site.map(FORM, "try")
        assert tried.status_code == 200
        for text in ("Erythrocyte sedimentation rate", "12", "14", "S1", "S2", "mm/h"):
            assert text in tried.text
        assert len(await site.results()) == 2
        done = await site.map(FORM)
        assert (done.status_code, done.headers["location"]) == (303, "/quarantine")
        found = [event for event in await site.results() if event.code.code == "4537-7"]
        assert [event.value.text for event in found if event.value] == ["12", "14"]
        assert await site.waiting() == []
        assert await site.send(WBC, ESR.format(value="16")) == "AA"
        assert await site.waiting() == []
        assert "红细胞沉降率" in (await site.http.get("/results?lang=zh")).text
        listed = (await site.http.get("/mappings?lang=en")).text
        assert "Erythrocyte sedimentation rate" in listed
        file = yaml.safe_load((await site.http.get("/mappings?format=yaml")).text)
    assert file["profile:hematology-analyzer-hl7"]["points"]["ESR"]["code"] == "4537-7"


async def test_a_mapping_holds_after_a_restart_until_it_is_withdrawn(home: Site) -> None:
    async with home.up() as site:
        await site.send(ESR.format(value="12"))
        await site.map(FORM)
    async with home.up() as site:
        await site.send(ESR.format(value="13"))
        assert len(await site.results()) == 2
        kept = site.gateway.subscriber(Mappings).overlay.kept[0]
        assert kept.actor == "owner"
        gone = {"kind": "code", "scope": kept.mapping.scope, "key": "ESR"}
        assert (await site.http.post("/mappings/withdraw", data=gone)).status_code == 303
        await site.send(ESR.format(value="14"))
        assert len(await site.results()) == 2
        assert await site.waiting() == [("unknown-code", "ESR")]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("code", "4537-8", "its check digit differs"),
        ("code", "6690-2", "already stands for it"),
        ("unit", "mm/hour", "This is no UCUM unit"),
        ("name_zh", "", "This is needed."),
        ("scope", "profile:another", "Choose one of the list."),
    ],
)
async def test_a_mapping_that_can_not_be_right_is_refused_beside_its_field(
    home: Site, field: str, value: str, told: str
) -> None:
    async with home.up() as site:
        await site.send(ESR.format(value="12"))
        refused = await site.map({**FORM, field: value})
        assert refused.status_code == 422
        assert told in refused.text
        assert 'value="Erythrocyte sedimentation rate"' in refused.text
        assert await site.results() == []
        assert site.gateway.subscriber(Mappings).overlay.kept == ()


async def test_a_unit_is_mapped_with_its_factor(home: Site) -> None:
    hemoglobin = "OBX|1|NM|718-7^HGB^LN||12.1|{unit}|||||F"
    form = {
        "link": "analyzers",
        "of_device": "hema",
        "reason": "unknown-unit",
        "subject": "gramm%",
        "ucum": "g/dL",
        "scope": "device:hema",
    }
    async with home.up() as site:
        await site.send(hemoglobin.format(unit="gramm%"))
        assert await site.waiting() == [("unknown-unit", "gramm%")]
        await site.map(form)
        (event,) = await site.results()
        assert event.value is not None
        assert (event.value.text, event.unit) == ("121", "g/L")
        await site.send("OBX|1|NM|777-3^PLT^LN||2.1|100 G/l|||||F")
        platelets = {**form, "subject": "100 G/l", "ucum": "10*11/L"}
        tried = await site.map(platelets, "try")
        assert "the profile says" in tried.text
        await site.map({**platelets, "test": "777-3", "factor": "100"})
        event = (await site.results())[-1]
        assert event.value is not None
        assert (event.value.text, event.unit) == ("210.0", "10*9/L")
        assert await site.waiting() == []


async def test_numbers_without_a_unit_are_a_persons_word(home: Site) -> None:
    bare = "OBX|1|NM|6690-2^WBC^LN||5.20||||||F"
    form = {
        "link": "analyzers",
        "of_device": "hema",
        "reason": "unknown-unit",
        "subject": "(none)",
        "scope": "device:hema",
    }
    async with home.up() as site:
        await site.send(bare)
        assert await site.waiting() == [("unknown-unit", "(none)")]
        assert (await site.map(form)).status_code == 422
        await site.map({**form, "own": "yes"})
        await site.send(bare)
        assert [event.unit for event in await site.results()] == ["10*9/L"] * 2
        assert await site.waiting() == []


async def test_a_sender_is_told_to_its_device(tmp_path: Path) -> None:
    port = free_port()
    devices = {"one": {"sender": "ONE"}, "two": {"sender": "TWO"}}
    (tmp_path / "devices.yaml").write_text(yaml.safe_dump(_site(port, devices)))
    async with Site(tmp_path, port).up() as site:
        assert await site.send(WBC, sender="NEW") == "AE"
        ((reason, subject),) = await site.waiting()
        assert reason == "unknown-device"
        task = {"link": "analyzers", "of_device": "", "reason": reason, "subject": subject}
        query = urlencode({**task, "device": ""})
        assert (
            "Name the device of a sender" in (await site.http.get(f"/quarantine/map?{query}")).text
        )
        await site.map({**task, "device": "two"})
        assert [event.source.device for event in await site.results()] == ["two"]
        assert await site.waiting() == []
    async with Site(tmp_path, port).up() as site:
        site._control = 5
        assert await site.send(WBC, sender="NEW") == "AA"
        assert [event.source.device for event in await site.results()] == ["two"] * 2


async def test_messages_are_set_aside_with_their_reason(home: Site) -> None:
    async with home.up() as site:
        await site.send(ESR.format(value="12"))
        gone = {**CHOSEN, "device": "hema", "why": "a trial of the maker"}
        assert (await site.http.post("/quarantine/aside", data=gone)).status_code == 303
        assert await site.waiting() == []
        (entry,) = await site.gateway.store.quarantine()
    assert entry.resolution is not None
    assert (entry.resolution.actor, entry.resolution.note) == ("owner", "a trial of the maker")
