"""Control points say only what changes; here each says all (PS3.3 C.8.8.14.5, C.8.8.25).

What the standard gives once per control point (meterset weight, spots) is never inherited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tps_bridge.rt.item import Item, key_of

SEQUENCES = (
    "ControlPointSequence",
    "IonControlPointSequence",
    "ControlPointDeliverySequence",
    "IonControlPointDeliverySequence",
)

INHERITED = frozenset(
    {
        "BeamLimitingDeviceAngle",
        "BeamLimitingDeviceRotationDirection",
        "ChairHeadFramePosition",
        "DoseRateSet",
        "ExternalContourEntryPoint",
        "GantryAngle",
        "GantryPitchAngle",
        "GantryPitchRotationDirection",
        "GantryRotationDirection",
        "HeadFixationAngle",
        "IsocenterPosition",
        "KVP",
        "MetersetRate",
        "NominalBeamEnergy",
        "NominalBeamEnergyUnit",
        "PatientSupportAngle",
        "PatientSupportRotationDirection",
        "SnoutPosition",
        "SourceToExternalContourDistance",
        "SourceToSurfaceDistance",
        "SurfaceEntryPoint",
        "TableTopEccentricAngle",
        "TableTopEccentricAxisDistance",
        "TableTopEccentricRotationDirection",
        "TableTopLateralPosition",
        "TableTopLongitudinalPosition",
        "TableTopPitchAngle",
        "TableTopPitchRotationDirection",
        "TableTopRollAngle",
        "TableTopRollRotationDirection",
        "TableTopVerticalPosition",
    }
)
INHERITED_PARTS = frozenset(
    {
        "BeamLimitingDevicePositionSequence",
        "IonWedgePositionSequence",
        "LateralSpreadingDeviceSettingsSequence",
        "RangeModulatorSettingsSequence",
        "RangeShifterSettingsSequence",
        "WedgePositionSequence",
    }
)


def expanded(item: Item) -> Item:
    """The item with every attribute of its control points written out, at all depths.

    Control points are put in the order of their index.
    """
    parts = {
        name: tuple(_chain(items)) if name in SEQUENCES else tuple(map(expanded, items))
        for name, items in item.parts.items()
    }
    return replace(item, parts=parts)


def _chain(items: tuple[Item, ...]) -> Iterator[Item]:
    before = Item()
    for item in sorted(items, key=_index):
        before = _after(before, item)
        yield before


def _index(item: Item) -> float:
    values = item.values
    value = values.get("ControlPointIndex", values.get("ReferencedControlPointIndex", -1.0))
    return value if isinstance(value, float) else -1.0


def _after(before: Item, item: Item) -> Item:
    kept = {name: value for name, value in before.values.items() if name in INHERITED}
    parts = {name: each for name, each in before.parts.items() if name in INHERITED_PARTS}
    for name, items in item.parts.items():
        parts[name] = _merged(name, parts.get(name, ()), items) if name in parts else items
    return replace(item, values={**kept, **item.values}, parts=parts)


def _merged(name: str, before: tuple[Item, ...], items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Settings by device: those of a device that isn't named again stay as they were."""
    merged: Mapping[str, Item] = {
        **{key_of(name, item, place): item for place, item in enumerate(before)},
        **{key_of(name, item, place): item for place, item in enumerate(items)},
    }
    return tuple(merged.values())
