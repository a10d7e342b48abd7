"""Payloads: digits stay as sent, nothing is guessed, nothing crashes."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.paths import ABSENT, find, parse_path, write_path
from drivers.mqtt.payload import MAX_PAYLOAD, Digits, number, parse_json, parse_text
from gateway import ProtocolViolation
from tests.peers import count

numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
steps = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers(0, 99))
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(numbers)
def test_digits_stay_as_they_were_sent(text: str) -> None:
    document = parse_json(b'{"value": %s}' % text.encode())
    value = find(document, ("value",))
    assert isinstance(value, Digits)
    assert value == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("21.50", 21.5), ("-0", -0.0), ("1e3", 1000.0), ("1e999", None), ("0x10", None)]
    + [(text, None) for text in ("", "NaN", "Infinity", "01", "+1", "1.", ".5", "٣", "1 ", "on")],
)
def test_a_number_is_what_json_calls_one(text: str, expected: float | None) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"garbage",
        b'{"a":1',
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b'{"a":"\\ud800"}',
        b"\xff\xfe",
        b'{"a":1}' + b" " * MAX_PAYLOAD,
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused_with_its_bytes(payload: bytes) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        parse_json(payload)
    assert caught.value.raw == payload


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_text_must_be_utf_8() -> None:
    assert parse_text("温度".encode()) == "温度"
    with pytest.raises(ProtocolViolation, match="at byte 2"):
        parse_text(b"ab\xff")


@given(steps)
def test_a_written_path_is_read_back(path: list[str | int]) -> None:
    assert parse_path(write_path(tuple(path))) == tuple(path)


@given(documents)
def test_every_place_of_a_document_is_found(document: object) -> None:
    for path, value in _places(document):
        assert find(document, path) is value


def test_a_path_that_leads_nowhere_finds_nothing() -> None:
    document = parse_json(b'{"a": [1, "text"], "b": null}')
    assert find(document, parse_path("$.b")) is None
    for text in ("$.c", "$.a.b", "$.a[2]", "$.a[1][0]", "$.b.c", "$[0]"):
        assert find(document, parse_path(text)) is ABSENT


@pytest.mark.parametrize(
    "text", ["", "a", "$a", "$.", "$..a", "$[01]", "$[-1]", "$[*]", '$["a]', "$.a "]
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(text)


def test_mutated_payloads_are_read_or_refused() -> None:
    chance = random.Random(7)
    seeds = [
        b'{"Time":"2026-11-23T08:00:00Z","Seq":1,"RAM":{"DoseRate":0.120,"Level":0}}',
        b'{"contact":true,"battery":91,"name":"\\u6e29\\ud83d\\ude00"}',
        b"[[1,2,[3.50e-2]],{}]",
    ]
    for _ in range(count(2_000, 20_000)):
        payload = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(payload))
            payload[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        try:
            document = parse_json(bytes(payload))
        except ProtocolViolation:
            continue
        json.dumps(document, ensure_ascii=False).encode()


def _places(document: object) -> list[tuple[tuple[str | int, ...], object]]:
    found: list[tuple[tuple[str | int, ...], object]] = [((), document)]
    members: list[tuple[str | int, object]] = []
    if isinstance(document, dict):
        members = list(document.items())
    elif isinstance(document, list):
        members = list(enumerate(document))
    for step, value in members:
        found.extend(((step, *path), inner) for path, inner in _places(value))
    return found
