"""A de-identified copy of a file. Runs in the decoding process."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicom.deid.engine import Deidentifier
from dicom.deid.file import deidentify_file
from dicom.deid.options import DeidOptions, NotDeidentifiable
from dicom.view.pixels import MOST_BYTES, NotShown
from dicom.view.words import Unseen


def deidentified(file: Path, options: Mapping[str, Any], key: str) -> bytes:
    """A Part 10 file after a profile's `options`; NotShown if a person must look at it first."""
    if file.stat().st_size > MOST_BYTES:
        raise NotShown(Unseen.TOO_LARGE)
    copy = io.BytesIO()
    try:
        deidentify_file(file, copy, Deidentifier(DeidOptions(**options), key.encode()))
    except NotDeidentifiable as error:
        raise NotShown(Unseen.NOT_BY_RULE, str(error)) from error
    return copy.getvalue()
