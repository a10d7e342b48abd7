"""Which scheduled steps a performed one names, and whether the schedule has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from dicom.mpps.said import SCHEDULED, STUDY_UID, Tree, items, text
from dicom.worklist.step import Step
from dicom.worklist.tags import Tag

_STEP_ID, _ACCESSION, _PATIENT_ID = 0x00400009, 0x00080050, 0x00100020


class How(StrEnum):
    """What became of looking for a scheduled step.

    LINKED: the schedule has exactly this one, for this patient. UNSCHEDULED: the modality names
    none. UNKNOWN: it names one that the schedule doesn't have. CONFLICT: one that belongs to
    another patient, study or accession number, or several. Only LINKED links.
    """

    LINKED = "linked"
    UNSCHEDULED = "unscheduled"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"


class Against(StrEnum):
    """What speaks against a step that a modality names."""

    STUDY = "the step of this ID belongs to another study"
    SEVERAL = "several appointments have this study and step"
    PATIENT = "the step belongs to another patient"
    ACCESSION = "the step has another accession number"


@dataclass(frozen=True, slots=True)
class Link:
    """One scheduled step as a modality names it, and the appointment that it is."""

    how: How
    study: str
    step: str
    accession: str
    appointment: str = ""
    why: Against | None = None

    def payload(self) -> dict[str, Any]:
        return asdict(self)


def read_link(said: Mapping[str, Any]) -> Link:
    """What `Link.payload` gave."""
    why = said["why"]
    return Link(**{**said, "how": How(said["how"]), "why": Against(why) if why else None})


def links_of(tree: Tree, steps: Sequence[Step]) -> tuple[Link, ...]:
    """A link for each item of the Scheduled Step Attributes Sequence.

    `steps` are those of the schedule that may be meant. A step ID alone never links: the study,
    and whatever else both sides say, has to be the same.
    """
    patient = text(tree, _PATIENT_ID)
    return tuple(_link(item, patient, steps) for item in items(tree, SCHEDULED))


def _link(item: Tree, patient: str, steps: Sequence[Step]) -> Link:
    study, step = text(item, STUDY_UID), text(item, _STEP_ID)
    accession = text(item, _ACCESSION)
    if not step:
        return Link(How.UNSCHEDULED, study, step, accession)
    named = [each for each in steps if each.id == step]
    same = [each for each in named if each.study == study]
    if not same:
        how = How.CONFLICT if named else How.UNKNOWN
        return Link(how, study, step, accession, why=Against.STUDY if named else None)
    if len(same) > 1:
        return Link(How.CONFLICT, study, step, accession, why=Against.SEVERAL)
    why = _contradiction(same[0], patient, accession)
    if why is not None:
        return Link(How.CONFLICT, study, step, accession, why=why)
    return Link(How.LINKED, study, step, accession, same[0].appointment)


def _contradiction(step: Step, patient: str, accession: str) -> Against | None:
    """In what both sides say something, and not the same."""
    others = step.values.get(Tag.OTHER_IDS, ())
    numbers = {step.values[Tag.PATIENT_ID]}
    if not isinstance(others, str):
        numbers |= {each[Tag.PATIENT_ID] for each in others}
    if patient and patient not in numbers:
        return Against.PATIENT
    if accession and step.values.get(Tag.ACCESSION) not in ("", accession):
        return Against.ACCESSION
    return None
