"""A file as a dataset whose texts are read as its sender meant them. In the decoding process."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

CHARSET = 0x00080005


def opened(file: Path, charset: str, *, defer_size: int | None = None) -> Dataset:
    """All but the pixels; `charset` counts where the dataset declares none.

    pydicom's errors for a file that is none.
    """
    dataset = dcmread(file, stop_before_pixels=True, defer_size=defer_size)
    if charset:
        _read_as(dataset, convert_encodings(charset.split("\\")))
    return dataset


def _read_as(dataset: Dataset, encodings: list[str]) -> None:
    """What is not decoded yet is read as these, and so are items that are there already."""
    if dataset.get("SpecificCharacterSet"):
        return
    implicit, little = dataset.original_encoding
    dataset.set_original_encoding(implicit, little, encodings)
    for tag in sorted(dataset.keys()):
        found: object = dataset.get_item(tag)
        if isinstance(found, DataElement) and found.VR == "SQ":
            for item in found.value:
                _read_as(item, encodings)
