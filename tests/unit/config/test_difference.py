from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import Difference, difference
from tests.unit.config.test_check import GOOD
from tests.unit.config.test_load import loaded


def changed(folder: Path, *edits: tuple[str, str]) -> Difference:
    text = GOOD
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return difference(loaded(folder), loaded(folder, text))


def test_the_same_file_read_twice_is_no_difference(tmp_path: Path) -> None:
    assert not difference(loaded(tmp_path), loaded(tmp_path))


def test_a_changed_device_leaves_its_link_alone(tmp_path: Path) -> None:
    found = changed(tmp_path, ("unit: 1", "unit: 2"))
    assert not found.changed_links
    assert [device.id for device in found.devices["line"].changed] == ["one"]
    assert list(found.devices) == ["line"]


def test_devices_that_come_and_go(tmp_path: Path) -> None:
    found = changed(tmp_path, ("  one: {", "  uno: {"))
    assert [device.id for device in found.devices["line"].added] == ["uno"]
    assert [device.id for device in found.devices["line"].removed] == ["one"]


def test_a_device_that_moves_goes_here_and_comes_there(tmp_path: Path) -> None:
    extra = "  more: {driver: bus, transport: {type: tcp, host: a, port: 1}}\n  net:"
    found = changed(tmp_path, ("  net:", extra), ("link: line", "link: more"))
    assert [link.id for link in found.added_links] == ["more"]
    assert [device.id for device in found.devices["line"].removed] == ["one"]


def test_a_changed_profile_changes_its_devices_only(tmp_path: Path) -> None:
    found = changed(tmp_path, ("deadband: 0.1", "deadband: 0.2"))
    assert [device.id for device in found.devices["net"].changed] == ["two"]
    assert list(found.devices) == ["net"]


@pytest.mark.parametrize("edit", [("baud: 2400", "baud: 9600"), ("timeout: 0.5", "timeout: 2")])
def test_a_changed_link_restarts_with_its_devices(tmp_path: Path, edit: tuple[str, str]) -> None:
    found = changed(tmp_path, edit)
    assert [link.id for link in found.changed_links] == ["line"]
    assert not found.devices


def test_a_changed_secret_changes_its_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded(tmp_path)
    monkeypatch.setenv("HOME", "elsewhere")
    assert [link.id for link in difference(before, loaded(tmp_path)).changed_links] == ["net"]


def test_sections_and_what_needs_a_restart(tmp_path: Path) -> None:
    found = changed(tmp_path, ("port: 1884", "port: 1885"), ("8080", "8081"), ("1 GB", "2 GB"))
    assert found.sections == {"broker"}
    assert found.fixed == {"listeners", "store"}
    assert changed(tmp_path, ("locale: en", "locale: zh-CN")).fixed == {"site"}
