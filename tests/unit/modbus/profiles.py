"""Small profiles for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from drivers.modbus import driver_type
from drivers.modbus.profile import ModbusProfile


def profile(points: Mapping[str, Mapping[str, Any]], **more: Any) -> ModbusProfile:
    """A profile with these points and whatever else it says."""
    head = {"profile": "test", "driver": "modbus", "title": "Test", "grade": "derived"}
    return ModbusProfile.model_validate({**head, "source": "a test", "points": points, **more})


def shipped(name: str) -> ModbusProfile:
    """A profile of the driver's folder."""
    text = (driver_type.home / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    return ModbusProfile.model_validate(yaml.safe_load(text))


SHIPPED = sorted(
    entry.name.removesuffix(".yaml") for entry in (driver_type.home / "profiles").iterdir()
)
