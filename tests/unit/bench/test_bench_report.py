from __future__ import annotations

import json

from bench.case import Case
from bench.report import json_line, number, text

CASE = Case(
    name="mqtt_ingest",
    case="one connection, QoS 1, forty devices whose names take some room on the line",
    ours=6120.4,
    unit="msg/s",
    better="higher",
    peer=23000.0,
    peer_name="aiomqtt with its defaults",
    goal=0.25,
    size="120 B",
    peer_ack="at once, before anything is on disk",
)
KEYS = [
    "name",
    "case",
    "ours",
    "peer",
    "peer_name",
    "unit",
    "better",
    "ratio",
    "goal",
    "met",
    "size",
    "ordered",
    "durable",
    "peer_ack",
]


def test_a_json_line_has_every_key_of_the_contract() -> None:
    assert list(json.loads(json_line(CASE, judge=True))) == KEYS


def test_the_ratio_is_judged_against_the_goal() -> None:
    line = json.loads(json_line(CASE, judge=True))
    assert line["met"] is True
    assert round(line["ratio"], 3) == 0.266


def test_smoke_never_judges() -> None:
    assert json.loads(json_line(CASE, judge=False))["met"] is None
    assert "not judged" in text(CASE, judge=False)


def test_text_says_what_a_person_asks_within_80_columns() -> None:
    shown = text(CASE, judge=True)
    assert max(map(len, shown.splitlines())) <= 80
    for part in ("6,120 msg/s", "aiomqtt with its defaults", "ratio 0.27", "met", "durable"):
        assert part in " ".join(shown.split())


def test_a_missed_goal_is_loud() -> None:
    slow = Case(name="a", case="b", ours=9.0, unit="ms", better="lower", goal=3.0)
    assert "MISSED" in text(slow, judge=True)


def test_numbers_keep_three_digits() -> None:
    assert [number(value) for value in (0.01234, 12.345, 123456.7)] == ["0.0123", "12.3", "123,457"]
