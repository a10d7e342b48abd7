"""De-identifies a Part 10 file."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from dicom.deid.engine import Deidentified, Deidentifier
from dicom.deid.options import NotDeidentifiable

IMPLEMENTATION = UID("2.25.309286318240935612957183016540295174")
"""Ours, under 2.25 (PS3.5 B.2)."""


def deidentify_file(
    source: Path, target: Path | BinaryIO, deidentifier: Deidentifier
) -> Deidentified:
    """Write the de-identified copy of a file; the transfer syntax stays.

    Nothing of the file's meta information goes along but the transfer syntax.
    NotDeidentifiable: the file is no DICOM, or a person must look at it first.
    """
    try:
        original = dcmread(source)
        syntax = original.file_meta.TransferSyntaxUID
        done = deidentifier.deidentify(original)
    except (InvalidDicomError, AttributeError, ValueError, TypeError, EOFError) as error:
        raise NotDeidentifiable(f"{source.name} can't be read as DICOM: {error}") from error
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = done.dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = UID(done.sop_instance)
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = IMPLEMENTATION
    done.dataset.file_meta = meta
    done.dataset.save_as(target, enforce_file_format=True)
    return done
