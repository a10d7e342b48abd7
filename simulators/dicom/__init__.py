"""DICOM around a department: a CT and treatment machines, and an archive that takes."""

from simulators.dicom.archive import FAULTS as ARCHIVE_FAULTS
from simulators.dicom.archive import Archive
from simulators.dicom.bunker import FAULTS as BUNKER_FAULTS
from simulators.dicom.bunker import Bunker
from simulators.dicom.sources import FAULTS as SOURCE_FAULTS
from simulators.dicom.sources import Sources

__all__ = ["ARCHIVE_FAULTS", "BUNKER_FAULTS", "SOURCE_FAULTS", "Archive", "Bunker", "Sources"]
