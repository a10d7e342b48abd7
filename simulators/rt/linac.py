"""A linac that gets its work by IHE-RO TDW-II: it asks, claims, fetches, treats, reports, ends.

RO-58 to RO-65: C-FIND on UPS Pull, N-ACTION to IN PROGRESS, N-GET, C-MOVE of plan and delivery
instruction, N-SET of progress, C-STORE of the record, final N-SET, N-ACTION to COMPLETED, or to
CANCELED where it was interrupted. What the other side refuses leaves the beam off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association

from simulators.rt.asking import asking
from simulators.rt.compose import item
from simulators.rt.machine import RT_BEAMS_RECORD, Machine, Part, record
from simulators.rt.send import store

PUSH = "1.2.840.10008.5.1.4.34.6.1"
PULL = "1.2.840.10008.5.1.4.34.6.3"
_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
_INSTRUCTION = "1.2.840.10008.5.1.4.34.7"
_PLANS = ("1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.481.8")
_CHANGE_STATE = 1
_TREATMENT = ("121726", "DCM", "RT Treatment with Internal Verification")
_VERIFIES, _TREATS = ("VERIFY", "VERIFY_AND_TREAT"), ("TREAT", "VERIFY_AND_TREAT")
_IMAGE = 2.0
"""MU that an image takes."""
_PENDING = (0xFF00, 0xFF01)
_WAIT = 30.0
_HERE = "127.0.0.1"


class Refused(Exception):  # noqa: N818 - an answer
    """The other side said no; nothing was treated since. `status` is the DIMSE status."""

    def __init__(self, what: str, status: int, words: str = "") -> None:
        super().__init__(f"{what}: {status:#06x} {words}".rstrip())
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Task:
    """A claimed step: its UID, what locks it, and the objects that were fetched for it."""

    uid: str
    transaction: str
    plan: Dataset
    instruction: Dataset


@dataclass(slots=True)
class Linac:
    """Calls `called` at `host` and `port`; fetched objects come to its own port, `listens`."""

    title: str
    host: str
    port: int
    called: str
    listens: int
    machine: Machine = field(default_factory=Machine)
    pace: float = 0.0
    """Seconds that a beam takes."""
    off: Event = field(default_factory=Event)
    """Set, it stops where it is, and says no more."""
    _came: dict[str, Dataset] = field(default_factory=dict)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take what is moved here, within the block."""
        entity = AE(self.title)
        for sop_class in (*_PLANS, _INSTRUCTION):
            entity.add_supported_context(sop_class, ExplicitVRLittleEndian)

        def take(event: evt.Event) -> int:
            made = event.dataset
            self._came[str(made.SOPInstanceUID)] = made
            return 0x0000

        here = (_HERE, self.listens)
        server = entity.start_server(here, block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
        try:
            yield
        finally:
            if server is not None:
                server.shutdown()

    def worklist(self) -> list[Dataset]:
        """What is scheduled for it (RO-58)."""
        keys = Dataset()
        keys.SOPInstanceUID, keys.ProcedureStepLabel, keys.PatientID = "", "", ""
        keys.ProcedureStepState, keys.ScheduledProcedureStepStartDateTime = "SCHEDULED", ""
        keys.InputInformationSequence = []
        keys.ScheduledStationNameCodeSequence = [item(CodeValue=self.machine.name)]
        keys.ScheduledWorkitemCodeSequence = [item(CodeValue=_TREATMENT[0])]
        with self._association(PULL) as association:
            return [
                found
                for status, found in association.send_c_find(keys, PULL)
                if found is not None and status.Status in _PENDING
            ]

    def claim(self, uid: str) -> str:
        """Lock a step (RO-60); the Transaction UID. Refused if it may not be treated."""
        transaction = generate_uid()
        self._state(uid, "IN PROGRESS", transaction)
        return transaction

    def begin(self, uid: str) -> Task:
        """Claim a step, read it, and fetch what it needs. Refused."""
        transaction = self.claim(uid)
        with self._association(PULL) as association:
            status, found = association.send_n_get([], PUSH, uid, meta_uid=PULL)
        _check("N-GET", status)
        if found is None:
            raise Refused("N-GET", 0x0110, "no attributes")
        inputs = [
            (each, reference)
            for each in found.InputInformationSequence
            for reference in each.ReferencedSOPSequence
        ]
        for each, reference in inputs:
            self._fetch(each, str(reference.ReferencedSOPInstanceUID))
        by_class = {
            str(reference.ReferencedSOPClassUID): str(reference.ReferencedSOPInstanceUID)
            for _, reference in inputs
        }
        plan = next(self._came[by_class[each]] for each in _PLANS if each in by_class)
        return Task(uid, transaction, plan, self._came[by_class[_INSTRUCTION]])

    def treat(
        self, uid: str, *, at: datetime, stop_at: float | None = None, beams: int | None = None
    ) -> Dataset:
        """Everything from the claim to the end; the record that was sent.

        `stop_at` interrupts the last beam at so many MU; `beams` has it give no more than these.
        """
        task = self.begin(uid)
        tasks = list(task.instruction.BeamTaskSequence)[:beams]
        parts: list[Part] = []
        for place, each in enumerate(tasks):
            self.progress(task, 100.0 * place / len(tasks), int(each.ReferencedBeamNumber))
            if self.off.wait(self.pace):
                raise Refused("switched off", 0x0110)
            last = place == len(tasks) - 1
            parts += _parts(each, stop_at if last else None)
        made = record(
            task.plan, int(tasks[0].CurrentFractionNumber), parts, at=at, machine=self.machine
        )
        (status,) = store([made], self.host, self.port, self.called, self.title)
        if status:
            raise Refused("C-STORE", status)
        self.end(task, [made], at, whole=stop_at is None)
        return made

    def progress(self, task: Task, percent: float, beam: int) -> None:
        """Say how far it is (RO-62)."""
        said = item(
            ProcedureStepProgress=f"{percent:.1f}",
            ProcedureStepProgressDescription=f"Beam {beam}",
        )
        self._set(task, item(ProcedureStepProgressInformationSequence=[said]))

    def end(self, task: Task, records: Sequence[Dataset], at: datetime, *, whole: bool) -> None:
        """The final N-SET and the final state (RO-64, RO-65)."""
        study = str(task.plan.StudyInstanceUID)
        performed = item(
            PerformedStationNameCodeSequence=[_code(self.machine.name, "99SIM", self.machine.name)],
            PerformedProcedureStepStartDateTime=f"{at:%Y%m%d%H%M%S}",
            PerformedProcedureStepEndDateTime=f"{at:%Y%m%d%H%M%S}",
            PerformedWorkitemCodeSequence=[_code(*_TREATMENT)],
            OutputInformationSequence=[_output(each, study, self.called) for each in records],
        )
        said = item(UnifiedProcedureStepPerformedProcedureSequence=[performed])
        if not whole:
            said.ProcedureStepProgressInformationSequence = [
                item(
                    ProcedureStepCancellationDateTime=f"{at:%Y%m%d%H%M%S}",
                    ReasonForCancellation="Interlock",
                    ProcedureStepDiscontinuationReasonCodeSequence=[
                        _code("110501", "DCM", "Equipment failure")
                    ],
                )
            ]
        self._set(task, said)
        self._state(task.uid, "COMPLETED" if whole else "CANCELED", task.transaction)

    def _fetch(self, given: Dataset, uid: str) -> None:
        keys = item(
            QueryRetrieveLevel="IMAGE",
            StudyInstanceUID=given.StudyInstanceUID,
            SeriesInstanceUID=given.SeriesInstanceUID,
            SOPInstanceUID=uid,
        )
        with self._association(_MOVE) as association:
            answers = list(association.send_c_move(keys, self.title, _MOVE))
        status = answers[-1][0] if answers else Dataset()
        _check("C-MOVE", status)
        if uid not in self._came:
            raise Refused("C-MOVE", int(status.get("Status", 0x0110)), f"{uid} did not come")

    def _set(self, task: Task, said: Dataset) -> None:
        said.TransactionUID = task.transaction
        with self._association(PULL) as association:
            status, _ = association.send_n_set(said, PUSH, task.uid, meta_uid=PULL)
        _check("N-SET", status)

    def _state(self, uid: str, state: str, transaction: str) -> None:
        said = item(TransactionUID=transaction, ProcedureStepState=state)
        with self._association(PULL) as association:
            status, _ = association.send_n_action(said, _CHANGE_STATE, PUSH, uid, meta_uid=PULL)
        _check(f"N-ACTION to {state}", status)

    @contextmanager
    def _association(self, sop_class: str) -> Iterator[Association]:
        entity = AE(self.title)
        entity.dimse_timeout = entity.acse_timeout = _WAIT
        entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
        with asking(entity, self.host, self.port, self.called) as association:
            yield association


def _parts(each: Dataset, stop_at: float | None) -> Iterator[Part]:
    """What a beam task asks for (PS3.3 C.8.8.29): an image to verify by, the treatment, or both."""
    if each.BeamTaskType in _VERIFIES:
        yield Part(int(each.ReferencedBeamNumber), 0.0, _IMAGE, "OPEN_PORTFILM")
    if each.BeamTaskType in _TREATS:
        yield _part(each, stop_at)


def _part(each: Dataset, stop_at: float | None) -> Part:
    start = float(each.get("ContinuationStartMeterset", 0.0))
    return Part(
        int(each.ReferencedBeamNumber),
        start,
        stop_at,
        str(each.TreatmentDeliveryType),
        "NORMAL" if stop_at is None else "MACHINE",
    )


def _check(what: str, status: Dataset) -> None:
    told = int(status.get("Status", 0x0110))
    if told and told >> 12 != 0xB:  # noqa: PLR2004 - a warning
        raise Refused(what, told, str(status.get("ErrorComment", "")))


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _output(made: Dataset, study: str, title: str) -> Dataset:
    reference = item(
        ReferencedSOPClassUID=RT_BEAMS_RECORD, ReferencedSOPInstanceUID=made.SOPInstanceUID
    )
    return item(
        TypeOfInstances="DICOM",
        StudyInstanceUID=study,
        SeriesInstanceUID=made.SeriesInstanceUID,
        ReferencedSOPSequence=[reference],
        DICOMRetrievalSequence=[item(RetrieveAETitle=title)],
    )
