"""The worklist beside DCMTK's wlmscpfs: the same day, the same questions, the same answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread

from dicom.dimse import accepting
from dicom.node import open_node
from dicom.options import DicomOptions
from gateway.model import from_datetime
from gateway.testing import MemoryAuditor, MemoryRoomPorts, room_context
from tests.dicom_peers import OURS, orthanc, tool, wlmscpfs
from tests.dicom_worklist import DAY, Visit, files, told, visits
from tests.peers import LOOPBACK
from tests.unit.dicom.test_worklist import At

QUESTIONS = (
    ("PatientName",),
    ("ScheduledProcedureStepSequence[0].ScheduledStationAETitle=CT1",),
    ("ScheduledProcedureStepSequence[0].Modality=RTIMAGE",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20261124-",),
    ("ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate=20261123",),
    ("PatientName=Zhang*",),
    ("PatientID=P0007",),
    ("AccessionNumber=A00011",),
    ("PatientName=Ouyang*", "ScheduledProcedureStepSequence[0].Modality=RTIMAGE"),
    ("PatientID=NOBODY",),
)
_ALWAYS = (
    "PatientID",
    "AccessionNumber",
    "StudyInstanceUID",
    "PatientBirthDate",
    "PatientSex",
    "RequestedProcedureID",
    "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID",
    "ScheduledProcedureStepSequence[0].ScheduledStationAETitle",
)


@asynccontextmanager
async def ours(tmp_path: Path, made: Sequence[Visit]) -> AsyncIterator[int]:
    schedule, people = await told(made)
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone", "services": ["verification", "worklist"]}},
            "storage": {"min_free": 10**6},
        }
    )
    ports = MemoryRoomPorts(clock=At(from_datetime(DAY)))
    context = room_context(
        tmp_path / "ours", ports, audit=MemoryAuditor(), neighbours=(schedule.book, people.book)
    )
    async with (
        open_node(options, context) as node,
        accepting(node.acceptor, node.listeners) as acceptor,
    ):
        yield acceptor.ports[0]


async def answers(port: int, keys: Sequence[str], folder: Path) -> list[tuple[str, ...]]:
    """What findscu got: the identifying values of each answer."""
    _make(folder)
    wanted = {key.partition("=")[0] for key in keys}
    asked = [*keys, *(key for key in _ALWAYS if key not in wanted)]
    options = [part for key in asked for part in ("-k", key)]
    outcome = await tool(
        "findscu", "-W", "-X", "-od", folder, "-aec", OURS, LOOPBACK, str(port), *options
    )
    assert outcome.code == 0, outcome.text
    return sorted(_identity(file) for file in _files(folder))


def _identity(file: Path) -> tuple[str, ...]:
    found = dcmread(file)
    (step,) = found.ScheduledProcedureStepSequence
    values = [
        *(found.get(key, "") for key in _ALWAYS if "[" not in key),
        step.ScheduledProcedureStepID,
        step.ScheduledStationAETitle,
    ]
    return tuple(map(str, values))


def _make(folder: Path) -> None:
    folder.mkdir(parents=True)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Modality Worklist", ours="SCP", peer="DCMTK findscu")
async def test_dcmtk_gets_the_answers_that_wlmscpfs_gives(tmp_path: Path) -> None:
    made = visits(24, days=2)
    files(made, tmp_path / "files", OURS)
    async with ours(tmp_path, made) as port, wlmscpfs(tmp_path / "files", OURS) as theirs:
        for number, question in enumerate(QUESTIONS):
            mine = await answers(port, question, tmp_path / "mine" / str(number))
            their = await answers(theirs.port, question, tmp_path / "their" / str(number))
            assert mine == their, question
            assert bool(mine) == ("NOBODY" not in question[0])


@pytest.mark.peer
@pytest.mark.dicom_peer(service="Modality Worklist", ours="SCP", peer="Orthanc")
async def test_orthanc_asks_for_the_worklist(tmp_path: Path) -> None:
    made = visits(4)
    async with (
        ours(tmp_path, made) as port,
        orthanc(tmp_path / "orthanc", {OURS: (LOOPBACK, port)}, DefaultEncoding="Utf8") as pacs,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{pacs.http}", timeout=30) as http,
    ):
        query = {
            "PatientID": "",
            "PatientName": "",
            "ScheduledProcedureStepSequence": [{"Modality": "CT", "ScheduledStationAETitle": ""}],
        }
        answer = await http.post(
            f"/modalities/{OURS}/find-worklist", json={"Query": query, "Full": False}
        )
        assert answer.status_code == httpx.codes.OK, answer.text
    found = {each["PatientID"]: each["PatientName"] for each in answer.json()}
    assert found == {"P0000": "Wang^Wei=王^伟", "P0002": "Li^Xiaodong=李^小东"}
