"""The page of the notifier: silences, who was told, what nobody took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from gateway.api import open_app
from gateway.console import Console
from gateway.driver import DeviceEntry
from gateway.notify.glance import Overview
from gateway.notify.pages import Pages
from gateway.notify.tables import Tables
from gateway.room import OWNER, Principal
from gateway.testing import Recognizing
from tests.unit.alarms.alarm_case import chillers
from tests.unit.api.memory_site import MemorySite
from tests.unit.notify.notify_case import NotifySite, notice


class NotifyView(MemorySite):
    def packages(self) -> tuple[str, ...]:
        return ("gateway.notify",)


@dataclass(slots=True)
class Bench:
    site: NotifySite
    http: httpx.AsyncClient

    async def do(self, method: str, path: str, data: dict[str, str] | None = None) -> str:
        asking = asyncio.create_task(self.http.request(method, path, data=data))
        while not asking.done():
            await asyncio.sleep(0)
            await self.site.ports.feed(self.site.notifier)
        return (await asking).text


def _of(entry: DeviceEntry, lab: bool) -> DeviceEntry:  # noqa: FBT001
    return replace(entry, department="lab" if lab else "radiotherapy")


LAB = replace(OWNER, id="of-lab", departments=frozenset({"lab"}))
CHILLERS = tuple(
    replace(link, devices=tuple(_of(entry, entry.id == "chiller-1") for entry in link.devices))
    for link in chillers("chiller-1", "chiller-2")
)


@asynccontextmanager
async def opened(data: Path, who: Principal = OWNER) -> AsyncIterator[Bench]:
    site = NotifySite(data)
    async with site.running(), AsyncExitStack() as stack:
        view = NotifyView(site.clock)
        console = Console(view)
        context = replace(site.context(), links=lambda: CHILLERS)
        pages = Pages(context, site.notifier, site.courier).routes(console.kit)
        routes = [*console.routes(), *pages]
        app = await stack.enter_async_context(
            open_app(view, routes, console.error_page, gate=Recognizing(who))
        )
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://localhost",
            headers={"accept": "text/html", "accept-language": "en"},
        )
        yield Bench(site, await stack.enter_async_context(http))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(tmp_path) as found:
        yield found


async def test_it_shows_who_was_told_of_what_and_who_has_duty(bench: Bench) -> None:
    await bench.site.say(notice(path="/alarms/x"))
    await bench.site.deliver()
    page = await bench.do("GET", "/notifications?lang=en")
    for each in ("Chiller: too warm", "mail:wang: delivered", "webhook:ops: delivered", "王工"):
        assert each in page, each
    assert "通知记录" in await bench.do("GET", "/notifications?lang=zh-CN")


async def test_a_silence_is_set_with_reason_and_end_and_ended(bench: Bench) -> None:
    wish = {"scope": "*", "reason": "works", "until": "2026-11-23T12:00"}
    past = await bench.do("POST", "/notifications/silences", wish | {"until": "2020-01-01T00:00"})
    assert "until-fault" in past
    slip = await bench.do("POST", "/notifications/silences", wish | {"until": "2206-11-23T12:00"})
    assert "本院不允许如此长的静音。" in slip
    await bench.do("POST", "/notifications/silences", wish)
    assert "until 2026-11-23 12:00:00: works" in await bench.do("GET", "/notifications?lang=en")
    await bench.site.say(notice())
    await bench.site.deliver()
    assert bench.site.got("webhook:ops") == []
    await bench.do("POST", "/notifications/silences/1/end")
    await bench.site.after(1)
    assert bench.site.got("webhook:ops") == [["alarm:x:1:open:0"]]


async def test_what_nobody_took_is_shown_and_tried_again(bench: Bench) -> None:
    bench.site.strangers["webhook:ops"].mood = "refuses"
    await bench.site.say(notice())
    await bench.site.deliver()
    assert "there is no such address" in await bench.do("GET", "/notifications")
    bench.site.strangers["webhook:ops"].mood = "takes"
    (dead,) = await bench.site.ports.outbox.dead()
    await bench.do("POST", f"/notifications/deliveries/{dead.id}/again")
    await bench.site.deliver()
    assert bench.site.got("webhook:ops") == [["alarm:x:1:open:0"]]


async def test_a_test_reaches_everybody(bench: Bench) -> None:
    await bench.do("POST", "/notifications/test")
    await bench.site.deliver()
    assert all(len(bench.site.got(name)) == 1 for name in bench.site.strangers)


async def test_one_of_a_department_sees_and_silences_its_devices_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, LAB) as bench:
        site = bench.site
        site.strangers["webhook:ops"].mood = "refuses"
        both = ("chiller-1", "chiller-2")
        await site.say(
            notice("a", title="Ours", device="chiller-1"),
            notice("b", title="Theirs", device="chiller-2"),
            notice("c", title="The link", device="gateway", devices=both),
            notice("d", title="Our link", device="gateway", devices=both[:1]),
        )
        await site.deliver()
        page = await bench.do("GET", "/notifications")
        assert [each in page for each in ("Ours", "Our link", "Theirs", "The link")] == [
            True, True, False, False
        ]  # fmt: skip
        assert "there is no such address" not in page
        assert 'value="chiller-2"' not in page
        wish = {"reason": "works", "until": "2026-11-23T12:00"}
        for scope in ("*", "chiller-2", "chiller-1"):
            await bench.do("POST", "/notifications/silences", wish | {"scope": scope})
        silences = await site.notifier.ask(Tables.silences)
        assert [each.scope for each in silences] == ["chiller-1"]


async def test_one_of_a_department_ends_no_silence_of_others(tmp_path: Path) -> None:
    async with opened(tmp_path, LAB) as bench:
        until = bench.site.clock.now() + 3_600_000_000
        for who, scope in ((OWNER, "*"), (OWNER, "chiller-1"), (LAB, "chiller-1")):
            payload = {"scope": scope, "until": until}
            await bench.site.ports.act(who, "notify.silence", text="works", payload=payload)
        await bench.site.ports.feed(bench.site.notifier)
        page = await bench.do("GET", "/notifications")
        assert [f"/silences/{number}/end" in page for number in (1, 2, 3)] == [False, False, True]
        for number in (1, 2, 3, 4):
            await bench.do("POST", f"/notifications/silences/{number}/end")
        silences = await bench.site.notifier.ask(Tables.silences)
        assert [each.id for each in silences] == [1, 2]


async def test_the_overview_shows_one_of_a_department_its_silences_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, LAB) as bench:
        site = bench.site
        until = site.clock.now() + 3_600_000_000
        for scope in ("chiller-1", "chiller-2"):
            payload = {"scope": scope, "until": until}
            await site.ports.act(OWNER, "notify.silence", text="works", payload=payload)
        await site.ports.feed(site.notifier)
        context = replace(site.context(), links=lambda: CHILLERS)
        overview = Overview(context, site.notifier, site.courier)
        assert [each.who for each in (await overview.glance(LAB)).attention] == ["chiller-1"]
        assert len((await overview.glance(OWNER)).attention) == 2
