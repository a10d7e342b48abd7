"""Forwarding to real archives: in order, once, in the object's own encoding, and never lost."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom.dimse import EXPLICIT, IMPLICIT
from dicom.forward.entry import State
from gateway.room import OWNER
from tests.dicom_forwarding import Forwarder, forwarder
from tests.dicom_objects import CT, RT_PLAN, dataset, encoded, image
from tests.dicom_peers import Foreign, orthanc, storescp
from tests.peers import LOOPBACK, free_port

pytestmark = pytest.mark.peer

JPEG = "1.2.840.10008.1.2.4.70"


def section(
    port: int, *, title: str = "STORESCP", rule: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Everything goes to `archive`."""
    more.setdefault("longest_pause", 1)
    return {
        "peers": {"archive": {"title": title, "host": LOOPBACK, "port": port}},
        "forward": {
            "destinations": {"archive": more},
            "rules": [{"name": "all", "to": ["archive"], **(rule or {})}],
        },
    }


def received(archive: Foreign) -> dict[str, Dataset]:
    files = [dcmread(path) for path in archive.folder.iterdir()]
    return {str(each.SOPInstanceUID): each for each in files}


async def all_done(it: Forwarder, count: int) -> None:
    await it.until("archive", lambda queue: queue.counts.done == count)


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_objects_arrive_whole_in_order_and_once(tmp_path: Path) -> None:
    objects = [image(32, InstanceNumber=number) for number in range(12)]
    objects.append(dataset(RT_PLAN))
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port)) as it,
    ):
        await it.take(*objects)
        await all_done(it, len(objects))
        arrived = received(archive)
        sent = it.said("forward.sent")
    assert [event.payload["sop_instance"] for event in sent if event.payload] == [
        str(each.SOPInstanceUID) for each in objects
    ]
    for made in objects:
        assert encoded(arrived[str(made.SOPInstanceUID)]) == encoded(made)
    facts = sent[0].payload or {}
    assert (facts["status"], facts["bytes"], facts["again"]) == (0, len(encoded(objects[0])), False)
    assert sent[0].source.device == "archive"


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_an_archive_that_is_down_gets_all_of_it_later(tmp_path: Path) -> None:
    port = free_port()
    objects = [image(16) for _ in range(5)]
    async with forwarder(tmp_path / "ours", section(port)) as it:
        await it.take(*objects)
        queue = await it.until(
            "archive", lambda queue: queue.failing is not None and queue.counts.waiting == 5
        )
        assert "check host, port and network" in queue.error
        assert queue.counts.dead == 0
        async with storescp(tmp_path / "in", port=port) as archive:
            await all_done(it, len(objects))
            assert set(received(archive)) == {str(each.SOPInstanceUID) for each in objects}
        said = [words for code, words, _ in it.ports.said if code == "dicom-forward"]
    assert said == ["flowing", "stuck", "flowing"]


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_what_an_archive_does_not_take_is_a_dead_letter_that_can_be_sent_again(
    tmp_path: Path,
) -> None:
    good, bad = image(16), dataset()
    port = free_port()
    async with forwarder(tmp_path / "ours", section(port)) as it:
        async with storescp(tmp_path / "in", port=port):
            await it.take(bad, syntax=JPEG)
            await it.take(good)
            await it.until("archive", lambda queue: queue.counts.dead == 1)
            await all_done(it, 1)
            (letter,) = await it.outward.forwarding.entries("archive", State.DEAD)
        assert f"does not take SOP class {CT} in transfer syntax {JPEG}" in letter.error
        async with storescp(tmp_path / "more", "+xa", port=port) as archive:
            await it.outward.forwarding.retry(OWNER, "archive", [letter.seq])
            await all_done(it, 2)
            assert set(received(archive)) == {str(bad.SOPInstanceUID)}


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_an_archive_that_refuses_associations_is_asked_again(tmp_path: Path) -> None:
    port = free_port()
    async with forwarder(tmp_path / "ours", section(port)) as it:
        async with storescp(tmp_path / "in", "--refuse", port=port):
            await it.take(image(16))
            queue = await it.until("archive", lambda queue: queue.failing is not None)
            assert "refuses 'ISOGATE'" in queue.error
        async with storescp(tmp_path / "more", port=port):
            await all_done(it, 1)


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
@pytest.mark.parametrize("moment", ["--abort-after", "--abort-during"])
async def test_an_object_whose_answer_is_lost_is_sent_again_and_said_so(
    tmp_path: Path, moment: str
) -> None:
    port = free_port()
    async with forwarder(tmp_path / "ours", section(port)) as it:
        async with storescp(tmp_path / "in", moment, port=port):
            await it.take(image(16))
            await it.until("archive", lambda queue: queue.failing is not None)
        async with storescp(tmp_path / "more", port=port):
            await all_done(it, 1)
        (lost, *_), (sent,) = it.said("forward.failed"), it.said("forward.sent")
    assert lost.payload is not None
    assert lost.payload["doubt"]
    assert sent.payload is not None
    assert sent.payload["again"]


