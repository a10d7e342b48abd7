"""Storage against DCMTK, Orthanc and pynetdicom, in both directions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread
from pynetdicom import AE, StoragePresentationContexts, evt
from pynetdicom.dimse_primitives import C_STORE

from dicom.dimse import Command, Operation, Peer, Status, Wanted, accepting, associate
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from gateway.testing import MemoryRoomPorts, room_context
from tests.dicom_objects import (
    CT,
    RT_DOSE,
    RT_PLAN,
    RT_RECORD,
    dataset,
    encoded,
    file_of,
    image,
    series_of,
)
from tests.dicom_peers import OURS, orthanc, storescp, tool
from tests.peers import LOOPBACK

SOP_CLASSES = (
    CT,
    RT_PLAN,
    RT_DOSE,
    RT_RECORD,
    "1.2.840.10008.5.1.4.1.1.481.3",  # RT Structure Set
    "1.2.840.10008.5.1.4.1.1.481.8",  # RT Ion Plan
    "1.2.840.10008.5.1.4.34.7",  # RT Beams Delivery Instruction
    "1.2.840.10008.5.1.4.1.1.481.10",  # RT Physician Intent, second generation
)


@asynccontextmanager
async def our_node(tmp_path: Path) -> AsyncIterator[tuple[Node, MemoryRoomPorts, int]]:
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone"}},
            "storage": {"min_free": 10**6},
        }
    )
    ports = MemoryRoomPorts()
    async with (
        open_node(options, room_context(tmp_path / "ours", ports)) as node,
        accepting(node.acceptor, node.listeners) as acceptor,
    ):
        yield node, ports, acceptor.ports[0]


async def stored_well(node: Node, ports: MemoryRoomPorts, files: dict[str, Path]) -> None:
    """Every file is there, indexed, and byte for byte the dataset that was sent."""
    await ports.feed(node.index)
    for uid, path in files.items():
        stored = await node.index.instance(uid)
        assert stored is not None, uid
        async with node.blobs.in_memory(stored.blob) as whole:
            assert dcmread(whole) == dcmread(path)
        assert await node.blobs.verify(stored.blob, stored.origin.transfer_syntax) == ""


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage", ours="SCP", peer="DCMTK storescu")
@pytest.mark.parametrize("nagle", [True, False])
async def test_dcmtk_sends_a_series(tmp_path: Path, *, nagle: bool) -> None:
    files = dict(series_of(tmp_path / "sent", 12, 256))
    env = {} if nagle else {"TCP_NODELAY": "1"}
    async with our_node(tmp_path) as (node, ports, port):
        outcome = await tool(
            "storescu", "-aec", OURS, LOOPBACK, str(port), "+sd", tmp_path / "sent", env=env
        )
        assert outcome.code == 0, outcome.text
        await stored_well(node, ports, files)


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage", ours="SCP", peer="DCMTK storescu")
async def test_dcmtk_sends_radiotherapy_objects_of_both_generations(tmp_path: Path) -> None:
    (tmp_path / "sent").mkdir()
    files = {}
    for sop_class in SOP_CLASSES:
        made = dataset(sop_class)
        files[str(made.SOPInstanceUID)] = file_of(made, tmp_path / "sent" / f"{sop_class}.dcm")
    async with our_node(tmp_path) as (node, ports, port):
        outcome = await tool(
            "storescu", "-R", "-aec", OURS, LOOPBACK, str(port), "+sd", tmp_path / "sent"
        )
        assert outcome.code == 0, outcome.text
        await stored_well(node, ports, files)


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage", ours="SCP", peer="DCMTK storescu")
async def test_dcmtk_sends_compressed_images_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "sent").mkdir()
    plain = file_of(image(128), tmp_path / "plain.dcm")
    compressed = tmp_path / "sent" / "jpeg.dcm"
    assert (await tool("dcmcjpeg", "+e1", plain, compressed)).code == 0
    uid = str(dcmread(compressed).SOPInstanceUID)
    async with our_node(tmp_path) as (node, ports, port):
        outcome = await tool("storescu", "-xs", "-aec", OURS, LOOPBACK, str(port), compressed)
        assert outcome.code == 0, outcome.text
        await stored_well(node, ports, {uid: compressed})
        stored = await node.index.instance(uid)
    assert stored is not None
    assert stored.origin.transfer_syntax == "1.2.840.10008.1.2.4.70"


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Verification", ours="SCP", peer="Orthanc")
@pytest.mark.dicom_peer(service="Storage", ours="SCP", peer="Orthanc")
@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="Orthanc")
async def test_orthanc_sends_to_us_and_we_send_to_orthanc(tmp_path: Path) -> None:
    files = dict(series_of(tmp_path / "sent", 4, 128))
    async with our_node(tmp_path) as (node, ports, port):
        async with orthanc(tmp_path / "orthanc", {OURS: (LOOPBACK, port)}) as pacs:
            await send_to(Peer(pacs.title, LOOPBACK, pacs.port, OURS), files)
            async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{pacs.http}") as http:
                instances = (await http.get("/instances")).json()
                assert len(instances) == len(files)
                answer = await http.post(f"/modalities/{OURS}/echo", content="{}")
                assert answer.status_code == httpx.codes.OK, answer.text
                answer = await http.post(f"/modalities/{OURS}/store", json=instances)
                assert answer.json()["FailedInstancesCount"] == 0
        await stored_well(node, ports, files)


async def send_to(peer: Peer, files: dict[str, Path]) -> None:
    """C-STORE by our own SCU, streamed."""

    async def parts(content: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(content), 10_000):
            yield content[start : start + 10_000]

    async with associate(peer, [Wanted(CT)]) as association:
        for uid, path in files.items():
            command = Command(Operation.C_STORE, sop_class=CT, sop_instance=uid)
            answer = await association.send(command, parts(encoded(dcmread(path))))
            assert answer.status == Status.SUCCESS


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_we_send_to_dcmtk(tmp_path: Path) -> None:
    files = dict(series_of(tmp_path / "sent", 3, 128))
    async with storescp(tmp_path / "in") as archive:
        await send_to(Peer(archive.title, LOOPBACK, archive.port, OURS), files)
    received = [dcmread(path) for path in (tmp_path / "in").iterdir()]
    assert {str(each.SOPInstanceUID) for each in received} == set(files)
    for each in received:
        assert each.PixelData == dcmread(files[str(each.SOPInstanceUID)]).PixelData


@pytest.mark.dicom_peer(service="Storage", ours="SCP", peer="pynetdicom")
async def test_pynetdicom_sends_and_is_told_why_not(tmp_path: Path) -> None:
    made = image(64)
    one = file_of(made, tmp_path / "one.dcm")
    other = file_of(dataset(StudyInstanceUID=""), tmp_path / "other.dcm")
    async with our_node(tmp_path) as (node, ports, port):
        statuses = [
            await asyncio.to_thread(_send_by_pynetdicom, port, path) for path in (one, other)
        ]
        await stored_well(node, ports, {str(made.SOPInstanceUID): one})
    assert statuses == [Status.SUCCESS, Status.DATASET_DOES_NOT_MATCH]


def _send_by_pynetdicom(port: int, path: Path) -> int:
    """One object an association: pynetdicom can lose the answer to a second one in a race."""
    entity = AE("THEM")
    entity.requested_contexts = StoragePresentationContexts
    association = entity.associate(LOOPBACK, port, ae_title=OURS)
    assert association.is_established
    assert len(association.accepted_contexts) == len(entity.requested_contexts)
    status = int(association.send_c_store(dcmread(path)).Status)
    association.release()
    return status


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="pynetdicom")
async def test_pynetdicom_receives_from_us(tmp_path: Path) -> None:
    files = dict(series_of(tmp_path / "sent", 2, 64))
    received: dict[str, bytes] = {}

    def keep(event: evt.Event) -> int:
        request = event.request
        assert isinstance(request, C_STORE)
        assert request.DataSet is not None
        received[str(request.AffectedSOPInstanceUID)] = request.DataSet.getvalue()
        return 0

    entity = AE("THEM")
    entity.add_supported_context(CT)
    server = entity.start_server((LOOPBACK, 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)])
    assert server is not None
    port = server.server_address[1]
    try:
        await send_to(Peer("THEM", LOOPBACK, port, OURS), files)
    finally:
        await asyncio.to_thread(server.shutdown)
    assert received == {uid: encoded(dcmread(path)) for uid, path in files.items()}
