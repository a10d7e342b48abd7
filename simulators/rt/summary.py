"""RT Treatment Summary Records, as a record-and-verify system writes them (PS3.3 A.31)."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from simulators.rt.compose import item

RT_SUMMARY = "1.2.840.10008.5.1.4.1.1.481.7"
_RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"


def summary(
    plan: Dataset, status: str, delivered: int, dose: float, until: str, /, **values: Any
) -> Dataset:
    """What the first group of a plan came to until a day (YYYYMMDD); `dose` in Gy to its target."""
    group = plan.FractionGroupSequence[0]
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = RT_SUMMARY, generate_uid()
    made.StudyDate, made.StudyTime, made.AccessionNumber = until, "", ""
    made.Modality, made.Manufacturer = "RTRECORD", "Isogate simulators"
    for keyword in ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate"):
        setattr(made, keyword, getattr(plan, keyword))
    made.PatientSex, made.ReferringPhysicianName = plan.PatientSex, ""
    made.StudyInstanceUID, made.SeriesInstanceUID = plan.StudyInstanceUID, generate_uid()
    made.StudyID, made.SeriesNumber, made.InstanceNumber = "1", 10, 1
    made.OperatorsName, made.TreatmentDate, made.TreatmentTime = "", until, ""
    made.ReferencedRTPlanSequence = [
        item(ReferencedSOPClassUID=_RT_PLAN, ReferencedSOPInstanceUID=plan.SOPInstanceUID)
    ]
    made.CurrentTreatmentStatus = status
    made.FirstTreatmentDate, made.MostRecentTreatmentDate = "", until
    made.FractionGroupSummarySequence = [
        item(
            ReferencedFractionGroupNumber=group.FractionGroupNumber,
            FractionGroupType="EXTERNAL_BEAM",
            NumberOfFractionsPlanned=group.NumberOfFractionsPlanned,
            NumberOfFractionsDelivered=delivered,
        )
    ]
    made.TreatmentSummaryCalculatedDoseReferenceSequence = [
        item(ReferencedDoseReferenceNumber=1, CumulativeDoseToDoseReference=dose)
    ]
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made
