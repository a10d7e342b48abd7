"""The simulated department sends a day's objects to a simulated archive."""

from __future__ import annotations

import asyncio
from datetime import date
from zoneinfo import ZoneInfo

from simulators.dicom import Archive, Sources
from simulators.dicom.archive import TITLE
from simulators.dicom.sources import _in_turn, _objects
from simulators.his import bookings
from tests.peers import LOOPBACK, free_port, wait_until

_ZONE = ZoneInfo("Asia/Shanghai")


def test_a_day_has_the_same_objects_whenever_it_is_sent() -> None:
    first, second = ([*_in_turn(bookings(date(2026, 11, 26), _ZONE))] for _ in range(2))
    assert [each.machine[0] for each in first[:3]] == ["LA1", "LA2", "CT1"]
    for one, again in zip(first[:3], second[:3], strict=True):
        made = [str(each.SOPInstanceUID) for each in _objects(one)]
        assert made == [str(each.SOPInstanceUID) for each in _objects(again)]
        assert len(set(made)) == len(made) > 1
        assert {each.PatientID for each in _objects(one)} == {one.who.mrn}


async def test_what_is_sent_arrives_and_an_archive_that_is_down_is_waited_for() -> None:
    archive = Archive(LOOPBACK, free_port())
    sources = Sources(LOOPBACK, archive.port, TITLE, 60.0, seed=1, zone="Asia/Shanghai")
    async with archive.serving(), sources.sending():
        await asyncio.to_thread(
            wait_until, lambda: archive.received > 10, within=30, what="a plan, records, images"
        )
