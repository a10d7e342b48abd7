"""Performed procedure steps as pynetdicom sends them, and what it understands of our answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]

from dicom.mpps.link import How
from dicom.mpps.said import State
from simulators.rt.asking import leave_answers
from tests.dicom_peers import OURS
from tests.dicom_worklist import Visit, visits
from tests.peers import LOOPBACK
from tests.unit.dicom.test_mpps import keeping

UID = "1.2.840.99.7"


def created(visit: Visit) -> Dataset:
    scheduled, made = Dataset(), Dataset()
    scheduled.StudyInstanceUID = visit.study
    scheduled.ReferencedStudySequence = []
    scheduled.AccessionNumber = visit.accession
    scheduled.RequestedProcedureID = f"R{visit.number}"
    scheduled.RequestedProcedureDescription = "Planning CT"
    scheduled.ScheduledProcedureStepID = visit.step
    scheduled.ScheduledProcedureStepDescription = "Planning CT"
    scheduled.ScheduledProtocolCodeSequence = []
    made.SpecificCharacterSet = "GB18030"
    made.ScheduledStepAttributesSequence = Sequence([scheduled])
    made.PatientName, made.PatientID = "Wang^Wei=王^伟", visit.patient
    made.PatientBirthDate, made.PatientSex = "19600229", "M"
    made.ReferencedPatientSequence = []
    made.PerformedProcedureStepID, made.PerformedStationAETitle = "PPS7", "CT1"
    made.PerformedStationName = made.PerformedLocation = ""
    made.PerformedProcedureStepStartDate = "20261123"
    made.PerformedProcedureStepStartTime = "080500"
    made.PerformedProcedureStepStatus = "IN PROGRESS"
    made.PerformedProcedureStepDescription = made.PerformedProcedureTypeDescription = ""
    made.ProcedureCodeSequence = []
    made.PerformedProcedureStepEndDate = made.PerformedProcedureStepEndTime = ""
    made.Modality, made.StudyID = "CT", ""
    made.PerformedProtocolCodeSequence = []
    made.PerformedSeriesSequence = []
    return made


def completed() -> Dataset:
    series, image, made = Dataset(), Dataset(), Dataset()
    image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    image.ReferencedSOPInstanceUID = "1.2.3.4.1"
    series.PerformingPhysicianName = series.OperatorsName = ""
    series.ProtocolName, series.SeriesDescription = "Head", "Planning"
    series.SeriesInstanceUID, series.RetrieveAETitle = "1.2.3.4", ""
    series.ReferencedImageSequence = Sequence([image])
    series.ReferencedNonImageCompositeSOPInstanceSequence = []
    made.PerformedProcedureStepStatus = "COMPLETED"
    made.PerformedProcedureStepEndDate = "20261123"
    made.PerformedProcedureStepEndTime = "081500"
    made.PerformedSeriesSequence = Sequence([series])
    return made


def create(port: int, visit: Visit) -> list[Dataset]:
    """The step twice."""
    association = _associated(port)
    statuses = [
        association.send_n_create(created(visit), ModalityPerformedProcedureStep, UID)[0]
        for _ in range(2)
    ]
    association.release()
    return statuses


def complete(port: int) -> Dataset:
    association = _associated(port)
    status: Dataset
    status, _ = association.send_n_set(completed(), ModalityPerformedProcedureStep, UID)
    association.release()
    return status


def _associated(port: int):  # type: ignore[no-untyped-def] # noqa: ANN202 - pynetdicom's own
    entity = AE("CT1")
    entity.add_requested_context(ModalityPerformedProcedureStep)
    association = entity.associate(LOOPBACK, port, ae_title=OURS)
    assert association.is_established
    leave_answers(association)
    return association


@pytest.mark.dicom_peer(service="Performed procedure steps (MPPS)", ours="SCP", peer="pynetdicom")
async def test_pynetdicom_creates_a_step_completes_it_and_is_told_what_is_over(
    tmp_path: Path,
) -> None:
    (visit,) = visits(1)
    async with keeping(tmp_path, [visit]) as it:
        port = it.node.acceptor.ports[0]
        first, second = await asyncio.to_thread(create, port, visit)
        await it.ports.feed(it.node.answering.steps)
        done = await asyncio.to_thread(complete, port)
        await it.ports.feed(it.node.answering.steps)
        late = await asyncio.to_thread(complete, port)
        step = await it.step(UID)
    assert [first.Status, second.Status, done.Status] == [0x0000, 0x0111, 0x0000]
    assert (late.Status, late.ErrorID) == (0x0110, 0xA506)
    assert (step.state, step.problems, step.calling) == (State.COMPLETED, (), "CT1")
    assert [link.how for link in step.links] == [How.LINKED]
    assert step.attributes["PatientName"] == "Wang^Wei=王^伟"
