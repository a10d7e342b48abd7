"""Reasons in words: stored in English, said in the reader's language."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from string import Formatter

import httpx
import pytest

from gateway.api import open_app
from gateway.console import Console
from gateway.console.sentences import COMMON, UNMARKED, Sentences
from gateway.console.sentences import sentences as spoken
from gateway.model import sentence
from gateway.registry import DeviceState
from gateway.testing import Recognizing
from gateway.testing.catalogue import sentences
from tests.unit.api.memory_site import NOON, MemorySite, analyzer, furnished

PACKAGE = sentences((*COMMON, *UNMARKED))
IDS = sorted(text for text in PACKAGE.texts() if isinstance(text, str))
CHINESE = spoken("zh-CN")


def facts_of(text: str) -> dict[str, str]:
    names = dict.fromkeys(field for _, field, _, _ in Formatter().parse(text) if field)
    return {name: f"x{number}" for number, name in enumerate(names, 1)}


@pytest.mark.parametrize("text", IDS)
def test_every_sentence_is_recognized_and_keeps_its_facts(text: str) -> None:
    facts = facts_of(text)
    message = PACKAGE.read().get(text)
    assert message is not None
    assert isinstance(message.string, str)
    wordless = text in {"{place}: {why}", "{first}; {rest}"}
    expected = text if wordless else message.string
    assert CHINESE.say(sentence(text, **facts)) == expected.format(**facts)


@pytest.mark.parametrize(("text", "module"), UNMARKED.items())
def test_a_sentence_without_a_mark_is_still_said_where_it_is_said_to_be(
    text: str, module: str
) -> None:
    source = Path(str(import_module(module).__file__)).read_text("utf-8")
    spoken_there = re.sub(r'"\s+f?"', "", source)
    for literal, *_ in Formatter().parse(text):
        assert literal in spoken_there


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "link lab is down: tcp 10.0.0.5:502: Connection refused: check host, port and network",
            "链路 lab 中断：tcp 10.0.0.5:502：连接被拒绝：请检查主机、端口和网络",
        ),
        (
            "row 1: id is empty: nothing identifies this row; row 2: strange; and 2 more",
            "第 1 行：id 为空：无法标识这一行；第 2 行：strange；另有 2 项",
        ),
        ("a driver of another house: says so; twice", "a driver of another house: says so; twice"),
        ("", ""),
    ],
)
def test_a_fact_may_be_a_sentence_and_what_is_unknown_stays(english: str, chinese: str) -> None:
    assert CHINESE.say(english) == chinese
    assert spoken("en").say(english) == english


def test_facts_with_braces_and_a_sentence_within_itself_do_no_harm() -> None:
    own = Sentences({"{a} is {a}": "{a} 是 {a}", "in {x}": "在 {x} 里"})
    assert own.say("{b} is {b}") == "{b} 是 {b}"
    assert own.say("one is two") == "one is two"
    deep = own.say("in " * 50 + "end")
    assert deep.startswith("在 在 在")
    assert deep.endswith("end 里 里 里 里 里 里")


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "已 60 秒没有消息"), ("en", "not heard of for 60 s")],
)
async def test_a_page_says_why_a_device_is_offline_in_its_language(
    language: str, told: str
) -> None:
    site: MemorySite = furnished(None, analyzer())
    site.registry.move("chemistry-1", DeviceState.OFFLINE, NOON, "not heard of for 60 s")
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            for path in ("/devices", "/devices/chemistry-1"):
                page = await http.get(f"{path}?lang={language}", headers={"accept": "text/html"})
                assert told in page.text
