from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from gateway.api import open_app
from gateway.console import Console
from gateway.model import ClockQuality, Instant, Operator, RawId, Status, Subject, Value
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

GLUCOSE, POTASSIUM = "2345-7", "2823-3"


@pytest.fixture
def site() -> MemorySite:
    return furnished(None, analyzer())


@pytest.fixture
async def http(site: MemorySite) -> AsyncIterator[httpx.AsyncClient]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"accept": "text/html"}
        ) as client:
            yield client


async def _text(http: httpx.AsyncClient, path: str, status: int = 200) -> str:
    response = await http.get(path)
    assert response.status_code == status, path
    return response.text


def _rows(page: str) -> list[str]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.sub(r"<[^>]+>|\s+", " ", row) for row in body.split("<tr ")[1:]]


async def test_a_result_shows_digits_unit_flag_range_status_and_device(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(found(POTASSIUM, "6.90", raw_id=7, flags=("HH",)))
    page = await _text(http, "/results?lang=en")
    (row,) = _rows(page)
    for part in ("S1", "Potassium", "6.90", "mmol/L", "critically high", "3.9 - 6.1", "final"):
        assert part in row
    assert 'data-level="critical"' in page
    assert 'href="/devices/chemistry-1"' in page
    assert 'href="/messages/7?seq=1"' in page
    assert 'class="icon"' in page.partition('class="flag')[2].partition("</span>")[0]
    chinese = _rows(await _text(http, "/results?lang=zh"))[0]
    for part in ("钾", "危急偏高", "最终", "生化分析仪 1", "模拟"):
        assert part in chinese


async def test_what_is_odd_about_a_result_is_said(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(
        replace(
            found(GLUCOSE, "1.0", flags=("own",)),
            value=Value("1.0", 1.0, Operator.LESS),
            clock=ClockQuality.SUSPECT,
        ),
        found(GLUCOSE, "2.0", specimen=""),
        found(GLUCOSE, "3.0", specimen="QC1", status=Status.QC),
        replace(
            found(GLUCOSE, "9.1", specimen="S3"),
            payload={"as_sent": {"value": "164", "unit": "mg/dL"}},
        ),
        found(GLUCOSE, "4.0", specimen="S4", status=Status.CANCELLED),
    )
    cancelled, converted, control, nobodys, doubtful = _rows(await _text(http, "/results?lang=en"))
    assert "cancelled" in cancelled
    assert "sent as 164 mg/dL" in converted
    assert " control " in control
    assert "no sample named" in nobodys
    assert "&lt;1.0" in doubtful
    assert "own" in doubtful
    assert "clock doubtful" in doubtful


async def test_a_critical_value_stays_listed_as_superseded(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(
        found(POTASSIUM, "6.90", flags=("HH",)),
        found(POTASSIUM, "4.20", status=Status.PRELIMINARY),
        found(POTASSIUM, "7.70", specimen="QC1", flags=("HH",), status=Status.QC),
    )
    (row,) = _rows(await _text(http, "/results?flag=critical&lang=en"))
    assert "6.90" in row
    assert "superseded" in row
    assert "已被取代" in await _text(http, "/results?flag=critical&lang=zh")
    assert "superseded" not in await _text(http, "/results?lang=en")


@pytest.mark.parametrize("at", [253_402_300_799_000_000, 253_402_343_999_000_000, -(2**62)])
async def test_a_time_outside_the_calendar_hides_no_page(
    site: MemorySite, http: httpx.AsyncClient, at: int
) -> None:
    suspect = ClockQuality.SUSPECT
    await site.hear(replace(found(GLUCOSE, "5.0"), observed_at=Instant(at), clock=suspect))
    for page in ("/results", "/samples/chemistry-1/S1", "/devices/chemistry-1"):
        assert "5.0" in await _text(http, page)


async def test_a_flag_that_nobody_knows_is_abnormal_and_shown_as_sent(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(found(GLUCOSE, "1.0", flags=("危",)), found(GLUCOSE, "2.0", flags=("hh",)))
    page = await _text(http, "/results?lang=en&flag=abnormal")
    assert re.search(r'flag-critical" title="hh">.*</svg>hh<', page)
    page = await _text(http, "/samples/chemistry-1/S1?lang=en")
    assert re.search(r'flag-abnormal" title="危">.*</svg>危<', page)


async def test_a_daily_number_is_shown_as_on_its_tube_with_its_date(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(found(GLUCOSE, "5.0", specimen="chemistry-1/2026-11-23/12"))
    page = await _text(http, "/results?lang=en")
    (row,) = _rows(page)
    assert " 12 " in row
    assert " 2026-11-23 " in row
    link = re.search(r'href="(/samples/[^"]+)"', page)
    assert link is not None
    assert "5.0" in await _text(http, link[1])


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("device=chemistry-1", ["4.1", "7.7", "5.0"]),
        ("device=room-1", []),
        ("sample=S1", ["5.0"]),
        ("flag=critical", ["7.7"]),
        ("status=preliminary", ["4.1"]),
        ("flag=nonsense&status=nonsense", ["4.1", "7.7", "5.0"]),
    ],
)
async def test_the_address_filters(
    site: MemorySite, http: httpx.AsyncClient, query: str, shown: list[str]
) -> None:
    await site.hear(
        found(GLUCOSE, "5.0"),
        found(GLUCOSE, "7.7", specimen="S2", flags=("HH",)),
        found(GLUCOSE, "4.1", specimen="S3", status=Status.PRELIMINARY),
    )
    page = await _text(http, f"/results?{query}&lang=en")
    assert re.findall(r'class="number[^"]*">\s*([\d.]+)', page) == shown
    assert ("No results here." in page) == (not shown)


async def test_older_results_are_a_page_away(site: MemorySite, http: httpx.AsyncClient) -> None:
    await site.hear(*(found(GLUCOSE, f"{n}.5", specimen=f"S{n}") for n in range(60)))
    page = await _text(http, "/results?device=chemistry-1&lang=en")
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older is not None
    assert "data-stream" in page
    page = await _text(http, older[1].replace("&amp;", "&"))
    assert len(_rows(page)) == 10
    assert "data-stream" not in page


async def test_today_is_counted_from_the_sites_midnight(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    yesterday = Instant(NOON - 21 * 3600 * SECOND)
    await site.hear(
        found(GLUCOSE, "5.0", at=yesterday),
        found(GLUCOSE, "6.0", specimen="S2"),
        found(POTASSIUM, "7.0", specimen="S2", flags=("LL",)),
        found(POTASSIUM, "4.0", specimen="QC1", status=Status.QC),
    )
    page = await _text(http, "/results?lang=en")
    assert re.findall(r'class="big[^"]*">(\d+)', page) == ["2", "1", "1", "1"]


async def test_an_empty_page_says_how_to_fill_it(http: httpx.AsyncClient) -> None:
    assert "Results appear here as soon as one sends" in await _text(http, "/results?lang=en")
    bare = furnished()
    console = Console(bare)
    async with open_app(bare, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            page = (await client.get("/results?lang=en")).text
    assert "add a link with driver astm or hl7" in page


async def test_a_sample_shows_each_test_once_with_its_versions_behind_it(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(
        found(GLUCOSE, "5.10", raw_id=7, status=Status.PRELIMINARY),
        found(GLUCOSE, "5.20", raw_id=8, status=Status.CORRECTED),
        found(POTASSIUM, "4.4", raw_id=8),
    )
    page = await _text(http, "/samples/chemistry-1/S1?lang=en")
    before, _, behind = page.partition("<details>")
    assert "5.20" in before
    assert "5.10" not in before
    assert "5.10" in behind.partition("</details>")[0]
    assert "1 earlier version" in behind
    assert page.count("Glucose") == 1
    for origin in ("/messages/7?seq=1", "/messages/8?seq=2"):
        assert f'href="{origin}"' in page


async def test_a_correction_says_which_version_it_replaces(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(
        found(GLUCOSE, "5.10", raw_id=7), found(GLUCOSE, "5.20", raw_id=8, status=Status.CORRECTED)
    )
    before, _, behind = (await _text(http, "/samples/chemistry-1/S1?lang=en")).partition(
        "<details>"
    )
    assert "corrects version 1" in before
    assert "corrected by version 2" in behind
    assert "更正第 1 版" in await _text(http, "/results?lang=zh")


async def test_a_result_that_was_sent_again_leads_to_every_message_that_says_it(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    measured_at = Instant(NOON - 7 * SECOND)
    first = replace(found(GLUCOSE, "5.10", raw_id=7), observed_at=measured_at)
    again = replace(first, id=b"again".ljust(16), raw_id=RawId(8), received_at=Instant(NOON + 1))
    site.store.keep(wire(8, b"frame", device_="chemistry-1"))
    await site.hear(first, again)
    page = await _text(http, "/results?lang=en")
    assert len(_rows(page)) == 1
    assert 'href="/messages/7?seq=1"' in page
    assert re.search(r'href="/messages/8\?seq=2">sent again 2026-11-2', page)
    assert "repeats message 7" in await _text(http, "/messages/8?lang=en")


async def test_a_sample_of_an_issuer_names_its_devices(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    subject = Subject(patient="P1", issuer="HIS", specimen="B7", order="A9")
    await site.hear(
        replace(found(GLUCOSE, "5.0"), subject=subject),
        replace(found(GLUCOSE, "5.5", device_="blood-gas-9"), subject=subject),
    )
    page = await _text(http, "/samples/chemistry-1/B7?lang=en")
    assert 'href="/samples/HIS/B7"' in page
    assert "blood-gas-9" not in page
    page = await _text(http, "/samples/HIS/B7?lang=en")
    for part in ("several", "P1", "A9", "blood-gas-9", "Chemistry analyzer 1"):
        assert part in page


async def test_an_unknown_sample_says_where_to_look(http: httpx.AsyncClient) -> None:
    assert "<h1>Unknown sample</h1>" in await _text(http, "/samples/x/y?lang=en", 404)
    assert "未知样本" in await _text(http, "/samples/x/y?lang=zh", 404)


async def test_a_message_lists_every_result_taken_from_it(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    site.store.keep(wire(7, b"frame", device_="chemistry-1"))
    await site.hear(
        found(GLUCOSE, "5.10", raw_id=7),
        found(GLUCOSE, "5.20", raw_id=7),
        found(POTASSIUM, "4.40", raw_id=7),
        found(POTASSIUM, "9.90", raw_id=8),
    )
    page = await _text(http, "/messages/7?lang=en")
    assert re.findall(r'right figure">\s*(\S+)', page) == ["5.10", "5.20", "4.40"]


async def test_values_that_are_no_results_stay_off_the_page(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.hear(measured("meter-1", "power", "12.875", "kW", raw_id=int(RawId(7))))
    assert "12.875" not in await _text(http, "/results?lang=en")
