from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gateway.api import open_app
from gateway.config import discover_drivers, discover_rooms, load_site, plain
from gateway.console import Console
from gateway.console.settings.distributions import installed
from gateway.errors import Problem
from gateway.testing import Recognizing
from gateway.web import Configuration
from tests.unit.api.memory_site import MemorySite, furnished

RUNNING = {"links": {"bus": {"driver": "modbus", "transport": {"host": "10.0.0.1"}}}}
CHANGED = {"links": {"bus": {"driver": "modbus", "transport": {"host": "10.0.0.2"}}}}


@pytest.fixture
def site() -> MemorySite:
    return furnished()


@pytest.fixture
async def http(site: MemorySite) -> AsyncIterator[httpx.AsyncClient]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"accept": "text/html"}
        ) as client:
            yield client


async def test_what_runs_is_said_to_be_what_the_file_says(http: httpx.AsyncClient) -> None:
    page = (await http.get("/settings/configuration?lang=en")).text
    assert "What runs is what the file says." in page
    assert "Take it over" not in page


async def test_only_what_differs_is_shown_and_what_taking_it_over_does(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    site.configuration = Configuration(
        "devices.yaml", RUNNING, CHANGED, reload={"links_restarted": ["bus"], "links_added": []}
    )
    page = (await http.get("/settings/configuration?lang=en")).text
    for text in ("links.bus.transport.host", "10.0.0.1", "10.0.0.2", "Lines that start anew"):
        assert text in page
    assert "links.bus.driver" not in page
    assert "Lines that begin" not in page
    done = await http.post("/settings/configuration")
    assert (done.status_code, site.asked) == (303, ["reload"])


async def test_a_file_that_can_not_be_used_is_shown_with_its_faults(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    fault = Problem("unknown key `nmae`", "devices.yaml", 3, 5, "site.nmae", "did you mean name?")
    site.configuration = Configuration("devices.yaml", RUNNING, None, (fault,))
    page = (await http.get("/settings/configuration?lang=en")).text
    assert "devices.yaml:3:5: site.nmae: unknown key `nmae` (did you mean name?)" in page
    assert "Take it over" not in page


async def test_every_package_is_named_with_its_licence(http: httpx.AsyncClient) -> None:
    page = (await http.get("/settings?lang=en&q=starlette")).text
    assert "starlette" in page
    assert "BSD-3-Clause" in page
    names = [each.name.casefold() for each in installed()]
    assert names == sorted(set(names))
    assert {"isogate", "starlette", "bokeh", "pydicom"} <= set(names)
    assert sum(not each.licence for each in installed()) <= len(names) // 10


def _site() -> dict[str, Any]:
    return {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "links": {
            "mqtt": {
                "driver": "mqtt",
                "host": "127.0.0.1",
                "username": "gateway",
                "password": "file:password",
            }
        },
        "devices": {
            "air": {
                "name": "Air",
                "link": "mqtt",
                "profile": "temperature-humidity",
                "topic_vars": {"base": "site"},
            }
        },
    }


def test_a_site_as_plain_values_shows_no_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("very-secret")
    (tmp_path / "devices.yaml").write_text(yaml.safe_dump(_site()))
    rooms, drivers = discover_rooms(), discover_drivers()
    shown = plain(load_site(tmp_path / "devices.yaml", drivers=drivers, rooms=rooms))
    assert "very-secret" not in str(shown)
    assert shown["links"]["mqtt"]["username"] == "gateway"
    assert set(shown["links"]["mqtt"]["devices"]) == {"air"}
    assert set(shown["profiles"]) == {"temperature-humidity"}
