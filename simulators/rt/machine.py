"""A treatment machine: it delivers beams of a plan and writes RT Beams Treatment Records.

Metersets at control points follow PS3.3 C.8.8.21.2.2.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from simulators.rt.compose import item

RT_BEAMS_RECORD = "1.2.840.10008.5.1.4.1.1.481.4"
_RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
_COPIED = (
    "NominalBeamEnergy",
    "DoseRateSet",
    "GantryAngle",
    "GantryRotationDirection",
    "BeamLimitingDeviceAngle",
    "BeamLimitingDeviceRotationDirection",
    "PatientSupportAngle",
    "PatientSupportRotationDirection",
    "TableTopEccentricAngle",
    "TableTopEccentricRotationDirection",
)
_COUCH = (
    "TableTopVerticalPosition",
    "TableTopLongitudinalPosition",
    "TableTopLateralPosition",
)


@dataclass(frozen=True, slots=True)
class Part:
    """A beam as it ran: from one meterset to another; None is the whole of it.

    `delivery` is CONTINUATION for the rest of an interrupted beam, OPEN_PORTFILM for an image.
    """

    beam: int
    start: float = 0.0
    end: float | None = None
    delivery: str = "TREATMENT"
    termination: str = "NORMAL"


@dataclass(slots=True)
class Machine:
    """Delivers with noise: `angle` in degrees, `leaf` in mm, both one standard deviation."""

    name: str = "LINAC1"
    serial: str = "SN-1"
    angle: float = 0.0
    leaf: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    verdict: str = ""
    """What it says of the verification of its settings (Treatment Verification Status)."""

    def noisy(self, keyword: str, value: Any) -> Any:
        if self.angle and keyword in ("GantryAngle", "BeamLimitingDeviceAngle"):
            return round((float(value) + self.chance.gauss(0, self.angle)) % 360, 3)
        return value

    def leaves(self, values: Sequence[float]) -> list[float]:
        if not self.leaf:
            return [float(each) for each in values]
        return [round(float(each) + self.chance.gauss(0, self.leaf), 3) for each in values]


def record(
    plan: Dataset,
    fraction: int,
    parts: Sequence[Part],
    *,
    at: datetime = datetime(2025, 6, 9, 9, 0),  # noqa: DTZ001 - DICOM times have no zone
    machine: Machine | None = None,
    **values: Any,
) -> Dataset:
    """A record of a session: `parts` in the order in which they ran."""
    machine = machine or Machine()
    made = session(plan, fraction, RT_BEAMS_RECORD, at, machine)
    made.PrimaryDosimeterUnit = "MU"
    made.TreatmentSessionBeamSequence = [
        _delivered(plan, part, fraction, at + timedelta(minutes=2 * place), machine)
        for place, part in enumerate(parts)
    ]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def session(
    plan: Dataset, fraction: int, sop_class: str, at: datetime, machine: Machine
) -> Dataset:
    """What every record says: of whom and of which plan it is, when and where it was given."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = sop_class, generate_uid()
    made.StudyDate, made.StudyTime, made.AccessionNumber = f"{at:%Y%m%d}", f"{at:%H%M%S}", ""
    made.Modality, made.Manufacturer = "RTRECORD", "Isogate simulators"
    for keyword in ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate"):
        setattr(made, keyword, getattr(plan, keyword))
    made.PatientSex, made.ReferringPhysicianName = plan.PatientSex, ""
    made.StudyInstanceUID = plan.StudyInstanceUID
    made.SeriesInstanceUID = generate_uid(entropy_srcs=[str(plan.SOPInstanceUID), f"{at:%Y%m%d}"])
    made.StudyID, made.SeriesNumber, made.InstanceNumber = "1", 9, fraction
    made.OperatorsName = "Zhao^Lei"
    made.TreatmentDate, made.TreatmentTime = f"{at:%Y%m%d}", f"{at:%H%M%S}"
    made.ReferencedRTPlanSequence = [
        item(ReferencedSOPClassUID=_RT_PLAN, ReferencedSOPInstanceUID=plan.SOPInstanceUID)
    ]
    made.TreatmentMachineSequence = [
        item(
            TreatmentMachineName=machine.name,
            Manufacturer="Isogate simulators",
            InstitutionName="",
            ManufacturerModelName="L1",
            DeviceSerialNumber=machine.serial,
        )
    ]
    group = plan.FractionGroupSequence[0]
    made.ReferencedFractionGroupNumber = group.FractionGroupNumber
    made.NumberOfFractionsPlanned = group.NumberOfFractionsPlanned
    return made


