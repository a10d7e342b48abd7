"""`units` of an analyzer's profile spells units, and converts nothing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.profile import AnalyzerProfile, Grade


def _profile(units: dict[str, str]) -> AnalyzerProfile:
    return AnalyzerProfile(
        profile="gases",
        driver="test",
        title="Gases",
        grade=Grade.DERIVED,
        source="these tests",
        units=units,
        points={},
    )


@pytest.mark.parametrize(
    ("own", "ucum"),
    [
        ("mEq/L", "mmol/L"),
        ("MEQ/L", "mmol/L"),
        ("µEq/L", "umol/L"),
        ("mval/L", "mmol/L"),
        ("毫当量/升", "mmol/L"),
        ("mmol/L", "meq/L"),
        ("毫摩尔/升", "meq/L"),
    ],
)
def test_an_equivalent_is_not_another_spelling_of_a_mole(own: str, ucum: str) -> None:
    with pytest.raises(ValidationError, match=r"give each point its factor in `convert`"):
        _profile({own: ucum})


def test_a_unit_may_be_spelled_otherwise() -> None:
    units = {"mEq/L": "meq/L", "毫摩尔/升": "mmol/L", "frequency": "Hz", "10^9/L": "10*9/L"}
    assert _profile(units).units == units
