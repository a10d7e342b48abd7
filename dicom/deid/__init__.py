"""De-identification (PS3.15 Annex E): what leaves the hospital names nobody."""

from dicom.deid.engine import Deidentified, Deidentifier
from dicom.deid.file import deidentify_file
from dicom.deid.options import Dates, DeidOptions, NotDeidentifiable

__all__ = [
    "Dates",
    "DeidOptions",
    "Deidentified",
    "Deidentifier",
    "NotDeidentifiable",
    "deidentify_file",
]
