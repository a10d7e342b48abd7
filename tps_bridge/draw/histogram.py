"""Stored dose-volume histograms as charts: one for each pair of units. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gateway.room import Graph, Trace
from tps_bridge.slices import Histogram, Roi

_MOST = 400
_SIGNS = {"INCLUDED": "+", "EXCLUDED": "−"}
_UNITS = {"GY": "Gy", "RELATIVE": "", "PERCENT": "%", "CM3": "cm3", "PER_U": "{PER_U}"}


def graphs(several: Sequence[Histogram], rois: Mapping[int, Roi]) -> list[Graph]:
    """Of those that are cumulative and whose bins can be read."""
    return list(_graphs([each for each in several if each.is_cumulative and each.doses], rois))


def _graphs(several: Sequence[Histogram], rois: Mapping[int, Roi]) -> Iterator[Graph]:
    units = dict.fromkeys((each.dose_units, each.volume_units) for each in several)
    for dose, volume in units:
        alike = [each for each in several if (each.dose_units, each.volume_units) == (dose, volume)]
        yield Graph(
            {"en": "Volume over dose", "zh-CN": "剂量体积直方图"},
            _UNITS.get(volume, volume),
            {"en": "Dose", "zh-CN": "剂量"},
            _UNITS.get(dose, dose),
            max(each.doses[-1] for each in alike),
            [_trace(each, rois) for each in alike],
        )


def _trace(histogram: Histogram, rois: Mapping[int, Roi]) -> Trace:
    points = list(zip(histogram.doses, histogram.volumes, strict=True))
    step = -(-len(points) // _MOST)
    (first, _), *_ = histogram.rois or ((0, ""),)
    colour = rois[first].colour if first in rois else ""
    return Trace(name_of(histogram, rois), [*points[:-1:step], points[-1]], colour)


def name_of(histogram: Histogram, rois: Mapping[int, Roi]) -> str:
    """The regions' names, or numbers where the structure set does not name them."""
    names = (
        f"{_SIGNS.get(part, '?')} " + (rois[number].name if number in rois else f"ROI {number}")
        for number, part in histogram.rois
    )
    return " ".join(names).removeprefix("+ ") or "—"
