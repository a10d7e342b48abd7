"""Work items over the wire: pynetdicom as every kind of peer, dcmjs-dimse as one that asks."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom.dimse import Command, Operation, Status, Wanted, associate
from dicom.ups.terms import UpsStatus
from tests.dicom_objects import encoded
from tests.dicom_peers import peer_of
from tests.dicom_ups import (
    EVENT,
    FILTERED,
    GLOBAL,
    PULL,
    QUERY,
    WATCH,
    bench,
    code,
    discontinued,
    listening,
    performed,
    progress,
    work_item,
)
from tests.dicom_ups_clients import PUSH, SYNTAXES, UpsClient
from tests.peers import count, free_port


@pytest.mark.dicom_peer(service="UPS Push", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Push", ours="SCP", peer="dcmjs-dimse")
@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="dcmjs-dimse")
async def test_a_work_item_is_created_found_claimed_reported_and_completed(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    uid = generate_uid()
    async with bench(tmp_path, services=["ups"]) as it:
        planner = it.scu("TPS", PUSH, client=ups_client)
        linac = it.scu("LINAC1", PULL, client=ups_client)
        assert (await planner.create(uid, work_item())).status == 0
        keys = Dataset()
        keys.SpecificCharacterSet = "GB18030"
        keys.SOPInstanceUID, keys.PatientName, keys.ProcedureStepState = "", "=张*", "SCHEDULED"
        station = Dataset()
        station.CodeValue = "LINAC1"
        keys.ScheduledStationNameCodeSequence = [station]
        keys.ScheduledProcedureStepStartDateTime = "20250601-20250602"
        (found,) = await linac.find(keys)
        status, transaction = await linac.claim(uid)
        assert status == 0
        assert (await linac.set(uid, progress("50"), transaction)).status == 0
        unfinished = await linac.state(uid, "COMPLETED", transaction)
        assert (await linac.set(uid, performed(), transaction)).status == 0
        done = await linac.state(uid, "COMPLETED", transaction)
        seen = await linac.get(uid)
    assert (found.SOPInstanceUID, found.PatientName.ideographic) == (uid, "张^伟")
    assert found.SpecificCharacterSet == ups_client.charset
    assert (unfinished.status, done.status) == (0xC304, 0)
    assert seen.dataset is not None
    assert seen.dataset.ProcedureStepState == "COMPLETED"
    assert str(seen.dataset.PatientName.ideographic) == "张^伟"
    assert "TransactionUID" not in seen.dataset


@pytest.mark.dicom_peer(service="UPS Push", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Push", ours="SCP", peer="dcmjs-dimse")
async def test_creation_is_refused_with_the_status_that_says_why(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    async with bench(tmp_path, services=["ups"], ups={"items": 1}) as it:
        scu, uid = it.scu("TPS", PUSH, client=ups_client), generate_uid()
        without = work_item()
        del without.ScheduledProcedureStepPriority
        told = [
            await scu.create(uid, work_item(ProcedureStepState="IN PROGRESS")),
            await scu.create(uid, without),
            await scu.create(uid, work_item(ProcedureStepLabel="")),
            await scu.create(uid, work_item(ScheduledProcedureStepPriority="SOON")),
            await scu.create(uid, work_item(TransactionUID=generate_uid())),
        ]
        thin = work_item()
        del thin.AdmissionID, thin.WorklistLabel
        filled = await scu.create(uid, thin)
        again = await scu.create(uid, work_item())
        one_too_many = await scu.create(generate_uid(), work_item())
        seen = (await scu.get(uid)).dataset
    statuses = [0xC309, 0x0120, 0x0121, 0x0106, 0x0106]
    assert [each.status for each in told] == statuses
    assert (filled.status, again.status, one_too_many.status) == (0xB300, 0x0111, 0x0213)
    assert seen is not None
    assert (seen.WorklistLabel, seen.AdmissionID) == ("ISOGATE", "")


@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Pull", ours="SCP", peer="dcmjs-dimse")
async def test_every_wrong_step_is_told_its_status(tmp_path: Path, ups_client: UpsClient) -> None:
    """PS3.4 table CC.1.1-2, cell by cell, as far as a peer can get there."""
    async with bench(tmp_path, services=["ups"]) as it:
        scu, uid = it.scu("LINAC1", client=ups_client), generate_uid()
        other = it.scu("LINAC2", client=ups_client)
        unknown = await scu.state(uid, "IN PROGRESS", generate_uid())
        assert (await scu.create(uid, work_item())).status == 0
        scheduled = [
            await scu.state(uid, "COMPLETED", generate_uid()),
            await scu.state(uid, "CANCELED", generate_uid()),
            await scu.state(uid, "IN PROGRESS"),
            await scu.state(uid, "SCHEDULED", generate_uid()),
            await scu.state(uid, "RESTING", generate_uid()),
            await scu.set(uid, progress("1"), generate_uid()),
            await scu.set(uid, progress("1")),
        ]
        status, transaction = await scu.claim(uid)
        assert status == 0
        stolen = generate_uid()
        claimed = [
            await scu.state(uid, "IN PROGRESS", transaction),
            await other.state(uid, "IN PROGRESS", stolen),
            await scu.state(uid, "COMPLETED", stolen),
            await scu.state(uid, "CANCELED"),
            await scu.state(uid, "CANCELED", transaction),
            await scu.set(uid, progress("2"), stolen),
            await scu.set(uid, progress("2")),
            await other.set(uid, progress("2"), transaction),
            await other.state(uid, "CANCELED", transaction),
            await scu.set(uid, Dataset(), transaction),
            await scu.set(uid, _named("Li^Na"), transaction),
            await scu.cancel(uid),
        ]
        assert (await scu.set(uid, performed(), transaction)).status == 0
        assert (await scu.state(uid, "COMPLETED", transaction)).status == 0
        completed = [
            await scu.state(uid, "COMPLETED", transaction),
            await scu.state(uid, "CANCELED", transaction),
            await scu.state(uid, "IN PROGRESS", transaction),
            await scu.state(uid, "COMPLETED", stolen),
            await scu.set(uid, progress("3"), transaction),
            await scu.cancel(uid),
            await scu.act(9, uid, _named("")),
            await scu.get(generate_uid()),
        ]
    assert unknown.status == 0xC307
    assert [each.status for each in scheduled] == [
        0xC310,
        0xC310,
        0xC301,
        0xC303,
        0x0115,
        0xC310,
        0x0000,
    ]
    assert [each.status for each in claimed] == [
        0xC302,
        0xC301,
        0xC301,
        0xC301,
        0xC304,
        0xC301,
        0xC301,
        0x0124,
        0x0124,
        0x0000,
        0x0106,
        0xC312,
    ]
    assert [each.status for each in completed] == [
        0xB306,
        0xC300,
        0xC300,
        0xC301,
        0xC300,
        0xC311,
        0x0123,
        0xC307,
    ]


async def test_a_claim_is_canceled_by_its_performer_once(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    async with bench(tmp_path, services=["ups"]) as it:
        scu, uid = it.scu(client=ups_client), generate_uid()
        assert (await scu.create(uid, work_item())).status == 0
        _, transaction = await scu.claim(uid)
        assert (await scu.set(uid, discontinued(), transaction)).status == 0
        told = [
            await scu.state(uid, "CANCELED", transaction),
            await scu.state(uid, "CANCELED", transaction),
            await scu.state(uid, "COMPLETED", transaction),
            await scu.cancel(uid),
        ]
        seen = (await scu.get(uid)).dataset
    assert [each.status for each in told] == [0x0000, 0xB304, 0xC300, 0xB304]
    assert seen is not None
    (item,) = seen.ProcedureStepProgressInformationSequence
    assert item.ReasonForCancellation == "Interlock"
    assert item.ProcedureStepCancellationDateTime


@pytest.mark.parametrize("context", [PUSH, WATCH, PULL, EVENT, QUERY])
async def test_any_class_and_any_context_will_do(
    tmp_path: Path, ups_client: UpsClient, context: str
) -> None:
    """One peer sends Pull, another everything on Push."""
    async with bench(tmp_path, services=["ups"]) as it:
        scu, uid = it.scu(context=context, client=ups_client), generate_uid()
        assert (await scu.create(uid, work_item())).status == 0
        status, transaction = await scu.claim(uid)
        keys = Dataset()
        keys.SOPInstanceUID = uid
        found = await scu.find(keys)
        assert (await scu.set(uid, progress("7"), transaction)).status == 0
    assert status == 0
    assert [each.SOPInstanceUID for each in found] == [uid]


async def test_a_get_gives_what_was_asked_for_and_never_the_lock(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    async with bench(tmp_path, services=["ups"]) as it:
        scu, uid = it.scu(client=ups_client), generate_uid()
        await scu.create(uid, work_item())
        _, transaction = await scu.claim(uid)
        some = await scu.get(uid, 0x00741000, 0x00100020, 0x00102000)
        lock = await scu.get(uid, 0x00081195, 0x00741000)
        events = repr(it.ports.events)
    assert (some.status, lock.status) == (0x0000, 0x0001)
    assert some.dataset is not None
    assert lock.dataset is not None
    assert (some.dataset.ProcedureStepState, some.dataset.PatientID) == ("IN PROGRESS", "P-100")
    assert some.dataset.MedicalAlerts == ""
    assert [each.keyword for each in lock.dataset] == ["ProcedureStepState"]
    assert transaction not in events


@pytest.mark.dicom_peer(service="UPS Watch", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="UPS Event", ours="SCP", peer="pynetdicom")
async def test_a_subscriber_hears_of_everything_in_order(tmp_path: Path) -> None:
    uid = generate_uid()
    async with (
        listening("WATCHER") as watcher,
        bench(tmp_path, {"WATCHER": watcher.port}, services=["ups"]) as it,
    ):
        scu, watch = it.scu(), it.scu("WATCHER", WATCH)
        await scu.create(uid, work_item())
        assert (await watch.subscribe(uid, "WATCHER")).status == 0
        _, transaction = await scu.claim(uid)
        await scu.set(uid, progress("10"), transaction)
        await scu.set(uid, _assigned("LINAC2"), transaction)
        await scu.set(uid, _ready("INCOMPLETE"), transaction)
        await scu.set(uid, performed(), transaction)
        await scu.state(uid, "COMPLETED", transaction)
        heard = [await asyncio.wait_for(watcher.heard.get(), 20) for _ in range(6)]
        assert (await watch.unsubscribe(uid, "WATCHER")).status == 0
    assert {each.uid for each in heard} == {uid}
    assert {each.caller for each in heard} == {"ISOGATE"}
    assert [each.kind for each in heard] == [1, 1, 3, 5, 1, 1]
    states = [each.content.ProcedureStepState for each in heard if each.kind == 1]
    assert states == ["SCHEDULED", "IN PROGRESS", "IN PROGRESS", "COMPLETED"]
    (item,) = heard[2].content.ProcedureStepProgressInformationSequence
    assert item.ProcedureStepProgress == "10"
    assert heard[3].content.ScheduledStationNameCodeSequence[0].CodeValue == "LINAC2"
    assert heard[4].content.InputReadinessState == "INCOMPLETE"


async def test_a_request_to_cancel_reaches_the_performer_who_listens(tmp_path: Path) -> None:
    async with (
        listening("LINAC1") as linac,
        bench(tmp_path, {"LINAC1": linac.port}, services=["ups"]) as it,
    ):
        scu, desk, uid = it.scu("LINAC1"), it.scu("DESK", WATCH), generate_uid()
        await scu.create(uid, work_item())
        await scu.claim(uid)
        deaf = await desk.cancel(uid, "patient is ill")
        await scu.subscribe(uid, "LINAC1")
        hears = await desk.cancel(uid, "patient is ill")
        heard = [await asyncio.wait_for(linac.heard.get(), 20) for _ in range(2)]
        seen = (await scu.get(uid)).dataset
    assert (deaf.status, hears.status) == (0xC312, 0x0000)
    request = heard[1]
    assert request.kind == 2
    assert (request.content.RequestingAE, request.content.ReasonForCancellation) == (
        "DESK",
        "patient is ill",
    )
    assert seen is not None
    assert seen.ProcedureStepState == "IN PROGRESS"


async def test_what_nobody_has_claimed_is_canceled_on_request_by_way_of_in_progress(
    tmp_path: Path,
) -> None:
    async with (
        listening("WATCHER") as watcher,
        bench(tmp_path, {"WATCHER": watcher.port}, services=["ups"]) as it,
    ):
        scu, uid = it.scu("DESK", WATCH), generate_uid()
        await scu.create(uid, work_item())
        await scu.subscribe(uid, "WATCHER")
        assert (await scu.cancel(uid, "ill")).status == 0
        heard = [await asyncio.wait_for(watcher.heard.get(), 20) for _ in range(4)]
        seen = (await scu.get(uid)).dataset
    assert [each.kind for each in heard] == [1, 2, 1, 1]
    states = [each.content.ProcedureStepState for each in heard if each.kind == 1]
    assert states == ["SCHEDULED", "IN PROGRESS", "CANCELED"]
    assert heard[-1].content.ReasonForCancellation == "ill"
    assert seen is not None
    (item,) = seen.ProcedureStepProgressInformationSequence
    (reason,) = item.ProcedureStepDiscontinuationReasonCodeSequence
    assert reason.CodeValue == "110513"


async def test_global_subscriptions_take_in_what_is_there_and_what_comes(tmp_path: Path) -> None:
    first, second, third = (generate_uid() for _ in range(3))
    async with (
        listening("ALL") as everything,
        listening("SOME") as some,
        bench(tmp_path, {"ALL": everything.port, "SOME": some.port}, services=["ups"]) as it,
    ):
        scu = it.scu("DESK", WATCH)
        await scu.create(first, work_item())
        assert (await scu.subscribe(GLOBAL, "ALL", lock=True)).status == 0
        keys = Dataset()
        keys.WorklistLabel = "LINAC2"
        assert (await scu.subscribe(FILTERED, "SOME", keys=keys)).status == 0
        await scu.create(second, work_item(WorklistLabel="LINAC2"))
        assert (await scu.suspend(GLOBAL, "ALL")).status == 0
        await scu.create(third, work_item())
        await scu.set(first, _ready("UNAVAILABLE"))
        for_all = [await asyncio.wait_for(everything.heard.get(), 20) for _ in range(4)]
        for_some = [await asyncio.wait_for(some.heard.get(), 20) for _ in range(2)]
        assert (await scu.unsubscribe(GLOBAL, "ALL")).status == 0
        assert (await scu.unsubscribe(GLOBAL, "SOME")).status == 0
        await scu.set(second, _ready("UNAVAILABLE"))
        await it.engine.folded()
        receivers = await it.engine.items.ask(lambda tables: tables.all_receivers())
    assert [(each.uid, each.kind) for each in for_all] == [
        (first, 1),
        (second, 1),
        (second, 5),
        (first, 1),
    ]
    assert [(each.uid, each.kind) for each in for_some] == [(second, 1), (second, 5)]
    assert receivers == []


async def test_subscriptions_are_refused_with_the_status_that_says_why(
    tmp_path: Path, ups_client: UpsClient
) -> None:
    port, options = free_port(), {"deletion_locks": False}
    async with bench(tmp_path, {"WATCHER": port}, services=["ups"], ups=options) as it:
        scu, uid = it.scu("DESK", WATCH, client=ups_client), generate_uid()
        await scu.create(uid, work_item())
        without = Dataset()
        without.ReceivingAE = "WATCHER"
        told = [
            await scu.subscribe(uid, "NOBODY"),
            await scu.subscribe(generate_uid(), "WATCHER"),
            await scu.subscribe(uid, "WATCHER", lock=True),
            await scu.suspend(uid, "WATCHER"),
            await scu.unsubscribe(FILTERED, "WATCHER"),
            await scu.act(3, uid, without),
            await scu.unsubscribe(uid, "WATCHER"),
        ]
    assert [each.status for each in told] == [
        0xC308,
        0xC307,
        0xB301,
        0xC314,
        0xC314,
        0x0115,
        0x0000,
    ]


def _named(name: str) -> Dataset:
    made = Dataset()
    made.PatientName = name
    return made


def _assigned(station: str) -> Dataset:
    made = Dataset()
    made.ScheduledStationNameCodeSequence = [code(station, station)]
    return made


def _ready(state: str) -> Dataset:
    made = Dataset()
    made.InputReadinessState = state
    return made


async def test_mutated_requests_get_a_status_and_change_nothing_for_others(tmp_path: Path) -> None:
    chance = random.Random(7)
    good = {syntax: encoded(work_item(), syntax) for syntax in SYNTAXES}
    known = {*map(int, Status), *map(int, UpsStatus)}
    commands = [Operation.N_CREATE, Operation.N_SET, Operation.N_ACTION, Operation.C_FIND]
    async with bench(tmp_path, services=["ups"]) as it:
        uid = generate_uid()
        assert (await it.scu().create(uid, work_item())).status == 0
        wanted = [Wanted(PUSH, (syntax,)) for syntax in SYNTAXES]
        async with associate(peer_of(it.node.acceptor), wanted) as association:
            for number in range(count(150, 5000)):
                syntax = chance.choice(SYNTAXES)
                data = bytearray(good[syntax])
                for _ in range(chance.randrange(1, 5)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
                command = Command(
                    chance.choice(commands),
                    sop_class=PUSH,
                    sop_instance=uid if number % 3 else generate_uid(),
                    action_type=chance.randrange(1, 6),
                )
                context = association.context_for(PUSH, syntax)
                answer = await association.send(command, bytes(data), context=context)
                assert answer.status in known, hex(answer.status)
        seen = (await it.scu().get(uid)).dataset
    assert seen is not None
    assert seen.PatientID == "P-100"
