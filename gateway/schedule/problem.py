"""What keeps an appointment from being what it should be: a work list for people. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.model import AppointmentStatus, Identifier
from gateway.room import Appointment, Patient, PatientKey


class ProblemKind(StrEnum):
    """What is wrong.

    UNKNOWN_PATIENT: nobody is known by this number, or several people are. NO_PATIENT: it names
    nobody. OTHER_PATIENT: a message names somebody else; what it says doesn't count. SEVERAL: its
    number names several appointments. DISPUTED: sources disagree on who the patient is.
    NO_RESOURCE: no declared resource is meant. NO_TIME: it has no time of day. OVERLAP: its
    resource is booked twice. UNEXPLAINED: its source says something that its profile doesn't
    explain, as a status in a word of its own.
    """

    UNKNOWN_PATIENT = "unknown-patient"
    NO_PATIENT = "no-patient"
    OTHER_PATIENT = "other-patient"
    SEVERAL = "several"
    DISPUTED = "disputed"
    NO_RESOURCE = "no-resource"
    NO_TIME = "no-time"
    OVERLAP = "overlap"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an appointment; `other` is whom or what else it is about."""

    kind: ProblemKind
    appointment: Appointment
    other: Identifier | None = None
    with_: Appointment | None = None


def problems(
    appointments: Sequence[Appointment],
    people: Mapping[PatientKey, Patient],
    others: Mapping[str, Identifier],
    unclear: Collection[str] = (),
) -> Iterator[Problem]:
    """What is wrong with open appointments, and what is asked of any.

    `others` are second patients, by appointment, `unclear` the appointments that may be several.
    Two numbers of one patient are asked about as well: what was said under the other one does not
    count yet.
    """
    overlapping = dict(overlaps([each for each in appointments if each.status.is_open]))
    for each in appointments:
        if each.id in others:
            yield Problem(ProblemKind.OTHER_PATIENT, each, other=others[each.id])
        if each.id in unclear:
            yield Problem(ProblemKind.SEVERAL, each)
        if not each.status.is_open:
            continue
        yield from _about_patient(each, people)
        if not each.resource:
            yield Problem(ProblemKind.NO_RESOURCE, each)
        if each.start is None and each.status is not AppointmentStatus.WAITLIST:
            yield Problem(ProblemKind.NO_TIME, each)
        if each.notes:
            yield Problem(ProblemKind.UNEXPLAINED, each)
        if each.id in overlapping:
            yield Problem(ProblemKind.OVERLAP, each, with_=overlapping[each.id])


def _about_patient(each: Appointment, people: Mapping[PatientKey, Patient]) -> Iterator[Problem]:
    key = each.key
    if key is None:
        yield Problem(ProblemKind.NO_PATIENT, each)
        return
    patient = people.get(key)
    if patient is None:
        yield Problem(ProblemKind.UNKNOWN_PATIENT, each)
    elif patient.disputed:
        yield Problem(ProblemKind.DISPUTED, each)


def overlaps(appointments: Collection[Appointment]) -> Iterator[tuple[str, Appointment]]:
    """Each appointment whose resource an earlier one still takes, with that one."""
    lanes: dict[str, list[Appointment]] = {}
    for each in appointments:
        if each.resource and each.start is not None and each.status.takes_time:
            lanes.setdefault(each.resource, []).append(each)
    for lane in lanes.values():
        lane.sort(key=lambda each: (each.start or 0, each.id))
        before: Appointment | None = None
        for each in lane:
            if before is not None and (before.end or 0) > (each.start or 0):
                yield each.id, before
            if before is None or (each.end or 0) > (before.end or 0):
                before = each
