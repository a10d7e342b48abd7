from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from drivers.modbus import driver_type
from drivers.modbus.planner import plan
from drivers.modbus.profile import Order, Place, Table, Type
from tests.unit.modbus.profiles import SHIPPED, profile, shipped


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_are_valid_and_terse(name: str) -> None:
    text = (driver_type.home / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    said = shipped(name)
    assert said.profile == name
    assert len(text.partition("\nalarms:\n")[0].splitlines()) <= 25 + max(0, len(said.points) - 12)
    for code, point in said.points.items():
        assert point.unit or point.states, f"{code} has neither a unit nor states"
        assert point.name, f"{code} has no name"


def test_the_meter_is_read_in_one_request() -> None:
    meter = shipped("three-phase-meter")
    places = [meter.place(code) for code in meter.points]
    assert len(plan(places, gap=meter.gap, limit=meter.limit)) == 1


def test_a_point_takes_from_the_profile_what_it_does_not_say() -> None:
    said = profile(
        {"a": {"at": 40_011}, "b": {"at": 40_001, "type": "int16", "order": "BADC"}},
        type="float32", order="CDAB", first=40_001,
    )  # fmt: skip
    assert said.place("a") == Place(Table.HOLDING, 10, 2, Type.FLOAT32, Order.CDAB)
    assert said.place("b") == Place(Table.HOLDING, 0, 1, Type.INT16, Order.BADC)


def test_bits_are_read_from_a_shared_register_or_from_a_bit_table() -> None:
    said = profile(
        {
            "a": {"at": 3, "bit": 0},
            "b": {"at": 3, "bit": 15, "type": "bool"},
            "c": {"at": 3, "table": "coil"},
        },
        type="float32",
    )
    assert said.place("a") == said.place("b")
    assert said.place("a").type is Type.UINT16
    assert said.place("c") == Place(Table.COIL, 3, 1, Type.BOOL, Order.ABCD)


@pytest.mark.parametrize(
    ("point", "fault"),
    [
        ({"at": 65_535, "type": "int32"}, r"points\.a\.at: 65535 lies outside the table"),
        ({"at": 0, "type": "bool"}, r"points\.a\.type: a bool in a register needs `bit`"),
        ({"at": 0, "table": "coil", "bit": 2}, r"points\.a\.table: a coil is one bit"),
        ({"at": 0, "table": "coil", "type": "int16"}, r"points\.a\.table: a coil is one bit"),
        ({"at": 0, "type": "string"}, r"`length` belongs to `type: string`"),
        ({"at": 0, "length": 4}, r"`length` belongs to `type: string`"),
        ({"at": 0, "bit": 1, "type": "int16"}, "`bit` gives a bool, not int16"),
        ({"at": 0, "scale": 0}, "`scale` is not 0"),
        ({"at": 0, "scale": "1e-40"}, "plain decimals"),
        ({"at": 0, "scale": "NaN"}, "finite number"),
        ({"at": 0, "bit": 1, "scale": 0.1}, r"points\.a\.scale: .* are for numbers"),
        ({"at": 0, "type": "string", "length": 2, "scale": 0.1}, "are for numbers"),
        ({"at": 0, "absent": 70_000}, r"points\.a\.absent: 70000 is no raw value of uint16"),
        ({"at": 0, "type": "float32", "absent": 1}, r"points\.a\.absent: 1 is no raw value"),
        ({"at": 0, "type": "int64"}, "takes 4 registers, more than the profile's `limit`"),
        ({"at": 0, "scael": 1}, "Extra inputs"),
    ],
)
def test_a_point_that_cannot_be_meant_is_refused(point: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        profile({"a": point}, limit=3)


def test_first_above_the_register_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"points\.a\.at: 5 lies outside"):
        profile({"a": {"at": 5}}, first=30_001)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as told:
        profile({"a": {"at": 0, "type": "bool"}, "b": {"at": 9, "absent": 99_999}})
    assert "points.a.type" in str(told.value)
    assert "points.b.absent" in str(told.value)


def test_points_that_read_the_same_registers_differently_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"points\.b\.at: overlaps a, which is read as float"):
        profile({"a": {"at": 0, "type": "float32"}, "b": {"at": 1}})


def test_the_same_register_may_be_read_twice_alike() -> None:
    said = profile({"a": {"at": 0}, "b": {"at": 0, "scale": 0.1}, "c": {"at": 0, "table": "input"}})
    assert said.place("a") == said.place("b")
