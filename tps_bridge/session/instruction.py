"""What a machine is told: the delivery instruction and the work item of a session. Pure.

RT Beams Delivery Instruction (PS3.3 A.64.3, C.8.8.29), and the attributes of a Unified Procedure
Step for treatment delivery (PS3.4 table CC.2.5-3; IHE-RO TDW-II, RO-58 and RO-59).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dicom.services import Content, element
from gateway import content_digest
from tps_bridge.book.card import PlanCard
from tps_bridge.ledger import BeamCourse, FractionState, Ledger
from tps_bridge.ledger.fact import PlannedBeam
from tps_bridge.session.session import Session
from tps_bridge.session.task import Verifier

INSTRUCTION = "1.2.840.10008.5.1.4.34.7"
"""RT Beams Delivery Instruction Storage."""

_SCHEME = "99ISOGATE"
_TREATMENT = {
    Verifier.INTERNAL: ("121726", "DCM", "RT Treatment with Internal Verification"),
    Verifier.EXTERNAL: ("121727", "DCM", "RT Treatment with External Verification"),
}
"""CID 9241: of whose settings are verified by whom; the beam tasks say what is to be done."""
_ADJUSTED = (
    "TableTopVerticalAdjustedPosition",
    "TableTopLongitudinalAdjustedPosition",
    "TableTopLateralAdjustedPosition",
    "PatientSupportAdjustedAngle",
    "TableTopEccentricAdjustedAngle",
    "TableTopPitchAdjustedAngle",
    "TableTopRollAdjustedAngle",
    "TableTopVerticalSetupDisplacement",
    "TableTopLongitudinalSetupDisplacement",
    "TableTopLateralSetupDisplacement",
)
"""Type 2: nothing is corrected by us."""


class Unclear(ValueError):  # noqa: N818 - what has to be done is not clear
    """What is left of the fraction can't be told: a person has to say."""


@dataclass(frozen=True, slots=True)
class Object:
    """A stored object that a machine needs, and from which of our titles it gets it."""

    sop_class: str
    uid: str
    study: str
    series: str
    title: str


def uid_of(*parts: str) -> str:
    """A UID made of what it is for (PS3.5 B.2), so that a repetition has the same."""
    digest = content_digest(*(part.encode() for part in parts))
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def instruction(
    session: Session, card: PlanCard, ledger: Ledger, plan: Object, when: datetime
) -> Content:
    """Every beam of the fraction, or what is left of one that was begun.

    `when` is when the session is due, in the site's zone. Unclear where what was given is not told,
    has gaps or overlaps, where nothing is left, and for brachytherapy, whose applications are no
    beams.
    """
    group = next(each for each in card.facts.groups if each.number == session.group)
    tasks = list(_tasks(session, group.beams, ledger))
    if not tasks:
        raise Unclear("no beam of this fraction is left to give")
    if any(each.timed for each in group.beams):
        raise Unclear("an application is no beam: no instruction is made for brachytherapy")
    several = len(card.facts.groups) > 1
    own = session.identity
    made = dict(
        [
            element("SOPClassUID", INSTRUCTION),
            element("StudyDate"),
            element("SeriesDate"),
            element("StudyTime"),
            element("AccessionNumber"),
            element("Modality", "PLAN"),
            element("Manufacturer", "Isogate"),
            element("ReferringPhysicianName"),
            element("PatientName", *_name(own.name)),
            element("PatientID", *_some(own.patient)),
            element("IssuerOfPatientID", *_some(own.issuer)),
            element("PatientBirthDate", *_some(own.birth_date)),
            element("PatientSex", *_some(own.sex)),
            element("StudyInstanceUID", plan.study),
            element("SeriesInstanceUID", uid_of("series", session.id)),
            element("StudyID"),
            element("SeriesNumber"),
            element("InstanceCreationDate", f"{when:%Y%m%d}"),
            element("InstanceCreationTime", f"{when:%H%M%S}"),
            element("ReferencedRTPlanSequence", _reference(plan)),
            element(
                "BeamTaskSequence",
                *(
                    dict([*task, *_group(session.group if several else None), *_order(place)])
                    for place, task in enumerate(tasks, 1)
                ),
            ),
        ]
    )
    return made | dict([element("SOPInstanceUID", uid_of("instruction", session.id, str(made)))])


Elements = list[tuple[str, dict[str, Any]]]


def _tasks(session: Session, beams: Sequence[PlannedBeam], ledger: Ledger) -> Iterator[Elements]:
    number = session.fraction
    fraction = next((each for each in ledger.fractions if each.number == number), None)
    begun = fraction is not None and fraction.state is FractionState.PARTIAL
    courses = {each.beam.number: each for each in fraction.beams} if fraction and begun else {}
    for beam in beams:
        course = courses.get(beam.number)
        if course is None or not course.parts:
            yield _task(session, beam, "TREATMENT")
        elif not course.finished:
            yield [*_task(session, beam, "CONTINUATION"), *_rest(course)]


