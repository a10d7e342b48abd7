"""What a service posts, and the events that it becomes; who may post what where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.http import driver_type
from drivers.http.answer import RefusedError
from drivers.http.called import posted
from drivers.http.gate import Gate, Head
from drivers.http.profile import Accepted, HttpLink
from gateway import DeviceEntry, LinkEntry, ProtocolViolation, RawId
from gateway.model import Direction, WireRecord
from gateway.normalizer import Interpreter
from tests.unit.httpsource.test_http_driver import FOLDER, MODELS, shipped, shown
from tests.unit.sqlpoll.sites import NOW

CASES = [case for model in MODELS for case in sorted(FOLDER.glob(f"{model}/*/posts.yaml"))]
ROW = {"id": "1", "reported": "2026-11-23 08:05:00", "code": "K", "value": 4.1, "unit": "mmol/L"}


def device(name: str = "device", model: str = "results-posted", **options: Any) -> DeviceEntry:
    said = driver_type.device.model_validate(options)
    return DeviceEntry(name, "D", "link", shipped(model), said, 1.0, zone="Asia/Shanghai")


def called(*devices: DeviceEntry, **options: Any) -> LinkEntry:
    said = driver_type.link.model_validate({"mode": "listen", "port": 8092, **options})
    return LinkEntry("link", "http", said, None, devices or (device(),))


def document(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"results": rows}).encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parts[-3]}-{case.parts[-2]}")
def test_a_transcript_becomes_the_expected_events(case: Path) -> None:
    said = yaml.safe_load(case.read_text(encoding="utf-8"))
    entry = device(model=case.parts[-3])
    interpreter = Interpreter("site", "http", "1", entry)
    events = {
        event.id: event
        for number, body in enumerate(said["posts"], 1)
        for each in posted(entry, body.encode(), RawId(number))
        for event in interpreter.interpret(each.readings, each.raw_ids, NOW, each.occurrence).events
    }
    assert [shown(event) for event in events.values()] == said["expected"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no JSON"),
        (b"<results/>", "no JSON"),
        (b'{"other": []}', "no row"),
        (b'{"results": []}', "no row"),
        (b'{"results": 7}', "no list"),
        (document({**ROW, "id": ""}), "row 1: id is empty"),
        (document(ROW, {**ROW, "reported": "yesterday"}), "row 2: time data 'yesterday'"),
        (document(*[{}] * 7), "and 2 more"),
        (document({**ROW, "value": ""}), "no row states a value"),
    ],
)
def test_half_a_document_is_never_taken(body: bytes, why: str) -> None:
    with pytest.raises(ProtocolViolation, match=why):
        posted(device(), body, RawId(1))


def test_a_single_object_is_one_row() -> None:
    (said,) = posted(device(), json.dumps({"results": ROW}).encode(), RawId(1))
    assert [reading.text for reading in said.readings] == ["4.1"]


def test_a_row_is_the_same_in_whatever_document_and_another_time_makes_it_another() -> None:
    def occurrences(*rows: dict[str, Any]) -> list[bytes]:
        return [each.occurrence for each in posted(device(), document(*rows), RawId(1))]

    later = {**ROW, "reported": "2026-11-23 08:06:00"}
    other = {**ROW, "id": "2"}
    turned = dict(reversed(ROW.items()))
    assert occurrences(other, turned)[1] == occurrences(ROW)[0]
    assert len({*occurrences(ROW), *occurrences(later), *occurrences(other)}) == 3


def test_a_kept_document_is_read_again_as_it_was_the_first_time() -> None:
    link = called()
    record = WireRecord(
        RawId(7), "link", "device", Direction.IN, "tcp 10.0.0.9:1", NOW, document(ROW)
    )
    assert driver_type.interpret is not None
    (again,) = driver_type.interpret(link, [record], RawId(7))
    assert again == posted(link.devices[0], document(ROW), RawId(7))[0]


def head(method: str = "POST", target: str = "/", **headers: str) -> Head:
    return Head(method, target, [(key.replace("_", "-"), text) for key, text in headers.items()])


SECRET = {"secret": "s3cret"}


@pytest.mark.parametrize(
    ("options", "request_", "status"),
    [
        ({}, head("GET"), 405),
        ({}, head("PUT"), 405),
        ({}, head(target="/elsewhere"), 404),
        (SECRET, head(), 401),
        (SECRET, head(authorization="Bearer s3cre"), 401),
        (SECRET, head(authorization="s3cret"), 401),
        (SECRET, head(authorization="Bearer s3cret€"), 401),
        ({**SECRET, "header": "X-Key"}, head(x_key="Bearer s3cret"), 401),
        (SECRET, Head("POST", "/", [("authorization", "Bearer s3cret")] * 2), 401),
        ({"limit": 1024}, head(content_length="1025"), 413),
        ({}, head(content_encoding="gzip"), 415),
    ],
)
def test_only_posts_of_those_who_may_are_let_in(
    options: dict[str, Any], request_: Head, status: int
) -> None:
    link = called(**options)
    assert isinstance(link.options, HttpLink)
    with pytest.raises(RefusedError) as refused:
        Gate(link, link.options).admit(request_)
    assert refused.value.answer.status == status
    assert json.loads(refused.value.answer.body)["detail"]


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ({}, head(target="/?from=lis")),
        (SECRET, head(authorization="Bearer s3cret")),
        ({**SECRET, "header": "X-Key"}, head(x_key="s3cret")),
        ({"path": "/in"}, head(target="/in", content_length="9", content_encoding="identity")),
    ],
)
def test_a_post_is_that_of_the_device_whose_path_it_names(
    options: dict[str, Any], request_: Head
) -> None:
    link = called(device("one"), device("two", path="/two"), **options)
    assert isinstance(link.options, HttpLink)
    gate = Gate(link, link.options)
    assert gate.admit(request_).id == "one"
    assert gate.admit(Head("POST", "/two", request_.headers)).id == "two"


@given(st.text(st.characters(codec="latin-1"), max_size=20))
def test_nothing_but_the_secret_opens(sent: str) -> None:
    link = called(**SECRET)
    assert isinstance(link.options, HttpLink)
    with pytest.raises(RefusedError):
        Gate(link, link.options).admit(head(authorization=sent))


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ({"url": "http://s", "port": 1}, "port: not with `mode: poll`"),
        ({"mode": "listen", "port": 1, "url": "http://s"}, "url: not with `mode: listen`"),
        ({}, "`url` is missing"),
        ({"mode": "listen"}, "`port` is missing"),
        ({"mode": "listen", "port": 1, "host": "0.0.0.0"}, "`secret` is missing"),
        ({"mode": "listen", "port": 1, "path": "in"}, "path"),
    ],
)
def test_a_link_that_contradicts_itself_is_told(link: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        HttpLink.model_validate(link)


def test_an_acknowledgement_that_could_not_be_sent_is_told() -> None:
    for wrong in ({"body": "ok", "content_type": "text/plain"}, {"status": 200, "body": "ok"}):
        with pytest.raises(ValidationError, match="a body needs"):
            Accepted.model_validate(wrong)


@pytest.mark.parametrize(
    ("link", "why"),
    [
        (called(device("a"), device("b")), "'a' posts to / as well"),
        (called(device(overlap=5)), "`overlap` says how far back is read"),
        (
            LinkEntry("l", "http", HttpLink(url="http://s"), None, (device(path="/in"),)),
            "`path` is where a device posts",
        ),
        (
            LinkEntry("l", "http", HttpLink(url="http://s"), None, (device(),)),
            "asks nothing",
        ),
    ],
)
def test_devices_that_do_not_fit_their_link_are_told(link: LinkEntry, why: str) -> None:
    assert driver_type.check is not None
    assert any(why in finding.message for finding in driver_type.check([link]))
    assert list(driver_type.check([called(device("a"), device("b", path="/b"))])) == []
