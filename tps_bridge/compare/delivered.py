"""A beam as it was delivered, beside the same beam as it was planned."""

from __future__ import annotations

from dataclasses import replace

from tps_bridge.compare.difference import Difference, Step, once
from tps_bridge.compare.limit import Tolerances, of_plan
from tps_bridge.compare.walk import compare
from tps_bridge.rt import ATTRIBUTES, Item, Value, keyed

_BEAMS = ("BeamSequence", "IonBeamSequence")
_POINTS = ("ControlPointSequence", "IonControlPointSequence")
_DELIVERIES = ("ControlPointDeliverySequence", "IonControlPointDeliverySequence")
_RENAMED = {
    "RecordedBlockSequence": "BlockSequence",
    "RecordedWedgeSequence": "WedgeSequence",
}
_NUMBERS = {
    "ReferencedBeamNumber": "BeamNumber",
    "ReferencedBlockNumber": "BlockNumber",
    "ReferencedControlPointIndex": "ControlPointIndex",
    "SpecifiedPrimaryMeterset": "BeamMeterset",
}
_NOT_COMPARED = frozenset({"NumberOfControlPoints", "TreatmentDeliveryType"})
"""A record counts what it tells, and says whether it continues an interrupted beam."""


def compare_delivered(
    plan: Item, record: Item, beam: Item, tolerances: Tolerances
) -> tuple[Difference, ...]:
    """Where a beam of an expanded record is not as an expanded plan has it.

    Only what the record tells is compared, and of its control points those that this part of the
    beam passed; what later ones carry on is told once. Nothing where the plan has no such beam.
    """
    name = next((each for each in _BEAMS if each in plan.parts), _BEAMS[0])
    key = beam.text("ReferencedBeamNumber")
    planned = keyed(name, plan.items(name)).get(key)
    path = (Step("BeamSequence", key),)
    if planned is None:
        return ()
    limits = of_plan(plan, planned, tolerances)
    ours = as_planned(plan, planned)
    return tuple(once(compare(ours, as_delivered(record, beam), limits, path, as_said=True)))


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
    metersets = [whole * each.needed("CumulativeMetersetWeight") / final for each in points]
    told = [
        replace(each, values={**each.values, "SpecifiedMeterset": meterset})
        for each, meterset in zip(points, metersets, strict=True)
    ]
    return _with(beam, {"BeamMeterset": whole}, tuple(told))


def _with(beam: Item, values: dict[str, Value], points: tuple[Item, ...]) -> Item:
    parts = {name: items for name, items in beam.parts.items() if name not in _POINTS}
    return Item({**beam.values, **values}, {**parts, "ControlPointSequence": points})


def as_delivered(record: Item, beam: Item) -> Item:
    """A beam of an expanded record in the words of a plan."""
    machine = record.one("TreatmentMachineSequence").text("TreatmentMachineName")
    unit = record.text("PrimaryDosimeterUnit")
    values = {
        **_named(beam).values,
        **({"TreatmentMachineName": machine} if machine else {}),
        **({"PrimaryDosimeterUnit": unit} if unit else {}),
    }
    passed = tuple(_named(each) for each in beam.items(*_DELIVERIES) if _passed(beam, each))
    parts = {
        _RENAMED.get(name, name): tuple(_named(each) for each in items)
        for name, items in beam.parts.items()
        if name in ("ApplicatorSequence", "PrimaryFluenceModeSequence", *_RENAMED)
    }
    return Item(values, {**parts, "ControlPointSequence": passed})


def _passed(beam: Item, point: Item) -> bool:
    """Whether this part of the beam passed a control point (PS3.3 C.8.8.21.2.2)."""
    specified, delivered = point.number("SpecifiedMeterset"), point.number("DeliveredMeterset")
    if specified is None or delivered is None:
        return True
    ends = [
        meterset
        for each in beam.items(*_DELIVERIES)
        if (meterset := each.number("DeliveredMeterset")) is not None
    ]
    return min(ends) <= specified <= max(ends)


def _named(item: Item) -> Item:
    """The item with the plan's keywords; what the list of attributes doesn't know is left out."""
    values = {_NUMBERS.get(name, name): value for name, value in item.values.items()}
    known = {
        name: value
        for name, value in values.items()
        if name in ATTRIBUTES and name not in _NOT_COMPARED
    }
    return Item(known, dict(item.parts))
