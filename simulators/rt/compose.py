"""Plans as a treatment planning system exports them: static, arc, electron, ion, brachytherapy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
RT_ION_PLAN = "1.2.840.10008.5.1.4.1.1.481.8"
STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
ISOCENTER = (12.5, -101.0, 34.0)
STATIC, ARC, ELECTRON, ION = "static", "arc", "electron", "ion"
_MAKER = "Isogate simulators"


@dataclass(frozen=True, slots=True)
class Course:
    """Whom a plan is for, and how it is given; doses in Gy, `meterset` in MU a beam."""

    patient: str = "RT-2041"
    issuer: str = "HIS"
    name: str = "Wang^Fang=王^芳"
    birth_date: str = "19620314"
    sex: str = "F"
    label: str = "PROSTATE"
    machine: str = "LINAC1"
    fractions: int = 5
    dose: float = 10.0
    meterset: float = 100.0
    beams: int = 2
    points: int = 11
    pairs: int = 60
    study: str = field(default_factory=generate_uid)
    frame: str = field(default_factory=generate_uid)
    structures: str = field(default_factory=generate_uid)


def item(**values: Any) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def plan(kind: str = ARC, course: Course | None = None, /, **values: Any) -> Dataset:
    """A plan; keywords of elements override what it has."""
    course = course or Course()
    made = _head(course, RT_ION_PLAN if kind == ION else RT_PLAN)
    made.RTPlanGeometry = "PATIENT"
    _prescription(made, course)
    _fractions(made, course)
    _tolerances(made, ion=kind == ION)
    made.PatientSetupSequence = [
        item(PatientSetupNumber=1, PatientPosition="HFS", SetupTechnique="ISOCENTRIC")
    ]
    numbers = range(1, course.beams + 1)
    if kind == ION:
        made.IonBeamSequence = [_ion_beam(course, number) for number in numbers]
    else:
        make = {STATIC: _static_beam, ARC: _arc_beam, ELECTRON: _electron_beam}[kind]
        made.BeamSequence = [make(course, number) for number in numbers]
        made.BeamSequence.append(_setup_beam(course, course.beams + 1))
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def approved(made: Dataset, reviewer: str = "Li^Na") -> Dataset:
    """The plan with a reviewer's approval."""
    made.ApprovalStatus = "APPROVED"
    made.ReviewDate, made.ReviewTime, made.ReviewerName = "20250603", "161500", reviewer
    return made


def brachy_plan(course: Course | None = None, channels: int = 3, dwells: int = 6) -> Dataset:
    """A high-dose-rate plan with one application setup."""
    course = course or Course(label="CERVIX HDR", machine="HDR1", fractions=4, dose=28.0)
    made = _head(course, RT_PLAN)
    made.RTPlanGeometry = "PATIENT"
    _prescription(made, course)
    group = item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=course.fractions,
        NumberOfBeams=0,
        NumberOfBrachyApplicationSetups=1,
        ReferencedBrachyApplicationSetupSequence=[
            item(
                ReferencedBrachyApplicationSetupNumber=1,
                BrachyApplicationSetupDose=course.dose / course.fractions,
            )
        ],
    )
    made.FractionGroupSequence = [group]
    made.BrachyTreatmentTechnique, made.BrachyTreatmentType = "INTRACAVITARY", "HDR"
    made.TreatmentMachineSequence = [item(TreatmentMachineName=course.machine)]
    made.SourceSequence = [
        item(
            SourceNumber=1,
            SourceType="POINT",
            SourceIsotopeName="Ir-192",
            SourceIsotopeHalfLife=73.83,
            ReferenceAirKermaRate=40_700.0,
            SourceStrengthReferenceDate="20250601",
            SourceStrengthReferenceTime="080000",
        )
    ]
    several = [_channel(number, dwells) for number in range(1, channels + 1)]
    seconds = sum(float(each.ChannelTotalTime) for each in several)
    made.ApplicationSetupSequence = [
        item(
            ApplicationSetupType="FLETCHER_SUIT",
            ApplicationSetupNumber=1,
            TotalReferenceAirKerma=round(40_700.0 * seconds / 3_600, 4),
            ChannelSequence=several,
        )
    ]
    return made


