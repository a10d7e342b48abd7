"""RT Beams, RT Ion Beams and RT Brachy Treatment Records as a `Record`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

from tps_bridge.plan import SECONDS, identity_of
from tps_bridge.plan.beam import PARTICLES
from tps_bridge.record.channel import channels_of, points_of, total
from tps_bridge.record.record import (
    DeliveredBeam,
    DoseGiven,
    Record,
    Segment,
    Verification,
)
from tps_bridge.rt import Item, Malformed, expanded, within

BEAMS = "1.2.840.10008.5.1.4.1.1.481.4"
ION_BEAMS = "1.2.840.10008.5.1.4.1.1.481.9"
BRACHY = "1.2.840.10008.5.1.4.1.1.481.6"
_POINTS = ("ControlPointDeliverySequence", "IonControlPointDeliverySequence")
_DOSES = "ReferencedCalculatedDoseReferenceSequence"
_DECIMAL = 0.06
_DAY = 8
_TIME = re.compile(
    r"(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d(?:\.\d+)?)?)?"
    r"|(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?",
    re.ASCII,
)
"""A time, also as it was written before DICOM (PS3.5 6.2, TM)."""
_DIGITS = 6


def read_record(item: Item) -> Record:
    """The record that a decoded object is; Malformed refuses what can't be one."""
    sop_class = item.text("SOPClassUID")
    if sop_class not in _READERS:
        raise Malformed(f"SOP class {sop_class or 'none'} is no treatment record that is read")
    tree = expanded(item)
    day = item.text("TreatmentDate")
    if day and not _is_day(day):
        raise Malformed(f"TreatmentDate {day[:20]!r} is no date")
    uid = item.text("SOPInstanceUID")
    if not uid:
        raise Malformed("SOPInstanceUID is missing")
    beams = tuple(_READERS[sop_class](tree))
    if not beams:
        raise Malformed("it has no beam or application setup")
    machine = item.one("TreatmentMachineSequence")
    plans = [
        each.text("ReferencedSOPInstanceUID") for each in item.items("ReferencedRTPlanSequence")
    ]
    return Record(
        uid=uid,
        sop_class=sop_class,
        identity=identity_of(item),
        plan=plans[0] if len(plans) == 1 else "",
        group=item.integer("ReferencedFractionGroupNumber"),
        day=day or min((each.at[:_DAY] for each in beams if each.at), default=""),
        machine=machine.text("TreatmentMachineName"),
        serial=machine.text("DeviceSerialNumber"),
        beams=beams,
        tree=tree,
    )


def _beams(item: Item) -> Iterator[DeliveredBeam]:
    several = item.items("TreatmentSessionBeamSequence", "TreatmentSessionIonBeamSequence")
    for place, each in enumerate(several, 1):
        with within(f"beam {each.text('ReferencedBeamNumber') or place}"):
            yield _beam(item, each)


def _beam(item: Item, beam: Item) -> DeliveredBeam:
    points = beam.items(*_POINTS)
    specified = _meterset(beam, "SpecifiedPrimaryMeterset", "SpecifiedMeterset")
    delivered = _meterset(beam, "DeliveredPrimaryMeterset", "DeliveredMeterset")
    delivery = beam.text("TreatmentDeliveryType")
    segment, unclear = _segment(points, specified, delivered, delivery)
    return DeliveredBeam(
        number=beam.integer("ReferencedBeamNumber"),
        name=beam.text("BeamName"),
        delivery=delivery,
        fraction=beam.integer("CurrentFractionNumber"),
        termination=beam.text("TreatmentTerminationStatus"),
        specified=specified,
        delivered=delivered,
        segment=segment,
        unit=item.text("PrimaryDosimeterUnit"),
        at=_began(item, points),
        doses=tuple(_doses(beam)),
        overrides=tuple(_overrides(points)),
        unclear=unclear,
        verification=_verification(beam),
    )


def _verification(beam: Item, points: tuple[Item, ...] = ()) -> Verification:
    """An override that the record lists is one, whatever its status says."""
    said = beam.text("TreatmentVerificationStatus")
    found = Verification(said) if said in set(Verification) else Verification.FAILED
    overridden = any(_overrides(points or beam.items(*_POINTS)))
    return Verification.OVERRIDDEN if overridden and not found.is_doubtful else found


def _meterset(item: Item, *keywords: str) -> float | None:
    """The first of these that is given; Malformed where it is negative."""
    for keyword in keywords:
        value = item.number(keyword)
        if value is not None:
            if value < 0:
                raise Malformed(f"{keyword} is negative")
            return value
    return None


def _segment(
    points: tuple[Item, ...], specified: float | None, delivered: float | None, delivery: str
) -> tuple[Segment | None, str]:
    """The stretch that ran, and what of it contradicts itself.

    Delivered[CP] = max(start, min(Specified[CP], end)): the first control point tells the start,
    the last one the end, except an end beyond what was specified, which only the total tells.
    """
    told = [_meterset(point, "DeliveredMeterset") for point in points]
    known = [each for each in told if each is not None]
    if any(after < before for before, after in pairwise(known)):
        raise Malformed("DeliveredMeterset falls from one control point to the next")
    if len(told) > 1 and told[0] is not None and told[-1] is not None:
        return _between(told[0], told[-1], specified, delivered)
    if delivered is None:
        return None, "it tells no meterset, or one alone"
    if delivery == "CONTINUATION" and not known:
        return Segment(None, delivered), "it doesn't tell where the beam was continued"
    if delivery != "CONTINUATION" and _is_from_0(told, delivered):
        return Segment(0.0, delivered), ""
    several = ", ".join(f"{each:g}" for each in known)
    return (
        None,
        f"control points tell {several} alone, DeliveredPrimaryMeterset says {delivered:g}",
    )


