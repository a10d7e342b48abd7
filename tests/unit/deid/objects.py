"""Objects with names planted in them."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, RTPlanStorage

ROOT = "1.2.826.0.1.3680043.8.498"


def patient(dataset: Dataset) -> None:
    dataset.SpecificCharacterSet = "GB18030"
    dataset.PatientName = "Zhang^San=张^三"
    dataset.PatientID = "H4711"
    dataset.IssuerOfPatientID = "HIS"
    dataset.PatientBirthDate = "19610203"
    dataset.PatientSex = "M"
    dataset.StudyInstanceUID = f"{ROOT}.1"
    dataset.SeriesInstanceUID = f"{ROOT}.2"
    dataset.StudyDate = "20261123"
    dataset.StudyTime = "140500"
    dataset.StudyID = "S1"
    dataset.AccessionNumber = "A99"
    dataset.ReferringPhysicianName = "李^医生"


def rt_plan() -> Dataset:
    """A plan of two beams (PS3.3 A.20)."""
    plan = Dataset()
    patient(plan)
    plan.SOPClassUID = RTPlanStorage
    plan.SOPInstanceUID = f"{ROOT}.3"
    plan.Modality = "RTPLAN"
    plan.Manufacturer = "Maker"
    plan.SeriesNumber = 1
    plan.OperatorsName = "王^物理师"
    plan.FrameOfReferenceUID = f"{ROOT}.9"
    plan.PositionReferenceIndicator = ""
    plan.InstanceNumber = 1
    plan.RTPlanLabel = "ZhangSan Ca"
    plan.RTPlanName = "张三 肺癌"
    plan.RTPlanDate = "20261120"
    plan.RTPlanTime = "101500"
    plan.RTPlanGeometry = "TREATMENT_DEVICE"
    plan.ApprovalStatus = "UNAPPROVED"
    group = Dataset()
    group.FractionGroupNumber = 1
    group.NumberOfFractionsPlanned = 30
    group.NumberOfBeams = 2
    group.NumberOfBrachyApplicationSetups = 0
    group.ReferencedBeamSequence = Sequence([_reference(1), _reference(2)])
    plan.FractionGroupSequence = Sequence([group])
    plan.BeamSequence = Sequence([_beam(1, "Zhang AP"), _beam(2, "张三 LAT")])
    return plan


def _reference(number: int) -> Dataset:
    item = Dataset()
    item.BeamMeterset = "100"
    item.ReferencedBeamNumber = number
    return item


def _beam(number: int, name: str) -> Dataset:
    beam = Dataset()
    beam.TreatmentMachineName = "XIEHE-LINAC-1"
    beam.PrimaryDosimeterUnit = "MU"
    beam.BeamNumber = number
    beam.BeamName = name
    beam.BeamDescription = f"{name} for Zhang San"
    beam.BeamType = "STATIC"
    beam.RadiationType = "PHOTON"
    beam.TreatmentDeliveryType = "TREATMENT"
    beam.NumberOfWedges = beam.NumberOfCompensators = 0
    beam.NumberOfBoli = beam.NumberOfBlocks = 0
    beam.SourceAxisDistance = "1000"
    jaw = Dataset()
    jaw.RTBeamLimitingDeviceType = "X"
    jaw.NumberOfLeafJawPairs = 1
    beam.BeamLimitingDeviceSequence = Sequence([jaw])
    beam.FinalCumulativeMetersetWeight = "1"
    beam.NumberOfControlPoints = 2
    beam.ControlPointSequence = Sequence([_point(0, "0"), _point(1, "1")])
    return beam


def _point(index: int, weight: str) -> Dataset:
    point = Dataset()
    point.ControlPointIndex = index
    point.CumulativeMetersetWeight = weight
    if index == 0:
        point.NominalBeamEnergy = "6"
        point.GantryAngle = point.BeamLimitingDeviceAngle = point.PatientSupportAngle = "0"
        point.TableTopEccentricAngle = "0"
        point.GantryRotationDirection = point.BeamLimitingDeviceRotationDirection = "NONE"
        point.PatientSupportRotationDirection = "NONE"
        point.TableTopEccentricRotationDirection = "NONE"
        point.TableTopVerticalPosition = point.TableTopLongitudinalPosition = ""
        point.TableTopLateralPosition = ""
        point.IsocenterPosition = ["0", "0", "0"]
        place = Dataset()
        place.RTBeamLimitingDeviceType = "X"
        place.LeafJawPositions = ["-50", "50"]
        point.BeamLimitingDevicePositionSequence = Sequence([place])
    return point


def ct_image(**more: object) -> Dataset:
    """A slice of 8 × 8 pixels."""
    image = Dataset()
    patient(image)
    image.SOPClassUID = CTImageStorage
    image.SOPInstanceUID = f"{ROOT}.4"
    image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    image.Modality = "CT"
    image.Manufacturer = "Maker"
    image.SeriesNumber = image.InstanceNumber = image.AcquisitionNumber = 1
    image.FrameOfReferenceUID = f"{ROOT}.9"
    image.PositionReferenceIndicator = ""
    image.KVP = "120"
    image.ImagePositionPatient = ["0", "0", "0"]
    image.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    image.PixelSpacing = ["1", "1"]
    image.SliceThickness = "3"
    image.RescaleIntercept, image.RescaleSlope = "-1024", "1"
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.Rows = image.Columns = 8
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    image.PixelData = bytes(128)
    for keyword, value in more.items():
        setattr(image, keyword, value)
    return image


def written(dataset: Dataset, path: Path) -> Path:
    """A Part 10 file of a dataset."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = "ZHANGSAN_AE"
    dataset.file_meta = meta
    dataset.save_as(path, enforce_file_format=True)
    return path
