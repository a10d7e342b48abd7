"""Whether objects belong together: nothing is laid over anything else by resemblance."""

from __future__ import annotations

from tps_bridge.plan import Identity, identity_of
from tps_bridge.rt import Item
from tps_bridge.slices.grid import Grid
from tps_bridge.slices.outline import Roi
from tps_bridge.slices.undrawn import NotDrawn, Undrawn


def of_patient(one: Identity, other: Identity) -> None:
    """NotDrawn where two objects name two patients."""
    if (one.patient, one.issuer) != (other.patient, other.issuer):
        raise NotDrawn(Undrawn.OTHER_PATIENT)


def of_plan(dose: Item, plan: str, patient: Identity) -> None:
    """NotDrawn unless a dose is of this plan, of no other one, and of its patient."""
    of_patient(identity_of(dose), patient)
    plans = [
        each.text("ReferencedSOPInstanceUID") for each in dose.items("ReferencedRTPlanSequence")
    ]
    if plans != [plan]:
        raise NotDrawn(Undrawn.OTHER_PLAN, ", ".join(plans))


def within_frame(grid: Grid, frame: str) -> None:
    """NotDrawn unless a dose is in a plan's frame of reference; '' for a plan that names none."""
    if not grid.frame or (frame and grid.frame != frame):
        raise NotDrawn(Undrawn.OTHER_FRAME, grid.frame)


def over(roi: Roi, grid: Grid) -> None:
    """NotDrawn unless a region can be laid over a dose."""
    if not roi.frame or roi.frame != grid.frame:
        raise NotDrawn(Undrawn.OTHER_FRAME, roi.frame)
    if not roi.planes:
        raise NotDrawn(Undrawn.NO_CONTOUR)
