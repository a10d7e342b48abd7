"""A picture of an image or of a dose slice. Runs in the decoding process."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_rescale
from pydicom.pixels.utils import get_expected_length, pixel_array
from pydicom.uid import UID

from dicom.view.colours import colours
from dicom.view.words import Look, Picture, Stored, Unseen, ends

MOST_BYTES = 256 * 1024**2
"""Of decoded pixels that are held at the same time."""
LARGEST_SIDE = 1024
SMALLEST_SIDE = 384
_MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
_DOSE = "RTDOSE"

Array: TypeAlias = NDArray[Any]


class NotShown(Exception):  # noqa: N818 - an answer, not a fault
    """No picture, and why."""

    def __init__(self, why: Unseen, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}")
        self.why, self.detail = why, detail


def look(file: Path) -> Look:
    """What a picture would show; NotShown."""
    dataset = _head(file)
    frames = _frames(dataset)
    if _is_dose(dataset):
        return _dose_look(file, dataset, frames)
    if not _is_grey(dataset):
        return _look(dataset, "colour", 0.0, 255.0)
    declared = _window(dataset)
    low, high = declared or _extent(_rescaled(dataset, _decoded(file, 0)))
    return _look(dataset, "grey", low, high, unit=_unit(dataset), declared=declared is not None)


def _dose_look(file: Path, dataset: Dataset, frames: int) -> Look:
    whole = _size(dataset) * frames <= MOST_BYTES
    values = _doses(dataset, _decoded(file, None if whole else 0))
    highest = values.reshape(frames if whole else 1, -1).max(axis=1)
    return _look(
        dataset,
        "dose",
        0.0,
        float(highest.max()),
        unit=_dose_unit(dataset),
        whole=whole,
        frame=int(highest.argmax()) + 1,
    )


def picture(file: Path, wanted: Picture) -> bytes:
    """PNG; NotShown."""
    dataset = _head(file)
    if not 0 <= wanted.frame <= _frames(dataset):
        raise NotShown(Unseen.NO_FRAME, str(wanted.frame))
    shown = look(file)
    low = shown.low if wanted.low is None else wanted.low
    high = shown.high if wanted.high is None else wanted.high
    pixels = _decoded(file, (wanted.frame or shown.frame) - 1)
    if shown.kind == "dose":
        drawn = colours(_levels(_doses(dataset, pixels), low, high))
    elif shown.kind == "colour":
        drawn = _bytes(pixels, dataset)
    else:
        drawn = _levels(_rescaled(dataset, pixels), low, high)
        if dataset.PhotometricInterpretation == _MONOCHROME[0]:
            drawn = 255 - drawn
    return _png(drawn, dataset)


def stored(file: Path, frame: int) -> Stored:
    """A grey frame, from 1, without any scaling; NotShown."""
    dataset = _head(file)
    if not 1 <= frame <= _frames(dataset):
        raise NotShown(Unseen.NO_FRAME, str(frame))
    if not _is_grey(dataset):
        raise NotShown(Unseen.NO_PIXELS, str(dataset.PhotometricInterpretation))
    _counted(file)
    values = _decoded(file, frame - 1)
    if values.shape != (dataset.Rows, dataset.Columns):
        raise NotShown(Unseen.WRONG_SIZE, " × ".join(map(str, values.shape)))
    return Stored(int(dataset.Rows), int(dataset.Columns), values.astype("<i8").tobytes())


def _counted(file: Path) -> None:
    """NotShown where pixels that are not compressed are fewer or more than the object says."""
    dataset = dcmread(file, defer_size=1_048_576)
    if UID(dataset.file_meta.TransferSyntaxUID).is_compressed:
        return
    said = get_expected_length(dataset)
    raw: Any = dataset.get_item("PixelData")
    there = 0 if raw is None else raw.length if raw.value is None else len(raw.value)
    if there != said + said % 2:
        raise NotShown(Unseen.WRONG_SIZE, f"{there} bytes instead of {said + said % 2}")


def _head(file: Path) -> Dataset:
    dataset = dcmread(file, stop_before_pixels=True, defer_size=1_048_576)
    if "Rows" not in dataset or "PhotometricInterpretation" not in dataset:
        raise NotShown(Unseen.NO_PIXELS)
    if _size(dataset) > MOST_BYTES:
        raise NotShown(Unseen.TOO_LARGE, f"{dataset.Columns} × {dataset.Rows}")
    return dataset


def _size(dataset: Dataset) -> int:
    """Bytes of one frame as they are worked with: 8 a sample."""
    samples = int(dataset.get("SamplesPerPixel", 1))
    return int(dataset.Rows) * int(dataset.Columns) * samples * 8


def _frames(dataset: Dataset) -> int:
    return int(dataset.get("NumberOfFrames") or 1)


def _is_dose(dataset: Dataset) -> bool:
    return "DoseGridScaling" in dataset or dataset.get("Modality") == _DOSE


def _is_grey(dataset: Dataset) -> bool:
    return dataset.PhotometricInterpretation in _MONOCHROME


def _decoded(file: Path, frame: int | None) -> Array:
    """A frame from 0, or all of them."""
    try:
        with file.open("rb") as opened:  # a path would be resolved, and this one leads nowhere else
            return pixel_array(opened, index=frame)
    except (RuntimeError, NotImplementedError) as error:
        syntax = UID(dcmread(file, specific_tags=[]).file_meta.TransferSyntaxUID)
        why = Unseen.NO_DECODER if syntax.is_compressed else Unseen.DAMAGED
        raise NotShown(why, syntax.name if syntax.is_compressed else str(error)) from error
    except AttributeError as error:
        raise NotShown(Unseen.NO_PIXELS, str(error)) from error


def _doses(dataset: Dataset, pixels: Array) -> Array:
    scale = dataset.get("DoseGridScaling")
    if scale is None:
        raise NotShown(Unseen.NO_SCALE)
    return pixels * np.float64(scale)


def _dose_unit(dataset: Dataset) -> str:
    return "Gy" if dataset.get("DoseUnits") == "GY" else "%"


def _rescaled(dataset: Dataset, pixels: Array) -> Array:
    return apply_rescale(pixels, dataset)


def _unit(dataset: Dataset) -> str:
    return "HU" if dataset.get("Modality") == "CT" and "RescaleIntercept" in dataset else ""


def _window(dataset: Dataset) -> tuple[float, float] | None:
    """The first window that the object declares, as its ends (PS3.3 C.11.2.1.2.1)."""
    center, width = (_first(dataset.get(key)) for key in ("WindowCenter", "WindowWidth"))
    if center is None or width is None or width < 1:
        return None
    return ends(center, width)


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    return float(value[0] if isinstance(value, Sequence) and not isinstance(value, str) else value)


def _extent(values: Array) -> tuple[float, float]:
    low, high = (float(each) for each in np.percentile(values, (0.5, 99.5)))
    return (low, high) if high > low else (low, low + 1)


def _levels(values: Array, low: float, high: float) -> Array:
    spread = (values.astype(np.float64) - low) / max(high - low, 1e-9)
    return np.asarray(np.rint(np.clip(spread, 0, 1) * 255), dtype=np.uint8)


def _bytes(pixels: Array, dataset: Dataset) -> Array:
    bits = int(dataset.BitsStored)
    return np.asarray(pixels >> max(bits - 8, 0), dtype=np.uint8)


def _look(dataset: Dataset, kind: str, low: float, high: float, **more: Any) -> Look:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise NotShown(Unseen.DAMAGED, "values that are no numbers")
    return Look(kind, int(dataset.Rows), int(dataset.Columns), _frames(dataset), low, high, **more)


def _png(drawn: Array, dataset: Dataset) -> bytes:
    """Points are drawn square, as large as they are in the body."""
    image = Image.fromarray(drawn)
    size = _drawn_size(image.size, _spacing(dataset))
    if size != image.size:
        smaller = size[0] < image.size[0]
        image = image.resize(size, Image.Resampling.BOX if smaller else Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _drawn_size(size: tuple[int, int], spacing: tuple[float, float]) -> tuple[int, int]:
    unit = min(spacing)
    width, height = size[0] * spacing[1] / unit, size[1] * spacing[0] / unit
    factor = min(1.0, LARGEST_SIDE / max(width, height))
    if max(width, height) < SMALLEST_SIDE:
        factor = float(-(-SMALLEST_SIDE // int(max(width, height, 1))))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _spacing(dataset: Dataset) -> tuple[float, float]:
    """Distance of rows and of columns; 1:1 where none is said, or what is said can't be."""
    for key in ("PixelSpacing", "ImagePlanePixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"):
        value = dataset.get(key)
        if value is not None and len(value) == 2:  # noqa: PLR2004 - rows and columns
            rows, columns = float(value[0]), float(value[1])
            if rows > 0 and columns > 0 and 0.1 < rows / columns < 10:  # noqa: PLR2004 - else damaged
                return rows, columns
    return 1.0, 1.0
