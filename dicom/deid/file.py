"""De-identifies a Part 10 file."""

from __future__ import annotations

from pathlib import Path
from struct import error as StructError  # noqa: N812 - an error class by its kind
from typing import BinaryIO
from zlib import error as ZlibError  # noqa: N812 - an error class by its kind

from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from dicom.deid.engine import Deidentified, Deidentifier
from dicom.deid.options import NotDeidentifiable

IMPLEMENTATION = UID("2.25.309286318240935612957183016540295174")
"""Ours, under 2.25 (PS3.5 B.2)."""

_UNREADABLE = (
    *(InvalidDicomError, AttributeError, ValueError, TypeError, EOFError, LookupError),
    *(NotImplementedError, OverflowError, RecursionError, StructError, ZlibError),
)
"""What pydicom raises where a dataset makes no sense; never that a disk is full."""


def deidentify_file(
    source: Path, target: Path | BinaryIO, deidentifier: Deidentifier
) -> Deidentified:
    """Write the de-identified copy of a file; the transfer syntax stays.

    Nothing of the file's meta information goes along but the transfer syntax.
    NotDeidentifiable: the file is no object, or a person must look at it first.
    """
    try:
        return _deidentified(source, target, deidentifier)
    except _UNREADABLE as error:
        raise NotDeidentifiable(f"{source.name} can't be read as DICOM: {error}") from error


def _deidentified(
    source: Path, target: Path | BinaryIO, deidentifier: Deidentifier
) -> Deidentified:
    original = dcmread(source)
    sop_class = str(original.get("SOPClassUID", "") or "")
    if not sop_class or not original.get("SOPInstanceUID"):
        raise NotDeidentifiable(
            f"{source.name} is no object: it has no SOP Class or Instance UID, as a DICOMDIR"
        )
    done = deidentifier.deidentify(original)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(done.sop_instance)
    meta.TransferSyntaxUID = original.file_meta.TransferSyntaxUID
    meta.ImplementationClassUID = IMPLEMENTATION
    done.dataset.file_meta = meta
    done.dataset.save_as(target, enforce_file_format=True)
    return done
