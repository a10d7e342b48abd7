"""MPPS as SCU (PS3.4 Annex F.7): a procedure step that we perform, said to whoever listens."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydicom.dataset import Dataset

from dicom.dimse import Association, Command, Operation, Wanted, is_good
from dicom.scu.failure import PeerFailed
from dicom.scu.identifier import encode

MPPS = "1.2.840.10008.3.1.2.3.3"


class StepStatus(StrEnum):
    """Performed Procedure Step Status (0040,0252)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


def wanted() -> Wanted:
    """The context to associate with."""
    return Wanted(MPPS)


async def create(association: Association, uid: str, step: Dataset) -> None:
    """N-CREATE of a step that begins; it must be IN PROGRESS. PeerFailed if the peer refuses."""
    if step.get("PerformedProcedureStepStatus") != StepStatus.IN_PROGRESS:
        raise ValueError("a procedure step is created IN PROGRESS (PS3.4 F.7.2.1)")
    await _tell(association, Operation.N_CREATE, uid, step)


async def update(association: Association, uid: str, changes: Dataset) -> None:
    """N-SET of what changed; COMPLETED or DISCONTINUED ends the step for good."""
    await _tell(association, Operation.N_SET, uid, changes)


def ended(status: StepStatus, date: str, time: str, **more: object) -> Dataset:
    """The changes that end a step; `more` are further attributes by keyword."""
    made = Dataset()
    made.PerformedProcedureStepStatus = status.value
    made.PerformedProcedureStepEndDate, made.PerformedProcedureStepEndTime = date, time
    for keyword, value in more.items():
        setattr(made, keyword, value)
    return made


def begun(scheduled: Mapping[str, str], performed: Mapping[str, object]) -> Dataset:
    """A step that begins, for one scheduled step of the worklist.

    `scheduled` are attributes of the Scheduled Step Attributes Sequence (the study's UID, the
    accession number, …), `performed` those of the step itself.
    """
    item = Dataset()
    for keyword, value in scheduled.items():
        setattr(item, keyword, value)
    made = Dataset()
    made.ScheduledStepAttributesSequence = [item]
    made.PerformedProcedureStepStatus = StepStatus.IN_PROGRESS.value
    for keyword, said in performed.items():
        setattr(made, keyword, said)
    return made


async def _tell(association: Association, operation: Operation, uid: str, content: Dataset) -> None:
    context = association.context_for(MPPS)
    command = Command(operation, sop_class=MPPS, sop_instance=uid)
    dataset = encode(content, context.transfer_syntax)
    answer = await association.send(command, dataset, context=context)
    if not is_good(answer.status):
        what = f"{operation.name.replace('_', '-')} of a procedure step"
        raise PeerFailed(what, association.parties, answer.status, answer.comment)
