"""How the simulators write their objects: bytes, files, and C-STORE."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom import AE

from simulators.rt.asking import asking


def encoded(made: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The dataset's bytes as a message carries them."""
    syntax = UID(transfer_syntax)
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = syntax.is_implicit_VR, syntax.is_little_endian
    write_dataset(buffer, made)
    return buffer.getvalue()


def file_of(made: Dataset, path: Path) -> Path:
    """The object as a DICOM file."""
    made.file_meta = _meta(made)
    dcmwrite(path, made, enforce_file_format=True)
    return path


def store(
    made: Iterable[Dataset], host: str, port: int, called: str, calling: str = "TPS"
) -> list[int]:
    """Send objects over one association; the status of each.

    ConnectionError if nobody answers, or not each of them.
    """
    several = list(made)
    entity = AE(calling)
    for sop_class in dict.fromkeys(str(each.SOPClassUID) for each in several):
        entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
    with asking(entity, host, port, called) as association:
        statuses = []
        for each in several:
            each.file_meta = _meta(each)
            answer = association.send_c_store(each)
            if "Status" not in answer:
                raise ConnectionError(f"{called} at {host}:{port} gave no answer")
            statuses.append(int(answer.Status))
        return statuses


def _meta(made: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return meta
