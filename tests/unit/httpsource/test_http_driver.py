"""What services answer, and the events that it becomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from drivers.http import driver_type
from drivers.http.document import Json, answered, parse_xml
from drivers.http.driver import HttpDriver, asked
from drivers.http.profile import HttpProfile
from gateway import DeviceEntry, LinkEntry, ProtocolViolation
from gateway.model import DeviceEvent, Kind, to_datetime
from gateway.normalizer import Interpreter
from gateway.rows.times import parse_wall
from gateway.testing import MemoryPorts
from tests.unit.sqlpoll.sites import NOW, ports_at, turn

FOLDER = Path(__file__).parents[2] / "transcripts"
MODELS = sorted(file.stem for file in Path(str(driver_type.home / "profiles")).glob("*.yaml"))
CASES = [
    case
    for model in MODELS
    for case in sorted((FOLDER / model).iterdir())
    if (case / "answers.yaml").exists()
]

Answer = Callable[[httpx.Request], httpx.Response]


def shipped(name: str) -> HttpProfile:
    text = (driver_type.home / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    return HttpProfile.model_validate(yaml.safe_load(text))


def link(profile: HttpProfile, **options: Any) -> LinkEntry:
    entry = DeviceEntry(
        "device", "D", "link", profile, driver_type.device(), 1.0, zone="Asia/Shanghai"
    )
    said = driver_type.link.model_validate({"url": "http://service/base", **options})
    return LinkEntry("link", "http", said, None, (entry,))


@asynccontextmanager
async def polled(entry: LinkEntry, answer: Answer) -> AsyncIterator[MemoryPorts]:
    """A driver that has taken its first turn."""
    ports = ports_at()
    task = asyncio.create_task(HttpDriver(entry, httpx.MockTransport(answer)).run(ports))
    try:
        await ports.until(lambda: ports.waiting >= 1 or task.done())
        if task.done():
            task.result()
        yield ports
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
async def test_a_transcript_becomes_the_expected_events(case: Path) -> None:
    said = yaml.safe_load((case / "answers.yaml").read_text(encoding="utf-8"))
    answers = iter(said["answers"])

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=next(answers).encode())

    entry = link(shipped(case.parent.name))
    async with polled(entry, answer) as ports:
        if len(said["answers"]) > 2:
            await turn(ports)
    interpreter = Interpreter("site", "http", "1", entry.devices[0])
    found = [
        interpreter.interpret(each.readings, each.raw_ids, NOW, each.occurrence)
        for each in ports.publications
    ]
    assert [shown(event) for each in found for event in each.events] == said["expected"]
    assert len(ports.quarantine_list) == said["refused"]


def shown(event: DeviceEvent) -> dict[str, Any]:
    return {name: fact for name, fact in _facts(event) if fact}


def _facts(event: DeviceEvent) -> Iterator[tuple[str, Any]]:
    assert event.value is not None
    yield "code", event.code.code
    yield "value", event.value.text
    yield "operator", event.value.operator and event.value.operator.value
    yield "status", event.status.value
    yield "unit", event.unit
    yield "flags", list(event.flags)
    yield "specimen", event.subject.specimen if event.subject else ""
    if event.kind in {Kind.PATIENT, Kind.APPOINTMENT, Kind.ORDER}:
        yield "said", dict(event.payload or {})
    if event.observed_at != NOW:
        yield "observed_at", to_datetime(event.observed_at).isoformat()


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (httpx.Response(503), "503"),
        (httpx.Response(302, headers={"location": "http://elsewhere/"}), "302"),
        (httpx.Response(200, content=b"<html>"), "no JSON"),
        (httpx.Response(200, content=b'{"resourceType": "Bundle", "entry": 7}'), "no list"),
        (httpx.Response(200, content=b"[" * 100_000), "no JSON"),
        (httpx.Response(200, content=b" " * 2000), "over 1024 bytes"),
    ],
)
async def test_a_bad_answer_makes_the_device_offline_with_its_reason(
    response: httpx.Response, why: str
) -> None:
    entry = link(shipped("fhir-observations"), limit=1024 if "over" in why else 4_194_304)
    async with polled(entry, lambda _request: response) as ports:
        ((_, online, reason),) = ports.availabilities
        assert not online
        assert why in reason


OUTCOME = b'{"resourceType": "OperationOutcome", "issue": [{"diagnostics": "search failed"}]}'
EXPIRED = '{"code": 401, "message": "token 已过期"}'.encode()


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("fhir-observations", OUTCOME, "'OperationOutcome', not Bundle"),
        ("his-appointments-service", EXPIRED, "no rows"),
        ("his-appointments-service", b'{"code": 401, "data": null}', "no rows"),
    ],
)
async def test_an_error_that_comes_as_an_answer_is_told_and_is_not_no_rows(
    name: str, body: bytes, why: str
) -> None:
    async with polled(link(shipped(name)), lambda _request: httpx.Response(200, content=body)) as p:
        ((_, online, reason),) = p.availabilities
        assert not online
        assert why in reason
        assert "search failed" not in reason
        assert "过期" not in reason


def declared(name: str, **document: Any) -> HttpProfile:
    model = yaml.safe_load((driver_type.home / "profiles" / f"{name}.yaml").read_text("utf-8"))
    return HttpProfile.model_validate({**model, "document": {**model["document"], **document}})


XML = {"format": "xml", "inside": "", "rows": "list/item", "namespaces": {}}
SAYS = {"at": "code", "is": [0, "OK"]}


@pytest.mark.parametrize(
    ("document", "body"),
    [
        ({"may_be_absent": True}, "<r/>"),
        ({}, "<r><list/></r>"),
        ({"success": SAYS}, "<r><code>0</code><list><count>0</count></list></r>"),
        ({"success": SAYS}, "<r><code> OK </code><list/></r>"),
        ({"success": SAYS, "may_be_absent": True}, "<r><code>0</code></r>"),
        ({"rows": "item"}, "<r></r>"),
    ],
)
def test_xml_without_rows_is_read_where_nothing_is_amiss(
    document: dict[str, Any], body: str
) -> None:
    profile = declared("results-soap", **XML | document)
    assert not answered(profile, body.encode()).rows


@pytest.mark.parametrize(
    ("document", "body"),
    [
        ({}, "<r><code>-1</code></r>"),
        ({}, "<r><list><error>no database</error></list></r>"),
        ({"rows": "item"}, "<r><code>-1</code></r>"),
        ({"rows": "item"}, "<r>no database</r>"),
        ({"success": SAYS}, "<r><code>-1</code><list/></r>"),
        ({"success": SAYS, "may_be_absent": True}, "<r><list/></r>"),
        ({"success": SAYS}, "<r><code>0</code></r>"),
    ],
)
def test_xml_that_may_be_an_error_is_not_read(document: dict[str, Any], body: str) -> None:
    profile = declared("results-soap", **XML | document)
    with pytest.raises(ProtocolViolation):
        answered(profile, body.encode())


@pytest.mark.parametrize(("said", "taken"), [(b"true", True), (b"false", False), (b"7", False)])
def test_success_is_compared_as_it_is_written(said: bytes, *, taken: bool) -> None:
    profile = declared("his-appointments-service", success={"at": "ok", "is": True})
    body = b'{"ok": %s, "data": []}' % said
    if taken:
        assert not answered(profile, body).rows
    else:
        with pytest.raises(ProtocolViolation, match="not true"):
            answered(profile, body)


def test_what_may_be_an_error_can_not_cancel() -> None:
    model = shipped("his-appointments-service").model_dump(mode="json", exclude_none=True)
    model["appointment"]["vanished"] = "cancelled"
    HttpProfile.model_validate(model)
    model["document"]["may_be_absent"] = True
    with pytest.raises(ValueError, match="needs a `success`"):
        HttpProfile.model_validate(model)
    model["document"]["success"] = {"at": "code", "is": 0}
    HttpProfile.model_validate(model)


async def test_an_unreachable_service_ends_the_run() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    driver = HttpDriver(link(shipped("fhir-observations")), httpx.MockTransport(refuse))
    with pytest.raises(ConnectionError, match="refused"):
        await driver.run(ports_at())


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({"token": "t0ken"}, "Bearer t0ken"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
    ],
)
async def test_credentials_go_in_the_header(options: dict[str, str], header: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, content=b'{"resourceType": "Bundle"}')

    async with polled(link(shipped("fhir-observations"), **options), answer):
        assert seen == [header]


def paged(**request: Any) -> HttpProfile:
    """A service of rows `{at, id, v}`, asked as `request` says."""
    model = shipped("fhir-observations").model_dump(mode="json")
    model["request"] = {"path": "/r", **request}
    model["document"] = {"rows": "rows", "paths": {}}
    model["columns"] = {"time": "at", "key": "id", "code": "c", "value": "v"}
    return HttpProfile.model_validate(model)


def row(number: int, second: int | None = None) -> dict[str, Any]:
    at = f"2026-11-23T00:{(second or number) // 60:02d}:{(second or number) % 60:02d}Z"
    return {"at": at, "id": number, "c": "2823-3", "v": number}


NUMBERED = {"query": {"p": "{page}", "n": "{rows}"}, "pages": "number"}
TIMED = {"query": {"from": "{from}", "n": "{rows}"}, "pages": "time"}
LINKED = {"query": {"from": "{from}"}, "pages": "link", "next": "more.rel=next.at"}


def texts(ports: MemoryPorts) -> list[str]:
    return [each.readings[0].text for each in ports.publications]


@pytest.mark.parametrize("limit", [1, 2, 200])
async def test_numbered_pages_are_gathered_and_put_in_order_whatever_the_services_limit(
    limit: int,
) -> None:
    rows = [row(2), row(3), row(1), row(4), row(5)]

    def answer(request: httpx.Request) -> httpx.Response:
        at = (int(request.url.params["p"]) - 1) * limit
        return httpx.Response(200, json={"rows": rows[at : at + limit]})

    async with polled(link(paged(**NUMBERED)), answer) as ports:
        assert texts(ports) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "past",
    [
        httpx.Response(404, json={"detail": "Invalid page."}),
        httpx.Response(200, json={"rows": None}),
        httpx.Response(200, json={}),
    ],
    ids=["404", "null", "nothing"],
)
async def test_no_such_page_after_the_first_one_is_the_end(past: httpx.Response) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        first = request.url.params["p"] == "1"
        return httpx.Response(200, json={"rows": [row(1)]}) if first else past

    async with polled(link(paged(**NUMBERED)), answer) as ports:
        assert texts(ports) == ["1"]
        assert [online for _, online, _ in ports.availabilities] == [True]
    async with polled(link(paged(**NUMBERED)), lambda _request: past) as ports:
        assert [online for _, online, _ in ports.availabilities] == [False]


async def test_a_service_that_does_not_know_pages_is_not_asked_for_ever() -> None:
    asked_for: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked_for.append(request.url.params["p"])
        return httpx.Response(200, json={"rows": [row(1), {"id": 2}]})

    async with polled(link(paged(**NUMBERED)), answer) as ports:
        assert texts(ports) == ["1"]
        assert asked_for == ["1", "2"]


def since(request: httpx.Request, rows: list[dict[str, Any]], limit: int) -> httpx.Response:
    begin = request.url.params["from"].replace("+00:00", "Z")
    return httpx.Response(
        200, json={"rows": [each for each in rows if each["at"] >= begin][:limit]}
    )


async def test_times_that_advance_reach_the_end_whatever_the_services_limit() -> None:
    rows = [row(number, number // 2) for number in range(600, 700)]
    async with polled(link(paged(**TIMED)), lambda request: since(request, rows, 3)) as ports:
        assert len(ports.publications) == 100
        assert ports.availabilities == [("device", True, "")]


@pytest.mark.parametrize("limit", [5, 10, 200])
async def test_rows_of_one_time_that_may_be_cut_off_are_not_taken_for_all(limit: int) -> None:
    rows = [row(number, 600) for number in range(10)]
    async with polled(link(paged(**TIMED)), lambda request: since(request, rows, limit)) as ports:
        ((_, online, reason),) = ports.availabilities
        assert not online
        assert "may be all that the service gives at once" in reason
        rows.append(row(11, 700))
        rows += [row(number, number) for number in range(500, 500 + limit)]
        rows.sort(key=lambda each: str(each["at"]))
        await turn(ports)
        assert ports.availabilities[-1][1] is (limit > 10)


async def test_an_answer_as_long_as_was_asked_for_is_not_taken_for_everything() -> None:
    one = {"query": {"n": "{rows}"}, "rows": 2}

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"rows": [row(1), row(2)]})

    async with polled(link(paged(**one)), answer) as ports:
        assert "may be all" in ports.availabilities[-1][2]
    async with polled(link(paged(**(one | {"rows": 3}))), answer) as ports:
        assert texts(ports) == ["1", "2"]


async def test_links_are_followed_to_the_end_with_their_query() -> None:
    asked_for: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked_for.append(str(request.url))
        at = int(request.url.params.get("at", 0))
        more = [{"rel": "self", "at": "?"}]
        if at < 2:
            more.append({"rel": "next", "at": f"/base/r?at={at + 1}&s=%20x"})
        return httpx.Response(200, json={"rows": [row(9 - at)], "more": more})

    async with polled(link(paged(**LINKED)), answer) as ports:
        assert texts(ports) == ["7", "8", "9"]
        assert asked_for[1:] == [f"http://service/base/r?at={at}&s=%20x" for at in (1, 2)]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("http://elsewhere/base/r?at=1", "on another server"),
        ("https://service/base/r", "on another server"),
        ("http://service:81/base/r", "on another server"),
        ("//elsewhere/r", "on another server"),
        ("/base/r?at=1", "is its own next page"),
        ("http://service:x/", "http://service:x/"),
    ],
)
async def test_a_link_that_leads_elsewhere_or_nowhere_is_told(place: str, why: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "service"
        return httpx.Response(200, json={"rows": [], "more": [{"rel": "next", "at": place}]})

    async with polled(link(paged(**LINKED)), answer) as ports:
        assert why in ports.availabilities[-1][2]


@pytest.mark.parametrize(
    "request_",
    [{"pages": "link"}, {"next": "n"}, {"pages": "link", "next": "n", "method": "POST"}],
)
def test_a_link_needs_a_place_and_get(request_: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="link"):
        paged(**request_)


def test_a_request_is_filled_in() -> None:
    profile = shipped("results-soap")
    start = parse_wall("2026-11-23 08:00:00.75", profile.time_form)
    question = asked(profile, "http://service", start, 1)
    assert "<begin>2026-11-23 08:00:00</begin>" in question.body
    assert question.url == "http://service/LisService.asmx"


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a>" * 200 + "</a>" * 200,
        "<a>",
        "<a>\ud800</a>",
        "",
    ],
)
def test_dangerous_xml_is_refused(body: str) -> None:
    with pytest.raises(ProtocolViolation):
        parse_xml(body)


def name_of(body: bytes, charset: str = "", **said: Any) -> object:
    profile = declared("results-soap", format="xml", rows="item", paths={"value": "n"}, **said)
    (found,) = answered(profile, body, charset).rows
    return found.values["value"]


def in_xml(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?><r><item><n>张㐀é</n></item></r>'


@pytest.mark.parametrize(
    ("encoding", "codec", "charset"),
    [
        ("utf-8", "utf-8", ""),
        ("UTF-8", "utf-8-sig", ""),
        ("UTF-16", "utf-16", ""),
        ("utf-16", "utf-16-be", ""),
        ("GB2312", "gb18030", ""),
        ("GBK", "gb18030", ""),
        ("gb18030", "gb18030", ""),
        ("utf-8", "gb18030", "gbk"),
        ("gb2312", "utf-8", "utf-8"),
        ("gbk", "gb18030", "utf-8"),
        ("utf-8", "utf-8", "ISO-8859-1"),
        ("iso-8859-1", "utf-8-sig", "gbk"),
    ],
)
def test_xml_is_read_in_the_encoding_that_it_has(encoding: str, codec: str, charset: str) -> None:
    assert name_of(in_xml(encoding).encode(codec), charset, inside="") == "张㐀é"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb2312", "GBK", "iso-8859-1"])
@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_a_document_within_a_text_is_characters_whatever_it_declares(
    encoding: str, codec: str
) -> None:
    inner = in_xml(encoding).replace("<", "&lt;")
    body = f'<?xml version="1.0" encoding="{codec}"?><e><r>{inner}</r></e>'.encode(codec)
    assert name_of(body, inside="r", namespaces={}) == "张㐀é"


@pytest.mark.parametrize("encoding", ["utf-7", "hex", "punycode", "nonsense", "unicode_escape"])
def test_an_encoding_that_nobody_uses_for_text_is_refused(encoding: str) -> None:
    with pytest.raises(ProtocolViolation, match="no encoding of text"):
        name_of(in_xml(encoding).encode("utf-8"), inside="")


def test_xml_that_is_not_in_the_encoding_it_declares_is_refused() -> None:
    for encoding in ("utf-8", "utf-16", "ascii"):
        with pytest.raises(ProtocolViolation):
            name_of(in_xml(encoding).encode("gb18030"), inside="")


def test_what_says_nothing_is_in_the_encoding_of_its_profile() -> None:
    body = "<r><item><n>张</n></item></r>".encode("gb18030")
    model = declared("results-soap", format="xml", rows="item", inside="", paths={"value": "n"})
    with pytest.raises(ProtocolViolation):
        answered(model, body)
    told = model.model_copy(update={"charset": "gb18030"})
    assert answered(told, body).rows[0].values["value"] == "张"


async def test_the_charset_of_the_answer_counts() -> None:
    header = {"content-type": "text/xml; charset=gb2312"}
    item = "<r><item id='1'><reported>2026-11-23 08:00:00</reported><code>K</code><value>4</value>"
    body = (item + "<unit>mmol/L</unit><flag>危</flag></item></r>").encode("gb18030")

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body, headers=header)

    async with polled(link(declared("results-soap", inside="")), answer) as ports:
        assert ports.publications[0].readings[0].flags == ("危",)


def test_a_member_that_is_named_twice_is_no_answer_to_guess_from() -> None:
    with pytest.raises(ProtocolViolation, match="twice"):
        Json(b'{"rows": [{"value": "3.1", "code": "K", "value": "6.9"}]}')


def test_digits_stay_as_sent() -> None:
    body = b'{"rows": [{"v": 4.10, "w": 1e2, "x": true, "y": null}]}'
    paths = {name: name for name in "vwxy"}
    found = Json(body).rows("rows", paths)
    assert found is not None
    (row,) = found
    assert [str(row.values[name]) for name in "vw"] == ["4.10", "1e2"]
    assert (row.values["x"], row.values["y"]) == (True, None)
