"""DICOM objects composed for tests, as files or as encoded datasets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"
RT_RECORD = "1.2.840.10008.5.1.4.1.1.481.4"
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"


def dataset(sop_class: str = CT, /, **values: Any) -> Dataset:
    """A small object; keywords of elements override what it has."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = generate_uid()
    made.StudyDate, made.StudyTime = "20250601", "101500"
    made.AccessionNumber = "A17"
    made.Modality = "CT" if sop_class == CT else "RTPLAN"
    made.PatientName = "Zhang^Wei=张^伟"
    made.PatientID = "P-100"
    made.IssuerOfPatientID = "HIS"
    made.PatientBirthDate, made.PatientSex = "19600229", "M"
    made.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    made.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.1.1"
    made.StudyID, made.SeriesNumber, made.InstanceNumber = "S1", 1, 1
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def image(size: int = 512, /, **values: Any) -> Dataset:
    """A CT image of `size` by `size` pixels."""
    made = dataset(CT, **values)
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows = made.Columns = size
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PixelData = (b"\x10\x02\x33\x01" * (size * size // 2))[: 2 * size * size]
    return made


def encoded(made: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The dataset's bytes as a message carries them."""
    syntax = UID(transfer_syntax)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = syntax.is_implicit_VR, syntax.is_little_endian
    write_dataset(buffer, made)
    return buffer.getvalue()


def file_of(made: Dataset, path: Path, transfer_syntax: str = ExplicitVRLittleEndian) -> Path:
    """The object as a file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    made.file_meta = meta
    dcmwrite(path, made, enforce_file_format=True)
    return path


def series_of(folder: Path, count: int, /, size: int = 64, **values: Any) -> Mapping[str, Path]:
    """So many images as files, by SOP Instance UID."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for number in range(count):
        made = image(size, InstanceNumber=number + 1, **values)
        files[str(made.SOPInstanceUID)] = file_of(made, folder / f"{number:04d}.dcm")
    return files
