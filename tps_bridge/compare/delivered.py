"""A beam as it was delivered, beside the same beam as it was planned."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tps_bridge.compare.between import DIRECTIONS, between
from tps_bridge.compare.difference import Difference, Severity, Step, once, worst
from tps_bridge.compare.limit import Limits, Tolerances, of_plan
from tps_bridge.compare.walk import compare
from tps_bridge.ledger.beam import ROUNDING
from tps_bridge.plan import IMAGING
from tps_bridge.rt import Item, Value, keyed

_BEAMS = ("BeamSequence", "IonBeamSequence")
_POINTS = ("ControlPointSequence", "IonControlPointSequence")
_DELIVERIES = ("ControlPointDeliverySequence", "IonControlPointDeliverySequence")
_RENAMED = {
    "BeamLimitingDeviceLeafPairsSequence": "BeamLimitingDeviceSequence",
    "IonBeamLimitingDeviceSequence": "BeamLimitingDeviceSequence",
    "IonBlockSequence": "BlockSequence",
    "IonRangeCompensatorSequence": "CompensatorSequence",
    "IonWedgePositionSequence": "WedgePositionSequence",
    "IonWedgeSequence": "WedgeSequence",
    "RecordedBlockSequence": "BlockSequence",
    "RecordedCompensatorSequence": "CompensatorSequence",
    "RecordedLateralSpreadingDeviceSequence": "LateralSpreadingDeviceSequence",
    "RecordedRangeModulatorSequence": "RangeModulatorSequence",
    "RecordedRangeShifterSequence": "RangeShifterSequence",
    "RecordedSnoutSequence": "SnoutSequence",
    "RecordedWedgeSequence": "WedgeSequence",
}
_NUMBERS = {
    "ReferencedBeamNumber": "BeamNumber",
    "ReferencedBlockNumber": "BlockNumber",
    "ReferencedCompensatorNumber": "CompensatorNumber",
    "ReferencedControlPointIndex": "ControlPointIndex",
    "ReferencedLateralSpreadingDeviceNumber": "LateralSpreadingDeviceNumber",
    "ReferencedRangeModulatorNumber": "RangeModulatorNumber",
    "ReferencedRangeShifterNumber": "RangeShifterNumber",
    "SpecifiedPrimaryMeterset": "BeamMeterset",
}
_NOT_COMPARED = frozenset({"NumberOfControlPoints", "TreatmentDeliveryType"})
"""A record counts what it tells, and says whether it continues an interrupted beam."""
_TURNS = frozenset(DIRECTIONS.values())
"""They are those of the segment that begins at a control point; none begins at the last."""
_SPOTS = "ScanSpotMetersetsDelivered"


def compare_delivered(
    plan: Item, record: Item, beam: Item, tolerances: Tolerances
) -> tuple[Difference, ...]:
    """Where a beam of an expanded record is not as an expanded plan has it.

    Only what the record tells is compared, and of its control points those that this part of the
    beam passed, with that before it began and that after it ended; what later ones carry on is told
    once. Nothing where the plan has no such beam; UNTOLD where the record tells no settings.
    """
    name = next((each for each in _BEAMS if each in plan.parts), _BEAMS[0])
    key = beam.text("ReferencedBeamNumber")
    planned = keyed(name, plan.items(name)).get(key)
    path = (Step("BeamSequence", key),)
    if planned is None:
        return ()
    if not beam.items(*_DELIVERIES):
        untold = Difference(path, "ControlPointSequence", None, None, Severity.UNTOLD)
        return () if beam.text("TreatmentDeliveryType") in IMAGING else (untold,)
    ours = as_planned(plan, planned)
    limits = of_plan(plan, planned, tolerances)
    if (whole := ours.number("BeamMeterset")) is not None:
        limits = replace(limits, whole=whole)
    theirs = as_delivered(record, beam)
    found = [*compare(ours, theirs, limits, path, as_said=True), *_ends(ours, beam, limits, path)]
    return tuple(once(found))


def as_planned(plan: Item, beam: Item) -> Item:
    """A beam of an expanded plan with the metersets that a record repeats."""
    number = beam.needed("BeamNumber")
    given = {
        each.needed("BeamMeterset")
        for group in plan.items("FractionGroupSequence")
        for each in group.items("ReferencedBeamSequence")
        if each.number("ReferencedBeamNumber") == number and "BeamMeterset" in each.values
    }
    points, final = beam.items(*_POINTS), beam.number("FinalCumulativeMetersetWeight")
    if len(given) != 1 or not final:
        return _with(beam, {}, points)
    (whole,) = given
    told = [
        replace(each, values={**each.values, **_metersets(each, whole / final)}) for each in points
    ]
    return _with(beam, {"BeamMeterset": whole}, told)


def _metersets(point: Item, scale: float) -> dict[str, Value]:
    """What a record tells of a control point in the unit of the meterset."""
    spots = point.numbers("ScanSpotMetersetWeights")
    made: dict[str, Value] = {"SpecifiedMeterset": scale * point.needed("CumulativeMetersetWeight")}
    if spots:
        made[_SPOTS] = tuple(scale * each for each in spots)
    return made


def _with(beam: Item, values: dict[str, Value], points: Sequence[Item]) -> Item:
    parts = {
        _RENAMED.get(name, name): items for name, items in beam.parts.items() if name not in _POINTS
    }
    several = [_point(each, last=each is points[-1]) for each in points]
    return Item({**beam.values, **values}, {**parts, "ControlPointSequence": tuple(several)})


def _point(point: Item, *, last: bool) -> Item:
    values = {name: value for name, value in point.values.items() if not (last and name in _TURNS)}
    parts = {_RENAMED.get(name, name): items for name, items in point.parts.items()}
    return Item(values, parts)


def as_delivered(record: Item, beam: Item) -> Item:
    """A beam of an expanded record in the words of a plan."""
    machine, unit = (
        record.one("TreatmentMachineSequence").text("TreatmentMachineName"),
        record.text("PrimaryDosimeterUnit"),
    )
    values = {
        **_named(beam).values,
        **({"TreatmentMachineName": machine} if machine else {}),
        **({"PrimaryDosimeterUnit": unit} if unit else {}),
    }
    parts = {
        _RENAMED.get(name, name): tuple(_named(each) for each in items)
        for name, items in beam.parts.items()
        if name not in _DELIVERIES
    }
    return Item(values, {**parts, "ControlPointSequence": tuple(_passed(beam))})


def _passed(beam: Item) -> Iterator[Item]:
    """The control points that this part of the beam passed (PS3.3 C.8.8.21.2.2).

    Spots are those of the segment that begins at one: where it was cut off, they are left out.
    """
    ends, several = _ends_of(beam), beam.items(*_DELIVERIES)
    places = sorted({each.number("SpecifiedMeterset") or 0.0 for each in several})
    for each in several:
        specified, delivered = each.number("SpecifiedMeterset"), each.number("DeliveredMeterset")
        if specified is None or delivered is None or ends is None:
            yield _named(each)
        elif _within(specified, ends):
            after = bisect_right(places, specified)
            cut = after < len(places) and places[after] > ends[1] + ROUNDING
            yield _without_spots(_named(each)) if cut else _named(each)


def _without_spots(point: Item) -> Item:
    values = {name: value for name, value in point.values.items() if name != _SPOTS}
    return replace(point, values=values)


def _within(specified: float, ends: tuple[float, float]) -> bool:
    return ends[0] - ROUNDING <= specified <= ends[1] + ROUNDING


def _ends_of(beam: Item) -> tuple[float, float] | None:
    """From where to where this part of the beam ran, if it tells."""
    told = [
        meterset
        for each in beam.items(*_DELIVERIES)
        if (meterset := each.number("DeliveredMeterset")) is not None
    ]
    return (min(told), max(told)) if told else None


def _ends(ours: Item, beam: Item, limits: Limits, path: tuple[Step, ...]) -> Iterator[Difference]:
    """Where a part began and where it ended, if that is between two control points.

    The record tells the settings there at the control point before, and at that after. Some
    machines repeat what was planned for that control point: either will do.
    """
    ends = _ends_of(beam)
    if ends is None:
        return
    points = ours.items("ControlPointSequence")
    known = keyed("ControlPointSequence", points)
    for point, at in _outside(beam, ends):
        told = _without_spots(_named(point))
        planned = known.get(told.text("ControlPointIndex"))
        if planned is None:
            continue
        place = (*path, Step("ControlPointSequence", told.text("ControlPointIndex")))
        there = between(points, at)
        ways = [
            list(compare(way, told, limits, place, as_said=True))
            for way in ((planned,) if there is None else (there, planned))
        ]
        yield from min(ways, key=lambda found: worst(found) or 0)


def _outside(beam: Item, ends: tuple[float, float]) -> Iterator[tuple[Item, float]]:
    """The last control point before a part began and the first after it ended, and these places."""
    told = [
        (specified, each)
        for each in beam.items(*_DELIVERIES)
        if (specified := each.number("SpecifiedMeterset")) is not None
    ]
    before = [each for each in told if each[0] < ends[0] - ROUNDING]
    after = [each for each in told if each[0] > ends[1] + ROUNDING]
    if before:
        yield max(before, key=lambda each: each[0])[1], ends[0]
    if after:
        yield min(after, key=lambda each: each[0])[1], ends[1]


def _named(item: Item) -> Item:
    """The item in the plan's keywords."""
    values = {
        _NUMBERS.get(name, name): value
        for name, value in item.values.items()
        if name not in _NOT_COMPARED
    }
    return Item(values, {_RENAMED.get(name, name): items for name, items in item.parts.items()})
