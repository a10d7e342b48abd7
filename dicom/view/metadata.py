"""Datasets as the JSON model of PS3.18 F.2, and single values. Runs in the decoding process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.uid import UID

from dicom.view.opened import CHARSET, opened
from dicom.view.pixels import MOST_BYTES, NotShown
from dicom.view.words import Unseen

_INLINE = 1024
"""Bytes up to which a binary value stands in the JSON itself; a longer one is named by a URI."""
_NEVER = 1 << 40
_PIXELS = 0x7FE00010


def value(file: Path, tag: int) -> bytes:
    """The bytes of a binary element; NotShown if it has none, or pixels are compressed."""
    if file.stat().st_size > MOST_BYTES:
        raise NotShown(Unseen.TOO_LARGE)
    dataset = dcmread(file)
    if tag == _PIXELS and UID(dataset.file_meta.TransferSyntaxUID).is_compressed:
        raise NotShown(Unseen.NO_DECODER, "compressed pixels are given with their object")
    found = dataset[tag].value if tag in dataset else None
    if not isinstance(found, bytes):
        raise NotShown(Unseen.NO_VALUE)
    return found


def metadata(file: Path, place: str, charset: str) -> bytes:
    """A JSON object; `place` is the address under which its bulk data is named.

    Texts are UTF-8, whatever they are in the file, and are said to be. `charset` as in `opened`.
    """
    dataset = opened(file, charset)
    said: dict[str, Any] = {}
    for tag in sorted({*dataset.keys(), CHARSET}):
        name = f"{tag:08X}"
        if tag == CHARSET:
            said[name] = {"vr": "CS", "Value": ["ISO_IR 192"]}
            continue
        try:
            said[name] = _element(dataset[tag], f"{place}/bulkdata/{name}")
        except (ValueError, TypeError, AttributeError, NotImplementedError, LookupError):
            continue  # an attribute that can't be read is left out rather than guessed
    if "Rows" in dataset:
        said["7FE00010"] = {"vr": "OW", "BulkDataURI": f"{place}/bulkdata/7FE00010"}
    return orjson.dumps(said)


def _element(element: DataElement, place: str) -> dict[str, Any]:
    """Bulk data in items has no address of its own, and stands in the JSON."""
    if isinstance(element.value, bytes) and len(element.value) > _INLINE:
        return {"vr": element.VR, "BulkDataURI": place}
    found: dict[str, Any] = element.to_json_dict(None, _NEVER)
    return _in_utf_8(found)


def _in_utf_8(element: dict[str, Any]) -> dict[str, Any]:
    """No item says that it is in another character set: that of the whole counts."""
    if element["vr"] == "SQ":
        for item in element.get("Value", ()):
            item.pop(f"{CHARSET:08X}", None)
            for each in item.values():
                _in_utf_8(each)
    return element
