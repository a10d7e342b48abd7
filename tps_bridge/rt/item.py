"""A dataset, or an item of a sequence, as plain values by keyword."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, cast

from tps_bridge.rt.malformed import Malformed

Value: TypeAlias = str | float | tuple[float, ...] | tuple[str, ...]
"""Text, a number, or several of one sort. Bytes are there as the digest of them."""

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "ApplicationSetupSequence": "ApplicationSetupNumber",
        "BeamLimitingDeviceLeafPairsSequence": "RTBeamLimitingDeviceType",
        "BeamLimitingDevicePositionSequence": "RTBeamLimitingDeviceType",
        "BeamLimitingDeviceSequence": "RTBeamLimitingDeviceType",
        "BeamLimitingDeviceToleranceSequence": "RTBeamLimitingDeviceType",
        "BeamSequence": "BeamNumber",
        "BlockSequence": "BlockNumber",
        "BrachyControlPointSequence": "ControlPointIndex",
        "ChannelSequence": "ChannelNumber",
        "CompensatorSequence": "CompensatorNumber",
        "ControlPointDeliverySequence": "ReferencedControlPointIndex",
        "ControlPointSequence": "ControlPointIndex",
        "DoseReferenceSequence": "DoseReferenceNumber",
        "FractionGroupSequence": "FractionGroupNumber",
        "GeneralAccessorySequence": "GeneralAccessoryNumber",
        "IonBeamLimitingDeviceSequence": "RTBeamLimitingDeviceType",
        "IonBeamSequence": "BeamNumber",
        "IonBlockSequence": "BlockNumber",
        "IonControlPointDeliverySequence": "ReferencedControlPointIndex",
        "IonControlPointSequence": "ControlPointIndex",
        "IonRangeCompensatorSequence": "CompensatorNumber",
        "IonToleranceTableSequence": "ToleranceTableNumber",
        "IonWedgePositionSequence": "ReferencedWedgeNumber",
        "IonWedgeSequence": "WedgeNumber",
        "LateralSpreadingDeviceSequence": "LateralSpreadingDeviceNumber",
        "LateralSpreadingDeviceSettingsSequence": "ReferencedLateralSpreadingDeviceNumber",
        "PatientSetupSequence": "PatientSetupNumber",
        "RangeModulatorSequence": "RangeModulatorNumber",
        "RangeModulatorSettingsSequence": "ReferencedRangeModulatorNumber",
        "RangeShifterSequence": "RangeShifterNumber",
        "RangeShifterSettingsSequence": "ReferencedRangeShifterNumber",
        "ReferencedBeamSequence": "ReferencedBeamNumber",
        "ReferencedBolusSequence": "ReferencedROINumber",
        "ReferencedBrachyApplicationSetupSequence": "ReferencedBrachyApplicationSetupNumber",
        "ReferencedDoseReferenceSequence": "ReferencedDoseReferenceNumber",
        "SourceSequence": "SourceNumber",
        "ToleranceTableSequence": "ToleranceTableNumber",
        "WedgePositionSequence": "ReferencedWedgeNumber",
        "WedgeSequence": "WedgeNumber",
    }
)
"""What identifies an item of a sequence; the order of such items means nothing."""
_EXACT = 2**53
"""Below it every whole number is a float of its own."""


@dataclass(frozen=True, slots=True)
class Item:
    """Values and sequences by keyword. What is absent, or there without a value, is not in it.

    `private` counts private elements, which nobody here understands.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    parts: Mapping[str, tuple[Item, ...]] = field(default_factory=dict)
    private: int = 0

    def text(self, keyword: str) -> str:
        """Its text, or nothing; Malformed where it has several values."""
        value = self.values.get(keyword, "")
        if isinstance(value, tuple):
            raise Malformed(f"{keyword} has {len(value)} values instead of one")
        return value if isinstance(value, str) else _written(value)

    def number(self, keyword: str) -> float | None:
        """Its number, or None; Malformed where it is no single number."""
        value = self.values.get(keyword)
        if value is None or isinstance(value, float):
            return value
        raise Malformed(f"{keyword} is no single number")

    def integer(self, keyword: str) -> int | None:
        """Its whole number, as far as floats tell them apart; Malformed where it is none."""
        value = self.number(keyword)
        if value is None or (value.is_integer() and abs(value) < _EXACT):
            return None if value is None else int(value)
        raise Malformed(f"{keyword} is no whole number: {value:g}")

    def needed(self, keyword: str) -> float:
        """Its number; Malformed where there is none."""
        value = self.number(keyword)
        if value is None:
            raise Malformed(f"{keyword} is missing")
        return value

    def count(self, keyword: str) -> int:
        """Its whole number from 0 on; Malformed where there is none."""
        value = self.integer(keyword)
        if value is None or value < 0:
            raise Malformed(f"{keyword} is missing" if value is None else f"{keyword} is negative")
        return value

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All its numbers, or none."""
        value = self.values.get(keyword, ())
        several = value if isinstance(value, tuple) else (value,)
        if several and not isinstance(several[0], float):
            raise Malformed(f"{keyword} are no numbers")
        return cast("tuple[float, ...]", several)  # all of one sort, and this one is a number

    def items(self, *keywords: str) -> tuple[Item, ...]:
        """The items of the first of these sequences that is there."""
        return next((self.parts[each] for each in keywords if each in self.parts), ())

    def one(self, keyword: str) -> Item:
        """The only item of a sequence, or an empty one; Malformed where there are several."""
        items = self.items(keyword)
        if len(items) > 1:
            raise Malformed(f"{keyword} has {len(items)} items instead of one")
        return items[0] if items else EMPTY


EMPTY = Item()


def key_of(sequence: str, item: Item, place: int) -> str:
    """What identifies an item: the value of its key, else its place, from 1."""
    keyword = KEYS.get(sequence)
    value = item.values.get(keyword) if keyword else None
    if isinstance(value, float):
        return _written(value)
    return value if isinstance(value, str) else f"#{place + 1}"


def _written(number: float) -> str:
    """With all its digits: 1000001 is not 1000002."""
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)


def keyed(sequence: str, items: tuple[Item, ...]) -> dict[str, Item]:
    """Items by their key; Malformed where two have the same."""
    found: dict[str, Item] = {}
    for place, item in enumerate(items):
        key = key_of(sequence, item, place)
        if key in found:
            raise Malformed(f"two items have {KEYS.get(sequence, 'key')} {key}", sequence)
        found[key] = item
    return found
