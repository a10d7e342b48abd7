"""Where an image lies in the patient, so that a dose can be drawn over it (PS3.3 C.7.6.2)."""

from __future__ import annotations

from dataclasses import dataclass

from tps_bridge.rt import Item
from tps_bridge.slices.grid import Grid, directions
from tps_bridge.slices.undrawn import NotDrawn, Undrawn

_SAME = 0.05


@dataclass(frozen=True, slots=True)
class Image:
    """The edges of an image in mm; `across` and `down` are -1 where x or y falls along it."""

    uid: str
    x: float
    y: float
    width: float
    height: float
    across: int
    down: int

    @property
    def matrix(self) -> str:
        """What mirrors it about its own middle as far as it is stored mirrored (SVG)."""
        right = 0 if self.across > 0 else 2 * self.x + self.width
        below = 0 if self.down > 0 else 2 * self.y + self.height
        return f"matrix({self.across} 0 0 {self.down} {right:g} {below:g})"


def read_image(item: Item, grid: Grid, z: float) -> Image:
    """NotDrawn unless it is one axial image at z in the frame of reference of the dose."""
    across, down = directions(item)
    if item.text("FrameOfReferenceUID") != grid.frame:
        raise NotDrawn(Undrawn.OTHER_FRAME, item.text("FrameOfReferenceUID"))
    position, spacing = item.numbers("ImagePositionPatient"), item.numbers("PixelSpacing")
    if len(position) != 3 or len(spacing) != 2 or min(spacing) <= 0:  # noqa: PLR2004 - x, y, z
        raise NotDrawn(Undrawn.NO_PLACE, "ImagePositionPatient or PixelSpacing")
    if abs(position[2] - z) > _SAME or (item.integer("NumberOfFrames") or 1) > 1:
        raise NotDrawn(Undrawn.NO_PLACE, f"z {position[2]:g}")
    width, height = item.count("Columns") * spacing[1], item.count("Rows") * spacing[0]
    left = position[0] - across * spacing[1] / 2
    top = position[1] - down * spacing[0] / 2
    return Image(
        item.text("SOPInstanceUID"),
        left if across > 0 else left - width,
        top if down > 0 else top - height,
        width,
        height,
        across,
        down,
    )
