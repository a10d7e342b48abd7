"""A day at a scanner: its worklist from the hospital's bookings, its step, `kill -9` between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dicom.dimse import Command, Operation, Peer, Response, Status, Wanted, associate
from dicom.elements import Element, Elements, decode, encode, sequence, vr_of
from dicom.mpps.service import NO_LONGER, STEP
from dicom.worklist.find import WORKLIST
from dicom.worklist.tags import Tag
from tests.acceptance.live import Api, SiteFolder
from tests.dicom_peers import OURS
from tests.dicom_worklist import STATIONED, hospital, tell, today
from tests.peers import LOOPBACK, free_port, wait_until
from tests.unit.dicom.test_mpps import begun, ended

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

UID = "1.2.840.99.8"


def site(port: int, mllp: int) -> dict[str, Any]:
    return {
        **hospital(mllp),
        "schedule": STATIONED,
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone", "services": ["worklist", "mpps"]}},
            "storage": {"min_free": 10**6},
        },
    }


async def worklist(port: int) -> list[Elements]:
    """What the scanner finds, as a modality asks."""
    step = {
        int(tag): Element(vr_of(tag))
        for tag in (Tag.STEP_ID, Tag.STATION_TITLE, Tag.STEP_STATUS, Tag.START_TIME)
    }
    own = {int(tag): Element(vr_of(tag)) for tag in (Tag.PATIENT_ID, Tag.STUDY_UID, Tag.ACCESSION)}
    async with associate(Peer(OURS, LOOPBACK, port, "CT1"), [Wanted(WORKLIST)]) as association:
        syntax = association.context_for(WORKLIST).transfer_syntax
        command = Command(Operation.C_FIND, sop_class=WORKLIST)
        data = encode({**own, int(Tag.STEPS): sequence([step])}, syntax)
        *pending, final = [each async for each in association.exchange(command, data)]
    assert final.status == Status.SUCCESS
    return [decode(each.dataset or b"", syntax) for each in pending]


async def say(port: int, operation: Operation, elements: Elements) -> Response:
    async with associate(Peer(OURS, LOOPBACK, port, "CT1"), [Wanted(STEP)]) as association:
        syntax = association.context_for(STEP).transfer_syntax
        command = Command(operation, sop_class=STEP, sop_instance=UID)
        return await association.send(command, encode(elements, syntax))


def text(elements: Elements, tag: int) -> str:
    return elements[tag].value.decode().strip(" \0")


def statuses(items: Sequence[Elements]) -> dict[str, str]:
    """By patient."""
    return {
        text(each, Tag.PATIENT_ID): text(each[Tag.STEPS].items[0], Tag.STEP_STATUS)
        for each in items
    }


def beginning(item: Elements) -> Elements:
    """The N-CREATE that follows from a worklist item: what it says is copied (PS3.17 J)."""
    scheduled = {
        int(Tag.STUDY_UID): item[Tag.STUDY_UID],
        int(Tag.ACCESSION): item[Tag.ACCESSION],
        int(Tag.STEP_ID): item[Tag.STEPS].items[0][Tag.STEP_ID],
    }
    return {
        **begun(),
        int(Tag.PATIENT_ID): item[Tag.PATIENT_ID],
        0x00400270: sequence([scheduled]),
    }


def test_a_step_that_was_acknowledged_outlives_every_kill(tmp_path: Path) -> None:
    port, mllp = free_port(), free_port()
    folder = SiteFolder.write(tmp_path / "site", site(port, mllp))
    with Api.of(folder.data) as api:
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            wait_until(lambda: api.links_up("his"), within=30, what="the HL7 link")
            asyncio.run(tell(mllp, today(3)))
            wait_until(lambda: len(asyncio.run(worklist(port))) == 3, within=30, what="three steps")
            first = asyncio.run(worklist(port))[0]
            assert asyncio.run(say(port, Operation.N_CREATE, beginning(first))).status == 0
            process.kill()
            process.wait()
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            going = statuses(asyncio.run(worklist(port)))
            again = asyncio.run(say(port, Operation.N_CREATE, beginning(first)))
            done = asyncio.run(say(port, Operation.N_SET, ended()))
            process.kill()
            process.wait()
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            late = asyncio.run(say(port, Operation.N_SET, ended("DISCONTINUED")))
            left = statuses(asyncio.run(worklist(port)))
            events = [each for each in api.events() if each["kind"] == "session"]
    assert going == {"P0000": "STARTED", "P0001": "SCHEDULED", "P0002": "SCHEDULED"}
    assert (again.status, done.status) == (Status.DUPLICATE_SOP_INSTANCE, Status.SUCCESS)
    assert (late.status, late.error_id) == (Status.PROCESSING_FAILURE, NO_LONGER)
    assert left == {"P0001": "SCHEDULED", "P0002": "SCHEDULED"}
    assert len(events) == 2
