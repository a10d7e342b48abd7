"""The shipped devices.yaml: clean, complete, and as its schema says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import check_site, discover_drivers, discover_rooms, load_site, site_schema
from gateway.config.catalogue import built_in_profiles
from gateway.profile import Profile
from tests.unit.config.kit import DRIVERS, ROOMS

DEMO = Path(__file__).parents[3] / "devices.yaml"


def test_it_checks_clean() -> None:
    assert check_site(DEMO, drivers=discover_drivers(), rooms=discover_rooms()) == []


def test_it_is_a_whole_department() -> None:
    site = load_site(DEMO, drivers=discover_drivers(), rooms=discover_rooms())
    devices = {link.id: len(link.devices) for link in site.links}
    plant = {"meters": 6, "chiller": 1, "ups": 1, "room": 1, "sensors": 8}
    laboratory = {"chemistry": 1, "hematology": 1, "urine": 1}
    assert devices == {**plant, **laboratory, "scale": 1, "water": 1, "his": 1}
    assert site.simulated
    for link in site.links:
        for device in link.devices:
            for text in (device.name, device.location):
                assert not isinstance(text, str)
                assert set(text) == {"zh-CN", "en"}


def shipped_profiles() -> list[tuple[str, Profile]]:
    return [
        (name, driver.profile.model_validate(part.value))
        for driver in discover_drivers().values()
        for name, part in built_in_profiles(driver).items()
    ]


@pytest.mark.parametrize(("name", "profile"), shipped_profiles())
def test_every_shipped_point_has_a_name_in_both_languages(name: str, profile: Profile) -> None:
    assert profile.profile == name
    for code, point in profile.points.items():
        assert not isinstance(point.name, str), code
        assert all(point.name.get(language) for language in ("zh-CN", "en")), code


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return root["$defs"][reference.rpartition("/")[2]] if reference else schema


def test_the_schema_has_an_alternative_for_each_driver_and_a_property_for_each_room() -> None:
    schema = site_schema(DRIVERS, ROOMS)
    links = schema["properties"]["links"]["additionalProperties"]["oneOf"]
    assert [link["properties"]["driver"]["const"] for link in links] == ["bus", "cloud"]
    assert "transport" in links[0]["required"]
    assert "transport" not in links[1]["properties"]
    assert links[1]["required"] == ["driver", "host"]
    assert "broker" in schema["properties"]
    assert schema["additionalProperties"] is False


def test_the_schema_tells_transports_apart_by_their_type() -> None:
    schema = site_schema(DRIVERS, ROOMS)
    bus = schema["properties"]["links"]["additionalProperties"]["oneOf"][0]
    transports = bus["properties"]["transport"]["oneOf"]
    types = [resolved(each, schema)["properties"]["type"]["const"] for each in transports]
    assert types == ["serial", "tcp"]
    assert all("type" in each["required"] for each in transports)


def test_the_schema_takes_a_secret_only_as_a_reference() -> None:
    cloud = site_schema(DRIVERS, ROOMS)["properties"]["links"]["additionalProperties"]["oneOf"][1]
    secret, _ = cloud["properties"]["password"]["anyOf"]
    assert secret["pattern"] == "^(env|file):.+$"


def test_every_reference_in_the_schema_leads_somewhere() -> None:
    schema = site_schema(discover_drivers(), discover_rooms())
    for reference in references(schema):
        assert reference.rpartition("/")[2] in schema["$defs"]


def references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for value in part.values() for each in references(value)]
    return [each for value in part for each in references(value)] if isinstance(part, list) else []


def test_every_key_of_the_demo_is_in_the_schema() -> None:
    schema = site_schema(discover_drivers(), discover_rooms())
    demo = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    assert demo.keys() <= schema["properties"].keys()
    for section in ("links", "devices"):
        one_of = schema["properties"][section]["additionalProperties"]
        alternatives = one_of.get("oneOf") or one_of["anyOf"]
        for entry in demo[section].values():
            assert any(
                entry.keys() <= kind["properties"].keys() and set(kind["required"]) <= entry.keys()
                for kind in alternatives
            ), entry
