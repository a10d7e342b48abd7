"""What a de-identified object says of itself (PS3.15 E.2 and PS3.16 CID 7050)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom.deid.options import Dates, DeidOptions

_METHOD = "Isogate, PS3.15 Annex E, Table E.1-1 of 2026c"


def mark(dataset: Dataset, options: DeidOptions) -> None:
    """Say that names were removed, and by which profile and options."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = _METHOD
    dataset.DeidentificationMethodCodeSequence = Sequence(
        _code(code, meaning) for code, meaning in _codes(options)
    )
    temporal = {Dates.REMOVE: "REMOVED", Dates.SHIFT: "MODIFIED", Dates.KEEP: "UNMODIFIED"}
    dataset.LongitudinalTemporalInformationModified = temporal[options.dates]


def _codes(options: DeidOptions) -> Iterator[tuple[str, str]]:
    yield "113100", "Basic Application Confidentiality Profile"
    if options.words:
        yield "113105", "Clean Descriptors Option"
    if options.dates is Dates.KEEP:
        yield "113106", "Retain Longitudinal Temporal Information Full Dates Option"
    if options.dates is Dates.SHIFT:
        yield "113107", "Retain Longitudinal Temporal Information Modified Dates Option"
    if options.keep_patient_characteristics:
        yield "113108", "Retain Patient Characteristics Option"
    if options.keep_device:
        yield "113109", "Retain Device Identity Option"
    if options.keep_uids:
        yield "113110", "Retain UIDs Option"
    if options.private:
        yield "113111", "Retain Safe Private Option"
    if options.keep_institution:
        yield "113112", "Retain Institution Identity Option"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = "DCM"
    item.CodeMeaning = meaning
    return item
