from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from gateway.api import open_app
from gateway.console import Console
from gateway.console.kit.drawing import Drawings, marks
from gateway.console.kit.graph import marks as round_marks
from gateway.console.text.catalogue import catalogue
from gateway.console.text.reader import Reader
from gateway.model import Instant
from gateway.profile import POINT_SYSTEM
from gateway.room import (
    Change,
    Chart,
    Choice,
    Column,
    Entered,
    Field,
    Form,
    Graph,
    Line,
    Search,
    Spot,
    Table,
    Trace,
    changes,
)
from gateway.store import RollupRow
from gateway.testing import Recognizing
from gateway.web.policy import CHART_POLICY, POLICY
from tests.unit.api.memory_site import NOON, SECOND, MemorySite, furnished

HOUR = 3600 * SECOND
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Pump:
    name: str
    flow: float | None
    place: str = ""


PUMPS: Table[Pump] = Table(
    "pumps",
    (
        Column("name", "Name", lambda pump: pump.name),
        Column("flow", "Flow", lambda pump: pump.flow, right=True),
        Column("", "Place", lambda pump: pump.place),
    ),
    (
        Choice("place", "Place", lambda pump: pump.place),
        Search("q", "Search", lambda pump: f"{pump.name} {pump.place}"),
    ),
    size=3,
)


def _request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def _names(query: str, pumps: list[Pump]) -> list[str]:
    return [pump.name for pump in PUMPS.sheet(PUMPS.asked(_request(query)), pumps).rows]


def test_rows_without_a_value_come_last_in_both_orders() -> None:
    pumps = [Pump("a", 2), Pump("b", None), Pump("c", 1)]
    assert _names("sort=flow", pumps) == ["c", "a", "b"]
    assert _names("sort=-flow", pumps) == ["a", "c", "b"]


def test_chinese_names_come_in_the_order_of_pinyin() -> None:
    assert _names("sort=name", [Pump("张", 1), Pump("安", 1), Pump("李", 1)]) == ["安", "李", "张"]


@pytest.mark.parametrize("query", ["sort=place", "sort=-nothing", "page=x", "page=-1", "page=0"])
def test_what_a_table_cannot_do_is_left_out(query: str) -> None:
    assert _names(query, [Pump("b", 1), Pump("a", 2)]) == ["b", "a"]


def test_filters_join() -> None:
    pumps = [Pump("one", 1, "cellar"), Pump("two", 1, "cellar"), Pump("two", 1, "roof")]
    assert _names("place=cellar&q=TWO", pumps) == ["two"]
    assert _names("q=cellar+o", pumps) == ["one", "two"]
    sheet = PUMPS.sheet(PUMPS.asked(_request("place=roof")), pumps)
    assert sheet.choices["place"] == [("cellar", "cellar"), ("roof", "roof")]
    assert sheet.asked.filtered


@given(st.integers(0, 20), st.integers(1, 9))
def test_pages_hold_every_row_once(count: int, page: int) -> None:
    pumps = [Pump(str(place), place) for place in range(count)]
    sheet = PUMPS.sheet(PUMPS.asked(_request(f"page={page}")), pumps)
    every = [name for each in range(1, sheet.pages + 1) for name in _names(f"page={each}", pumps)]
    assert every == [pump.name for pump in pumps]
    assert sheet.total == count
    assert sheet.asked.page <= sheet.pages
    assert sheet.last - sheet.first + 1 == len(sheet.rows)


SITE = Form(
    (
        Field("name", "Name", required=True, longest=5),
        Field("kind", "Kind", Entered.CHOICE, options=[("a", "A")]),
        Field("word", "Word", Entered.PASSWORD),
    )
)


def test_a_form_takes_only_its_own_fields_trimmed_but_for_passwords() -> None:
    form = SITE.filled({"name": " x ", "word": " y ", "evil": "z"})
    assert form.ok
    assert dict(form.values) == {"name": "x", "kind": "", "word": " y "}


@pytest.mark.parametrize(
    ("given_", "faulty"),
    [({"name": "  "}, "name"), ({"name": "toolong"}, "name"), ({"name": "x", "kind": "b"}, "kind")],
)
def test_a_form_says_which_field_is_faulty(given_: dict[str, str], faulty: str) -> None:
    form = SITE.filled(given_)
    assert list(form.faults) == [faulty]
    assert form.refused(faulty, "Something else.").faults[faulty] == form.faults[faulty]