def _between(
    start: float, end: float, specified: float | None, delivered: float | None
) -> tuple[Segment, str]:
    """The stretch whose ends are told. A total of all parts of a beam is none of this one."""
    slack = _slack(end)
    if delivered is None or abs(delivered - (end - start)) <= slack:
        return Segment(start, end), ""
    of_all = start > slack and abs(delivered - end) <= slack
    beyond = specified is not None and end >= specified - slack and start + delivered > end
    if beyond and not of_all:
        return Segment(start, start + delivered), ""
    return (
        Segment(start, end),
        f"the control points tell {end - start:g}, DeliveredPrimaryMeterset says {delivered:g}",
    )


def _is_from_0(told: Sequence[float | None], delivered: float) -> bool:
    """Whether a beam that isn't continued ran from 0 to its total, for all that is told.

    So it is where no control point tells anything, where the first one tells 0 and none more than
    the total, and where the last one tells the total.
    """
    known = [each for each in told if each is not None]
    if not known:
        return True
    slack = _slack(delivered)
    begins = told[0] is not None and told[0] <= slack and known[-1] <= delivered + slack
    return begins or (told[-1] is not None and abs(told[-1] - delivered) <= slack)


def _slack(meterset: float) -> float:
    """How far two metersets may be apart that are one: some are written with one decimal alone."""
    return max(_DECIMAL, PARTICLES * meterset)


def _began(item: Item, points: tuple[Item, ...]) -> str:
    first = points[0] if points else item
    day = first.text("TreatmentControlPointDate") or item.text("TreatmentDate")
    time = first.text("TreatmentControlPointTime") or item.text("TreatmentTime")
    return day + _digits(time) if _is_day(day) else ""


def _is_day(text: str) -> bool:
    if len(text) != _DAY or not (text.isascii() and text.isdigit()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _digits(time: str) -> str:
    """HHMMSS; one that is cut short is that of the beginning. Nothing where it is no time."""
    if _TIME.fullmatch(time) is None:
        return ""
    return time.replace(":", "").partition(".")[0].ljust(_DIGITS, "0")


def _doses(beam: Item) -> Iterator[DoseGiven]:
    for each in beam.items(_DOSES):
        number = each.integer("ReferencedDoseReferenceNumber")
        dose = each.number("CalculatedDoseReferenceDoseValue")
        if number is not None and dose is not None:
            yield DoseGiven(number, dose)


def _overrides(points: tuple[Item, ...]) -> Iterator[str]:
    for point in points:
        for each in point.items("OverrideSequence"):
            yield each.text("OverrideReason") or each.text("OverrideParameterPointer") or "?"


def _applications(item: Item) -> Iterator[DeliveredBeam]:
    for place, each in enumerate(item.items("TreatmentSessionApplicationSetupSequence"), 1):
        number = each.integer("ReferencedBrachyApplicationSetupNumber")
        with within(f"application setup {number or place}"):
            yield _application(item, each, number)


def _application(item: Item, each: Item, number: int | None) -> DeliveredBeam:
    channels, points = channels_of(item, each), points_of(each)
    delivered = total([channel.delivered for channel in channels])
    specified = total([channel.specified for channel in channels])
    delivery = each.text("TreatmentDeliveryType")
    segment, unclear = _time(delivered, specified, delivery)
    return DeliveredBeam(
        number=number,
        name=each.text("ApplicationSetupName"),
        delivery=delivery,
        fraction=each.integer("CurrentFractionNumber"),
        termination=each.text("TreatmentTerminationStatus"),
        specified=specified,
        delivered=delivered,
        segment=segment,
        unit=SECONDS,
        at=min((_began(item, (point,)) for point in points), default=_began(item, ())),
        doses=tuple(_doses_of_application(each)),
        overrides=tuple(_overrides(points)),
        unclear=unclear,
        verification=_verification(each, points),
        channels=channels,
    )


def _doses_of_application(setup: Item) -> Iterator[DoseGiven]:
    """Its own; of a reference that it doesn't tell the sum of its channels, if each tells it."""
    own = list(_doses(setup))
    yield from own
    by_channel = [list(_doses(each)) for each in setup.items("RecordedChannelSequence")]
    told = {dose.reference for each in by_channel for dose in each} - {
        each.reference for each in own
    }
    for reference in sorted(told):
        several = [[d.dose for d in each if d.reference == reference] for each in by_channel]
        if all(len(each) == 1 for each in several):
            yield DoseGiven(reference, sum(one for each in several for one in each))


def _time(
    delivered: float | None, specified: float | None, delivery: str
) -> tuple[Segment | None, str]:
    """The stretch that ran, in seconds; a record tells how long, and not where it went on.

    Without the time that was specified nobody knows how much of it that was: it grows as the source
    decays.
    """
    if delivered is None or not specified:
        return None, "a channel tells no time"
    if delivery == "CONTINUATION":
        return Segment(None, delivered), "it doesn't tell where the application was continued"
    return Segment(0.0, delivered), ""


_READERS: Mapping[str, Callable[[Item], Iterator[DeliveredBeam]]] = {
    BEAMS: _beams,
    ION_BEAMS: _beams,
    BRACHY: _applications,
}
RECORD_CLASSES = frozenset(_READERS)
