"""What the rooms give to be printed."""

from __future__ import annotations

from pathlib import Path

from gateway.alarms.panel import AlarmPanel
from gateway.alarms.paper import alarm_paper, device_paper
from gateway.lab import LabDesk
from gateway.lab.paper import lab_papers
from gateway.model import Micros, Status
from gateway.schedule.paper import appointment_paper
from gateway.testing import known_ring, room_context
from tests.unit.alarms.alarm_case import AlarmSite, availability, pump
from tests.unit.lab.lab_case import listings_follow, result
from tests.unit.patients.people_case import event as patient_event
from tests.unit.patients.people_case import said as patient
from tests.unit.schedule.office_case import office
from tests.unit.schedule.schedule_case import NOW, booked, event


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


async def test_the_schedule_gives_todays_appointments_by_machine(tmp_path: Path) -> None:
    async with office(tmp_path) as site:
        await site.tell(patient_event(1, patient("1", "王^芳")))
        later = booked("F2", "15:00", resource="LA1", who="1")
        await site.tell(event(1, later), event(2, booked("F1", "09:15", resource="LA1")))
        await site.tell(event(3, booked("F3", "10:00", resource="elsewhere", who="9")))
        paper = await appointment_paper(site.book, NOW, "zh-CN")
    assert [(row[0], row[2], row[3]) for row in paper.rows] == [
        ("10:00", "", "9"),
        ("09:15", "王芳", "1"),
        ("15:00", "王芳", "1"),
    ]
    assert paper.rows[0][1] == "elsewhere"
    assert paper.rows[1][1] == {"en": "Linac 1", "zh-CN": "加速器1"}


async def test_a_critical_value_that_was_superseded_says_so(tmp_path: Path) -> None:
    grave = result(1, "7.1", flags=("HH",))
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        await desk.apply([grave, result(2, status=Status.PRELIMINARY)], listings_follow)
        critical, _ = await lab_papers(room_context(tmp_path), desk)
    (row,) = critical.rows
    assert row[2] == "7.1"
    assert row[6] == {"en": "final, superseded", "zh-CN": "final，已被取代"}


async def test_the_laboratory_gives_critical_values_and_results_by_sample(tmp_path: Path) -> None:
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        await desk.apply([result(1), result(2)], listings_follow)
        critical, results = await lab_papers(room_context(tmp_path), desk)
    assert critical.rows == []
    assert len(results.rows) >= 1
    assert all(len(row) == len(results.head) for row in results.rows)