def test_a_difference_shows_only_what_differs() -> None:
    old = {"a": 1, "b": [{"c": 2}, {"c": 3}], "d": "same"}
    new = {"a": 1, "b": [{"c": 2}, {"c": 4}, {"c": 5}], "d": "same", "e": None, "f": True}
    assert list(changes(old, new)) == [
        Change("b[2].c", "3", "4"),
        Change("b[3]", None, "c: 5"),
        Change("f", None, "True"),
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list(changes(value, value)) == []


def _reader(zone: str = "Asia/Shanghai") -> Reader:
    return Reader(catalogue("en"), "light", ZoneInfo(zone), NOON)


def _chart(start: int, end: int, spots: list[Spot], gap: int = 0) -> Chart:
    return Chart("Flow", "L/min", Instant(start), Instant(end), [Line("Flow", spots)], gap=gap)


def test_a_gap_stays_a_gap() -> None:
    spots = [
        Spot(NOON, 1),
        Spot(Instant(NOON + SECOND), 2),
        Spot(Instant(NOON + 2 * SECOND), None),
        Spot(Instant(NOON + 3 * SECOND), 3),
        Spot(Instant(NOON + 9 * SECOND), 4),
    ]
    (line,) = Drawings(_reader())(_chart(NOON, NOON + HOUR, spots, 2 * SECOND))["lines"]
    assert [run["y"] for run in line["runs"]] == [[1, 2], [3], [4]]


def test_a_graph_is_drawn_over_its_own_quantity() -> None:
    given = Graph(
        {"en": "Volume", "zh-CN": "体积"},
        "cm3",
        {"en": "Dose", "zh-CN": "剂量"},
        "Gy",
        4.5,
        [Trace("PTV", [(0.0, 100.0), (4.5, 0.0)], "#e63c3c")],
    )
    drawings = Drawings(_reader())
    drawn = drawings(given)
    assert drawings.used
    assert (drawn["unit"], drawn["time"]) == ("cm³", "Dose")
    assert (drawn["start"], drawn["end"]) == (0, 4.5)
    assert drawn["marks"] == [[each, f"{each} Gy"] for each in range(5)]
    (line,) = drawn["lines"]
    assert (line["name"], line["colour"]) == ("PTV", "#e63c3c")
    assert line["runs"][0]["y"] == [100.0, 0.0]
    assert line["runs"][0]["when"] == ["0 Gy", "4.5 Gy"]


@given(st.floats(1e-6, 1e9))
def test_round_numbers_are_few_and_within_the_graph(end: float) -> None:
    found = round_marks(end)
    assert found[0] == 0
    assert found == sorted(found)
    assert 1 < len(found) <= 9
    assert found[-1] <= end * (1 + 1e-9)


def test_a_graph_of_nothing_has_its_zero() -> None:
    assert round_marks(0) == [0]


def test_marks_stand_at_full_hours_of_the_site_and_midnight_shows_its_date() -> None:
    labels = [text for _, text in marks(_chart(NOON, NOON + DAY, []), _reader())]
    assert labels == ["20:00", "11-24", "04:00", "08:00", "12:00", "16:00", "20:00"]


@given(st.integers(60, 90 * 86_400), st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "UTC"]))
def test_marks_lie_within_the_chart_and_rise(seconds: int, zone: str) -> None:
    chart = _chart(NOON, NOON + seconds * SECOND, [])
    found = [at for at, _ in marks(chart, _reader(zone))]
    assert all(chart.start <= at <= chart.end for at in found)
    assert found == sorted(found)
    assert len(found) <= 15


def _row() -> RollupRow:
    return RollupRow(
        device="meter-1",
        system=POINT_SYSTEM,
        code="power",
        unit="kW",
        simulated=True,
        start=Instant(NOON - HOUR),
        count=3,
        low=1.0,
        high=3.0,
        mean=2.0,
        first=1.0,
        last=3.0,
    )


@pytest.fixture
def site() -> MemorySite:
    return furnished()


@pytest.fixture
async def http(site: MemorySite) -> AsyncIterator[httpx.AsyncClient]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def test_only_a_page_with_a_chart_may_style_itself(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    empty = await http.get("/devices/meter-1/trend/power")
    site.store.rows = [_row()]
    drawn = await http.get("/devices/meter-1/trend/power")
    assert "data-chart" not in empty.text
    assert "data-chart" in drawn.text
    assert empty.headers["content-security-policy"] == POLICY
    assert drawn.headers.get_list("content-security-policy") == [CHART_POLICY]
    assert "script-src 'self';" in CHART_POLICY


async def test_bokeh_comes_from_here_compressed(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", "/static/bokeh/bokeh.min.js") as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert len(raw) < 400_000
    assert b"Bokeh" in gzip.decompress(raw)
    plain = await http.get("/static/bokeh/bokeh.min.js", headers={"accept-encoding": "identity"})
    assert plain.content == gzip.decompress(raw)
    known = {"if-none-match": answer.headers["etag"]}
    assert (await http.get("/static/bokeh/bokeh.min.js", headers=known)).status_code == 304
    assert (await http.get("/static/bokeh/compiler.js")).status_code == 404


async def test_scripts_and_styles_are_asked_for_anew_after_an_upgrade(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/static/live.js")
    assert answer.headers["cache-control"] == "no-cache"
    again = await http.get("/static/live.js", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("id_", "english", "chinese"),
    [
        ("person:li", "li", "li"),
        ("ae:LA1", "LA1 (machine)", "LA1（设备）"),
        ("token:ris", "ris (program)", "ris（程序）"),
        ("room:tps", "the gateway", "网关"),
        ("owner", "the command line", "命令行"),
        ("somebody else", "somebody else", "somebody else"),
    ],
)
def test_principals_are_named_as_people_call_them(id_: str, english: str, chinese: str) -> None:
    readers = [replace(_reader(), words=catalogue(tag)) for tag in ("en", "zh-CN")]
    assert [each.who(id_) for each in readers] == [english, chinese]


@pytest.mark.parametrize(("days", "most"), [(3, 4), (30, 8)])
def test_a_chart_of_days_marks_days_at_noon(days: int, most: int) -> None:
    start = NOON - 8 * HOUR  # noon in Shanghai
    chart = replace(_chart(start, start + days * DAY, []), daily=True)
    found = list(marks(chart, _reader("Asia/Shanghai")))
    assert found[0] == (start, "11-23")
    assert all((at - start) % DAY == 0 for at, _ in found)
    assert 2 <= len(found) <= most
