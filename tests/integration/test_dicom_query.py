"""Query/Retrieve against DCMTK, Orthanc and pynetdicom as the ones who ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from dicom.dimse import Command, Operation, Peer, Status, Wanted, accepting, associate
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from gateway.testing import MemoryAuditor, MemoryRoomPorts, room_context
from tests.dicom_objects import CT, RT_PLAN, dataset, encoded, file_of, image
from tests.dicom_peers import OURS, orthanc, storescp, tool
from tests.peers import LOOPBACK, free_port

FIND, GET = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.3"
STUDIES = tuple(f"1.2.826.0.1.3680043.8.498.7.{number}" for number in range(1, 4))
NAMES = (
    ("GB18030", "Wang^Xiaodong=王^小东"),
    ("ISO_IR 192", "Zhang^Wei=张^伟"),
    ("\\ISO 2022 IR 58", "Zhang^Xiaodong=张^小东"),
)
ESCAPED = b"Zhang^Xiaodong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab"
"""The third name as PS3.5 K.2 writes it; pydicom leaves the escapes out."""


@dataclass(frozen=True, slots=True)
class Held:
    """A node of ours that holds three patients with a study each: two images and a plan."""

    node: Node
    ports: MemoryRoomPorts
    audit: MemoryAuditor
    port: int


def objects() -> Sequence[Dataset]:
    made = []
    for number, (study, (charset, name)) in enumerate(zip(STUDIES, NAMES, strict=True), 1):
        facts: dict[str, Any] = {
            "SpecificCharacterSet": charset.split("\\"),
            "PatientName": name if "58" not in charset else "X" * len(ESCAPED),
            "PatientID": f"P-{number}",
            "StudyInstanceUID": study,
            "StudyDate": f"2025060{number}",
            "StudyDescription": "头部" if "58" not in charset else "head",
        }
        for place in (1, 2):
            series = {"SeriesInstanceUID": f"{study}.1", "InstanceNumber": place}
            made.append(image(16, **facts, **series))
        made.append(dataset(RT_PLAN, **facts, SeriesInstanceUID=f"{study}.2"))
    return made


@asynccontextmanager
async def held(
    tmp_path: Path, peers: Mapping[str, int] | None = None, **title: Any
) -> AsyncIterator[Held]:
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {
                OURS: {
                    "allow": "anyone",
                    "services": ["verification", "storage", "query"],
                    **title,
                }
            },
            "peers": {
                name.lower(): {"title": name, "host": LOOPBACK, "port": port}
                for name, port in (peers or {}).items()
            },
            "storage": {"min_free": 10**6},
        }
    )
    ports, audit = MemoryRoomPorts(), MemoryAuditor()
    context = room_context(tmp_path / "ours", ports, audit=audit)
    async with (
        open_node(options, context) as node,
        accepting(node.acceptor, node.listeners) as acceptor,
    ):
        await fill(acceptor.ports[0])
        await ports.feed(node.index)
        yield Held(node, ports, audit, acceptor.ports[0])


async def fill(port: int) -> None:
    async with associate(Peer(OURS, LOOPBACK, port, "TEST"), [Wanted(CT), Wanted(RT_PLAN)]) as on:
        for made in objects():
            command = Command(
                Operation.C_STORE, sop_class=made.SOPClassUID, sop_instance=made.SOPInstanceUID
            )
            syntax = on.context_for(made.SOPClassUID).transfer_syntax
            data = encoded(made, syntax).replace(b"X" * len(ESCAPED), ESCAPED)
            assert (await on.send(command, data)).status == Status.SUCCESS


async def found(held: Held, folder: Path, *keys: str, root: str = "-S") -> list[Dataset]:
    """What findscu got, from the files that it writes."""
    _make(folder)
    options = [part for key in keys for part in ("-k", key)]
    outcome = await tool(
        "findscu", root, "-X", "-od", folder, "-aec", OURS, LOOPBACK, str(held.port), *options
    )
    assert outcome.code == 0, outcome.text
    return read_all(folder)


def read_all(folder: Path) -> list[Dataset]:
    return [dcmread(file) for file in files_of(folder)]


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _make(folder: Path) -> None:
    folder.mkdir()


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query (C-FIND)", ours="SCP", peer="DCMTK findscu")
async def test_dcmtk_finds_studies_by_wild_card_range_and_list(tmp_path: Path) -> None:
    async with held(tmp_path) as it:
        level = "QueryRetrieveLevel=STUDY"
        names = await found(it, tmp_path / "a", level, "PatientName=zhang*", "StudyInstanceUID")
        days = await found(it, tmp_path / "b", level, "StudyDate=20250602-", "StudyInstanceUID")
        some = await found(
            it,
            tmp_path / "c",
            level,
            "StudyInstanceUID=" + "\\".join(STUDIES[:2]),
            "ModalitiesInStudy",
            "NumberOfStudyRelatedInstances",
            "NumberOfStudyRelatedSeries",
        )
    assert {each.StudyInstanceUID for each in names} == set(STUDIES[1:])
    assert {each.StudyInstanceUID for each in days} == set(STUDIES[1:])
    assert {each.StudyInstanceUID for each in some} == set(STUDIES[:2])
    assert {tuple(sorted(each.ModalitiesInStudy)) for each in some} == {("CT", "RTPLAN")}
    assert {
        (each.NumberOfStudyRelatedSeries, each.NumberOfStudyRelatedInstances) for each in some
    } == {(2, 3)}
    assert [each.who.id for each in it.audit.entries] == ["ae:FINDSCU"] * 3
    assert "PatientName=zhang*" in it.audit.entries[0].detail


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query (C-FIND)", ours="SCP", peer="DCMTK findscu")
async def test_dcmtk_finds_each_level_of_patient_root(tmp_path: Path) -> None:
    async with held(tmp_path) as it:
        patients = await found(
            it, tmp_path / "p", "QueryRetrieveLevel=PATIENT", "PatientID", "PatientName", root="-P"
        )
        series = await found(
            it,
            tmp_path / "s",
            "QueryRetrieveLevel=SERIES",
            "PatientID=P-2",
            f"StudyInstanceUID={STUDIES[1]}",
            "Modality=CT",
            "SeriesInstanceUID",
            "NumberOfSeriesRelatedInstances",
            root="-P",
        )
        images = await found(
            it,
            tmp_path / "i",
            "QueryRetrieveLevel=IMAGE",
            "PatientID=P-2",
            f"StudyInstanceUID={STUDIES[1]}",
            f"SeriesInstanceUID={STUDIES[1]}.1",
            "SOPInstanceUID",
            "InstanceNumber",
            "Rows",
            root="-P",
        )
    assert {each.PatientID for each in patients} == {"P-1", "P-2", "P-3"}
    assert [(each.SeriesInstanceUID, each.NumberOfSeriesRelatedInstances) for each in series] == [
        (f"{STUDIES[1]}.1", 2)
    ]
    assert sorted((each.InstanceNumber, each.Rows) for each in images) == [(1, 16), (2, 16)]


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Retrieve (C-MOVE)", ours="SCP", peer="DCMTK movescu")
async def test_dcmtk_moves_a_study_to_a_peer_that_we_know(tmp_path: Path) -> None:
    async with (
        storescp(tmp_path / "archive", title="ARCHIVE") as archive,
        held(tmp_path, {"ARCHIVE": archive.port}) as it,
    ):
        outcome = await tool(
            "movescu",
            "-S",
            "-aec",
            OURS,
            "-aem",
            "ARCHIVE",
            LOOPBACK,
            str(it.port),
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            f"StudyInstanceUID={STUDIES[0]}",
        )
        assert outcome.code == 0, outcome.text
        received = read_all(archive.folder)
    assert len(received) == 3
    assert {str(each.StudyInstanceUID) for each in received} == {STUDIES[0]}
    actions = [(each.action, each.objects["destination"]) for each in it.audit.entries]
    assert actions == [("dicom.move", "ARCHIVE"), ("dicom.move-ended", "ARCHIVE")]


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Retrieve (C-MOVE)", ours="SCP", peer="DCMTK movescu")
async def test_dcmtk_is_told_of_an_unknown_destination(tmp_path: Path) -> None:
    async with held(tmp_path) as it:
        outcome = await tool(
            "movescu",
            "-S",
            "-d",
            "-aec",
            OURS,
            "-aem",
            "NOBODY",
            LOOPBACK,
            str(it.port),
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            f"StudyInstanceUID={STUDIES[0]}",
        )
    assert "0xa801" in outcome.text.lower(), outcome.text


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Retrieve (C-GET)", ours="SCP", peer="DCMTK getscu")
async def test_dcmtk_gets_a_study_on_its_own_association(tmp_path: Path) -> None:
    folder = tmp_path / "got"
    _make(folder)
    async with held(tmp_path) as it:
        outcome = await tool(
            "getscu",
            "-S",
            "-od",
            folder,
            "-aec",
            OURS,
            LOOPBACK,
            str(it.port),
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            f"StudyInstanceUID={STUDIES[2]}",
        )
        assert outcome.code == 0, outcome.text
    received = read_all(folder)
    assert len(received) == 3
    assert all(ESCAPED in file.read_bytes() for file in files_of(folder))


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query (C-FIND)", ours="SCP", peer="Orthanc")
@pytest.mark.dicom_peer(service="Retrieve (C-MOVE)", ours="SCP", peer="Orthanc")
async def test_orthanc_queries_us_and_has_us_move_to_it(tmp_path: Path) -> None:
    port = free_port()
    async with held(tmp_path, {"ORTHANC": port}) as it:
        modalities = {OURS: (LOOPBACK, it.port)}
        async with (
            orthanc(tmp_path / "orthanc", modalities, port=port, DefaultEncoding="Utf8") as pacs,
            httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{pacs.http}", timeout=30) as http,
        ):
            query = {"Level": "Study", "Query": {"PatientName": "*小东*", "StudyDescription": ""}}
            answer = (await http.post(f"/modalities/{OURS}/query", json=query)).json()
            found = (await http.get(f"/queries/{answer['ID']}/answers")).json()
            retrieved = await http.post(
                f"/queries/{answer['ID']}/retrieve", json={"TargetAet": "ORTHANC"}
            )
            assert retrieved.status_code == httpx.codes.OK, retrieved.text
            statistics = (await http.get("/statistics")).json()
            studies = (await http.get("/studies?expand")).json()
    assert len(found) == 2
    assert (statistics["CountStudies"], statistics["CountInstances"]) == (2, 6)
    names = {each["PatientMainDicomTags"]["PatientName"] for each in studies}
    assert names == {NAMES[0][1], NAMES[2][1]}


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Query (C-FIND)", ours="SCP", peer="DCMTK findscu")
async def test_a_query_in_one_character_set_finds_names_stored_in_others(tmp_path: Path) -> None:
    query = Dataset()
    query.SpecificCharacterSet = "GBK"
    query.QueryRetrieveLevel = "STUDY"
    query.PatientName = "*=*小东*"
    query.StudyDescription = ""
    query.StudyInstanceUID = ""
    asked = file_of_query(query, tmp_path / "query.dcm")
    folder = tmp_path / "answers"
    _make(folder)
    async with held(tmp_path) as it:
        outcome = await tool(
            "findscu", "-S", "-X", "-od", folder, "-aec", OURS, LOOPBACK, str(it.port), asked
        )
        assert outcome.code == 0, outcome.text
    answers = read_all(folder)
    assert {str(each.PatientName) for each in answers} == {NAMES[0][1], NAMES[2][1]}
    assert {each.SpecificCharacterSet for each in answers} == {"GBK"}
    assert {each.StudyDescription for each in answers} == {"头部", "head"}


def file_of_query(query: Dataset, path: Path) -> Path:
    query.SOPClassUID, query.SOPInstanceUID = CT, "1.2.3"
    file = file_of(query, path)
    again = dcmread(file)
    del again.SOPClassUID, again.SOPInstanceUID
    again.save_as(file)
    return file


@pytest.mark.dicom_peer(service="Query (C-FIND)", ours="SCP", peer="pynetdicom")
@pytest.mark.dicom_peer(service="Retrieve (C-GET)", ours="SCP", peer="pynetdicom")
async def test_pynetdicom_finds_a_study_by_its_ideographs_and_gets_it(tmp_path: Path) -> None:
    async with held(tmp_path) as it:
        found, got = await asyncio.to_thread(_found_and_got, it.port)
    assert [(each.StudyInstanceUID, str(each.PatientName)) for each in found] == [
        (STUDIES[1], NAMES[1][1])
    ]
    assert len(got) == 3
    assert {each.StudyInstanceUID for each in got} == {STUDIES[1]}


def _found_and_got(port: int) -> tuple[list[Dataset], list[Dataset]]:
    got: list[Dataset] = []

    def keep(event: Any) -> int:
        got.append(event.dataset)
        return 0x0000

    entity = AE("PYNET")
    for sop_class in (FIND, GET, CT, RT_PLAN):
        entity.add_requested_context(sop_class)
    roles: list[Any] = [build_role(sop_class, scp_role=True) for sop_class in (CT, RT_PLAN)]
    association = entity.associate(
        LOOPBACK, port, ae_title=OURS, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    assert association.is_established
    query = Dataset()
    query.SpecificCharacterSet = "GB18030"
    query.QueryRetrieveLevel = "STUDY"
    query.PatientName, query.StudyInstanceUID = "张*伟", ""
    found = [answer for _, answer in association.send_c_find(query, FIND) if answer is not None]
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", found[0].StudyInstanceUID
    *_, (status, _) = association.send_c_get(wanted, GET)
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0x0000, 3)
    association.release()
    return found, got