def general(course: Course, sop_class: str, modality: str) -> Dataset:
    """What every object of a course says: whom it is of, who made it, when, in which frame."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.InstanceCreationDate, made.InstanceCreationTime = "20250602", "093000"
    made.SOPClassUID, made.SOPInstanceUID = sop_class, generate_uid()
    made.StudyDate, made.StudyTime, made.AccessionNumber = "20250602", "090000", ""
    made.Modality, made.Manufacturer = modality, _MAKER
    made.ManufacturerModelName, made.SoftwareVersions = "TPS", "1"
    made.ReferringPhysicianName, made.OperatorsName = "", "Chen^Jie"
    made.PatientName, made.PatientID = course.name, course.patient
    made.IssuerOfPatientID = course.issuer
    made.PatientBirthDate, made.PatientSex = course.birth_date, course.sex
    made.StudyInstanceUID = course.study
    made.SeriesInstanceUID = generate_uid(entropy_srcs=[course.study, course.label, modality])
    made.StudyID, made.SeriesNumber, made.InstanceNumber = "1", 1, 1
    made.FrameOfReferenceUID, made.PositionReferenceIndicator = course.frame, ""
    return made


def _head(course: Course, sop_class: str) -> Dataset:
    made = general(course, sop_class, "RTPLAN")
    made.RTPlanLabel, made.RTPlanName = course.label, f"{course.label} {course.fractions} fx"
    made.RTPlanDate, made.RTPlanTime, made.PlanIntent = "20250602", "093000", "CURATIVE"
    made.ApprovalStatus = "UNAPPROVED"
    made.ReferencedStructureSetSequence = [
        item(
            ReferencedSOPClassUID=STRUCTURES,
            ReferencedSOPInstanceUID=course.structures,
        )
    ]
    return made


def _prescription(made: Dataset, course: Course) -> None:
    made.DoseReferenceSequence = [
        item(
            DoseReferenceNumber=1,
            DoseReferenceStructureType="SITE",
            DoseReferenceDescription="PTV",
            DoseReferenceType="TARGET",
            DeliveryMaximumDose=round(course.dose * 1.1, 4),
            TargetPrescriptionDose=course.dose,
        ),
        item(
            DoseReferenceNumber=2,
            DoseReferenceStructureType="SITE",
            DoseReferenceDescription="Rectum",
            DoseReferenceType="ORGAN_AT_RISK",
            OrganAtRiskMaximumDose=round(course.dose * 0.9, 4),
        ),
    ]


def _fractions(made: Dataset, course: Course) -> None:
    dose = round(course.dose / course.fractions / course.beams, 6)
    beams = [
        item(BeamDose=dose, BeamMeterset=course.meterset, ReferencedBeamNumber=number)
        for number in range(1, course.beams + 1)
    ]
    made.FractionGroupSequence = [
        item(
            FractionGroupNumber=1,
            NumberOfFractionsPlanned=course.fractions,
            NumberOfFractionPatternDigitsPerDay=1,
            RepeatFractionCycleLength=1,
            FractionPattern="1111100",
            NumberOfBeams=len(beams),
            NumberOfBrachyApplicationSetups=0,
            ReferencedBeamSequence=beams,
        )
    ]


def _tolerances(made: Dataset, *, ion: bool) -> None:
    table = item(
        ToleranceTableNumber=1,
        ToleranceTableLabel="T1",
        GantryAngleTolerance=0.5,
        BeamLimitingDeviceAngleTolerance=0.5,
        PatientSupportAngleTolerance=1.0,
        TableTopVerticalPositionTolerance=20.0,
        TableTopLongitudinalPositionTolerance=20.0,
        TableTopLateralPositionTolerance=20.0,
        BeamLimitingDeviceToleranceSequence=[
            item(RTBeamLimitingDeviceType=kind, BeamLimitingDevicePositionTolerance=1.0)
            for kind in ("ASYMX", "ASYMY", "MLCX")
        ],
    )
    if ion:
        made.IonToleranceTableSequence = [table]
    else:
        made.ToleranceTableSequence = [table]


def _beam(course: Course, number: int, **values: Any) -> Dataset:
    return item(
        Manufacturer=_MAKER,
        TreatmentMachineName=course.machine,
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance=1000.0,
        BeamLimitingDeviceSequence=_devices(course.pairs),
        BeamNumber=number,
        BeamName=f"B{number}",
        **{
            "BeamType": "DYNAMIC",
            "RadiationType": "PHOTON",
            "TreatmentDeliveryType": "TREATMENT",
            "NumberOfWedges": 0,
            "NumberOfCompensators": 0,
            "NumberOfBoli": 0,
            "NumberOfBlocks": 0,
            "FinalCumulativeMetersetWeight": 1.0,
            "ReferencedPatientSetupNumber": 1,
            "ReferencedToleranceTableNumber": 1,
            **values,
        },
    )


def _devices(pairs: int) -> list[Dataset]:
    half = pairs * 5.0 / 2
    return [
        item(RTBeamLimitingDeviceType="ASYMX", NumberOfLeafJawPairs=1),
        item(RTBeamLimitingDeviceType="ASYMY", NumberOfLeafJawPairs=1),
        item(
            RTBeamLimitingDeviceType="MLCX",
            SourceToBeamLimitingDeviceDistance=500.0,
            NumberOfLeafJawPairs=pairs,
            LeafPositionBoundaries=[round(5.0 * place - half, 1) for place in range(pairs + 1)],
        ),
    ]


def _leaves(pairs: int, turn: float) -> list[float]:
    """An ellipse whose width breathes with `turn`, from 0 to 1; leaves outside it are shut."""
    half = pairs * 5.0 / 2
    first, second = [], []
    for pair in range(pairs):
        middle = 5.0 * (pair + 0.5) - half
        inside = 1 - (middle / 42.0) ** 2
        width = 30.0 * math.sqrt(inside) * (0.75 + 0.25 * math.cos(6 * turn)) if inside > 0 else 0.0
        shift = 6.0 * math.sin(5 * turn + middle / 30.0)
        first.append(round(shift - width, 2))
        second.append(round(shift + width, 2))
    return [*first, *second]


def _positions(pairs: int, turn: float, *, jaws: bool) -> list[Dataset]:
    made = [
        item(RTBeamLimitingDeviceType="ASYMX", LeafJawPositions=[-42.0, 42.0]),
        item(RTBeamLimitingDeviceType="ASYMY", LeafJawPositions=[-46.0, 46.0]),
    ]
    leaves = item(RTBeamLimitingDeviceType="MLCX", LeafJawPositions=_leaves(pairs, turn))
    return [*made, leaves] if jaws else [leaves]


def _first_point(course: Course, gantry: float, **values: Any) -> Dataset:
    return item(
        ControlPointIndex=0,
        NominalBeamEnergy=6.0,
        DoseRateSet=600.0,
        BeamLimitingDevicePositionSequence=_positions(course.pairs, 0.0, jaws=True),
        GantryAngle=gantry,
        GantryRotationDirection="NONE",
        BeamLimitingDeviceAngle=10.0,
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle=0.0,
        PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle=0.0,
        TableTopEccentricRotationDirection="NONE",
        TableTopVerticalPosition="",
        TableTopLongitudinalPosition="",
        TableTopLateralPosition="",
        IsocenterPosition=list(ISOCENTER),
        SourceToSurfaceDistance=880.0,
        CumulativeMetersetWeight=0.0,
        **values,
    )


def _static_beam(course: Course, number: int) -> Dataset:
    """A conformal field with a wedge on the second one."""
    gantry = (number - 1) * 360.0 / course.beams
    first = _first_point(course, gantry)
    beam = _beam(course, number, BeamType="STATIC", NumberOfControlPoints=2)
    if number == 2:  # noqa: PLR2004 - the second one
        beam.NumberOfWedges = 1
        beam.WedgeSequence = [
            item(
                WedgeNumber=1,
                WedgeType="STANDARD",
                WedgeID="W30",
                WedgeAngle=30,
                WedgeFactor="",
                WedgeOrientation=90.0,
                SourceToWedgeTrayDistance=400.0,
            )
        ]
        first.WedgePositionSequence = [item(ReferencedWedgeNumber=1, WedgePosition="IN")]
    beam.ControlPointSequence = [first, item(ControlPointIndex=1, CumulativeMetersetWeight=1.0)]
    return beam


def _arc_beam(course: Course, number: int) -> Dataset:
    """A whole arc, to and fro: 181 to 179 through 0 or back, with leaves that follow."""
    clockwise = number % 2 == 1
    last = course.points - 1
    points = []
    for place in range(course.points):
        turn = place / last
        gantry = (181.0 + 358.0 * turn) % 360 if clockwise else (179.0 - 358.0 * turn) % 360
        if place == 0:
            point = _first_point(course, round(gantry, 2))
        else:
            point = item(
                ControlPointIndex=place,
                GantryAngle=round(gantry, 2),
                BeamLimitingDevicePositionSequence=_positions(course.pairs, turn, jaws=False),
                CumulativeMetersetWeight=round(turn, 6),
            )
        direction = ("CW" if clockwise else "CC") if place < last else "NONE"
        point.GantryRotationDirection = direction
        points.append(point)
    beam = _beam(course, number, NumberOfControlPoints=course.points)
    beam.PrimaryFluenceModeSequence = [item(FluenceMode="STANDARD")]
    beam.ControlPointSequence = points
    return beam


def _electron_beam(course: Course, number: int) -> Dataset:
    """An applicator with an insert and a bolus."""
    first = _first_point(course, 0.0)
    first.NominalBeamEnergy = 9.0
    del first.BeamLimitingDevicePositionSequence[2]
    beam = _beam(
        course,
        number,
        BeamType="STATIC",
        RadiationType="ELECTRON",
        NumberOfControlPoints=2,
        NumberOfBlocks=1,
        NumberOfBoli=1,
    )
    del beam.BeamLimitingDeviceSequence[2]
    beam.ApplicatorSequence = [item(ApplicatorID="A15", ApplicatorType="ELECTRON_SQUARE")]
    beam.BlockSequence = [
        item(
            SourceToBlockTrayDistance=950.0,
            BlockType="APERTURE",
            BlockDivergence="ABSENT",
            BlockNumber=1,
            BlockName="I7",
            BlockThickness="",
            BlockTransmission="",
            MaterialID="CERROBEND",
            BlockNumberOfPoints=4,
            BlockData=[-50, -50, 50, -50, 50, 50, -50, 50],
        )
    ]
    beam.ReferencedBolusSequence = [item(ReferencedROINumber=9, BolusID="BOLUS 5")]
    beam.ControlPointSequence = [first, item(ControlPointIndex=1, CumulativeMetersetWeight=1.0)]
    return beam


def _setup_beam(course: Course, number: int) -> Dataset:
    """A field for an image before treatment."""
    beam = _beam(course, number, BeamType="STATIC", NumberOfControlPoints=2)
    beam.BeamName, beam.TreatmentDeliveryType = "CBCT", "SETUP"
    beam.FinalCumulativeMetersetWeight = 0.0
    first = _first_point(course, 0.0)
    beam.ControlPointSequence = [first, item(ControlPointIndex=1, CumulativeMetersetWeight=0.0)]
    return beam


def _ion_beam(course: Course, number: int) -> Dataset:
    """Two layers of spots behind a range shifter."""
    points: list[Dataset] = []
    for layer, energy in enumerate((151.2, 147.6)):
        spots = [coordinate for place in range(9) for coordinate in _spot(place)]
        for half in range(2):
            weight = 0.5 * layer + 0.5 * half
            points.append(
                item(
                    ControlPointIndex=2 * layer + half,
                    CumulativeMetersetWeight=weight,
                    NominalBeamEnergy=energy,
                    ScanSpotTuneID="S4",
                    NumberOfScanSpotPositions=9,
                    ScanSpotPositionMap=spots,
                    ScanSpotMetersetWeights=[0.0 if half else 0.5 / 9] * 9,
                    ScanningSpotSize=[8.0, 8.0],
                    NumberOfPaintings=1,
                )
            )
    first = points[0]
    first.GantryAngle, first.GantryRotationDirection = 90.0 * number, "NONE"
    first.BeamLimitingDeviceAngle, first.BeamLimitingDeviceRotationDirection = 0.0, "NONE"
    first.PatientSupportAngle, first.PatientSupportRotationDirection = 0.0, "NONE"
    first.IsocenterPosition, first.SnoutPosition = list(ISOCENTER), 300.0
    first.RangeShifterSettingsSequence = [
        item(ReferencedRangeShifterNumber=1, RangeShifterSetting="IN")
    ]
    beam = _beam(
        course,
        number,
        BeamType="STATIC",
        RadiationType="PROTON",
        ScanMode="MODULATED",
        ModulatedScanModeType="STATIONARY",
        PatientSupportType="TABLE",
        NumberOfControlPoints=len(points),
        NumberOfRangeShifters=1,
        NumberOfLateralSpreadingDevices=0,
        NumberOfRangeModulators=0,
    )
    del beam.BeamLimitingDeviceSequence
    del beam.SourceAxisDistance
    beam.VirtualSourceAxisDistances = [2000.0, 1800.0]
    beam.RangeShifterSequence = [
        item(RangeShifterNumber=1, RangeShifterID="RS40", RangeShifterType="BINARY")
    ]
    beam.IonControlPointSequence = points
    return beam


def _spot(place: int) -> Sequence[float]:
    return (5.0 * (place % 3 - 1), 5.0 * (place // 3 - 1))


def _channel(number: int, dwells: int) -> Dataset:
    points = [
        item(
            ControlPointIndex=2 * place + half,
            CumulativeTimeWeight=float(place + half),
            ControlPointRelativePosition=5.0 * place,
            ControlPoint3DPosition=[10.0 * number, 0.0, 5.0 * place],
        )
        for place in range(dwells)
        for half in range(2)
    ]
    return item(
        ChannelNumber=number,
        ChannelLength=1200.0,
        ReferencedROINumber="",
        ChannelTotalTime=100.0 + 10 * number,
        SourceMovementType="STEPWISE",
        SourceApplicatorNumber=number,
        SourceApplicatorID=f"A{number}",
        SourceApplicatorType="RIGID",
        SourceApplicatorLength=300.0,
        SourceApplicatorStepSize=5.0,
        TransferTubeNumber=number,
        TransferTubeLength="",
        ReferencedSourceNumber=1,
        NumberOfControlPoints=len(points),
        FinalCumulativeTimeWeight=float(dwells),
        BrachyControlPointSequence=points,
    )
