"""RT Treatment Summary Records: what a treatment came to, as another system sums it up. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tps_bridge.plan import Identity, identity_of
from tps_bridge.rt import Item, Malformed, within

SUMMARY = "1.2.840.10008.5.1.4.1.1.481.7"
_DAY = 8
_DOSES = "TreatmentSummaryCalculatedDoseReferenceSequence"


class Course(StrEnum):
    """Current Treatment Status (PS3.3 C.8.8.23). UNKNOWN: no word that the standard knows."""

    NOT_STARTED = "NOT_STARTED"
    ON_TREATMENT = "ON_TREATMENT"
    ON_BREAK = "ON_BREAK"
    SUSPENDED = "SUSPENDED"
    STOPPED = "STOPPED"
    COMPLETED = "COMPLETED"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """Fractions of a group; None where the summary doesn't tell."""

    number: int | None
    planned: int | None
    delivered: int | None


@dataclass(frozen=True, slots=True)
class DoseTotal:
    """Cumulative Dose to Dose Reference in Gy."""

    reference: int | None
    dose: float


@dataclass(frozen=True, slots=True)
class Summary:
    """`plan` is the UID of the plan that it names, or nothing.

    `until` is the day (YYYYMMDD) of the last fraction that is in it, or nothing.
    """

    uid: str
    identity: Identity
    plan: str
    status: Course
    comment: str
    until: str
    groups: tuple[GroupTotal, ...]
    doses: tuple[DoseTotal, ...]


def read_summary(item: Item) -> Summary:
    """The summary that a decoded object is; Malformed refuses what can't be one."""
    uid, status = item.text("SOPInstanceUID"), item.text("CurrentTreatmentStatus")
    if not uid:
        raise Malformed("SOPInstanceUID is missing")
    return Summary(
        uid=uid,
        identity=identity_of(item),
        plan=item.one("ReferencedRTPlanSequence").text("ReferencedSOPInstanceUID"),
        status=Course(status) if status in set(Course) else Course.UNKNOWN,
        comment=item.text("TreatmentStatusComment"),
        until=_day(item, "MostRecentTreatmentDate") or _day(item, "TreatmentDate"),
        groups=tuple(_groups(item)),
        doses=tuple(_doses(item)),
    )


def _groups(item: Item) -> Iterator[GroupTotal]:
    for place, each in enumerate(item.items("FractionGroupSummarySequence"), 1):
        with within(f"fraction group summary {place}"):
            yield GroupTotal(
                each.integer("ReferencedFractionGroupNumber"),
                _count(each, "NumberOfFractionsPlanned"),
                _count(each, "NumberOfFractionsDelivered"),
            )


def _doses(item: Item) -> Iterator[DoseTotal]:
    for place, each in enumerate(item.items(_DOSES), 1):
        with within(f"dose reference {place}"):
            dose = each.needed("CumulativeDoseToDoseReference")
            if dose < 0:
                raise Malformed("CumulativeDoseToDoseReference is negative")
            yield DoseTotal(each.integer("ReferencedDoseReferenceNumber"), dose)


def _count(item: Item, keyword: str) -> int | None:
    return None if item.integer(keyword) is None else item.count(keyword)


def _day(item: Item, keyword: str) -> str:
    text = item.text(keyword)
    if text and not (len(text) == _DAY and text.isdigit()):
        raise Malformed(f"{keyword} {text[:20]!r} is no date")
    return text
