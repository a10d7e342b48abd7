"""What the rooms give to be printed."""

from __future__ import annotations

from pathlib import Path

from gateway.alarms.panel import AlarmPanel
from gateway.alarms.paper import alarm_paper, device_paper
from gateway.lab import LabDesk
from gateway.lab.paper import lab_papers
from gateway.model import Micros
from gateway.testing import known_ring, room_context
from tests.unit.alarms.alarm_case import AlarmSite, availability, pump
from tests.unit.lab.lab_case import nothing_follows, result


async def test_alarms_and_devices_are_lists(tmp_path: Path) -> None:
    async with AlarmSite(tmp_path, "chiller-1", "chiller-2").running() as site:
        await site.say(pump("fault"), availability("chiller-2", "offline"))
        panel = AlarmPanel(site.context(), site.desk, site.detector, Micros(1))
        alarms, devices = await alarm_paper(panel), device_paper(site.context())
    (row,) = alarms.rows
    assert row[0] == {"en": "high", "zh-CN": "高"}
    assert alarms.grave == frozenset({0})
    assert [row[0] for row in devices.rows] == [
        {"en": n, "zh-CN": n} for n in ("chiller-1", "chiller-2")
    ]
    assert devices.grave == frozenset({1})


async def test_the_laboratory_gives_critical_values_and_results_by_sample(tmp_path: Path) -> None:
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        await desk.apply([result(1), result(2)], nothing_follows)
        critical, results = await lab_papers(room_context(tmp_path), desk)
    assert critical.rows == []
    assert len(results.rows) >= 1
    assert all(len(row) == len(results.head) for row in results.rows)
