"""Whatever stands in a file, the check answers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import check_site, discover_drivers, discover_rooms
from gateway.driver import DriverType
from gateway.room import Room
from tests.peers import count
from tests.unit.config.kit import DRIVERS, ROOMS

KEYS = st.sampled_from(
    ["site", "listeners", "store", "links", "devices", "profiles", "broker", "silent", "id",
     "name", "time_zone", "http", "host", "port", "retention", "telemetry", "min_free", "driver",
     "transport", "type", "baud", "link", "profile", "unit", "side", "interval", "points", "at",
     "meter", "bus", "cloud", "line", "password", "lamps", "colour", "title", "grade", "source",
     "states", "en"]
)  # fmt: skip
SCALARS = st.sampled_from(
    ["bus", "cloud", "tcp", "serial", "meter", "line", "env:HOME", "file:/", "UTC", "Asia", "",
     "kW",
     "1 GB", "forever", "documented", "../..", "\0",
     "demo", None, True, 0, 1, -1, 1.5, 10**25]
)  # fmt: skip
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)
SITES = st.dictionaries(
    st.sampled_from(["site", "listeners", "store", "links", "devices", "profiles", "broker"]),
    TREES,
    max_size=7,
)


INSTALLED = (discover_drivers(), discover_rooms())
DEMO = (Path(__file__).parents[3] / "devices.yaml").read_text(encoding="utf-8")


def check(
    data: bytes,
    drivers: Mapping[str, DriverType] = DRIVERS,
    rooms: Mapping[str, Room] = ROOMS,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "devices.yaml"
        file.write_bytes(data)
        for problem in check_site(file, drivers=drivers, rooms=rooms):
            assert problem.message
            assert problem.file == str(file)
            assert str(problem)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=400)
@given(SITES)
def test_any_tree_of_keys_that_mean_something(site: dict[str, Any]) -> None:
    check(yaml.dump(site, Dumper=yaml.CSafeDumper, allow_unicode=True).encode())


def mutated(site: Any, data: st.DataObject) -> bytes:
    """A site with one value somewhere in it replaced by anything."""
    here = site
    while True:
        steps = list(here) if isinstance(here, dict) else list(range(len(here)))
        step = data.draw(st.sampled_from(steps))
        if not isinstance(here[step], dict | list) or not here[step] or data.draw(st.booleans()):
            here[step] = data.draw(TREES)
            return yaml.dump(site, Dumper=yaml.CSafeDumper, allow_unicode=True).encode()
        here = here[step]


@settings(max_examples=300)
@given(st.data())
def test_a_good_site_with_any_value_replaced(data: st.DataObject) -> None:
    check(mutated(yaml.safe_load(GOOD), data))


@settings(max_examples=count(60, 1000))
@given(st.data())
def test_the_demo_with_any_value_replaced(data: st.DataObject) -> None:
    demo = yaml.load(DEMO, yaml.CSafeLoader)
    check(mutated(demo, data), *INSTALLED)


GOOD = """
site: {id: demo, name: {zh-CN: 示范, en: Demo}, time_zone: Asia/Shanghai, locale: en}
listeners: {http: {host: 127.0.0.1, port: 8080}}
store: {heartbeat: 60, min_free: 1 GB, retention: {telemetry: 24 months}}
links:
  line: {driver: bus, timeout: 0.5, transport: {type: serial, port: /dev/ttyS77, baud: 2400}}
  net: {driver: cloud, host: broker, password: env:HOME}
devices:
  one: {name: One, profile: meter, link: line, unit: 1, location: {en: Here}, interval: 2}
  two: {profile: own, link: net}
profiles:
  own:
    driver: cloud
    title: Own
    grade: derived
    source: a
    points: {temperature: {deadband: 0.1}, door: {states: {0: closed, 1: open}}}
broker: {port: 1884, lamps: [{colour: green}]}
"""
