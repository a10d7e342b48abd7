from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.lab.overview import LabOverview
from gateway.model import Instant
from gateway.room import NOBODY, OWNER, Glance, Level, Permission, Principal
from gateway.testing import ManualClock
from tests.unit.lab.lab_case import NOON, desk_with, result

LIMITED = replace(OWNER, departments=frozenset({"icu"}))
READER = Principal("person:li", "Li", frozenset({Permission.READ_RESULTS}))
HOUR = 3_600_000_000


async def test_the_overview_counts_the_samples_of_the_sites_day(tmp_path: Path) -> None:
    """It is 20:00 at the site; one result came the evening before."""
    events = [
        replace(result(1, specimen="OLD"), received_at=Instant(NOON - 21 * HOUR)),
        result(2, specimen="S1", flags=("HH",)),
        result(3, specimen="S2"),
    ]
    async with desk_with(tmp_path, *events) as desk:
        overview = LabOverview(desk, ManualClock(Instant(NOON + HOUR)), "Asia/Shanghai")
        (tile,) = (await overview.glance(READER)).tiles
        assert (tile.value, tile.level, tile.path) == ("2", Level.HIGH, "/results")
        for who in (NOBODY, LIMITED):
            assert await overview.glance(who) == Glance()


async def test_a_sample_is_found_by_its_number(tmp_path: Path) -> None:
    events = [result(1, specimen="S/1"), result(2, specimen="S/1", code="b"), result(3)]
    async with desk_with(tmp_path, *events) as desk:
        overview = LabOverview(desk, ManualClock(NOON), "Asia/Shanghai")
        (hit,) = await overview.find(READER, "S/1")
        assert (hit.label, hit.path) == ("S/1", "/samples/chemistry-1/S/1")
        assert await overview.find(READER, "S/") == []
        assert await overview.find(NOBODY, "S/1") == ()
