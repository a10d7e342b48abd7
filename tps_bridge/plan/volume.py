"""Structure sets and dose grids, as far as they are told: names, extent, units, greatest dose."""

from __future__ import annotations

from dataclasses import dataclass

from tps_bridge.plan.identity import Identity, identity_of
from tps_bridge.rt import Item, Malformed, keyed

STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
_TYPES = ("PHYSICAL", "EFFECTIVE")
"""Dose Types of grids that hold a dose; those of ERROR hold how far one may be off."""
_PLANE = 2


@dataclass(frozen=True, slots=True)
class Structure:
    """`kind` is its RT ROI Interpreted Type (`PTV`, `ORGAN`, `EXTERNAL` …), or nothing."""

    number: int
    name: str
    kind: str
    contours: int


@dataclass(frozen=True, slots=True)
class StructureSet:
    uid: str
    label: str
    identity: Identity
    structures: tuple[Structure, ...]


@dataclass(frozen=True, slots=True)
class DoseGrid:
    """`extent` in mm along columns, rows and frames; `units` GY or RELATIVE.

    `scaling` turns a stored value into the unit, `maximum` is in it; None where the pixels can't be
    read, or are no dose (PS3.3 C.8.8.3: `kind` ERROR). `plan` is the UID of the plan that it is of.
    """

    uid: str
    identity: Identity
    units: str
    kind: str
    summation: str
    scaling: float
    size: tuple[int, int, int]
    extent: tuple[float, float, float | None]
    plan: str
    maximum: float | None = None


def read_structures(item: Item) -> StructureSet:
    if item.text("SOPClassUID") != STRUCTURES:
        raise Malformed("it is no structure set")
    kinds = {
        each.integer("ReferencedROINumber"): each.text("RTROIInterpretedType")
        for each in item.items("RTROIObservationsSequence")
    }
    contours = {
        each.integer("ReferencedROINumber"): len(each.items("ContourSequence"))
        for each in item.items("ROIContourSequence")
    }
    named = [(each.count("ROINumber"), each) for each in item.items("StructureSetROISequence")]
    return StructureSet(
        item.text("SOPInstanceUID"),
        item.text("StructureSetLabel"),
        identity_of(item),
        tuple(
            Structure(number, each.text("ROIName"), kinds.get(number, ""), contours.get(number, 0))
            for number, each in named
        ),
    )


def read_dose(item: Item, greatest: int | None = None) -> DoseGrid:
    """`greatest` is the greatest stored value, if it is known."""
    if item.text("SOPClassUID") != DOSE:
        raise Malformed("it is no dose")
    rows, columns = item.count("Rows"), item.count("Columns")
    frames = item.integer("NumberOfFrames") or 1
    spacing, offsets = item.numbers("PixelSpacing"), item.numbers("GridFrameOffsetVector")
    if len(spacing) != _PLANE:
        raise Malformed(f"PixelSpacing has {len(spacing)} values instead of two")
    if offsets and len(offsets) != frames:
        raise Malformed(f"GridFrameOffsetVector has {len(offsets)} values for {frames} frames")
    kind, scaling = item.text("DoseType"), item.needed("DoseGridScaling")
    plans = keyed("ReferencedRTPlanSequence", item.items("ReferencedRTPlanSequence"))
    return DoseGrid(
        item.text("SOPInstanceUID"),
        identity_of(item),
        item.text("DoseUnits"),
        kind,
        item.text("DoseSummationType"),
        scaling,
        (columns, rows, frames),
        (
            columns * spacing[1],
            rows * spacing[0],
            abs(offsets[-1] - offsets[0]) if offsets else None,
        ),
        next((each.text("ReferencedSOPInstanceUID") for each in plans.values()), ""),
        None if greatest is None or kind not in _TYPES else greatest * scaling,
    )
