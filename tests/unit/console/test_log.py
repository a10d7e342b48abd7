from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import httpx
import pytest

from gateway.api import open_app
from gateway.console import Console
from gateway.console.pages.when import entered, seq_at
from gateway.model import Instant, Kind, Status, Subject
from gateway.testing import Recognizing
from tests.unit.api.memory_site import (
    NOON,
    SECOND,
    MemorySite,
    analyzer,
    found,
    furnished,
    measured,
    wire,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = 60 * SECOND


@pytest.fixture
async def site() -> MemorySite:
    """Six events, a minute apart from 20:00 of the site's clock on."""
    site = furnished(None, analyzer())
    site.store.keep(wire(7, b"bytes"))
    at = [Instant(NOON + place * MINUTE) for place in range(6)]
    await site.store.add(
        measured("meter-1", "power", "1", "kW", at=at[0]),
        measured("meter-1", "power", "2", "kW", at=at[1]),
        found("2345-7", "5.1", at=at[2], raw_id=7),
        measured("room-1", "humidity", "41", "%", at=at[3]),
        replace(found("2345-7", "5.3", at=at[4], status=Status.CORRECTED), supersedes=b"x" * 16),
        measured("meter-1", "voltage-l1", "229", "V", at=at[5]),
    )
    return site


@pytest.fixture
async def http(site: MemorySite) -> AsyncIterator[httpx.AsyncClient]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"accept": "text/html"}
        ) as client:
            yield client


async def _seqs(http: httpx.AsyncClient, query: str) -> list[int]:
    page = (await http.get(f"/events?lang=en&{query}")).text
    return [int(seq) for seq in re.findall(r'data-href="/events/(\d+)"', page)]


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("device=meter-1", [6, 2, 1]),
        ("kind=result", [5, 3]),
        ("kind=nonsense", [6, 5, 4, 3, 2, 1]),
        ("code=power", [2, 1]),
        ("q=S1+2345", [5, 3]),
        ("q=HUMIDITY", [4]),
        ("device=meter-1&q=229", [6]),
        ("from=2026-11-23T20:02", [6, 5, 4, 3]),
        ("to=2026-11-23T20:02", [2, 1]),
        ("from=2026-11-23T20:01&to=2026-11-23T20:03", [3, 2]),
        ("from=2026-11-24", []),
        ("before=3", [2, 1]),
    ],
)
async def test_the_log_is_searched(http: httpx.AsyncClient, query: str, seqs: list[int]) -> None:
    assert await _seqs(http, query) == seqs


async def test_a_time_that_is_none_is_said_and_left_out(http: httpx.AsyncClient) -> None:
    page = (await http.get("/events?from=yesterday&lang=en")).text
    assert "A time is written as" in page
    assert len(await _seqs(http, "from=yesterday")) == 6


async def test_a_search_that_ends_early_leads_further_back(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    many = [
        measured("room-1", "humidity", str(place), "%", at=Instant(NOON + place))
        for place in range(20_010)
    ]
    await site.store.add(*many)
    page = (await http.get("/events?q=229&lang=en")).text
    assert "20000 events were looked through." in page
    (address,) = re.findall(r'href="(/events[^"]*before=\d+)"', page)
    assert await _seqs(http, address.partition("?")[2].replace("&amp;", "&")) == [6]


async def test_what_was_found_comes_as_a_file(http: httpx.AsyncClient) -> None:
    answer = await http.get("/events?kind=result&format=csv&lang=en")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("No.,Received,Observed,Device,Kind,Code")
    assert [line.split(",")[0] for line in lines[1:]] == ["5", "3"]
    assert lines[2].endswith(",7")


async def test_from_an_event_to_its_bytes_and_back(http: httpx.AsyncClient) -> None:
    page = (await http.get("/events/3?lang=en")).text
    assert 'href="/messages/7?seq=3"' in page
    assert "S1" in page
    assert 'href="/events/3"' in (await http.get("/messages/7?seq=3&lang=en")).text


async def test_an_event_that_is_none_is_said_to_be_so(http: httpx.AsyncClient) -> None:
    for seq in ("99", "0", "x"):
        answer = await http.get(f"/events/{seq}?lang=en")
        assert answer.status_code == 404
        assert "Unknown event" in answer.text


async def test_ties_between_events_are_a_timeline(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    first = found("2823-3", "6.9")
    corrected = replace(first, id=b"2" * 16, supersedes=first.id, status=Status.CORRECTED)
    call = replace(
        first,
        id=b"3" * 16,
        kind=Kind.ACTION,
        caused_by=corrected.id,
        actor="person:li",
        subject=None,
    )
    other = replace(first, id=b"4" * 16, subject=Subject(specimen="S2"))
    await site.store.add(first, corrected, other, call)
    for seq in (7, 8, 10):
        page = (await http.get(f"/events/{seq}?lang=en")).text
        steps = page.partition('<ol class="timeline">')[2].partition("</ol>")[0]
        assert steps.count("<li") == 3
        assert ">li</span>" in steps
        assert f'href="/events/{seq}"' not in steps
    assert "timeline" not in (await http.get("/events/9?lang=en")).text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T20:00", NOON),
        ("2026-11-23T20:00:01", NOON + SECOND),
        ("2026-11-24", NOON + 4 * 60 * MINUTE),
        ("2026-11-23T20:00+08:00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times_are_read_by_the_sites_clock(text: str, instant: int | None) -> None:
    assert entered(text, SHANGHAI) == instant


async def test_a_place_in_the_log_is_found_by_its_time(site: MemorySite) -> None:
    store = site.store
    assert await seq_at(store, NOON) == 0
    assert await seq_at(store, Instant(NOON + 1)) == 1
    assert await seq_at(store, Instant(NOON + 5 * MINUTE)) == 5
    assert await seq_at(store, Instant(NOON + 60 * MINUTE)) == 6
    assert await seq_at(MemorySite().store, NOON) == 0
