from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from gateway.model import Kind
from gateway.profile import Point, Profile, dimension, point_name, vocabulary


class Plain(Profile):
    points: Mapping[str, Point]


def profile(**points: dict[str, object]) -> Plain:
    return Plain.model_validate(
        {"profile": "a", "driver": "d", "title": "A", "grade": "derived", "source": "s",
         "points": points}
    )  # fmt: skip


def test_every_shared_code_has_two_names_and_a_unit_of_ucum() -> None:
    for code, term in vocabulary().items():
        assert term.name["zh-CN"], code
        assert term.name["en"], code
        assert (term.kind is Kind.MEASUREMENT) == bool(term.unit), code
        if term.unit:
            dimension(term.unit)


def test_a_point_is_called_as_its_profile_says_else_as_everybody_does_else_by_its_code() -> None:
    assert point_name("voltage_l1", "zh-CN") == "L1 相电压"
    assert point_name("voltage_l1", "en") == "Voltage L1"
    assert point_name("voltage_l1", "en", {"en": "Supply"}) == "Supply"
    assert point_name("nobody_knows", "en") == "nobody_knows"


def test_what_a_point_says_itself_counts() -> None:
    points = profile(voltage_l1={"unit": "mV", "name": "Mine"}).points
    assert (points["voltage_l1"].unit, points["voltage_l1"].name) == ("mV", "Mine")


def test_a_point_under_the_devices_own_name_is_found_by_its_code() -> None:
    assert profile(U1={"code": "voltage_l1"}).points["U1"].unit == "V"


def test_a_code_of_another_system_is_not_taken_for_a_shared_one() -> None:
    assert profile(door={"system": "http://loinc.org"}).points["door"].kind is Kind.MEASUREMENT


def test_a_measured_code_that_is_told_in_words_has_no_unit() -> None:
    battery = profile(battery={"states": {"0": "low", "1": "good"}}).points["battery"]
    assert (battery.kind, battery.unit) == (Kind.STATE, "")


def test_a_point_with_states_is_a_state() -> None:
    assert profile(odd={"states": {"0": "off"}}).points["odd"].kind is Kind.STATE


def test_a_unit_of_another_quantity_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not measure Voltage L1"):
        profile(voltage_l1={"unit": "A"})


def test_an_unknown_unit_is_refused_with_the_one_meant() -> None:
    with pytest.raises(ValidationError, match="did you mean `kW`"):
        profile(odd={"unit": "kw"})


def test_two_points_under_one_code_would_overwrite_each_other() -> None:
    power: dict[str, object] = {"code": "power", "unit": "kW"}
    with pytest.raises(ValidationError, match=r"points\.l2\.code: 'power' is the code of 'l1'"):
        profile(l1=power, l2=power)
    assert len(profile(l1=power, l2={**power, "system": "urn:other"}).points) == 2
    assert len(profile(l1=power, l2={"unit": "kW"}).points) == 2
