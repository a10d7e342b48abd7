"""What a machine is told of its session's work item, from the wire, by two clients (PS3.4 CC.2)."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from simulators.rt import ARC, Course, Part, approved, plan, record
from tests.acceptance.live import ISOGATE
from tests.acceptance.test_sessions import Bunker, bunker, now
from tests.dicom_ups import PULL, discontinued, performed, progress, work_item
from tests.dicom_ups_clients import PUSH, Said, Scu, UpsClient
from tests.peers import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

COURSE = Course(points=5, pairs=4, fractions=3)
STEP_STATE = 0x00741000


def told(*asked: Coroutine[Any, Any, Said]) -> list[int]:
    """The statuses, asked one after the other."""

    async def ask() -> list[int]:
        return [(await each).status for each in asked]

    return asyncio.run(ask())


def claim(scu: Scu, item: str) -> str:
    """The Transaction UID of a claim that is granted."""
    status, transaction = asyncio.run(scu.claim(item))
    assert status == 0
    return transaction


def state_of(scu: Scu, item: str) -> str:
    found = asyncio.run(scu.get(item, STEP_STATE)).dataset
    assert found is not None
    return str(found.ProcedureStepState)


def in_the_bunker(
    tmp_path: Path, client: UpsClient, work: Callable[[Bunker, Scu, Dataset], None]
) -> None:
    """With a plan that may be treated, and the machine that may treat it."""
    made = approved(plan(ARC, COURSE))
    with bunker(tmp_path) as it, it.folder.gateway() as process:
        it.folder.wait_ready(it.api, process, within=60)
        it.register()
        it.take(made)
        work(it, Scu(it.port, "L1", PULL, client), made)


def call(it: Bunker, session: str, act: str, why: str) -> None:
    answer = it.api.client.post(f"/sessions/{session}/{act}", data={"reason": why})
    assert answer.status_code in {200, 303}, answer.text


def isogate(it: Bunker, *words: str) -> str:
    """What `isogate sessions …` says."""
    command = [*ISOGATE, "sessions", *words, "--data", str(it.folder.data)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def hexed(statuses: Sequence[int]) -> list[str]:
    return [f"{each:04X}" for each in statuses]


@pytest.mark.dicom_peer(service="UPS Push", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Push", ours="SCP", peer="dcmjs-dimse")
def test_who_plans_a_work_item_that_cannot_be_is_told_why(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    def work(it: Bunker, scu: Scu, made: Dataset) -> None:
        desk, uid = Scu(it.port, "DESK", PUSH, ups_client), generate_uid()
        planned = told(
            desk.create(uid, work_item(ProcedureStepState="IN PROGRESS")),
            desk.create(uid, work_item()),
            desk.create(uid, work_item()),
            desk.subscribe(uid, "NOBODY"),
            desk.cancel(uid, "planned twice"),
            desk.cancel(uid, "planned twice"),
        )
        assert hexed(planned) == ["C309", "0000", "0111", "C308", "0000", "B304"]
        assert state_of(desk, uid) == "CANCELED"

    in_the_bunker(tmp_path, ups_client, work)


@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="dcmjs-dimse")
def test_every_step_to_completed_is_told_its_status(tmp_path: Path, ups_client: UpsClient) -> None:
    def work(it: Bunker, scu: Scu, made: Dataset) -> None:
        session = it.schedule(made)
        item, stolen = it.offered(session), generate_uid()
        other = Scu(it.port, "L9", PULL, ups_client)
        before = told(
            scu.state(item, "COMPLETED", stolen),
            scu.state(item, "CANCELED", stolen),
            scu.state(item, "IN PROGRESS"),
            scu.state(item, "SCHEDULED", stolen),
            scu.set(item, progress("1"), stolen),
            other.state(item, "IN PROGRESS", stolen),
            scu.state(generate_uid(), "IN PROGRESS", stolen),
        )
        assert hexed(before) == ["C310", "C310", "C301", "C303", "C310", "0124", "C307"]
        assert it.session(session)["state"] == "scheduled"
        lock = claim(scu, item)
        it.reaches(session, "in-progress")
        during = told(
            scu.state(item, "IN PROGRESS", lock),
            other.state(item, "IN PROGRESS", stolen),
            other.state(item, "CANCELED", lock),
            other.set(item, progress("2"), lock),
            scu.set(item, progress("2"), stolen),
            scu.set(item, progress("2")),
            scu.state(item, "COMPLETED", stolen),
            scu.state(item, "COMPLETED", lock),
            scu.state(item, "CANCELED", lock),
            scu.set(item, progress("61"), lock),
            scu.cancel(item, "stop"),
        )
        expected = ["C302", "C301", "0124", "0124", "C301", "C301", "C301", "C304", "C304"]
        assert hexed(during) == [*expected, "0000", "C312"]
        wait_until(lambda: it.session(session)["progress"] == 61.0, within=20, what="progress")
        assert told(scu.set(item, performed(), lock), scu.state(item, "COMPLETED", lock)) == [0, 0]
        it.reaches(session, "completed")
        after = told(
            scu.state(item, "COMPLETED", lock),
            scu.state(item, "CANCELED", lock),
            scu.state(item, "IN PROGRESS", lock),
            scu.state(item, "IN PROGRESS", stolen),
            scu.set(item, progress("3"), lock),
            scu.cancel(item),
        )
        assert hexed(after) == ["B306", "C300", "C300", "C301", "C300", "C311"]
        assert it.session(session)["state"] == "completed"

    in_the_bunker(tmp_path, ups_client, work)


@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="dcmjs-dimse")
def test_a_machine_that_gives_up_is_told_so_and_the_fraction_stays_to_be_given(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    def work(it: Bunker, scu: Scu, made: Dataset) -> None:
        session = it.schedule(made)
        item = it.offered(session)
        lock = claim(scu, item)
        steps = told(
            scu.state(item, "CANCELED", lock),
            scu.set(item, discontinued(), lock),
            scu.state(item, "CANCELED", lock),
            scu.state(item, "CANCELED", lock),
            scu.state(item, "COMPLETED", lock),
            scu.cancel(item),
        )
        assert hexed(steps) == ["C304", "0000", "0000", "B304", "C300", "B304"]
        it.reaches(session, "discontinued")
        again = it.session(it.schedule(made))
        assert again["fraction"] == it.session(session)["fraction"]

    in_the_bunker(tmp_path, ups_client, work)


@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="dcmjs-dimse")
def test_what_a_person_calls_off_or_ends_is_not_the_machines_any_more(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    def work(it: Bunker, scu: Scu, made: Dataset) -> None:
        off = it.schedule(made)
        item = it.offered(off)
        call(it, off, "cancel", "the patient is ill")
        (refused,) = told(scu.state(item, "IN PROGRESS", generate_uid()))
        assert refused in {0x0124, 0xC301}, "called off, and handed over all the same"
        wait_until(lambda: state_of(scu, item) == "CANCELED", within=20, what="withdrawn")
        assert it.session(off)["state"] == "cancelled"
        left = it.schedule(made)
        item = it.offered(left)
        lock = claim(scu, item)
        it.reaches(left, "in-progress")
        shown = isogate(it, "day")
        assert all(each in shown for each in (left, "LINAC1", "in-progress"))
        assert "is discontinued" in isogate(it, "end", left, "--reason", "the machine is down")
        it.reaches(left, "discontinued")
        late = told(scu.set(item, progress("9"), lock), scu.state(item, "COMPLETED", lock))
        assert hexed(late) == ["C300", "C300"]
        rest = it.schedule(made)
        assert it.session(rest)["blocked_by"] == ["session"], "nothing tells what was given"
        it.take(record(made, 1, [Part(1, 0, 40, termination="MACHINE")], at=now()))
        assert it.offered(rest) != item

    in_the_bunker(tmp_path, ups_client, work)
