"""Storage commitment over the wire: requests by pynetdicom and Orthanc, and what is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicom.dimse import Command, Operation, Wanted, associate
from tests.dicom_objects import CT, RT_PLAN, dataset, encoded, file_of
from tests.dicom_peers import OURS, orthanc, peer_of
from tests.dicom_ups import COMMITMENT, Bench, FollowedPorts, Heard, Listener, bench, listening
from tests.peers import LOOPBACK, count, free_port

INSTANCE = "1.2.840.10008.1.20.1.1"
SERVICES = ("verification", "storage", "commitment")


async def store(it: Bench, *made: Dataset) -> None:
    async with associate(peer_of(it.node.acceptor), [Wanted(CT), Wanted(RT_PLAN)]) as association:
        for each in made:
            command = Command(
                Operation.C_STORE, sop_class=each.SOPClassUID, sop_instance=each.SOPInstanceUID
            )
            answer = await association.send(command, encoded(each, ExplicitVRLittleEndian))
            assert answer.status == 0


def request(references: Sequence[tuple[str, str]], transaction: str = "") -> Dataset:
    made = Dataset()
    made.TransactionUID = transaction or generate_uid()
    items = []
    for sop_class, uid in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        items.append(item)
    made.ReferencedSOPSequence = items
    return made


async def ask(it: Bench, made: Dataset, title: str = "MODALITY", uid: str = INSTANCE) -> int:
    scu = it.scu(title, COMMITMENT)
    return (await scu.act(1, uid, made, COMMITMENT)).status


def kept(heard: Heard) -> set[str]:
    found = heard.content.get("ReferencedSOPSequence") or ()
    return {each.ReferencedSOPInstanceUID for each in found}


def failed(heard: Heard) -> dict[str, int]:
    found = heard.content.get("FailedSOPSequence") or ()
    return {each.ReferencedSOPInstanceUID: each.FailureReason for each in found}


async def heard_by(listener: Listener) -> Heard:
    return await asyncio.wait_for(listener.heard.get(), 30)


@pytest.mark.dicom_peer(service="Storage commitment", ours="SCP", peer="pynetdicom")
async def test_what_is_stored_whole_is_committed_to(tmp_path: Path) -> None:
    objects = [dataset(), dataset(RT_PLAN), dataset()]
    async with (
        listening("MODALITY", COMMITMENT) as modality,
        bench(tmp_path, {"MODALITY": modality.port}, services=SERVICES) as it,
    ):
        await store(it, *objects)
        made = request([(each.SOPClassUID, each.SOPInstanceUID) for each in objects])
        assert await ask(it, made) == 0
        heard = await heard_by(modality)
        await it.told()
    assert (heard.caller, heard.uid, heard.kind) == (OURS, INSTANCE, 1)
    assert heard.content.TransactionUID == made.TransactionUID
    assert kept(heard) == {each.SOPInstanceUID for each in objects}
    assert "FailedSOPSequence" not in heard.content


@pytest.mark.dicom_peer(service="Storage commitment", ours="SCP", peer="pynetdicom")
async def test_what_is_not_is_named_with_the_reason(tmp_path: Path) -> None:
    good, other_class, twice, again, damaged = (dataset() for _ in range(5))
    again.SOPInstanceUID, again.PatientID = twice.SOPInstanceUID, "P-999"
    missing = generate_uid()
    async with (
        listening("MODALITY", COMMITMENT) as modality,
        bench(tmp_path, {"MODALITY": modality.port}, services=SERVICES) as it,
    ):
        await store(it, good, other_class, twice, again, damaged)
        await it.node.index.reached(it.ports.last_seq)
        stored = await it.node.index.instance(damaged.SOPInstanceUID)
        assert stored is not None
        path = it.node.blobs.place(stored.blob)
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        named = [
            (CT, good.SOPInstanceUID),
            (RT_PLAN, other_class.SOPInstanceUID),
            (CT, twice.SOPInstanceUID),
            (CT, damaged.SOPInstanceUID),
            (CT, missing),
        ]
        assert await ask(it, request(named)) == 0
        heard = await heard_by(modality)
        await it.told()
    assert heard.kind == 2
    assert kept(heard) == {good.SOPInstanceUID}
    assert failed(heard) == {
        other_class.SOPInstanceUID: 0x0119,
        twice.SOPInstanceUID: 0x0110,
        damaged.SOPInstanceUID: 0x0110,
        missing: 0x0112,
    }


async def test_a_transaction_is_used_once(tmp_path: Path) -> None:
    """The same request again is reported on again; another one under its UID fails with 0131."""
    one, two = dataset(), dataset()
    async with (
        listening("MODALITY", COMMITMENT) as modality,
        bench(tmp_path, {"MODALITY": modality.port}, services=SERVICES) as it,
    ):
        await store(it, one, two)
        transaction = generate_uid()
        first = [(CT, one.SOPInstanceUID)]
        assert await ask(it, request(first, transaction)) == 0
        heard = [await heard_by(modality)]
        assert await ask(it, request(first, transaction)) == 0
        heard.append(await heard_by(modality))
        assert await ask(it, request([(CT, two.SOPInstanceUID)], transaction)) == 0
        heard.append(await heard_by(modality))
        await it.told()
        events = [event for event in it.ports.events if event.code.code == "commitment.request"]
    assert [each.kind for each in heard] == [1, 1, 2]
    assert failed(heard[2]) == {two.SOPInstanceUID: 0x0131}
    assert len(events) == 1


async def test_requests_are_refused_with_the_status_that_says_why(tmp_path: Path) -> None:
    reference = (CT, generate_uid())
    limits = {"references": 2}
    peers = {"MODALITY": free_port()}
    async with bench(tmp_path, peers, services=SERVICES, commitment=limits) as it:
        no_transaction = request([reference])
        del no_transaction.TransactionUID
        told = [
            await ask(it, request([reference]), "STRANGER"),
            await ask(it, request([reference]), uid=generate_uid()),
            await ask(it, no_transaction),
            await ask(it, request([])),
            await ask(it, request([reference, reference])),
            await ask(it, request([(CT, generate_uid()) for _ in range(3)])),
        ]
        it.ports.refuses = True
        told.append(await ask(it, request([reference])))
        events = list(it.ports.events)
    assert told == [0x0124, 0x0112, 0x0115, 0x0115, 0x0115, 0x0213, 0x0213]
    assert events == []


async def test_thousands_of_references_are_one_request(tmp_path: Path) -> None:
    stored, many = dataset(), count(2000, 10_000)
    named = [(CT, stored.SOPInstanceUID), *((CT, generate_uid()) for _ in range(many - 1))]
    async with (
        listening("MODALITY", COMMITMENT) as modality,
        bench(tmp_path, {"MODALITY": modality.port}, services=SERVICES) as it,
    ):
        await store(it, stored)
        assert await ask(it, request(named)) == 0
        heard = await heard_by(modality)
        await it.told()
    assert kept(heard) == {stored.SOPInstanceUID}
    assert len(failed(heard)) == many - 1


async def test_an_answer_reaches_a_peer_that_was_away_and_a_restart_between(tmp_path: Path) -> None:
    made, port, ports = dataset(), free_port(), FollowedPorts()
    async with bench(tmp_path, {"MODALITY": port}, services=SERVICES, ports=ports) as it:
        await store(it, made)
        assert await ask(it, request([(CT, made.SOPInstanceUID)])) == 0
    async with (
        listening("MODALITY", COMMITMENT, port) as modality,
        bench(tmp_path, {"MODALITY": port}, services=SERVICES, ports=ports) as it,
    ):
        heard = await heard_by(modality)
        await it.settled()
    assert kept(heard) == {made.SOPInstanceUID}


async def test_a_report_that_is_refused_for_good_becomes_a_dead_letter(tmp_path: Path) -> None:
    made = dataset()
    async with (
        listening("MODALITY", COMMITMENT, answer=0x0112) as modality,
        bench(tmp_path, {"MODALITY": modality.port}, services=SERVICES) as it,
    ):
        await store(it, made)
        assert await ask(it, request([(CT, made.SOPInstanceUID)])) == 0
        await heard_by(modality)
        await it.settled()
        (dead,) = await it.ports.outbox.dead()
    assert "0x0112" in dead.error


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage commitment", ours="SCP", peer="Orthanc")
async def test_orthanc_asks_and_is_told(tmp_path: Path) -> None:
    ours = free_port()
    async with (
        orthanc(tmp_path / "orthanc", {OURS: (LOOPBACK, ours)}) as foreign,
        bench(
            tmp_path / "node",
            {"ORTHANC": foreign.port},
            services=SERVICES,
            listeners=[{"port": ours}],
        ),
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{foreign.http}") as client,
    ):
        here, gone = dataset(), generate_uid()
        file_of(here, tmp_path / "one.dcm")
        uploaded = await client.post("/instances", content=(tmp_path / "one.dcm").read_bytes())
        sent = await client.post(f"/modalities/{OURS}/store", json=uploaded.json()["ID"])
        assert sent.status_code == 200, sent.text
        asked = await client.post(
            f"/modalities/{OURS}/storage-commitment",
            json={"DicomInstances": [[CT, here.SOPInstanceUID], [CT, gone]]},
        )
        assert asked.status_code == 200, asked.text
        report = await reported(client, asked.json()["ID"])
    assert [each["SOPInstanceUID"] for each in report["Success"]] == [here.SOPInstanceUID]
    (failure,) = report["Failures"]
    assert failure["SOPInstanceUID"] == gone
    assert failure["FailureReason"] == 0x0112, failure


async def reported(client: httpx.AsyncClient, transaction: str) -> Any:
    """Orthanc's report, once it has heard of us."""
    async with asyncio.timeout(30):
        while True:
            found = (await client.get(f"/storage-commitment/{transaction}")).json()
            if found["Status"] != "Pending":
                return found
            await asyncio.sleep(0.1)
