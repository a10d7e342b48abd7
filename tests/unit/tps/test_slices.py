"""Where doses and outlines lie in the patient; the numbers are computed by hand."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from simulators.rt import Course, encoded, structure_set
from simulators.rt.compose import item
from tests.unit.tps.rt import item_of
from tps_bridge.draw.histogram import graphs, name_of
from tps_bridge.draw.slice import Slice, slice_of
from tps_bridge.plan import DoseReference
from tps_bridge.rt import Malformed, decode
from tps_bridge.slices import (
    Basis,
    Grid,
    NotDrawn,
    Outlines,
    Roi,
    Undrawn,
    read_grid,
    read_histograms,
    read_image,
    read_outlines,
    scale_of,
)

HFS, HFP = [1, 0, 0, 0, 1, 0], [-1, 0, 0, 0, -1, 0]
FFS, FFP = [-1, 0, 0, 0, 1, 0], [1, 0, 0, 0, -1, 0]
EXPLICIT = "1.2.840.10008.1.2.1"
TARGET = DoseReference(1, "TARGET", "PTV", prescribed=10.0)


def dose(**values: Any) -> Dataset:
    """Three planes of two rows, 2 mm apart, and three columns, 3 mm apart."""
    made = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.2",
        SOPInstanceUID="1.2.3.4",
        FrameOfReferenceUID="1.2.3",
        ImagePositionPatient=[10, -20, 5],
        ImageOrientationPatient=HFS,
        PixelSpacing=[2, 3],
        Rows=2,
        Columns=3,
        NumberOfFrames=3,
        GridFrameOffsetVector=[0, 4, 8],
        PixelRepresentation=0,
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DoseSummationType="PLAN",
        DoseGridScaling="0.5",
    )
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def grid_of(**values: Any) -> Grid:
    return read_grid(item_of(dose(**values)))


@pytest.mark.parametrize(
    ("cosines", "x", "y", "z"),
    [
        (HFS, (10, 13, 16), (-20, -18), (5, 9, 13)),
        (HFP, (10, 7, 4), (-20, -22), (5, 9, 13)),
        (FFS, (10, 7, 4), (-20, -18), (5, 1, -3)),
        (FFP, (10, 13, 16), (-20, -22), (5, 1, -3)),
    ],
    ids=["HFS", "HFP", "FFS", "FFP"],
)
def test_points_lie_along_the_rows_and_columns_and_planes_along_their_cross_product(
    cosines: list[int], x: tuple[float, ...], y: tuple[float, ...], z: tuple[float, ...]
) -> None:
    found = grid_of(ImageOrientationPatient=cosines)
    assert (found.x.points, found.y.points, found.planes) == (x, y, z)
    assert found.upwards == ((1, 2, 3) if z[0] < z[-1] else (3, 2, 1))
    assert found.between == (4, 4)


def test_offsets_that_begin_with_the_first_plane_are_positions() -> None:
    assert grid_of(GridFrameOffsetVector=[5, 9, 14]).planes == (5, 9, 14)
    assert grid_of(GridFrameOffsetVector=[5, 1, -3]).planes == (5, 1, -3)
    # Where the first plane lies at zero, both readings are the same.
    at_zero = grid_of(ImagePositionPatient=[10, -20, 0], GridFrameOffsetVector=[0, 4, 9])
    assert at_zero.planes == (0, 4, 9)


def test_one_plane_needs_no_offsets() -> None:
    made = dose(NumberOfFrames=1)
    del made.GridFrameOffsetVector
    assert read_grid(item_of(made)).planes == (5,)
    assert read_grid(item_of(made)).between is None


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"GridFrameOffsetVector": [1, 5, 9]}, Undrawn.NO_PLACE),
        (
            {"GridFrameOffsetVector": [5, 9, 13], "ImageOrientationPatient": HFP},
            Undrawn.NO_PLACE,
        ),
        ({"GridFrameOffsetVector": [0, 8, 4]}, Undrawn.NO_PLACE),
        ({"GridFrameOffsetVector": [0, 4, 4]}, Undrawn.NO_PLACE),
        ({"GridFrameOffsetVector": [0, 4]}, Undrawn.NO_PLACE),
        ({"GridFrameOffsetVector": None}, Undrawn.NO_PLACE),
        ({"ImagePositionPatient": None}, Undrawn.NO_PLACE),
        ({"ImageOrientationPatient": None}, Undrawn.NO_PLACE),
        ({"PixelSpacing": [2, 0]}, Undrawn.NO_PLACE),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, Undrawn.NOT_AXIAL),
        ({"ImageOrientationPatient": [0, 1, 0, 1, 0, 0]}, Undrawn.NOT_AXIAL),
        ({"ImageOrientationPatient": [0.9998, 0.02, 0, -0.02, 0.9998, 0]}, Undrawn.NOT_AXIAL),
        ({"AnatomicalOrientationType": "QUADRUPED"}, Undrawn.NOT_AXIAL),
        ({"DoseType": "ERROR"}, Undrawn.NO_DOSE),
        ({"DoseUnits": "CGY"}, Undrawn.NO_DOSE),
        ({"DoseGridScaling": "0"}, Undrawn.NO_DOSE),
        ({"DoseGridScaling": None}, Undrawn.NO_DOSE),
        ({"PixelRepresentation": 1}, Undrawn.NO_DOSE),
        ({"Rows": 2000, "Columns": 2000}, Undrawn.TOO_LARGE),
    ],
)
def test_a_grid_that_could_be_placed_or_scaled_wrongly_is_not_drawn(
    values: dict[str, Any], why: Undrawn
) -> None:
    with pytest.raises(NotDrawn) as refused:
        grid_of(**values)
    assert refused.value.why is why


def line_at(drawn: Slice, percent: int) -> list[tuple[float, float]]:
    """The corners of a level's line."""
    (band,) = [each for each in drawn.bands if each.level.percent == percent]
    numbers = [float(each) for each in re.findall(r"-?[0-9.]+", band.line)]
    return sorted(zip(numbers[::2], numbers[1::2], strict=True))


