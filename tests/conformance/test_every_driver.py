"""The conformance suite over every registered driver, and over one that breaks every rule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict

from gateway import DeviceOptions, DriverType, LinkOptions, Point, Profile
from gateway.config import discover_drivers
from gateway.testing import RULES, profiles_without_transcript

DRIVERS = discover_drivers()
TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_keeps_the_rule(name: str, rule: str) -> None:
    assert list(RULES[rule](DRIVERS[name])) == []


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_is_registered_under_its_own_name(name: str) -> None:
    assert DRIVERS[name].name == name


@pytest.mark.parametrize("name", DRIVERS)
def test_every_built_in_profile_has_a_transcript(name: str) -> None:
    assert list(profiles_without_transcript(DRIVERS[name], TRANSCRIPTS)) == []


class Loose(LinkOptions):
    model_config = ConfigDict(extra="ignore", frozen=False)

    password: str = ""
    write: bool = False


class Bad(Profile):
    points: Mapping[str, Point]


PROFILES = {
    "other-name.yaml": "profile: bad\ndriver: else\ntitle: Bad\ngrade: derived\nsource: x\n"
    "points: {a: {low: 2, high: 1}}\n",
    "broken.yaml": "profile: broken\n",
}


def bad_driver(home: Path) -> DriverType:
    (home / "profiles").mkdir()
    for file, text in PROFILES.items():
        (home / "profiles" / file).write_text(text, encoding="utf-8")
    (home / "README.md").write_text("# bad\n", encoding="utf-8")
    (home / "sample.yaml").write_text("site: {id: s, time_zone: UTC}\n", encoding="utf-8")
    (home / "driver.py").write_text("import gateway.store\nimport simulators\n", encoding="utf-8")

    def build(_link: Any) -> Any:
        return None

    return DriverType("Bad Name", "", build, home, Bad, Loose, DeviceOptions)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "builds what it samples"])
def test_a_driver_that_breaks_a_rule_is_told(rule: str, tmp_path: Path) -> None:
    assert list(RULES[rule](bad_driver(tmp_path))) != []


def test_a_profile_without_a_transcript_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert len(list(profiles_without_transcript(bad_driver(home), tmp_path))) == 1
