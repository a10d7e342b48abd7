from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gateway.config import check_site, discover_drivers, discover_rooms
from gateway.config.plugins import Plugins
from gateway.driver import DriverType
from gateway.errors import ConfigError
from tests.unit.config.kit import ROOMS


def plugins(value: str) -> Plugins[DriverType]:
    return Plugins(DriverType, "driver", {"odd": EntryPoint("odd", value, "gateway.drivers")})


def test_the_shipped_drivers_and_rooms_are_found() -> None:
    assert {"modbus", "mqtt"} <= set(discover_drivers())
    assert "broker" in discover_rooms()
    assert discover_drivers()["modbus"].name == "modbus"


def test_a_missing_package_is_told_only_when_the_driver_is_used() -> None:
    broken = plugins("package_that_is_absent:driver_type [extra]")
    assert "odd" in broken
    assert len(broken) == 1
    with pytest.raises(
        ConfigError, match=r"package_that_is_absent is missing: install .*\[extra\]"
    ):
        broken["odd"]


def test_an_entry_point_to_something_else_is_told() -> None:
    with pytest.raises(ConfigError, match="is no DriverType"):
        plugins("gateway.model:Kind")["odd"]


def test_a_driver_that_cannot_be_loaded_is_a_located_problem(tmp_path: Path) -> None:
    file = tmp_path / "devices.yaml"
    file.write_text("site: {id: a, name: A, time_zone: UTC}\nlinks:\n  x: {driver: odd}\n")
    (problem,) = check_site(file, drivers=plugins("package_that_is_absent:x"), rooms=ROOMS)
    assert (problem.line, problem.column, problem.path) == (3, 15, "links.x.driver")
    assert "package_that_is_absent" in problem.message