@pytest.mark.parametrize("cosines", [HFS, HFP, FFS, FFP], ids=["HFS", "HFP", "FFS", "FFP"])
def test_the_same_dose_is_drawn_at_the_same_place_however_it_is_stored(cosines: list[int]) -> None:
    """2, 6 and 12 Gy at x = 10, 13, 16: 5 Gy at 12.25, 10 Gy at 15, and 10 Gy on the left."""
    across, down = cosines[0], cosines[4]
    found = grid_of(
        ImageOrientationPatient=cosines,
        ImagePositionPatient=[10 if across > 0 else 16, -20 if down > 0 else -18, 5],
    )
    values = np.array([[2.0, 6.0, 12.0], [2.0, 6.0, 12.0]])[::down, ::across]
    scale = scale_of(found, [TARGET], None)
    assert scale is not None
    drawn = slice_of(found, 2, values, scale, rois=(), chosen=frozenset())
    assert line_at(drawn, 50) == [(12.2, -20), (12.2, -18)]
    assert line_at(drawn, 100) == [(15, -20), (15, -18)]
    assert drawn.z == (9 if across * down > 0 else 1)
    assert (drawn.known.x, drawn.known.right) == (10, 16)
    assert (drawn.known.y, drawn.known.bottom) == (-20, -18)
    assert drawn.greatest == 12


def test_a_single_row_has_no_lines() -> None:
    found = grid_of(Rows=1)
    scale = scale_of(found, [TARGET], None)
    assert scale is not None
    drawn = slice_of(found, 1, np.array([[1.0, 20.0, 3.0]]), scale, rois=(), chosen=frozenset())
    assert drawn.bands == ()


def test_levels_are_parts_of_the_prescription_only_where_the_dose_is_of_the_whole_plan() -> None:
    boost = DoseReference(2, "TARGET", "boost", prescribed=12.0)
    organ = DoseReference(3, "ORGAN_AT_RISK", "cord", prescribed=45.0)
    several = [TARGET, boost, organ]
    whole = scale_of(grid_of(), several, 13.0)
    assert whole is not None
    assert (whole.basis, whole.whole, whole.name) == (Basis.PRESCRIBED, 12.0, "boost")
    (half,) = [each for each in whole.levels if each.percent == 50]
    assert half.dose == 6.0
    chosen = scale_of(grid_of(), several, 13.0, wanted=1)
    assert chosen is not None
    assert chosen.whole == 10.0
    for values in ({"DoseUnits": "RELATIVE"}, {"DoseSummationType": "FRACTION"}):
        part = scale_of(grid_of(**values), several, 13.0)
        assert part is not None
        assert (part.basis, part.whole) == (Basis.GREATEST, 13.0)
        assert scale_of(grid_of(**values), several, None) is None


