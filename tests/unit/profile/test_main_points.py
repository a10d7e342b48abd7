from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

import drivers
from gateway.profile import Grade, Point, Profile

SHIPPED = sorted(Path(drivers.__file__).parent.glob("*/profiles/*.yaml"))


def _profile(*main: str) -> Profile:
    points = {"power": Point(), "voltage": Point()}
    return Profile(
        profile="meter",
        driver="modbus",
        title="Meter",
        grade=Grade.DERIVED,
        source="made for tests",
        main=main,
        points=points,
    )


def test_main_points_keep_their_order() -> None:
    assert _profile("voltage", "power").main == ("voltage", "power")


def test_a_main_point_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="main: there is no point 'speed'"):
        _profile("power", "speed")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_profile_with_many_values_says_which_matter(path: Path) -> None:
    profile = yaml.safe_load(path.read_text("utf-8"))
    main = profile.get("main", [])
    assert len(main) <= 6
    if profile["driver"] == "modbus":
        assert main
