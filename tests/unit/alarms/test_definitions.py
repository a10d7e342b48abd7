"""From profiles and devices.yaml to the alarms of a site, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.alarms.catalogue import define
from gateway.alarms.definition import Limit
from gateway.alarms.options import Alarms
from gateway.config import check_site, discover_drivers, discover_rooms
from gateway.profile import Priority, Severity
from gateway.profile.alarm import PointAlarms, priority_of
from tests.unit.alarms.alarm_case import FAULT, HIGH, LINK, OFFLINE, STALE, chillers
from tests.unit.astm.astm_kit import profile

SITE = """
site: {id: trial, name: Trial, time_zone: Asia/Shanghai}
links:
  plant: {driver: modbus, transport: {type: tcp, host: 127.0.0.1, port: 15021}}
devices:
  chiller-1: {profile: chiller, link: plant, unit: 1}
"""


def test_a_site_has_the_alarms_of_its_profiles_links_devices_and_the_gateway() -> None:
    found = define(chillers("chiller-1"), Alarms())
    assert {HIGH, FAULT, STALE, OFFLINE, LINK, "gateway/disk-low"} <= found.keys()
    assert found[HIGH].name == {"en": "Supply temperature high", "zh-CN": "供水温度过高"}
    assert found[STALE].suppressed_by == (LINK, OFFLINE)


def test_a_site_changes_what_it_wants_otherwise_and_turns_off_what_it_does_not_want() -> None:
    wanted = Alarms.model_validate(
        {
            "offline": {"on_delay": "2 min"},
            "links": {"plant": "off"},
            "devices": {
                "chiller-1": {
                    "points": {
                        "temperature": {"high": {"limit": 30}, "low": {"limit": 4}, "stale": False}
                    }
                }
            },
        }
    )
    found = define(chillers("chiller-1"), wanted)
    assert LINK not in found
    assert STALE not in found
    assert found[OFFLINE].on_delay == 120_000_000
    high, low = found[HIGH].condition, found["chiller-1/temperature/low"].condition
    assert isinstance(high, Limit)
    assert isinstance(low, Limit)
    assert (high.limit, high.deadband, low.limit, low.above) == (30, 2, 4, False)


@pytest.mark.parametrize(
    ("severity", "minutes", "priority"),
    [
        (Severity.SEVERE, 3, Priority.CRITICAL),
        (Severity.SEVERE, 60, Priority.HIGH),
        (Severity.MAJOR, 15, Priority.HIGH),
        (Severity.MAJOR, 30, Priority.MEDIUM),
        (Severity.MINOR, 3, Priority.MEDIUM),
        (Severity.MINOR, 600, Priority.LOW),
    ],
)
def test_priority_follows_from_consequence_and_time_to_respond(
    severity: Severity, minutes: int, priority: Priority
) -> None:
    assert priority_of(severity, minutes * 60) is priority


LIMIT, GRAVE = {"limit": 9}, {"severity": "severe"}


@pytest.mark.parametrize(
    "alarms",
    [{"high": LIMIT}, {"states": {"positive": GRAVE}}, {"stale": {"after": 3600}}],
    ids=str,
)
def test_a_result_of_a_sample_is_no_alarm(alarms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"say in `flags`") as refused:
        profile(alarms={"GLU": alarms})
    assert f"alarms.GLU.{next(iter(alarms))}: a result is of one sample" in str(refused.value)


@pytest.mark.parametrize("kind", ["measurement", "state"])
def test_a_test_of_an_analyzer_is_a_result(kind: str) -> None:
    with pytest.raises(ValidationError, match=r"points\.GLU\.kind: an analyzer's test is"):
        profile(points={"GLU": {"unit": "mmol/L", "kind": kind}})


def test_what_is_neither_measured_nor_a_state_has_no_alarm() -> None:
    with pytest.raises(ValidationError, match="not kind `object`"):
        profile(points={"PIC": {"kind": "object"}}, alarms={"PIC": {"stale": {"after": 9}}})


def test_limits_must_lie_in_order() -> None:
    with pytest.raises(ValidationError, match="must lie below high"):
        PointAlarms.model_validate({"high": {"limit": 5}, "low": {"limit": 9}})


@pytest.mark.parametrize(
    ("alarms", "said"),
    [
        ("devices: {chiler-1: {}}", "did you mean `chiller-1`?"),
        ("devices: {chiller-1: {points: {supply_temp: {}}}}", "there is no point of chiller-1"),
        ("links: {plants: off}", "did you mean `plant`?"),
        ("system: {disk-lo: off}", "did you mean `disk-low`?"),
        (
            "devices: {chiller-1: {points: {supply_temperature: {states: {hot: {}}}}}}",
            "there is no state 'hot'",
        ),
        (
            "devices: {chiller-1: {points: {supply_temperature: {low_low: {deadband: 2}}}}}",
            "limit",
        ),
        ("offline: {on_delay: soon}", "write for example"),
        ("link: {limit: 5}", "unknown key"),
    ],
)
def test_a_mistake_in_the_section_is_told_where_it_stands(
    tmp_path: Path, alarms: str, said: str
) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text(f"{SITE}alarms: {{{alarms}}}\n")
    found = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    assert [problem.line for problem in found] == [7], found
    assert said in str(found[0])


def test_a_site_can_not_make_a_result_an_alarm(tmp_path: Path) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text(
        """
site: {id: trial, name: Trial, time_zone: Asia/Shanghai}
links: {lab: {driver: astm, transport: {type: tcp, host: 127.0.0.1, port: 15022}}}
devices: {chem-1: {profile: chemistry-analyzer-astm, link: lab}}
alarms: {devices: {chem-1: {points: {GLU: {stale: {after: 1 h}}}}}}
"""
    )
    (found,) = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    assert found.line == 5
    assert "stale: a result is of one sample" in str(found)