def contour(*corners: tuple[float, float, float], **values: Any) -> Dataset:
    flat = [each for corner in corners for each in corner]
    made = item(
        ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(corners), ContourData=flat
    )
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def triangle(z: float, **values: Any) -> Dataset:
    return contour((0, 0, z), (10, 0, z), (0, 10, z), **values)


def outlines_of(*contours: Dataset, **values: Any) -> Outlines:
    made = structure_set(Course(frame="1.2.3"))
    made.StructureSetROISequence = made.StructureSetROISequence[:1]
    made.ROIContourSequence = made.ROIContourSequence[:1]
    made.ROIContourSequence[0].ContourSequence = contours
    for keyword, value in values.items():
        setattr(made.ROIContourSequence[0], keyword, value)
    return read_outlines(decode(encoded(made), EXPLICIT, contours=True))


def roi_of(*contours: Dataset, **values: Any) -> Roi:
    (found,) = outlines_of(*contours, **values).rois
    return found


def test_an_outline_is_what_is_closed_and_lies_in_an_axial_plane() -> None:
    found = roi_of(
        triangle(3),
        triangle(3),
        triangle(6),
        triangle(6, ContourGeometricType="OPEN_PLANAR"),
        triangle(6, NumberOfContourPoints=4),
        contour((0, 0, 3), (10, 0, 3), (0, 10, 4)),
        contour((0, 0, 9), ContourGeometricType="POINT"),
    )
    assert {z: len(rings) for z, rings in found.planes.items()} == {3.0: 2, 6.0: 1}
    assert found.left_out == 4
    assert found.colour == "#00c850"
    assert (found.name, found.kind) == ("BODY", "EXTERNAL")
    assert found.planes[6.0][0].tolist() == [[0, 0], [10, 0], [0, 10]]
    assert roi_of(triangle(3), ROIDisplayColor=[300, 0, 0]).colour == "#808080"


def test_the_nearest_plane_of_a_structure_counts_up_to_half_its_own_spacing() -> None:
    found = roi_of(triangle(0), triangle(3), triangle(12))
    assert [found.nearest(z) for z in (-1.4, 1.2, 4.5, 6.0, 12.0)] == [0, 0, 3, None, 12]
    alone = roi_of(triangle(0))
    assert (alone.nearest(0.04), alone.nearest(0.5)) == (0, None)


def test_an_outline_of_a_plane_beside_the_dose_says_how_far_it_lies() -> None:
    found = grid_of()
    scale = scale_of(found, [TARGET], None)
    assert scale is not None
    rois, none = [roi_of(triangle(5), triangle(8))], np.zeros((2, 3))
    first, second = (
        slice_of(found, frame, none, scale, rois=rois, chosen=frozenset({1})) for frame in (1, 2)
    )
    rings = "M0.0 0.0L10.0 0.0L0.0 10.0Z"
    assert [(each.off, each.rings) for each in first.outlines] == [(0.0, rings)]
    assert [(each.off, each.rings) for each in second.outlines] == [(1.0, rings)]
    nothing = slice_of(found, 1, none, scale, rois=rois, chosen=frozenset())
    assert nothing.outlines == ()
    assert nothing.box == first.box


def test_two_regions_under_one_number_are_refused() -> None:
    made = structure_set(Course())
    made.StructureSetROISequence[1].ROINumber = 1
    with pytest.raises(Malformed, match="two items have ROINumber 1"):
        read_outlines(decode(encoded(made), EXPLICIT, contours=True))