async def test_one_that_breaks_every_association_does_not_hold_up_the_others_for_ever(
    tmp_path: Path,
) -> None:
    async with (
        storescp(tmp_path / "in", "--abort-during") as archive,
        forwarder(tmp_path / "ours", section(archive.port, attempts=2)) as it,
    ):
        await it.take(image(16), image(16))
        queue = await it.until("archive", lambda queue: queue.counts.dead == 2)
    assert (queue.counts.waiting, queue.counts.done) == (0, 0)


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_each_object_keeps_its_transfer_syntax(tmp_path: Path) -> None:
    async with (
        storescp(tmp_path / "in", "+xa") as archive,
        forwarder(tmp_path / "ours", section(archive.port)) as it,
    ):
        for syntax in (JPEG, IMPLICIT, EXPLICIT):
            await it.take(dataset(), syntax=syntax)
        await all_done(it, 3)
        arrived = received(archive).values()
    assert {each.file_meta.TransferSyntaxUID for each in arrived} == {JPEG, IMPLICIT, EXPLICIT}


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_several_associations_keep_the_order_within_each_study(tmp_path: Path) -> None:
    studies = {generate_uid(): generate_uid() for _ in range(4)}
    objects = [
        image(16, StudyInstanceUID=study, SeriesInstanceUID=series)
        for _ in range(8)
        for study, series in studies.items()
    ]
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port, associations=3)) as it,
    ):
        await it.take(*objects)
        await all_done(it, len(objects))
        sent = [(event.payload or {})["sop_instance"] for event in it.said("forward.sent")]
    for study in studies:
        own = [str(each.SOPInstanceUID) for each in objects if each.StudyInstanceUID == study]
        assert [uid for uid in sent if uid in own] == own


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_what_was_stored_stays_as_it_was_and_the_copy_says_what_was_changed(
    tmp_path: Path,
) -> None:
    made = image(16)
    rule = {"coerce": {"PatientID": "R-77", "PatientName": "李^雷"}}
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port, rule=rule)) as it,
    ):
        await it.take(made)
        await all_done(it, 1)
        (arrived,) = received(archive).values()
        stored = await it.node.index.instance(made.SOPInstanceUID)
        (sent,) = it.said("forward.sent")
    assert stored is not None
    assert stored.attributes.text("PatientID") == "P-100"
    assert (arrived.PatientID, str(arrived.PatientName)) == ("R-77", "李^雷")
    (item,) = arrived.OriginalAttributesSequence
    assert item.ModifiedAttributesSequence[0].PatientID == "P-100"
    assert arrived.PixelData == made.PixelData
    assert sent.payload is not None
    assert sent.payload["coerced"] == rule["coerce"]
    assert sent.subject is not None, "it names a patient"


