"""What we ask of archives and worklists of others: find, move, get, procedure steps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import N_CREATE, N_SET

from dicom.dimse import Peer, SubOperations
from dicom.scu import steps
from dicom.scu.failure import PeerFailed
from dicom.scu.files import ObjectFile, send_files
from dicom.scu.identifier import Level, keyed, query, with_returned
from dicom.watch.watch import PeerState
from gateway import DeviceUnavailable
from tests.dicom_archives import dcmqrscp, worklist_files
from tests.dicom_forwarding import Forwarder, forwarder
from tests.dicom_objects import RT_PLAN, dataset, encoded, file_of, image, series_of
from tests.dicom_peers import OURS, Foreign, orthanc, storescp, wlmscpfs
from tests.peers import LOOPBACK, free_port

STUDY = "1.2.826.0.1.3680043.8.498.1"


def peers(port: int, archive: Foreign | None = None, **more: Any) -> dict[str, Any]:
    known = {"gone": {"title": "GONE", "host": LOOPBACK, "port": free_port()}}
    if archive is not None:
        known["archive"] = {"title": archive.title, "host": LOOPBACK, "port": archive.port}
    return {"listeners": [{"port": port}], "peers": known, **more}


async def fill(archive: Foreign, files: dict[str, Path]) -> None:
    peer = Peer(archive.title, LOOPBACK, archive.port, OURS)
    objects = [ObjectFile.of(path) for path in files.values()]
    outcomes = [each async for each in send_files(peer, objects)]
    assert [each.words for each in outcomes if not each.taken] == []


@asynccontextmanager
async def with_orthanc(
    tmp_path: Path, count: int = 4
) -> AsyncIterator[tuple[Forwarder, dict[str, Path]]]:
    """Our node, and an Orthanc that has a series and a plan."""
    port = free_port()
    files = dict(series_of(tmp_path / "sent", count, 64))
    plan = dataset(RT_PLAN, SeriesInstanceUID=generate_uid())
    files[str(plan.SOPInstanceUID)] = file_of(plan, tmp_path / "sent" / "plan.dcm")
    ours, encoding = {OURS: (LOOPBACK, port)}, "Utf8"
    async with orthanc(tmp_path / "orthanc", ours, DefaultEncoding=encoding) as pacs:
        await fill(pacs, files)
        async with forwarder(tmp_path / "ours", peers(port, pacs)) as it:
            yield it, files


@asynccontextmanager
async def with_dcmqrscp(
    tmp_path: Path, count: int = 4
) -> AsyncIterator[tuple[Forwarder, dict[str, Path]]]:
    port = free_port()
    files = dict(series_of(tmp_path / "sent", count, 64))
    async with dcmqrscp(tmp_path / "archive", {OURS: port}) as archive:
        await fill(archive, files)
        async with forwarder(tmp_path / "ours", peers(port, archive)) as it:
            yield it, files


async def found(it: Forwarder, level: Level, **keys: str) -> list[Dataset]:
    asked = with_returned(query(level, keys), level)
    return [match async for match in it.outward.asking.find("archive", asked)]


async def has_all(it: Forwarder, files: dict[str, Path]) -> None:
    """Every object is stored here, as the archive has it, and came from the archive."""
    await it.node.index.reached(it.ports.last_seq)
    for uid, path in files.items():
        stored = await it.node.index.instance(uid)
        assert stored is not None, uid
        async with it.node.blobs.in_memory(stored.blob) as whole:
            assert encoded(dcmread(whole)) == encoded(dcmread(path))
    devices = {event.source.device for event in it.ports.events if event.kind == "object"}
    assert devices == {"archive"}


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query/Retrieve", ours="SCU", peer="Orthanc")
async def test_we_find_studies_series_and_images_in_orthanc(tmp_path: Path) -> None:
    async with with_orthanc(tmp_path) as (it, files):
        (study,) = await found(it, Level.STUDY, PatientID="P-100")
        assert study.StudyInstanceUID == STUDY
        assert str(study.PatientName) == "Zhang^Wei=张^伟"
        assert len(await found(it, Level.STUDY, PatientName="*张*")) == 1
        assert await found(it, Level.STUDY, PatientID="nobody") == []
        assert len(await found(it, Level.SERIES, StudyInstanceUID=STUDY)) == 2
        images = await found(
            it, Level.IMAGE, StudyInstanceUID=STUDY, SeriesInstanceUID=f"{STUDY}.1"
        )
    assert {str(each.SOPInstanceUID) for each in images} < set(files)


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query/Retrieve", ours="SCU", peer="Orthanc")
async def test_orthanc_moves_a_study_to_us(tmp_path: Path) -> None:
    async with with_orthanc(tmp_path) as (it, files):
        asked = query(Level.STUDY, {"StudyInstanceUID": STUDY})
        counts = [each async for each in it.outward.asking.move("archive", asked)]
        assert (counts[-1].completed, counts[-1].failed) == (len(files), 0)
        await has_all(it, files)


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query/Retrieve", ours="SCU", peer="Orthanc")
async def test_we_get_a_study_from_orthanc_on_one_association(tmp_path: Path) -> None:
    async with with_orthanc(tmp_path) as (it, files):
        asked = query(Level.STUDY, {"StudyInstanceUID": STUDY})
        counts = [each async for each in it.outward.asking.get("archive", asked)]
        assert (counts[-1].completed, counts[-1].failed) == (len(files), 0)
        await has_all(it, files)


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query/Retrieve", ours="SCU", peer="DCMTK dcmqrscp")
async def test_we_find_in_dcmqrscp_and_may_leave_early(tmp_path: Path) -> None:
    async with with_dcmqrscp(tmp_path, 30) as (it, files):
        (study,) = await found(it, Level.STUDY, PatientID="P-1*")
        assert study.StudyInstanceUID == STUDY
        asked = query(
            Level.IMAGE,
            {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1", "SOPInstanceUID": ""},
        )
        matches = it.outward.asking.find("archive", asked)
        first = await anext(matches)
        await matches.aclose()
        assert str(first.SOPInstanceUID) in files
        assert len([match async for match in it.outward.asking.find("archive", asked)]) == 30


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query/Retrieve", ours="SCU", peer="DCMTK dcmqrscp")
@pytest.mark.parametrize("verb", ["move", "get"])
async def test_dcmqrscp_gives_us_a_study(tmp_path: Path, verb: str) -> None:
    async with with_dcmqrscp(tmp_path) as (it, files):
        asked = query(Level.STUDY, {"StudyInstanceUID": STUDY})
        ask = it.outward.asking.move if verb == "move" else it.outward.asking.get
        counts: list[SubOperations] = [each async for each in ask("archive", asked)]
        assert (counts[-1].completed, counts[-1].failed) == (len(files), 0)
        assert len(counts) > len(files), "counts grow as objects come"
        await has_all(it, files)


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query/Retrieve", ours="SCU", peer="DCMTK dcmqrscp")
async def test_dcmqrscp_says_that_it_does_not_know_a_destination(tmp_path: Path) -> None:
    async with with_dcmqrscp(tmp_path) as (it, _):
        asked = query(Level.STUDY, {"StudyInstanceUID": STUDY})
        with pytest.raises(PeerFailed, match=r"does not know the destination.*A801H"):
            _ = [each async for each in it.outward.asking.move("archive", asked, "NOBODY")]


async def test_a_peer_that_is_away_is_said_so(tmp_path: Path) -> None:
    async with forwarder(tmp_path, peers(free_port())) as it:
        with pytest.raises(DeviceUnavailable, match="check host, port and network"):
            _ = [each async for each in it.outward.asking.find("gone", Dataset())]


def scheduled(name: str, day: str, modality: str) -> Dataset:
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = "1.2.276.0.7230010.3.1.0.1", generate_uid()
    made.AccessionNumber, made.PatientName, made.PatientID = "A1", name, "P-1"
    made.PatientBirthDate, made.PatientSex = "19700101", "F"
    made.StudyInstanceUID = generate_uid()
    made.RequestedProcedureDescription, made.RequestedProcedureID = "Simulation", "R1"
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = modality, "SIM1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = day, "0800"
    step.ScheduledPerformingPhysicianName = "A^B"
    step.ScheduledProcedureStepDescription, step.ScheduledProcedureStepID = "Sim", "S1"
    made.ScheduledProcedureStepSequence = [step]
    return made


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Modality Worklist", ours="SCU", peer="DCMTK wlmscpfs")
async def test_we_read_the_worklist_of_wlmscpfs(tmp_path: Path) -> None:
    items = {
        "one": scheduled("Li^Na=李^娜", "20260101", "CT"),
        "two": scheduled("Wang^Fang", "20260102", "CT"),
        "three": scheduled("Zhao^Lei", "20260101", "MR"),
    }
    worklist_files(tmp_path / "wl", "WORKLIST", items)
    async with (
        wlmscpfs(tmp_path / "wl", "WORKLIST") as archive,
        forwarder(tmp_path / "ours", peers(free_port(), archive)) as it,
    ):
        asked = keyed({"PatientName": "", "PatientID": "", "StudyInstanceUID": ""})
        step = keyed({"Modality": "CT", "ScheduledProcedureStepStartDate": "20260101"})
        asked.ScheduledProcedureStepSequence = [step]
        (match,) = [each async for each in it.outward.asking.worklist("archive", asked)]
    assert str(match.PatientName) == "Li^Na=李^娜"
    assert match.StudyInstanceUID == items["one"].StudyInstanceUID


@contextmanager
def step_keeper() -> Iterator[tuple[int, dict[str, Dataset]]]:
    """pynetdicom as SCP of MPPS."""
    kept: dict[str, Dataset] = {}

    def create(event: evt.Event) -> tuple[int, Dataset | None]:
        assert isinstance(event.request, N_CREATE)
        uid = str(event.request.AffectedSOPInstanceUID)
        if uid in kept:
            return 0x0111, None
        kept[uid] = event.attribute_list
        return 0x0000, event.attribute_list

    def update(event: evt.Event) -> tuple[int, Dataset | None]:
        assert isinstance(event.request, N_SET)
        uid = str(event.request.RequestedSOPInstanceUID)
        if uid not in kept:
            return 0x0112, None
        kept[uid].update(event.modification_list)
        return 0x0000, kept[uid]

    entity = AE("KEEPER")
    entity.add_supported_context(steps.MPPS)
    server = entity.start_server(
        (LOOPBACK, 0),
        block=False,
        evt_handlers=[(evt.EVT_N_CREATE, create), (evt.EVT_N_SET, update)],
    )
    assert server is not None
    try:
        yield server.server_address[1], kept
    finally:
        server.shutdown()


@pytest.mark.dicom_peer(service="Modality Performed Procedure Step", ours="SCU", peer="pynetdicom")
async def test_we_tell_of_a_procedure_step_that_begins_and_ends(tmp_path: Path) -> None:
    uid = generate_uid()
    with step_keeper() as (port, kept):
        keeper = Foreign("KEEPER", port, tmp_path)
        async with forwarder(tmp_path / "ours", peers(free_port(), keeper)) as it:
            asking = it.outward.asking
            begun = steps.begun(
                {"StudyInstanceUID": STUDY, "AccessionNumber": "A1"},
                {"PerformedStationAETitle": OURS, "Modality": "RTIMAGE"},
            )
            await asking.create_step("archive", uid, begun)
            assert kept[uid].PerformedProcedureStepStatus == "IN PROGRESS"
            with pytest.raises(PeerFailed, match="has this instance already"):
                await asking.create_step("archive", uid, begun)
            ended = steps.ended(steps.StepStatus.COMPLETED, "20260101", "0815")
            await asking.update_step("archive", uid, ended)
            with pytest.raises(PeerFailed, match="no such instance"):
                await asking.update_step("archive", generate_uid(), ended)
            with pytest.raises(ValueError, match="created IN PROGRESS"):
                await asking.create_step("archive", uid, ended)
    assert kept[uid].PerformedProcedureStepStatus == "COMPLETED"
    assert kept[uid].ScheduledStepAttributesSequence[0].AccessionNumber == "A1"


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Storage", ours="SCU", peer="DCMTK storescp")
async def test_files_are_sent_each_in_its_own_transfer_syntax(tmp_path: Path) -> None:
    folder = tmp_path / "sent"
    folder.mkdir()
    syntaxes = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70")
    for syntax in syntaxes:
        file_of(image(16) if syntax != syntaxes[2] else dataset(), folder / f"{syntax}.dcm", syntax)
    objects = [ObjectFile.of(path) for path in sorted(folder.iterdir())]
    async with storescp(tmp_path / "in") as archive:
        peer = Peer(archive.title, LOOPBACK, archive.port, OURS)
        outcomes = {each.file.transfer_syntax: each async for each in send_files(peer, objects)}
        arrived = {dcmread(path).file_meta.TransferSyntaxUID for path in archive.folder.iterdir()}
    assert arrived == set(syntaxes[:2])
    assert "does not take" in outcomes[syntaxes[2]].words
    assert [each.taken for each in outcomes.values()].count(False) == 1


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Verification", ours="SCU", peer="Orthanc")
@pytest.mark.dicom_peer(service="Verification", ours="SCU", peer="DCMTK storescp")
async def test_peers_that_answer_are_seen_with_their_latency(tmp_path: Path) -> None:
    async with (
        orthanc(tmp_path / "orthanc") as pacs,
        storescp(tmp_path / "in") as archive,
    ):
        known = {
            each.title.lower(): {"title": each.title, "host": LOOPBACK, "port": each.port}
            for each in (pacs, archive)
        }
        watched = {"peers": known, "watch": {"interval": 1, "timeout": 5}}
        async with forwarder(tmp_path / "ours", watched) as it:

            async def all_are(state: PeerState) -> bool:
                return {each.state for each in it.outward.watch.peers()} == {state}

            await it.reached(lambda: all_are(PeerState.UP))
            assert all((each.seconds or 9) < 5 for each in it.outward.watch.peers())
