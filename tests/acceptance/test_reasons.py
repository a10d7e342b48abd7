"""In the browser: why a device is offline, in the page's language, without a reload."""

from __future__ import annotations

import pytest
from selenium.webdriver import Chrome

from gateway.registry import DeviceState
from tests.acceptance.test_pages import _browse, _shows, address, browser, site
from tests.unit.api.memory_site import MemorySite

__all__ = ["address", "browser", "site"]

pytestmark = [pytest.mark.acceptance, pytest.mark.peer]


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "已 60 秒没有消息"), ("en", "not heard of for 60 s")]
)
async def test_a_reason_comes_in_the_pages_language(
    browser: Chrome, site: MemorySite, address: str, language: str, told: str
) -> None:
    await _browse(browser.get, f"{address}/devices?lang={language}")
    assert not await _browse(
        browser.execute_script, f"return document.body.innerText.includes('{told}')"
    )
    site.registry.move("meter-1", DeviceState.OFFLINE, site.now(), "not heard of for 60 s")
    await _shows(browser, '[data-device="meter-1"] [data-reason]', told)
    site.registry.move("meter-1", DeviceState.ONLINE, site.now())
    await _shows(
        browser,
        '[data-device="meter-1"] [data-state-word]',
        "在线" if language == "zh" else "online",
    )
    hidden = "return document.querySelector('[data-device=\"meter-1\"] [data-reason]').hidden"
    assert await _browse(browser.execute_script, hidden)
