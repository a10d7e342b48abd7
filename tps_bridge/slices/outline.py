"""Structures as closed outlines in axial planes (PS3.3 C.8.8.5, C.8.8.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tps_bridge.plan import Identity, identity_of
from tps_bridge.plan.volume import STRUCTURES
from tps_bridge.rt import Item, Malformed

Ring: TypeAlias = NDArray[Any]
"""Corners as x and y in mm; the last one is joined to the first."""

_FLAT = 0.05
"""How far the corners of a contour may lie from its plane, in mm."""
_ROUNDED = 2
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_FEWEST = 3
_PLAIN = "#808080"
_BYTE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Roi:
    """A region of interest. `planes` are its rings by z; `left_out` counts contours of other kinds.

    `frame` is the frame of reference of its contours, `kind` its RT ROI Interpreted Type.
    """

    number: int
    name: str
    kind: str
    colour: str
    frame: str
    planes: Mapping[float, tuple[Ring, ...]]
    left_out: int = 0

    @property
    def spacing(self) -> float:
        """The distance of its two nearest planes; 0 where it has one."""
        return min((after - before for before, after in pairwise(sorted(self.planes))), default=0.0)

    def nearest(self, z: float) -> float | None:
        """Its plane at z, or that which is nearest and no further than half its own spacing."""
        found = min(self.planes, key=lambda each: abs(each - z), default=None)
        if found is None or abs(found - z) > max(_FLAT, self.spacing / 2):
            return None
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """`images` are the UIDs of those on which contours were drawn, by z."""

    uid: str
    label: str
    identity: Identity
    rois: tuple[Roi, ...]
    images: Mapping[float, str]


def read_outlines(item: Item) -> Outlines:
    """`item` with its contours. Malformed where numbers of regions do not tell them apart."""
    if item.text("SOPClassUID") != STRUCTURES:
        raise Malformed("it is no structure set")
    kinds = {
        each.integer("ReferencedROINumber"): each.text("RTROIInterpretedType")
        for each in item.items("RTROIObservationsSequence")
    }
    drawn = _by_number(item, "ROIContourSequence", "ReferencedROINumber")
    named = _by_number(item, "StructureSetROISequence", "ROINumber")
    return Outlines(
        item.text("SOPInstanceUID"),
        item.text("StructureSetLabel"),
        identity_of(item),
        tuple(
            _roi(number, each, kinds.get(number, ""), drawn.get(number, Item()))
            for number, each in named.items()
        ),
        dict(_images(item)),
    )


def _by_number(item: Item, sequence: str, keyword: str) -> dict[int, Item]:
    found: dict[int, Item] = {}
    for each in item.items(sequence):
        number = each.count(keyword)
        if number in found:
            raise Malformed(f"two items have {keyword} {number}", sequence)
        found[number] = each
    return found


def _roi(number: int, named: Item, kind: str, drawn: Item) -> Roi:
    planes: dict[float, list[Ring]] = {}
    left_out = 0
    for each in drawn.items("ContourSequence"):
        corners = _corners(each)
        if corners is None:
            left_out += 1
        else:
            planes.setdefault(_height(corners), []).append(corners[:, :2])
    return Roi(
        number,
        named.text("ROIName"),
        kind,
        _colour(drawn.numbers("ROIDisplayColor")),
        named.text("ReferencedFrameOfReferenceUID"),
        {z: tuple(rings) for z, rings in planes.items()},
        left_out,
    )


def _images(item: Item) -> Iterator[tuple[float, str]]:
    """The image that each contour names, where it names one (PS3.3 C.8.8.6)."""
    for roi in item.items("ROIContourSequence"):
        for contour in roi.items("ContourSequence"):
            named, corners = contour.items("ContourImageSequence"), _corners(contour)
            if len(named) == 1 and corners is not None:
                yield _height(corners), named[0].text("ReferencedSOPInstanceUID")


def _height(corners: NDArray[Any]) -> float:
    return round(float(corners[0, 2]), _ROUNDED)


def _corners(contour: Item) -> NDArray[Any] | None:
    """None for what is open, not axial, or has another number of corners than it says."""
    data = contour.numbers("ContourData")
    said = contour.integer("NumberOfContourPoints")
    if contour.text("ContourGeometricType") not in _CLOSED:
        return None
    if said is None or said < _FEWEST or len(data) != 3 * said:
        return None
    corners = np.asarray(data).reshape(-1, 3)
    return corners if float(np.ptp(corners[:, 2])) <= _FLAT else None


def _colour(parts: tuple[float, ...]) -> str:
    """Grey where the object tells none, or one that can't be."""
    if len(parts) != 3 or not all(0 <= each <= _BYTE for each in parts):  # noqa: PLR2004 - RGB
        return _PLAIN
    return "#" + "".join(f"{int(each):02x}" for each in parts)
