"""What of a plan changes its delivery, and a digest of it that no re-encoding moves.

Counted is every attribute inside these sequences, and these values, except what the reviewed list
`attributes.tsv` calls a label. Not counted: identity of patient, study and series, the approval,
images, and private elements, which nobody here understands (`Item.private` counts them).
"""

from __future__ import annotations

import hashlib
from array import array
from typing import Protocol

from tps_bridge.rt.attribute import attribute
from tps_bridge.rt.item import KEYS, Item, Value, key_of

VALUES = frozenset(
    {
        "BrachyTreatmentTechnique",
        "BrachyTreatmentType",
        "FrameOfReferenceUID",
        "RTPlanGeometry",
    }
)
SEQUENCES = frozenset(
    {
        "ApplicationSetupSequence",
        "BeamSequence",
        "FractionGroupSequence",
        "IonBeamSequence",
        "IonToleranceTableSequence",
        "PatientSetupSequence",
        "SourceSequence",
        "ToleranceTableSequence",
        "TreatmentMachineSequence",
    }
)


class _Sink(Protocol):
    def update(self, data: bytes, /) -> None: ...


def delivered_by(plan: Item) -> Item:
    """What of an expanded plan is compared, and goes into its digest."""
    return Item(
        {name: value for name, value in plan.values.items() if name in VALUES},
        {
            name: tuple(_without_labels(item) for item in items)
            for name, items in plan.parts.items()
            if name in SEQUENCES
        },
    )


def digest_of(delivers: Item) -> str:
    """SHA-256 of what `delivered_by` gave, in hexadecimal."""
    digest = hashlib.sha256()
    _feed(digest, delivers)
    return digest.hexdigest()


def _without_labels(item: Item) -> Item:
    return Item(
        {name: value for name, value in item.values.items() if attribute(name).delivers},
        {
            name: tuple(_without_labels(each) for each in items)
            for name, items in item.parts.items()
            if attribute(name).delivers
        },
    )


def _feed(digest: _Sink, item: Item) -> None:
    for name in sorted(item.values):
        digest.update(b"\1" + name.encode() + b"\0" + _bytes(item.values[name]))
    for name in sorted(item.parts):
        for key, each in _ordered(name, item.parts[name]):
            digest.update(b"\2" + name.encode() + b"\0" + key.encode() + b"\0")
            _feed(digest, each)
    digest.update(b"\3")


def _ordered(name: str, items: tuple[Item, ...]) -> list[tuple[str, Item]]:
    given = [(key_of(name, item, place), item) for place, item in enumerate(items)]
    return sorted(given, key=lambda each: each[0]) if name in KEYS else given


def _bytes(value: Value) -> bytes:
    """The value itself, however many digits it was written with; zero has one sign."""
    if isinstance(value, float):
        return b"n" + array("d", (value + 0.0,)).tobytes()
    if isinstance(value, str):
        return b"t" + value.encode()
    if isinstance(value[0], float):
        return b"N" + array("d", [each + 0.0 for each in value]).tobytes()
    return b"T" + "\\".join(map(str, value)).encode()
