"""Room for objects, and what is said of those that were refused."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from dicom.storage.refusals import Refusals
from dicom.storage.space import Bounds, Space, free_bytes


class Disk:
    def __init__(self, free: int) -> None:
        self.free = free
        self.looks = 0

    def __call__(self, _folder: Path) -> int:
        self.looks += 1
        return self.free


def test_the_disk_is_looked_at_seldom_and_what_was_taken_is_counted() -> None:
    disk = Disk(1000)
    space = Space(Path(), Bounds(min_free=400), 0, disk)
    for _ in range(5):
        assert space.shortage(100) == ""
        space.took(100)
    assert "400 bytes would stay free" in space.shortage(200)
    assert disk.looks == 1


def test_a_quota_counts_what_is_there_already() -> None:
    space = Space(Path(), Bounds(min_free=0, quota=500), 450, Disk(10**9))
    assert space.shortage(50) == ""
    assert "quota of 500 bytes" in space.shortage(51)
    space.took(50)
    assert space.shortage() == ""
    assert "quota" in space.shortage(1)


def test_the_largest_object_is_bounded() -> None:
    space = Space(Path(), Bounds(min_free=0, largest=10), 0, Disk(10**9))
    assert "larger than 10 bytes" in space.shortage(11)


def test_free_bytes_are_those_of_the_disk(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0


def test_what_goes_on_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    for _ in range(100):
        refusals.note("A", "1.2", 0xC000, "cut off")
        now[0] += 0.05
    refusals.note("B", "1.3\n", 0xC000, "cut off")
    now[0] += 10
    refusals.note("A", "1.2", 0xC000, "cut off")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "dicom: A: '1.2' refused (0xc000): cut off",
        "dicom: B: '1.3\\n' refused (0xc000): cut off",
        "dicom: A: '1.2' refused (0xc000): cut off; 99 more since the last line",
    ]
    assert refusals.count == 102


def test_what_was_said_is_not_remembered_without_bound() -> None:
    refusals = Refusals(lambda: 0.0)
    for number in range(3000):
        refusals.note(f"sender {number}", "1.2", 0xA700, "full")
    assert len(refusals._said) <= 1000
