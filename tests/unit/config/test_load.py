from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import Site, check_site, discover_drivers, load_site
from gateway.errors import ConfigError
from gateway.model import Kind
from gateway.transport import Serial
from tests.unit.config.kit import (
    DRIVERS,
    ROOMS,
    BusDevice,
    BusProfile,
    CloudLink,
    Lamp,
    RoomOptions,
)
from tests.unit.config.test_check import GOOD

OWN = """\
driver: bus
profile: {name}
title: Own
grade: documented
source: a
points: {{voltage_l1: {{at: {at}}}}}
"""


def loaded(folder: Path, text: str = GOOD) -> Site:
    file = folder / "devices.yaml"
    file.write_text(text, encoding="utf-8")
    return load_site(file, drivers=DRIVERS, rooms=ROOMS)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return str(caught.value)


def test_a_valid_file_becomes_a_typed_site(tmp_path: Path) -> None:
    site = loaded(tmp_path)
    line, net = site.links
    (one,), (two,) = line.devices, net.devices
    assert (site.id, site.time_zone, site.locale, site.simulated) == (
        "demo", "Asia/Shanghai", "en", False,
    )  # fmt: skip
    assert site.store.min_free == 10**9
    assert site.store.retention.telemetry == 24
    assert line.transport == Serial(port="/dev/ttyS77", baud=2400)
    assert (one.id, one.name, one.link, one.interval) == ("one", "One", "line", 2.0)
    assert one.options == BusDevice(unit=1)
    assert two.name == "two"
    assert net.transport is None
    assert site.sections["broker"] == RoomOptions(port=1884, lamps=(Lamp(colour="green"),))


def test_a_device_polls_as_often_as_its_profile_says_unless_told(tmp_path: Path) -> None:
    site = loaded(tmp_path, GOOD.replace(", interval: 2", ""))
    assert site.links[0].devices[0].interval == 5.0


def test_a_simulated_site_has_simulated_devices(tmp_path: Path) -> None:
    site = loaded(tmp_path, GOOD.replace("locale: en", "simulated: true"))
    assert all(device.simulated for link in site.links for device in link.devices)


def test_points_take_name_unit_and_kind_from_the_vocabulary(tmp_path: Path) -> None:
    points = loaded(tmp_path).links[1].devices[0].profile.points
    assert points["temperature"].unit == "Cel"
    assert points["temperature"].name == {"zh-CN": "温度", "en": "Temperature"}
    assert points["door"].kind is Kind.STATE
    assert points["door"].unit == ""


def test_retention_may_be_for_ever(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD.replace("24 months", "forever")).store.retention.telemetry is None
    assert loaded(tmp_path, GOOD.replace("24 months", "2 years")).store.retention.telemetry == 24


def test_a_secret_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGATE_TEST_SECRET", "open sesame")
    site = loaded(tmp_path, GOOD.replace("env:HOME", "env:ISOGATE_TEST_SECRET"))
    options = site.links[1].options
    assert isinstance(options, CloudLink)
    assert options.password is not None
    assert options.password.get_secret_value() == "open sesame"
    assert "sesame" not in repr(site)


def test_a_secret_comes_from_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("open sesame\n")
    options = loaded(tmp_path, GOOD.replace("env:HOME", "file:secret.txt")).links[1].options
    assert isinstance(options, CloudLink)
    assert options.password is not None
    assert options.password.get_secret_value() == "open sesame"


def test_a_secret_that_is_absent_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ISOGATE_TEST_SECRET", raising=False)
    text = GOOD.replace("env:HOME", "env:ISOGATE_TEST_SECRET")
    assert "ISOGATE_TEST_SECRET is not set" in refused(tmp_path, text)


def test_a_plain_secret_is_never_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in refused(tmp_path, GOOD.replace("env:HOME", "hunter2"))


def test_profiles_beside_the_file_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "ward.yaml").write_text(OWN.format(name="ward", at=7))
    site = loaded(tmp_path, GOOD.replace("profile: meter", "profile: ward"))
    assert site.links[0].devices[0].profile.profile == "ward"


def test_a_fault_in_a_profile_beside_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "ward.yaml").write_text(OWN.format(name="ward", at=-7))
    assert "ward.yaml:6:27: points.voltage_l1.at: -7" in refused(tmp_path, GOOD)


def test_two_profiles_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own.yaml").write_text(OWN.format(name="own", at=1))
    assert "profile 'own' exists already" in refused(tmp_path, GOOD)


def test_a_profile_of_the_site_replaces_a_built_in_one_where_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    own = OWN.format(name="meter", at=9)
    (tmp_path / "profiles" / "meter.yaml").write_text(own)
    assert "profile 'meter' exists already" in refused(tmp_path, GOOD)
    (tmp_path / "profiles" / "meter.yaml").write_text(f"{own}\nreplaces: built-in\n")
    profile = loaded(tmp_path, GOOD).links[0].devices[0].profile
    assert isinstance(profile, BusProfile)
    assert [point.at for point in profile.points.values()] == [9]


def test_a_drivers_sample_beside_its_own_profiles_checks_clean() -> None:
    drivers = discover_drivers()
    for name, driver in drivers.items():
        sample = Path(str(driver.home / "sample.yaml"))
        found = check_site(sample, drivers=drivers, rooms={})
        assert [str(problem) for problem in found if not problem.note] == [], name


def test_every_fault_is_in_one_error(tmp_path: Path) -> None:
    text = GOOD.replace("unit: 1", "unit: 0").replace("Asia/Shanghai", "Mars")
    with pytest.raises(ConfigError, match="2 problems") as caught:
        loaded(tmp_path, text)
    assert [problem.path for problem in caught.value.problems] == [
        "site.time_zone", "devices.one.unit",
    ]  # fmt: skip


def test_a_built_in_profile_that_is_broken_is_told_in_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "torn.yaml").write_text("profile: torn\npoints: [\n")
    torn = {**DRIVERS, "bus": replace(DRIVERS["bus"], home=tmp_path)}
    (tmp_path / "site").mkdir()
    file = tmp_path / "site" / "devices.yaml"
    file.write_text(GOOD.replace("profile: meter", "profile: torn"))
    with pytest.raises(ConfigError, match=r"torn\.yaml:3:1: not YAML"):
        load_site(file, drivers=torn, rooms=ROOMS)
