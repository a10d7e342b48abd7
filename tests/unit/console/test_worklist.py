from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.api import open_app
from gateway.console import Console
from gateway.console.quarantine.task import tasks
from gateway.driver import AnalyzerOptions, DeviceEntry
from gateway.model import Instant, Quarantined, QuarantineReason, RawId
from gateway.registry import Registry
from gateway.store import QuarantineEntry
from gateway.testing import Recognizing
from tests.unit.api.memory_site import CHEMISTRY, NOON, MemorySite, analyzer, furnished

REASON = QuarantineReason


def _entry(
    subject: str = "TBIL",
    reason: QuarantineReason = REASON.UNKNOWN_CODE,
    *,
    device: str = "chemistry-1",
    at: int = 0,
) -> Quarantined:
    return Quarantined(
        RawId(7 + at), "lab-line", device, reason, subject, f"detail {at}", Instant(NOON + at)
    )


def _waiting(*entries: Quarantined) -> list[QuarantineEntry]:
    return [QuarantineEntry(place, entry) for place, entry in enumerate(entries, 1)]


def _named() -> Registry:
    """An analyzer that is recognized by its sender."""
    registry = Registry()
    entry = DeviceEntry("named", "N", "lab-line", CHEMISTRY, AnalyzerOptions(sender="A"), 1.0)
    registry.replace([("astm", entry)], NOON)
    return registry


def test_what_one_change_would_mend_is_one_task_and_the_most_frequent_comes_first() -> None:
    found = tasks(
        _waiting(_entry("ALT"), *(_entry(at=at) for at in (5, 9, 2)), _entry("x", device="")),
        furnished(None, analyzer()).registry,
    )
    assert [(task.subject, task.count) for task in found] == [("TBIL", 3), ("ALT", 1), ("x", 1)]
    first = found[0]
    assert (first.first - NOON, first.last - NOON, first.newest) == (2, 9, 16)
    assert (first.detail, first.profile) == ("detail 9", "chemistry-analyzer")


@given(st.text(min_size=1, max_size=30))
def test_the_line_to_copy_names_exactly_what_the_device_sent(subject: str) -> None:
    site = furnished(None, analyzer())
    lines = {
        reason: tasks(_waiting(_entry(subject, reason)), site.registry)[0].line
        for reason in (REASON.UNKNOWN_CODE, REASON.UNKNOWN_UNIT)
    }
    if subject.isprintable():
        assert list(yaml.safe_load(lines[REASON.UNKNOWN_CODE])["points"]) == [subject]
        assert yaml.safe_load(lines[REASON.UNKNOWN_UNIT]) == {"units": {subject: ""}}


@pytest.mark.parametrize("reason", [REASON.UNKNOWN_DEVICE, REASON.AMBIGUOUS])
def test_a_sender_is_told_where_senders_tell_devices_apart(reason: QuarantineReason) -> None:
    entry = _entry("A|1", reason, device="")
    assert tasks(_waiting(entry), _named())[0].line == 'sender: "A|1"'
    assert tasks(_waiting(entry), furnished(None, analyzer()).registry)[0].line == ""


@pytest.mark.parametrize("reason", [REASON.INCOMPLETE, REASON.UNREADABLE])
def test_what_no_line_mends_has_none(reason: QuarantineReason) -> None:
    assert tasks(_waiting(_entry("", reason)), furnished(None, analyzer()).registry)[0].line == ""


def test_a_code_of_a_device_that_is_no_analyzer_has_words_only() -> None:
    assert tasks(_waiting(_entry(device="meter-1")), furnished().registry)[0].line == ""


@pytest.fixture
def site() -> MemorySite:
    return furnished(None, analyzer())


@pytest.fixture
async def http(site: MemorySite) -> AsyncIterator[httpx.AsyncClient]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def test_each_reason_has_advice_in_both_languages(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    for reason in QuarantineReason:
        site.store.put_aside(_entry(f"about {reason}", reason))
    pages = {tag: (await http.get(f"/quarantine?lang={tag}")).text for tag in ("en", "zh")}
    for page in pages.values():
        advice = [part.partition("</p>")[0] for part in page.split('class="detail"')[1:]]
        assert len(advice) == len(QuarantineReason)
        assert page.count("about ") >= len(QuarantineReason)
    assert "不会成为结果" in pages["zh"]


async def test_interpreting_again_tells_what_became_of_it(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    site.outcome = {"resolved": 2, "events": 7, "waiting": {"GLU came in 'mg/dl'": 3}}
    site.store.put_aside(_entry())
    chosen = {"link": "lab-line", "device": "chemistry-1", "reason": "unknown-code"}
    page = (await http.post("/quarantine?lang=en", data=chosen)).text
    assert "2 entries are settled," in page
    assert "7 events were added." in page
    assert "GLU came in" in page
    await http.post("/quarantine")
    assert site.asked == [
        "interpret chemistry-1 unknown-code owner",
        "interpret None None owner",
    ]


async def test_messages_are_set_aside_with_a_reason_only(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    chosen = {"link": "lab-line", "device": "chemistry-1", "reason": "unknown-code"}
    task = {**chosen, "subject": "TBIL"}
    assert (await http.post("/quarantine/aside", data={**task, "why": " "})).status_code == 422
    assert (await http.post("/quarantine/aside", data={"why": "a reason"})).status_code == 422
    done = await http.post("/quarantine/aside", data={**task, "why": "a trial of the maker's"})
    assert (done.status_code, done.headers["location"]) == (303, "/quarantine")
    assert site.asked == ["set aside TBIL owner a trial of the maker's"]


async def test_a_long_work_list_says_that_it_is_cut(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    for place in range(5_001):
        site.store.put_aside(_entry(at=place))
    page = (await http.get("/quarantine?lang=en")).text
    assert "Only the oldest 5000 entries are listed" in page
    assert "5000 entries" in page
