"""Datasets as the JSON model of PS3.18 F.2. Runs in the decoding process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from pydicom import dcmread
from pydicom.dataelem import DataElement

_INLINE = 1024
"""Bytes up to which binary values stand in the JSON itself; longer ones are named by a URI."""


def metadata(files: Sequence[tuple[Path, str]]) -> bytes:
    """A JSON array, an object a file; `place` is the address under which bulk data is named."""
    return orjson.dumps([_of(file, place) for file, place in files])


def _of(file: Path, place: str) -> dict[str, Any]:
    dataset = dcmread(file, stop_before_pixels=True)

    def bulk(element: DataElement) -> str:
        return f"{place}/bulkdata/{element.tag:08X}"

    said: dict[str, Any] = dataset.to_json_dict(
        bulk_data_threshold=_INLINE, bulk_data_element_handler=bulk, suppress_invalid_tags=True
    )
    if "Rows" in dataset:
        said["7FE00010"] = {"vr": "OW", "BulkDataURI": f"{place}/bulkdata/7FE00010"}
    return said