def _delivered(plan: Dataset, part: Part, fraction: int, at: datetime, machine: Machine) -> Dataset:
    beam = next(each for each in plan.BeamSequence if each.BeamNumber == part.beam)
    whole = _meterset(plan, part.beam)
    end = whole if part.end is None else part.end
    return item(
        ReferencedBeamNumber=part.beam,
        BeamName=beam.BeamName,
        BeamType=beam.BeamType,
        RadiationType=beam.RadiationType,
        TreatmentDeliveryType=("SETUP" if beam.TreatmentDeliveryType == "SETUP" else part.delivery),
        NumberOfWedges=beam.NumberOfWedges,
        NumberOfCompensators=beam.NumberOfCompensators,
        NumberOfBoli=beam.NumberOfBoli,
        NumberOfBlocks=beam.NumberOfBlocks,
        CurrentFractionNumber=fraction,
        TreatmentTerminationStatus=part.termination,
        SpecifiedPrimaryMeterset=whole,
        DeliveredPrimaryMeterset=round(end - part.start, 6),
        TreatmentVerificationStatus=machine.verdict,
        NumberOfControlPoints=len(beam.ControlPointSequence),
        BeamLimitingDeviceLeafPairsSequence=[
            item(
                RTBeamLimitingDeviceType=each.RTBeamLimitingDeviceType,
                NumberOfLeafJawPairs=each.NumberOfLeafJawPairs,
            )
            for each in beam.BeamLimitingDeviceSequence
        ],
        ControlPointDeliverySequence=[
            _point(each, beam, (whole, part.start, end), at, machine)
            for each in beam.ControlPointSequence
        ],
    )


def _meterset(plan: Dataset, number: int) -> float:
    found = [
        float(each.BeamMeterset)
        for each in plan.FractionGroupSequence[0].ReferencedBeamSequence
        if each.ReferencedBeamNumber == number
    ]
    return found[0] if found else 0.0


def _final(beam: Dataset) -> float:
    return float(beam.FinalCumulativeMetersetWeight) or 1.0


def _point(
    planned: Dataset,
    beam: Dataset,
    ran: tuple[float, float, float],
    at: datetime,
    machine: Machine,
) -> Dataset:
    whole, start, end = ran
    specified = round(whole * float(planned.CumulativeMetersetWeight) / _final(beam), 6)
    made = item(
        ReferencedControlPointIndex=planned.ControlPointIndex,
        TreatmentControlPointDate=f"{at:%Y%m%d}",
        TreatmentControlPointTime=f"{at:%H%M%S}",
        SpecifiedMeterset=specified,
        DeliveredMeterset=max(start, min(specified, end)),
        DoseRateDelivered="",
    )
    for keyword in _COPIED:
        if keyword in planned:
            setattr(made, keyword, machine.noisy(keyword, planned.get(keyword)))
    made.DoseRateSet = planned.get("DoseRateSet", "")
    if "NominalBeamEnergy" in planned:
        made.NominalBeamEnergyUnit = "MEV" if "ApplicatorSequence" in beam else "MV"
    if planned.ControlPointIndex == 0:
        made.DoseRateDelivered = 600.0
        for keyword in _COUCH:
            setattr(made, keyword, 0.0)
    if "BeamLimitingDevicePositionSequence" in planned:
        made.BeamLimitingDevicePositionSequence = [
            item(
                RTBeamLimitingDeviceType=each.RTBeamLimitingDeviceType,
                LeafJawPositions=machine.leaves(each.LeafJawPositions),
            )
            for each in planned.BeamLimitingDevicePositionSequence
        ]
    return made
