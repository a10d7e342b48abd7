"""DICOM around a department: a CT and a treatment machine that send, and an archive that takes."""

from simulators.dicom.archive import FAULTS as ARCHIVE_FAULTS
from simulators.dicom.archive import Archive
from simulators.dicom.sources import FAULTS as SOURCE_FAULTS
from simulators.dicom.sources import Sources

__all__ = ["ARCHIVE_FAULTS", "SOURCE_FAULTS", "Archive", "Sources"]
