"""Structure sets and doses as a treatment planning system exports them with a plan.

Structures are ellipsoids, and cylinders about the axis of the body; the dose is high in the target
and falls off about it. Coordinates in mm: x to the patient's left, y to the back, z to the head.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from simulators.rt.compose import ISOCENTER, STRUCTURES, Course, general, item

RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
STEP, THICKNESS = 4.0, 3.0
"""Distance of two points of the dose in a plane, and of two planes, which are those of contours."""
_COLUMNS, _ROWS, _PLANES = 97, 61, 21
_CORNERS = 48
_BINS = 120
_EDGE = 1.2
"""Where the dose falls off, in radii of the target."""
_STEPS = 65_535

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """`middle` is told from the isocenter; one of infinite height is a cylinder."""

    name: str
    kind: str
    colour: tuple[int, int, int]
    middle: tuple[float, float, float]
    radii: tuple[float, float, float]
    density: int = 40
    """Hounsfield units."""

    def radius(self, x: Any, y: Any, z: Any) -> Any:
        """How far out a place told from the isocenter lies: 1 on the surface."""
        parts = zip((x, y, z), self.middle, self.radii, strict=True)
        return sum(((at - middle) / radius) ** 2 for at, middle, radius in parts) ** 0.5


BODY = Shape("BODY", "EXTERNAL", (0, 200, 80), (0, 0, 0), (176, 106, math.inf))
TARGET = Shape("PTV", "PTV", (230, 60, 60), (0, 0, 0), (32, 27, 24))
_PELVIS = (
    Shape("Rectum", "ORGAN", (160, 110, 60), (0, 36, 0), (13, 14, 40)),
    Shape("FemoralHead_L", "ORGAN", (70, 140, 240), (96, 0, 0), (24, 24, 24), 700),
)
_CHEST = (
    Shape("Lung_L", "ORGAN", (70, 140, 240), (84, 8, 0), (42, 60, 80), -750),
    Shape("SpinalCord", "ORGAN", (240, 200, 60), (0, 64, 0), (8, 8, math.inf)),
)
_ORGANS: Mapping[str, tuple[Shape, ...]] = {"BREAST L": _CHEST, "LUNG": _CHEST}


def shapes(course: Course) -> tuple[Shape, ...]:
    """The structures of a course, in the order of their numbers from 1."""
    return (BODY, TARGET, *_ORGANS.get(course.label, _PELVIS))


def structure_set(course: Course, **values: Any) -> Dataset:
    """The structure set that plans of a course name; keywords of elements override it."""
    made = general(course, STRUCTURES, "RTSTRUCT")
    made.SOPInstanceUID = course.structures
    made.StructureSetLabel, made.StructureSetDate = course.label, "20250602"
    made.StructureSetTime, made.ApprovalStatus = "092000", "UNAPPROVED"
    made.ReferencedFrameOfReferenceSequence = [item(FrameOfReferenceUID=course.frame)]
    numbered = list(enumerate(shapes(course), 1))
    made.StructureSetROISequence = [
        item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=course.frame,
            ROIName=shape.name,
            ROIGenerationAlgorithm="MANUAL",
        )
        for number, shape in numbered
    ]
    made.ROIContourSequence = [
        item(
            ROIDisplayColor=list(shape.colour),
            ReferencedROINumber=number,
            ContourSequence=list(_contours(shape, course)),
        )
        for number, shape in numbered
    ]
    made.RTROIObservationsSequence = [
        item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType=shape.kind,
            ROIInterpreter="",
        )
        for number, shape in numbered
    ]
    return _overridden(made, values)


def images(course: Course) -> Iterator[Dataset]:
    """The planning CT, an image in each plane that contours are drawn in."""
    x, y, z = _axes()
    for plane, height in enumerate(z):
        made = general(course, CT_IMAGE, "CT")
        made.SOPInstanceUID, made.InstanceNumber = _image_uid(course, plane), plane + 1
        made.ImageType, made.KVP, made.AcquisitionNumber = ["ORIGINAL", "PRIMARY", "AXIAL"], 120, 1
        made.PatientPosition, made.SliceThickness = "HFS", THICKNESS
        made.BodyPartExamined = "CHEST" if course.label in _ORGANS else "PELVIS"
        made.ImagePositionPatient = [
            float(at + middle) for at, middle in zip((x[0], y[0], height), ISOCENTER, strict=True)
        ]
        _plane(made)
        made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
        made.RescaleIntercept, made.RescaleSlope, made.RescaleType = -1024, 1, "HU"
        made.WindowCenter, made.WindowWidth = 40, 400
        values = np.full((len(y), len(x)), -1000)
        for shape in shapes(course):
            values[_inside(shape)[plane]] = shape.density
        made.PixelData = (values + 1024).astype("<u2").tobytes()
        yield made


def dose(made_for: Dataset, course: Course, **values: Any) -> Dataset:
    """The dose of a plan with the histograms of its structures; keywords override elements."""
    made = general(course, RT_DOSE, "RTDOSE")
    _places(made)
    made.DoseUnits, made.DoseType, made.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    made.ReferencedRTPlanSequence = [_reference(made_for.SOPClassUID, made_for.SOPInstanceUID)]
    made.ReferencedStructureSetSequence = [_reference(STRUCTURES, course.structures)]
    given = _doses(course)
    made.DoseGridScaling = f"{given.max() / _STEPS:.9g}"
    made.DVHSequence = [
        _histogram(number, given[_inside(shape)], course)
        for number, shape in enumerate(shapes(course), 1)
    ]
    stored = np.minimum(np.rint(given / float(made.DoseGridScaling)), _STEPS)
    made.PixelData = stored.astype("<u2").tobytes()
    return _overridden(made, values)


def _places(made: Dataset) -> None:
    x, y, z = _axes()
    made.InstanceNumber, made.SliceThickness = 1, THICKNESS
    made.ImagePositionPatient = [
        float(axis[0] + middle) for axis, middle in zip((x, y, z), ISOCENTER, strict=True)
    ]
    _plane(made)
    made.NumberOfFrames, made.FrameIncrementPointer = len(z), 0x3004000C
    made.GridFrameOffsetVector = [THICKNESS * place for place in range(len(z))]
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit = 15


def _plane(made: Dataset) -> None:
    x, y, _ = _axes()
    made.ImageOrientationPatient, made.PixelSpacing = [1, 0, 0, 0, 1, 0], [STEP, STEP]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns, made.PixelRepresentation = len(y), len(x), 0


def _axes() -> tuple[Array, Array, Array]:
    """Where columns, rows and planes lie, told from the isocenter."""
    several = ((_COLUMNS, STEP), (_ROWS, STEP), (_PLANES, THICKNESS))
    x, y, z = (step * (np.arange(count) - count // 2) for count, step in several)
    return x, y, z


def _inside(shape: Shape) -> Array:
    """By plane, row and column."""
    x, y, z = _axes()
    inside: Array = shape.radius(x[None, None, :], y[None, :, None], z[:, None, None]) <= 1
    return inside


def _doses(course: Course) -> Array:
    """Gy by plane, row and column: what was prescribed in the target, nothing outside the body."""
    x, y, z = _axes()
    out = TARGET.radius(x[None, None, :], y[None, :, None], z[:, None, None])
    share = 0.7 / (1 + np.exp((out - _EDGE) / 0.05)) + 0.34 * np.exp(-((out / 4) ** 2))
    doses: Array = course.dose * np.where(_inside(BODY), share, 0.0)
    return doses


def _contours(shape: Shape, course: Course) -> Iterator[Dataset]:
    """An ellipse in each plane that the shape reaches."""
    for plane, z in enumerate(float(each) for each in _axes()[2]):
        inside = 1 - ((z - shape.middle[2]) / shape.radii[2]) ** 2
        if inside > 0:
            yield item(
                ContourImageSequence=[_reference(CT_IMAGE, _image_uid(course, plane))],
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=_CORNERS,
                ContourData=[
                    f"{each:.2f}" for point in _ellipse(shape, z, inside**0.5) for each in point
                ],
            )


def _ellipse(shape: Shape, z: float, scale: float) -> Iterator[tuple[float, float, float]]:
    for corner in range(_CORNERS):
        turn = 2 * math.pi * corner / _CORNERS
        yield (
            ISOCENTER[0] + shape.middle[0] + scale * shape.radii[0] * math.cos(turn),
            ISOCENTER[1] + shape.middle[1] + scale * shape.radii[1] * math.sin(turn),
            ISOCENTER[2] + z,
        )


def _histogram(number: int, doses: Array, course: Course) -> Dataset:
    """Cumulative: the share of the points that get at least the lower edge of each bin."""
    width = round(course.dose / 100, 4)
    data = [
        text
        for place in range(_BINS)
        for text in (f"{width:g}", f"{100 * float((doses >= place * width).mean()):.4f}")
    ]
    return item(
        DVHReferencedROISequence=[
            item(ReferencedROINumber=number, DVHROIContributionType="INCLUDED")
        ],
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DVHDoseScaling="1",
        DVHVolumeUnits="PERCENT",
        DVHNumberOfBins=_BINS,
        DVHData=data,
        DVHMinimumDose=f"{doses.min():.4f}",
        DVHMaximumDose=f"{doses.max():.4f}",
        DVHMeanDose=f"{doses.mean():.4f}",
    )


def _image_uid(course: Course, plane: int) -> str:
    return str(generate_uid(entropy_srcs=[course.frame, "image", str(plane)]))


def _reference(sop_class: str, uid: str) -> Dataset:
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid)


def _overridden(made: Dataset, values: Mapping[str, Any]) -> Dataset:
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made
