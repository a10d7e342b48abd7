"""Dose-volume histograms as the planning system stored them (PS3.3 C.8.8.4); none is computed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from tps_bridge.rt import Item

_CUMULATIVE = "CUMULATIVE"


@dataclass(frozen=True, slots=True)
class Histogram:
    """`rois` are the numbers of regions, each INCLUDED or EXCLUDED.

    `doses` are the lower edges of the bins, `volumes` what is told of each. None of either where
    the bins are not as the standard has them.
    """

    rois: tuple[tuple[int, str], ...]
    kind: str
    dose_units: str
    volume_units: str
    doses: tuple[float, ...]
    volumes: tuple[float, ...]
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None

    @property
    def is_cumulative(self) -> bool:
        return self.kind == _CUMULATIVE


def read_histograms(item: Item) -> tuple[Histogram, ...]:
    """Those of a dose object, in their order; Malformed where an attribute is none."""
    return tuple(_histogram(each) for each in item.items("DVHSequence"))


def _histogram(item: Item) -> Histogram:
    doses, volumes = _bins(item)
    return Histogram(
        rois=tuple(
            (each.count("ReferencedROINumber"), each.text("DVHROIContributionType"))
            for each in item.items("DVHReferencedROISequence")
        ),
        kind=item.text("DVHType"),
        dose_units=item.text("DoseUnits"),
        volume_units=item.text("DVHVolumeUnits"),
        doses=doses,
        volumes=volumes,
        minimum=item.number("DVHMinimumDose"),
        maximum=item.number("DVHMaximumDose"),
        mean=item.number("DVHMeanDose"),
    )


def _bins(item: Item) -> tuple[tuple[float, ...], tuple[float, ...]]:
    data, scaling = item.numbers("DVHData"), item.number("DVHDoseScaling")
    widths, volumes = data[::2], data[1::2]
    count = item.integer("DVHNumberOfBins")
    if not scaling or scaling < 0 or len(data) != 2 * (count or 0) or min(data, default=-1) < 0:
        return (), ()
    edges = accumulate((scaling * each for each in widths[:-1]), initial=0.0)
    return tuple(edges), volumes
