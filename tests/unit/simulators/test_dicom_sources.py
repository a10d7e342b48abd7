"""The simulated department sends a day's objects to a simulated archive."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydicom.dataset import Dataset

from gateway.model import from_datetime
from gateway.room import OWNER
from simulators.dicom import Archive, Sources
from simulators.dicom.archive import TITLE
from simulators.dicom.sources import RECORDS, _course, _in_turn, _objects, _today
from simulators.his import bookings
from tests.peers import LOOPBACK, free_port, wait_until
from tests.unit.tps.treatment_case import treatments
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.session import SessionState

_ZONE = ZoneInfo("Asia/Shanghai")


def test_a_day_has_the_same_objects_whenever_it_is_sent() -> None:
    first, second = ([*_in_turn(bookings(date(2026, 11, 26), _ZONE))] for _ in range(2))
    assert [each.machine[0] for each in first[:4]] == ["LA1", "LA2", "LA3", "CT1"]
    for one, again in zip(first[:4], second[:4], strict=True):
        made = [str(each.SOPInstanceUID) for each in _objects(one)]
        assert made == [str(each.SOPInstanceUID) for each in _objects(again)]
        assert len(set(made)) == len(made) > 1
        assert {each.PatientID for each in _objects(one)} == {one.who.mrn}


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_machine_that_only_sends_records_ends_the_session_of_its_day(
    tmp_path: Path, *, stopped: bool
) -> None:
    booked = bookings(date(2025, 6, 12), _ZONE)
    booking = next(
        each for each in booked if each.machine[0] in RECORDS and _course(each).stopped is stopped
    )
    made = _course(booking).plan
    async with treatments(tmp_path) as t:
        await t.take(*_objects(booking))
        desk = t.context.neighbours(SessionDesk)
        due = from_datetime(booking.start)
        session = await desk.schedule(OWNER, str(made.SOPInstanceUID), 1, due)
        await t.take(_today(booking))
        done = await t.book.session(session.id)
    assert done is not None
    assert (done.state, done.performer) == (SessionState.COMPLETED, f"record:{made_for(made)}")


def made_for(made: Dataset) -> str:
    return str(made.BeamSequence[0].TreatmentMachineName)


@pytest.mark.parametrize("mistaken", [False, True])
async def test_what_is_sent_arrives_and_an_archive_that_is_down_is_waited_for(
    *, mistaken: bool
) -> None:
    archive = Archive(LOOPBACK, free_port())
    sources = Sources(LOOPBACK, archive.port, TITLE, 60.0, seed=1, zone="Asia/Shanghai")
    if mistaken:
        sources.fault("wrong_plan")
    async with archive.serving(), sources.sending():
        await asyncio.to_thread(
            wait_until, lambda: archive.received > 10, within=30, what="a plan, records, images"
        )


async def test_the_plan_of_another_patient_is_found_in_the_record(tmp_path: Path) -> None:
    booked = bookings(date(2025, 6, 12), _ZONE)
    one, other = [each for each in booked if each.machine[0] == "LA2"][:2]
    uid = str(_course(one).plan.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(*_objects(one), *_objects(other))
        before = await t.page(f"/plans/{uid}?lang=en")
        await t.take(_today(other, one))
        after = await t.page(f"/plans/{uid}?lang=en")
    said = "has another patient number and another name and another birth date"
    assert said not in before
    assert said in after