async def test_a_name_that_the_object_can_not_write_is_not_sent(tmp_path: Path) -> None:
    rule = {"coerce": {"PatientName": "李^雷"}}
    async with (
        storescp(tmp_path / "in") as archive,
        forwarder(tmp_path / "ours", section(archive.port, rule=rule)) as it,
    ):
        await it.take(dataset(CT, SpecificCharacterSet="ISO_IR 100", PatientName="A^B"))
        await it.until("archive", lambda queue: queue.counts.dead == 1)
        (letter,) = await it.outward.forwarding.entries("archive", State.DEAD)
        assert received(archive) == {}
    assert "ISO_IR 100) can't write" in letter.error


async def test_a_damaged_file_is_never_sent_and_holds_up_nobody(tmp_path: Path) -> None:
    bad, gone, good = image(64), image(64), image(16)
    port = free_port()
    async with forwarder(tmp_path / "ours", section(port)) as it:
        await it.take(bad, gone, good)
        await it.until("archive", lambda queue: queue.counts.waiting == 3)
        changed = await place_of(it, bad)
        data = bytearray(changed.read_bytes())
        data[-100] ^= 1
        changed.write_bytes(data)
        (await place_of(it, gone)).unlink()
        async with storescp(tmp_path / "in", port=port) as archive:
            await it.until("archive", lambda queue: queue.counts.dead == 2)
            await all_done(it, 1)
            letters = await it.outward.forwarding.entries("archive", State.DEAD)
            assert set(received(archive)) == {str(good.SOPInstanceUID)}
    assert [each.uid for each in letters] == [str(bad.SOPInstanceUID), str(gone.SOPInstanceUID)]
    assert all("see `isogate dicom verify`" in each.error for each in letters)
    assert "the file is missing" in letters[1].error


async def place_of(it: Forwarder, made: Dataset) -> Path:
    await it.node.index.reached(it.ports.last_seq)
    stored = await it.node.index.instance(made.SOPInstanceUID)
    assert stored is not None
    return it.node.blobs.place(stored.blob)


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_a_slow_archive_is_waited_for_and_gets_each_object_once(tmp_path: Path) -> None:
    objects = [image(16) for _ in range(3)]
    async with (
        storescp(tmp_path / "in", "--sleep-during", "1", "--unique-filenames") as archive,
        forwarder(tmp_path / "ours", section(archive.port)) as it,
    ):
        await it.take(*objects)
        await all_done(it, 3)
        assert len(list(archive.folder.iterdir())) == 3
        assert set(received(archive)) == {str(each.SOPInstanceUID) for each in objects}
        seconds = [(event.payload or {})["seconds"] for event in it.said("forward.sent")]
    assert min(seconds) >= 1


async def test_an_archive_that_answers_too_late_is_asked_again_and_it_is_said(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with forwarder(tmp_path / "ours", {**section(port), "limits": {"answer": 1}}) as it:
        async with storescp(tmp_path / "in", "--sleep-during", "2", port=port):
            await it.take(image(16))
            await it.until("archive", lambda queue: queue.failing is not None)
        async with storescp(tmp_path / "more", port=port):
            await all_done(it, 1)
        (lost, *_), (sent,) = it.said("forward.failed"), it.said("forward.sent")
    assert "no answer within 1 s" in (lost.value.text if lost.value else "")
    assert (sent.payload or {})["again"]


@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="Orthanc")
async def test_a_study_goes_to_orthanc_whole(tmp_path: Path) -> None:
    objects = [image(32, InstanceNumber=number) for number in range(6)]
    async with (
        orthanc(tmp_path / "orthanc") as pacs,
        forwarder(tmp_path / "ours", section(pacs.port, title=pacs.title)) as it,
    ):
        await it.take(*objects)
        await all_done(it, 6)
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{pacs.http}") as http:
            instances = (await http.get("/instances")).json()
            files = [(await http.get(f"/instances/{each}/file")).content for each in instances]
    arrived = [dcmread(BytesIO(file)) for file in files]
    assert {str(each.SOPInstanceUID): encoded(each) for each in arrived} == {
        str(each.SOPInstanceUID): encoded(each) for each in objects
    }
