"""Dose over structures, plane by plane, as the planning system exported them. Pure."""

from tps_bridge.slices.grid import Axis, Grid, read_grid
from tps_bridge.slices.histogram import Histogram, read_histograms
from tps_bridge.slices.image import Image, read_image
from tps_bridge.slices.level import Basis, Level, Scale, scale_of, targets
from tps_bridge.slices.match import of_patient, of_plan, over, within_frame
from tps_bridge.slices.outline import Outlines, Roi, read_outlines
from tps_bridge.slices.undrawn import NotDrawn, Undrawn

__all__ = [
    "Axis",
    "Basis",
    "Grid",
    "Histogram",
    "Image",
    "Level",
    "NotDrawn",
    "Outlines",
    "Roi",
    "Scale",
    "Undrawn",
    "of_patient",
    "of_plan",
    "over",
    "read_grid",
    "read_histograms",
    "read_image",
    "read_outlines",
    "scale_of",
    "targets",
    "within_frame",
]