def _task(session: Session, beam: PlannedBeam, delivery: str) -> Elements:
    return [
        element("BeamTaskType", session.task.value),
        element("TreatmentDeliveryType", delivery),
        element("CurrentFractionNumber", str(session.fraction)),
        element("ReferencedBeamNumber", str(beam.number)),
        element("AutosequenceFlag", "NO"),
        *(element(keyword) for keyword in _ADJUSTED),
    ]


def _rest(course: BeamCourse) -> Elements:
    """From where it stopped to its end."""
    number, end = course.beam.number, course.beam.meterset
    if course.gaps or course.overlap or end is None:
        raise Unclear(f"what was given of beam {number} has gaps or overlaps")
    if not course.is_clear:
        raise Unclear(f"a record doesn't tell what was given of beam {number}")
    if not course.unit:
        raise Unclear(f"neither plan nor record tells the unit of beam {number}'s meterset")
    return [
        element("PrimaryDosimeterUnit", course.unit),
        element("ContinuationStartMeterset", course.reached),
        element("ContinuationEndMeterset", end),
    ]


def _group(number: int | None) -> Elements:
    return [] if number is None else [element("ReferencedFractionGroupNumber", str(number))]


def _order(place: int) -> Elements:
    return [element("BeamOrderIndex", place)]


def work_item(
    session: Session,
    inputs: Sequence[Object],
    when: datetime,
    verifier: Verifier = Verifier.INTERNAL,
) -> Content:
    """The step as it is scheduled; what the standard wants empty is made so by the engine."""
    own = session.identity
    what = "fraction" if session.task.treats else "verification before fraction"
    label = f"{session.label or 'Plan'}, {what} {session.fraction}"
    return dict(
        [
            element("ScheduledProcedureStepPriority", "MEDIUM"),
            element("ProcedureStepLabel", label[:64]),
            element("WorklistLabel", session.machine),
            element("ScheduledProcessingParametersSequence"),
            element(
                "ScheduledStationNameCodeSequence",
                _code(session.machine[:16], _SCHEME, session.machine),
            ),
            element("ScheduledStationClassCodeSequence"),
            element("ScheduledStationGeographicLocationCodeSequence"),
            element("ScheduledProcedureStepStartDateTime", f"{when:%Y%m%d%H%M%S}"),
            element("ScheduledWorkitemCodeSequence", _code(*_TREATMENT[verifier])),
            element("CommentsOnTheScheduledProcedureStep"),
            element("InputReadinessState", "READY"),
            element("InputInformationSequence", *map(_input, inputs)),
            element("StudyInstanceUID", inputs[0].study),
            element("PatientName", *_name(own.name)),
            element("PatientID", *_some(own.patient)),
            element("IssuerOfPatientID", *_some(own.issuer)),
            element("IssuerOfPatientIDQualifiersSequence"),
            element("OtherPatientIDsSequence"),
            element("PatientBirthDate", *_some(own.birth_date)),
            element("PatientSex", *_some(own.sex)),
            element("AdmissionID"),
            element("IssuerOfAdmissionIDSequence"),
            element("AdmittingDiagnosesDescription"),
            element("AdmittingDiagnosesCodeSequence"),
            element("ReferencedRequestSequence"),
            element("ProcedureStepState", "SCHEDULED"),
            element("ProcedureStepProgressInformationSequence"),
            element("UnifiedProcedureStepPerformedProcedureSequence"),
        ]
    )


def _input(each: Object) -> Content:
    """Referenced Instances and Access (PS3.3 table 10-3b)."""
    return dict(
        [
            element("TypeOfInstances", "DICOM"),
            element("StudyInstanceUID", each.study),
            element("SeriesInstanceUID", each.series),
            element("ReferencedSOPSequence", _reference(each)),
            element(
                "DICOMRetrievalSequence",
                dict([element("RetrieveAETitle", each.title)]),
            ),
        ]
    )


def _reference(each: Object) -> Content:
    return dict(
        [
            element("ReferencedSOPClassUID", each.sop_class),
            element("ReferencedSOPInstanceUID", each.uid),
        ]
    )


def _code(value: str, scheme: str, meaning: str) -> Content:
    return dict(
        [
            element("CodeValue", value),
            element("CodingSchemeDesignator", scheme),
            element("CodeMeaning", meaning),
        ]
    )


def _some(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _name(said: str) -> tuple[dict[str, str], ...]:
    """The component groups of a name (PS3.18 F.2.2)."""
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), said.split("="), strict=False)
    found = {group: part for group, part in groups if part}
    return (found,) if found else ()
