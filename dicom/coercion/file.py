"""Puts other values into a copy of an object, by explicit rule."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from os import SEEK_END
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence

_UNDEFINED = 0xFFFFFFFF
_DELIMITERS = (b"\xfe\xff\xdd\xe0" + bytes(4), b"\xff\xfe\xe0\xdd" + bytes(4))
"""What ends a sequence of undefined length (PS3.5 7.5), in either byte order."""


def coerce_file(source: Path, target: Path, values: Mapping[str, str], at: datetime) -> str:
    """Write a copy with these values, at a moment; its SOP Instance UID, which stays.

    The values that stood there go along in Original Attributes Sequence (0400,0561), as PS3.3
    C.12.1.1.9 asks. ValueError if the object can't be read, or its character set has not what a
    value needs.
    """
    try:
        made = dcmread(source)
        _check_whole(made, source)
        for keyword, value in values.items():
            _check(made, keyword, value)
        _keep_original(made, values, at)
        for keyword, value in values.items():
            setattr(made, keyword, value)
        made.save_as(target, enforce_file_format=True)
        _check_written(target, values)
    except ValueError:
        raise
    except Exception as error:
        # pydicom raises what it likes on an object that is broken: it must stop only that.
        raise ValueError(f"the object can't be read as DICOM: {error!r}") from error
    return str(made.SOPInstanceUID)


def _check_whole(made: FileDataset, source: Path) -> None:
    """ValueError for an object that was cut off: written anew, it would look whole."""
    element: Any = None
    for tag in tuple(made.keys()):
        element = made.get_item(tag)
        known = isinstance(element, RawDataElement) and element.length != _UNDEFINED
        if known and element.value is not None and len(element.value) != element.length:
            raise ValueError(f"{tag} is cut off")
    if element is None or made.file_meta.TransferSyntaxUID.is_deflated:
        return
    if isinstance(element, RawDataElement) and element.length != _UNDEFINED:
        ends = element.value_tell + element.length == source.stat().st_size
    else:
        with source.open("rb") as file:
            file.seek(-len(_DELIMITERS[0]), SEEK_END)
            ends = file.read() in _DELIMITERS
    if not ends:
        raise ValueError(f"it is cut off after {element.tag}")


def _check(made: Dataset, keyword: str, value: str) -> None:
    """ValueError rather than an object with question marks for a name."""
    declared = made.get("SpecificCharacterSet", "")
    if not any(_fits(value, encoding) for encoding in convert_encodings(declared)):
        raise ValueError(
            f"{keyword}: the object's character set ({declared or 'none'}) can't write {value!r}"
        )


def _check_written(target: Path, values: Mapping[str, str]) -> None:
    """ValueError where a value reads otherwise than it was meant."""
    made = dcmread(target, stop_before_pixels=True)
    for keyword, value in values.items():
        if str(made.get(keyword, "")).strip() != value.strip():
            declared = made.get("SpecificCharacterSet", "none")
            raise ValueError(f"{keyword}: {value!r} can't be written in character set {declared}")


def _fits(value: str, encoding: str) -> bool:
    try:
        value.encode("ascii" if encoding == default_encoding else encoding)
    except UnicodeError:
        return False
    return True


def _keep_original(made: Dataset, values: Mapping[str, str], at: datetime) -> None:
    before = Dataset()
    for keyword in values:
        if keyword in made:
            before.add(deepcopy(made[keyword]))
    item = Dataset()
    item.ModifiedAttributesSequence = Sequence([before])
    item.ModifyingSystem = "ISOGATE"
    item.SourceOfPreviousValues = ""
    item.AttributeModificationDateTime = at.strftime("%Y%m%d%H%M%S%z")
    item.ReasonForTheAttributeModification = "COERCE"
    kept = made.get("OriginalAttributesSequence")
    made.OriginalAttributesSequence = Sequence([*(kept or ()), item])
