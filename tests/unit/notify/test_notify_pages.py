"""The page of the notifier: silences, who was told, what nobody took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway.api import open_app
from gateway.console import Console
from gateway.notify.pages import Pages
from gateway.testing import Recognizing
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


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    site = NotifySite(tmp_path)
    async with site.running(), AsyncExitStack() as stack:
        view = NotifyView(site.clock)
        console = Console(view)
        pages = Pages(site.context(), site.notifier, site.courier).routes(console.kit)
        routes = [*console.routes(), *pages]
        app = await stack.enter_async_context(
            open_app(view, routes, console.error_page, gate=Recognizing())
        )
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://localhost",
            headers={"accept": "text/html", "accept-language": "en"},
        )
        yield Bench(site, await stack.enter_async_context(http))


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