def image(**values: Any) -> Dataset:
    """Four rows, 2 mm apart, and two columns, 3 mm apart."""
    made = item(
        SOPInstanceUID="1.2.3.5",
        FrameOfReferenceUID="1.2.3",
        ImagePositionPatient=[10, -20, 5],
        ImageOrientationPatient=HFS,
        PixelSpacing=[2, 3],
        Rows=4,
        Columns=2,
    )
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize(
    ("cosines", "corner", "matrix"),
    [
        (HFS, (8.5, -21), "matrix(1 0 0 1 0 0)"),
        (HFP, (5.5, -27), "matrix(-1 0 0 -1 17 -46)"),
        (FFS, (5.5, -21), "matrix(-1 0 0 1 17 0)"),
        (FFP, (8.5, -27), "matrix(1 0 0 -1 0 -46)"),
    ],
    ids=["HFS", "HFP", "FFS", "FFP"],
)
def test_an_image_reaches_half_a_point_beyond_the_middle_of_its_outermost(
    cosines: list[int], corner: tuple[float, float], matrix: str
) -> None:
    found = read_image(item_of(image(ImageOrientationPatient=cosines)), grid_of(), 5.0)
    assert (found.x, found.y) == corner
    assert (found.width, found.height) == (6, 8)
    assert found.matrix == matrix


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"FrameOfReferenceUID": "1.2.4"}, Undrawn.OTHER_FRAME),
        ({"ImagePositionPatient": [10, -20, 5.2]}, Undrawn.NO_PLACE),
        ({"ImagePositionPatient": None}, Undrawn.NO_PLACE),
        ({"NumberOfFrames": 2}, Undrawn.NO_PLACE),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.95, -0.31]}, Undrawn.NOT_AXIAL),
    ],
)
def test_an_image_that_lies_elsewhere_is_not_put_under_the_dose(
    values: dict[str, Any], why: Undrawn
) -> None:
    with pytest.raises(NotDrawn) as refused:
        read_image(item_of(image(**values)), grid_of(), 5.0)
    assert refused.value.why is why


def histogram(**values: Any) -> Dataset:
    made = item(
        DVHReferencedROISequence=[
            item(ReferencedROINumber=1, DVHROIContributionType="INCLUDED"),
            item(ReferencedROINumber=7, DVHROIContributionType="EXCLUDED"),
        ],
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DVHDoseScaling="2",
        DVHVolumeUnits="CM3",
        DVHNumberOfBins=3,
        DVHData=[0.5, 80, 1, 60, 0.25, 10],
        DVHMeanDose="1.5",
    )
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def test_a_histogram_is_read_as_bins_from_their_lower_edges() -> None:
    (found,) = read_histograms(item_of(dose(DVHSequence=[histogram()])))
    assert list(found.doses) == [0, 1, 3]
    assert list(found.volumes) == [80, 60, 10]
    assert [found.minimum, found.mean] == [None, 1.5]
    names = {1: roi_of(triangle(0))}
    assert name_of(found, names) == "BODY − ROI 7"
    (graph,) = graphs([found], names)
    assert (graph.unit, graph.along_unit, graph.end) == ("cm3", "Gy", 3)
    assert graph.traces[0].points == [(0, 80), (1, 60), (3, 10)]
    assert graph.traces[0].colour == "#00c850"


@pytest.mark.parametrize(
    "values",
    [
        {"DVHNumberOfBins": 4},
        {"DVHDoseScaling": "-1"},
        {"DVHDoseScaling": None},
        {"DVHData": [0.5, 80, -1, 60, 0.25, 10]},
    ],
)
def test_bins_that_are_not_as_the_standard_has_them_are_not_charted(values: Any) -> None:
    found = read_histograms(item_of(dose(DVHSequence=[histogram(**values)])))
    assert found[0].doses == ()
    assert graphs(found, {}) == []


def test_histograms_in_other_units_and_of_other_kinds_stand_apart() -> None:
    several = [histogram(), histogram(DVHVolumeUnits="PERCENT"), histogram(DVHType="DIFFERENTIAL")]
    found = read_histograms(item_of(dose(DVHSequence=several)))
    assert [each.unit for each in graphs(found, {})] == ["cm3", "%"]


def test_a_long_histogram_is_charted_in_fewer_points_that_are_all_its_own() -> None:
    data = [each for place in range(1000) for each in (1, 1000 - place)]
    (found,) = read_histograms(
        item_of(dose(DVHSequence=[histogram(DVHNumberOfBins=1000, DVHData=data)]))
    )
    (graph,) = graphs([found], {})
    points = graph.traces[0].points
    assert len(points) <= 401
    assert set(points) <= set(zip(found.doses, found.volumes, strict=True))
    assert points[-1] == (1998, 1)
