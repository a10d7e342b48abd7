"""What leaves for a display: masked, of its own zone, whole; and a page that old boxes can run."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from gateway.room import Permission, Principal
from gateway.testing import Recognizing
from queue_display import screens
from queue_display.terms import LANGUAGES, Mark, Verb
from tests.unit.queue.desk_case import PEOPLE, WANG, Department, department

STATIC = Path(screens.__file__).parent / "static"
NEWER = {
    "arrow function": r"=>",
    "let or const": r"\b(let|const|class|async|await|yield|import|export|super)\b",
    "template literal": r"`",
    "optional chaining or ??": r"\?\.|\?\?",
    "spread or rest": r"\.\.\.",
    "exponent": r"\*\*",
    "for of": r"\bfor\s*\([^;)]*\bof\b",
    "shorthand method": r"[{,]\s*(?!if|for|while|switch|function)\w+\s*\([^)]*\)\s*\{",
    "default argument": r"function\s*\w*\([^)]*=",
    "newer library": r"\bfetch\(|\b(Promise|Map|Set|Symbol)\b|Object\.(assign|entries|values)"
    r"|\.(includes|padStart|flat|replaceChildren|append|prepend|remove|closest|matches|find|from)\(",
    "trailing comma in a call": r",\s*\)",
}
"""What ECMAScript 5 with the DOM of 2013 has not, by how it looks without strings and comments."""


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Department]:
    async with department(tmp_path) as open_:
        for number, time in zip(PEOPLE, ("08:00", "08:15", "08:30", "08:45", "09:00"), strict=True):
            await open_.books(number, time, kind="ANA" if number == "1002" else "")
        await open_.books("1004", "07:40", "CT1")
        yield open_


async def _day(office: Department) -> list[bytes]:
    """Every byte that the displays of every zone are sent while a day goes by."""
    sent: list[bytes] = []
    streams = [office.air.stream(zone) for zone in ("hall-1", "hall-2", "door-1")]

    async def look() -> None:
        await office.air.turn()
        for stream in streams:
            sent.append(await anext(stream))

    sent += [await anext(each) for each in streams]
    for number in PEOPLE:
        await office.arrives(number)
        await look()
    ill = (await office.lane()).waiting[-1].ticket
    marks = frozenset({Mark.INFECTION})
    await office.desk.take(WANG, ill.id, Verb.MARK, marks=marks, why="MRSA")
    await look()
    while (lane := await office.lane()).next is not None:
        office.clock.advance(400)
        ticket = await office.desk.call_next(WANG, lane.id)
        await look()
        for verb in (Verb.RECALL, Verb.ENTER, Verb.START, Verb.FINISH):
            await office.desk.take(WANG, ticket.id, verb)
            await look()
        await office.desk.cleaned(WANG, "linac-1")
    await office.desk.stop(WANG, "linac-1", "王建国 fell ill")
    await look()
    for zone in ("hall-1", "hall-2", "door-1"):
        for part in ("", "/board"):
            answer = await office.http.get(f"/display/{zone}{part}")
            assert answer.status_code == 200
            sent.append(answer.content)
    for each in streams:
        await each.aclose()
    return sent


def _forms(text: str) -> list[str]:
    return [text, orjson.dumps(text.encode("unicode_escape").decode()).decode().strip('"')]


async def test_no_byte_that_a_display_is_sent_names_anybody(office: Department) -> None:
    said = b"".join(await _day(office)).decode()
    assert "李*娜" in said
    for number, (name, born) in PEOPLE.items():
        for secret in (number, name, born, born.replace("-", ""), name[1:]):
            for form in _forms(secret):
                assert form not in said, secret
    for mark in Mark:
        assert mark.value not in said
    assert not re.search("MRSA|infection|感染|麻醉|fell ill", said)


async def test_two_who_look_the_same_are_shown_by_their_tickets_alone(office: Department) -> None:
    await office.arrives("1001")
    assert "王*国" in await _hall(office)
    await office.arrives("1003")
    assert "王*国" not in await _hall(office)
    assert "A002" in await _hall(office)


async def _hall(office: Department) -> str:
    await office.air.turn()
    return orjson.dumps((await office.air.snapshot("hall-1"))["board"]).decode()


async def test_a_call_shows_number_mask_and_way(office: Department) -> None:
    await office.arrives("1002")
    await office.arrives("1004")
    ticket = await office.desk.call_next(WANG, "linac-1")
    board = (await office.air.snapshot("hall-1"))["board"]
    (call,) = board["calls"]
    assert (call["label"], call["name"], call["arrow"]) == (ticket.label, "李*娜", "→")
    assert call["place"] == {"zh-CN": "1号机房", "en": "Room 1"}
    await office.desk.take(WANG, ticket.id, Verb.RECALL)
    await office.air.turn()
    (again,) = (await office.air.snapshot("hall-1"))["board"]["calls"]
    assert again["key"] != call["key"]
    assert (await office.air.snapshot("door-1"))["board"]["calls"][0]["name"] == "李*"


async def test_a_display_is_told_its_zone_and_nothing_else(office: Department) -> None:
    await office.arrives("1004")
    await office.air.turn()
    hall = await office.air.snapshot("hall-1")
    other = await office.air.snapshot("hall-2")
    assert [each["name"]["en"] for each in hall["board"]["lines"]] == ["Linac 1", "LA2"]
    assert [each["name"]["en"] for each in other["board"]["lines"]] == ["CT"]
    assert other["board"]["lines"][0]["waiting"][0]["name"] == ""


async def test_a_display_token_sees_its_own_zone_alone(tmp_path: Path) -> None:
    token = Principal(
        "display:hall", "hall", frozenset({Permission.WATCH_DISPLAYS}), scope="zone:hall-1"
    )
    async with department(tmp_path, gate=Recognizing(token)) as office:
        mine = await office.http.get("/display")
        assert mine.status_code == 200
        assert mine.url.path == "/display/hall-1"
        for path in ("/display/hall-2", "/display/hall-2/board", "/display/hall-2/stream"):
            assert (await office.http.get(path)).status_code == 404
        for path in ("/queue", "/kiosk", "/queue/stream", "/api/v1/queue"):
            assert (await office.http.get(path)).status_code == 403


async def test_each_frame_says_which_board_it_is_and_a_quiet_turn_is_a_beat(
    office: Department,
) -> None:
    stream = office.air.stream("hall-1")
    first = _frame(await anext(stream))
    await office.air.turn()
    event, said = _frame(await anext(stream))
    assert event == "beat"
    assert (said["epoch"], said["seq"]) == (first[1]["epoch"], first[1]["seq"])
    assert said["clock"] == "07:30"
    await office.arrives("1001")
    await office.air.turn()
    event, said = _frame(await anext(stream))
    assert (event, said["seq"]) == ("board", first[1]["seq"] + 1)
    office.air.end_streams()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_stopped_queue_says_so_without_the_reason(office: Department) -> None:
    await office.desk.stop(WANG, "linac-1", "interlock 17")
    await office.air.turn()
    board = (await office.air.snapshot("door-1"))["board"]
    assert board["lines"][0]["down"] is True
    assert "interlock" not in orjson.dumps(board).decode()


def _frame(chunk: bytes) -> tuple[str, dict[str, Any]]:
    found = re.fullmatch(rb"event: (\w+)\ndata: (.+)\n\n", chunk)
    assert found is not None
    return found[1].decode(), orjson.loads(found[2])


def _bare(script: str) -> str:
    """A script without its strings and comments."""
    pattern = r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    return re.sub(pattern, "0", script, flags=re.DOTALL)


@pytest.mark.parametrize("script", ["queue_display/static/screen.js"])
def test_a_display_runs_on_a_browser_of_2016(script: str) -> None:
    bare = _bare((STATIC / Path(script).name).read_text("utf-8"))
    assert {name for name, pattern in NEWER.items() if re.search(pattern, bare)} == set()


@pytest.mark.parametrize(
    "newer", ["x = () => 1", "const a = 1", "`a`", "a?.b", "f(...a)", "for (x of y) {}", "fetch(1)"]
)
def test_the_check_of_scripts_finds_newer_syntax(newer: str) -> None:
    assert any(re.search(pattern, _bare(newer)) for pattern in NEWER.values())


def test_a_displays_styles_need_neither_grid_nor_gaps_nor_moving_text() -> None:
    style = (STATIC / "screen.css").read_text("utf-8")
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    assert not re.search(r"display:\s*grid|\bgap:|:is\(|:has\(|light-dark|animation|marquee", style)
    assert not re.search(r"\b(min|max|clamp)\(", style)


def test_every_word_of_a_display_is_in_both_languages() -> None:
    assert all(
        set(each) == set(LANGUAGES) and all(each.values()) for each in screens.WORDS.values()
    )


async def test_the_kiosk_answers_with_a_number_and_a_way_and_never_a_name(
    office: Department, tmp_path: Path
) -> None:
    answer = await office.http.post("/kiosk?lang=zh-CN", data={"code": "MRN1005", "proxy": "yes"})
    assert "A001" in answer.text
    assert "1号机房" in answer.text
    assert "单雨" not in answer.text
    for data in (
        {"code": "nonsense"},
        {"code": "MRN9999"},
        {"name": "单雨", "born": "1955-09-11"},
        {"name": "单", "born": "1955-09-10"},
    ):
        refused: httpx.Response = await office.http.post("/kiosk", data=data)
        assert refused.status_code == 422
        assert 'role="alert"' in refused.text
    by_name = await office.http.post("/kiosk", data={"name": "李小娜", "born": "1975-03-04"})
    assert "A002" in by_name.text
    lane = await office.lane()
    assert [each.ticket.proxy for each in lane.waiting if each.ticket.label == "A001"] == [True]
