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
from drivers.http.document import Json, parse_xml, rows_of
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
        ("fhir-observations", OUTCOME, "'OperationOutcome', not Bundle: "),
        ("fhir-observations", OUTCOME, "search failed"),
        ("his-appointments-service", EXPIRED, "token 已过期"),
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
    assert not rows_of(profile, body.encode())


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
        rows_of(profile, body.encode())


@pytest.mark.parametrize(("said", "taken"), [(b"true", True), (b"false", False), (b"7", False)])
def test_success_is_compared_as_it_is_written(said: bytes, *, taken: bool) -> None:
    profile = declared("his-appointments-service", success={"at": "ok", "is": True})
    body = b'{"ok": %s, "data": []}' % said
    if taken:
        assert not rows_of(profile, body)
    else:
        with pytest.raises(ProtocolViolation, match="not true"):
            rows_of(profile, body)


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


async def test_numbered_pages_are_gathered_and_put_in_order() -> None:
    model = shipped("fhir-observations").model_dump(mode="json")
    model["request"] = {"path": "/r", "query": {"p": "{page}"}, "pages": "number", "rows": 2}
    model["document"] = {"rows": "", "paths": {}}
    model["columns"] = {"time": "at", "key": "id", "code": "c", "value": "v"}
    bodies = {
        "1": b'[{"at": "2026-11-23T00:02Z", "id": 1, "c": "x", "v": 1}, {"at": "2026-11-23T00:03Z",'
        b' "id": 2, "c": "x", "v": 2}]',
        "2": b'[{"at": "2026-11-23T00:01Z", "id": 3, "c": "x", "v": 3}]',
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=bodies[request.url.params["p"]])

    async with polled(link(HttpProfile.model_validate(model)), answer) as ports:
        assert [each.readings[0].text for each in ports.publications] == ["3", "1", "2"]


def test_a_request_is_filled_in() -> None:
    profile = shipped("results-soap")
    start = parse_wall("2026-11-23 08:00:00.75", profile.time_form)
    question = asked(profile, "http://service", start, 1)
    assert "<begin>2026-11-23 08:00:00</begin>" in question.body
    assert question.url == "http://service/LisService.asmx"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 200 + b"</a>" * 200,
        b"<a>",
        b"",
    ],
)
def test_dangerous_xml_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_xml(body)


def test_digits_stay_as_sent() -> None:
    body = b'{"rows": [{"v": 4.10, "w": 1e2, "x": true, "y": null}]}'
    paths = {name: name for name in "vwxy"}
    found = Json(body).rows("rows", paths)
    assert found is not None
    (row,) = found
    assert [str(row.values[name]) for name in "vw"] == ["4.10", "1e2"]
    assert (row.values["x"], row.values["y"]) == (True, None)
