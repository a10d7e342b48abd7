"""A plan's dose laid over its structures, from the objects that say that they belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from dicom.services import Unseen, Unviewable
from gateway import StoreError
from tps_bridge.book import Book
from tps_bridge.draw.slice import Slice, slice_of
from tps_bridge.plan import DoseGrid, DoseReference, Plan, identity_of
from tps_bridge.reader import Reader
from tps_bridge.rt import Item, Malformed
from tps_bridge.slices import (
    Grid,
    Histogram,
    Image,
    NotDrawn,
    Outlines,
    Roi,
    Scale,
    Undrawn,
    of_patient,
    of_plan,
    over,
    read_grid,
    read_histograms,
    read_image,
    scale_of,
    targets,
    within_frame,
)

_DECODED: Mapping[Unseen, Undrawn] = {
    Unseen.WRONG_SIZE: Undrawn.WRONG_SIZE,
    Unseen.TOO_LARGE: Undrawn.TOO_LARGE,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown; '', 0 and None leave the choice to us.

    `place` counts the planes of the dose from the feet, from 1.
    """

    dose: str = ""
    place: int = 0
    rois: frozenset[int] | None = None
    reference: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that is not shown: an object, or a region of one by its `name`; and why."""

    uid: str
    name: str
    why: Undrawn
    detail: str


@dataclass(slots=True)
class Overlay:
    """What was found. `rois` can be chosen, `chosen` are shown; `names` are by number, of the DVHs.

    `image` lies under what is drawn. Filled from the top down, as far as it goes: `refusals` say
    why the rest is empty.
    """

    dose: DoseGrid | None = None
    grid: Grid | None = None
    scale: Scale | None = None
    targets: Sequence[DoseReference] = ()
    place: int = 0
    outlines: Outlines | None = None
    rois: Sequence[Roi] = ()
    chosen: frozenset[int] = frozenset()
    drawn: Slice | None = None
    image: Image | None = None
    histograms: Sequence[Histogram] = ()
    names: Mapping[int, Roi] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    @contextmanager
    def told(self, uid: str, name: str = "") -> Iterator[None]:
        """Note why something inside the block is not shown."""
        try:
            yield
        except NotDrawn as error:
            self.refusals.append(Refusal(uid, name, error.why, error.detail))
        except Unviewable as error:
            why = _DECODED.get(error.why, Undrawn.UNDECODED)
            self.refusals.append(Refusal(uid, name, why, error.detail))
        except LookupError:
            self.refusals.append(Refusal(uid, name, Undrawn.NOT_HERE, ""))
        except (StoreError, Malformed) as error:
            self.refusals.append(Refusal(uid, name, Undrawn.UNREAD, str(error)))


class Overlays:
    """Makes them. StoreError where the book can't be asked."""

    def __init__(self, book: Book, reader: Reader) -> None:
        self._book, self._reader = book, reader

    async def of(self, uid: str, wanted: Wanted) -> Overlay:
        """What is there of a plan."""
        made = Overlay()
        doses = await self._book.doses(uid)
        made.dose = _chosen(doses, wanted.dose)
        if made.dose is None:
            return made
        with made.told(uid):
            plan = await self._reader.plan(uid)
            with made.told(made.dose.uid):
                item = await self._reader.dose(made.dose.uid)
                of_plan(item, uid, plan.identity)
                await self._laid(made, plan, item, wanted)
        return made

    async def _laid(self, made: Overlay, plan: Plan, item: Item, wanted: Wanted) -> None:
        assert made.dose is not None  # noqa: S101 - just chosen
        with made.told(plan.structure_set):
            made.outlines = await self._outlines(plan)
        if made.outlines is not None and made.outlines.uid == _numbered_by(item):
            made.names = {each.number: each for each in made.outlines.rois}
        made.histograms = await self._reader.run(lambda: read_histograms(item))
        grid = read_grid(item)
        within_frame(grid, plan.frame_of_reference)
        made.grid, made.targets = grid, targets(grid, plan.references)
        made.rois = _over(made, grid)
        numbers = frozenset(each.number for each in made.rois)
        made.chosen = numbers if wanted.rois is None else numbers & wanted.rois
        made.place = min(wanted.place, len(grid.planes)) or _beginning(grid, plan)
        made.scale = scale_of(grid, plan.references, made.dose.maximum, wanted.reference)
        if made.scale is None:
            raise NotDrawn(Undrawn.NO_LEVELS)
        made.drawn = await self._drawn(made, grid, made.scale)
        uid = made.outlines.images.get(round(made.drawn.z, 2), "") if made.outlines else ""
        with made.told(uid):
            made.image = await self._image(uid, made.drawn.z, grid, plan)

    async def _outlines(self, plan: Plan) -> Outlines | None:
        if not plan.structure_set:
            return None
        found = await self._reader.outlines(plan.structure_set)
        of_patient(found.identity, plan.identity)
        return found

    async def _image(self, uid: str, z: float, grid: Grid, plan: Plan) -> Image | None:
        """The image that contours of a plane were drawn on, if it is stored here."""
        try:
            item = await self._reader.image(uid) if uid else None
        except LookupError:
            return None
        if item is None:
            return None
        of_patient(identity_of(item), plan.identity)
        return read_image(item, grid, z)

    async def _drawn(self, made: Overlay, grid: Grid, scale: Scale) -> Slice:
        frame = grid.upwards[made.place - 1]
        stored = await self._reader.stored(grid.uid, frame)
        if (stored.rows, stored.columns) != (grid.y.count, grid.x.count):
            raise NotDrawn(Undrawn.WRONG_SIZE, f"{stored.columns} × {stored.rows}")
        values = np.frombuffer(stored.values, "<i8").reshape(stored.rows, stored.columns)
        return await self._reader.run(
            lambda: slice_of(
                grid,
                frame,
                values * grid.scaling,
                scale,
                rois=made.rois,
                chosen=made.chosen,
            )
        )


def _chosen(doses: Sequence[DoseGrid], wanted: str) -> DoseGrid | None:
    """The one that is asked for; else that of the whole plan, else any."""
    asked = next((each for each in doses if each.uid == wanted), None)
    whole = next((each for each in doses if each.summation == "PLAN"), None)
    return asked or whole or next(iter(doses), None)


def _numbered_by(dose: Item) -> str:
    """The structure set that the regions of its histograms are numbered by (PS3.3 C.8.8.4)."""
    return dose.one("ReferencedStructureSetSequence").text("ReferencedSOPInstanceUID")


def _over(made: Overlay, grid: Grid) -> list[Roi]:
    """The regions that can be laid over the dose."""
    fitting = []
    for each in made.outlines.rois if made.outlines else ():
        with made.told(made.outlines.uid if made.outlines else "", each.name):
            over(each, grid)
            fitting.append(each)
    return fitting


def _beginning(grid: Grid, plan: Plan) -> int:
    """The plane nearest to the isocenter; that in the middle where there is none."""
    heights = [grid.planes[frame - 1] for frame in grid.upwards]
    first = next((each for beam in plan.beams for each in beam.points if each.isocenter), None)
    if first is None or not first.isocenter:
        return (len(heights) + 1) // 2
    z = first.isocenter[2]
    return 1 + min(range(len(heights)), key=lambda place: abs(heights[place] - z))
