"""Where the points of a dose lie in the patient (PS3.3 C.8.8.3, C.7.6.2).

Coordinates are those of the patient, in mm: x grows to the left, y to the back, z to the head,
however the patient lies (C.7.6.2.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tps_bridge.rt import Item
from tps_bridge.slices.undrawn import NotDrawn, Undrawn

_STRAIGHT = 1e-4
_SAME = 1e-3
"""How far two ways to write a position may lie apart, in mm."""
_MOST = 2**20
_AXES, _COSINES, _PLANE = 3, 6, 2
_TYPES = ("PHYSICAL", "EFFECTIVE")
_UNITS = ("GY", "RELATIVE")


@dataclass(frozen=True, slots=True)
class Axis:
    """Points a `step` apart, which is negative where they run against the patient's axis."""

    start: float
    step: float
    count: int

    @property
    def points(self) -> tuple[float, ...]:
        return tuple(self.start + self.step * place for place in range(self.count))


@dataclass(frozen=True, slots=True)
class Grid:
    """`x` of the columns, `y` of the rows, `planes` the z of each frame; `scaling` gives `units`.

    `frame` is the UID of its frame of reference.
    """

    uid: str
    frame: str
    units: str
    kind: str
    summation: str
    scaling: float
    x: Axis
    y: Axis
    planes: tuple[float, ...]

    @property
    def between(self) -> tuple[float, float] | None:
        """The least and the greatest distance of two neighbouring planes; None where it has one."""
        steps = [abs(after - before) for before, after in pairwise(self.planes)]
        return (min(steps), max(steps)) if steps else None

    @property
    def upwards(self) -> tuple[int, ...]:
        """The frames, from 1, from the feet to the head."""
        frames = range(1, len(self.planes) + 1)
        return tuple(sorted(frames, key=lambda each: self.planes[each - 1]))


def read_grid(item: Item) -> Grid:
    """NotDrawn says why it can't be placed or scaled; Malformed where an attribute is none."""
    across, down = directions(item)
    position = item.numbers("ImagePositionPatient")
    spacing = item.numbers("PixelSpacing")
    if len(position) != _AXES or len(spacing) != _PLANE or min(spacing) <= 0:
        raise NotDrawn(Undrawn.NO_PLACE, "ImagePositionPatient or PixelSpacing")
    rows, columns = item.count("Rows"), item.count("Columns")
    if not 0 < rows * columns <= _MOST:
        raise NotDrawn(Undrawn.TOO_LARGE, f"{columns} × {rows}")
    kind, units, scaling = _values(item)
    return Grid(
        uid=item.text("SOPInstanceUID"),
        frame=item.text("FrameOfReferenceUID"),
        units=units,
        kind=kind,
        summation=item.text("DoseSummationType"),
        scaling=scaling,
        x=Axis(position[0], across * spacing[1], columns),
        y=Axis(position[1], down * spacing[0], rows),
        planes=_planes(item, position[2], across, down),
    )


def directions(item: Item) -> tuple[int, int]:
    """Whether x grows along a row and y down a column: 1, or -1."""
    if item.text("AnatomicalOrientationType") == "QUADRUPED":
        raise NotDrawn(Undrawn.NOT_AXIAL, "QUADRUPED")
    cosines = item.numbers("ImageOrientationPatient")
    if len(cosines) != _COSINES:
        raise NotDrawn(Undrawn.NO_PLACE, "ImageOrientationPatient")
    across, down = round(cosines[0]), round(cosines[4])
    straight = (across, 0, 0, 0, down, 0)
    off = max(abs(is_ - ideal) for is_, ideal in zip(cosines, straight, strict=True))
    if abs(across) != 1 or abs(down) != 1 or off > _STRAIGHT:
        raise NotDrawn(Undrawn.NOT_AXIAL, "\\".join(f"{each:g}" for each in cosines))
    return across, down


def _values(item: Item) -> tuple[str, str, float]:
    """DoseType, DoseUnits and the scaling, where together they make a dose."""
    kind, units = item.text("DoseType"), item.text("DoseUnits")
    scaling = item.number("DoseGridScaling")
    if kind not in _TYPES or units not in _UNITS or item.integer("PixelRepresentation"):
        raise NotDrawn(Undrawn.NO_DOSE, f"DoseType {kind}, DoseUnits {units}")
    if scaling is None or scaling <= 0:
        raise NotDrawn(Undrawn.NO_DOSE, "DoseGridScaling")
    return kind, units, scaling


def _planes(item: Item, z: float, across: int, down: int) -> tuple[float, ...]:
    """PS3.3 C.8.8.3.2: offsets from the first plane along the normal, or else z itself."""
    offsets = item.numbers("GridFrameOffsetVector")
    frames = item.integer("NumberOfFrames") or 1
    if not offsets and frames == 1:
        return (z,)
    if len(offsets) != frames:
        raise NotDrawn(Undrawn.NO_PLACE, f"{len(offsets)} offsets for {frames} frames")
    steps = [after - before for before, after in pairwise(offsets)]
    if steps and not (min(steps) > 0 or max(steps) < 0):
        raise NotDrawn(Undrawn.NO_PLACE, "GridFrameOffsetVector is not monotonic")
    if offsets[0] == 0:
        return tuple(z + across * down * each for each in offsets)
    if abs(offsets[0] - z) <= _SAME and across == down == 1:
        return offsets
    raise NotDrawn(Undrawn.NO_PLACE, f"GridFrameOffsetVector begins with {offsets[0]:g}")
