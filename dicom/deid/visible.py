"""Whether pixels may show names, by what an image says of itself (PS3.3 C.7.6.1, C.8.6.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.dataset import Dataset

_IMAGES = "1.2.840.10008.5.1.4.1.1."
_SHOWING = frozenset({"3", "6", "7", "12", "77", "81", "82"})
"""Families of SOP classes by their first number: ultrasound, secondary capture, angiography and
fluoroscopy, visible light with ophthalmic images and video, ophthalmic maps."""
_RT_IMAGE = "1.2.840.10008.5.1.4.1.1.481.1"
_PALETTES = frozenset({"1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Nuclear medicine and label maps: a palette of colours is no sign of a screen there."""
_MODALITIES = frozenset(
    (
        *("US", "IVUS", "BDUS", "SC", "OT", "HC", "FS", "VF", "DF", "LP", "ES", "XC", "GM", "SM"),
        *("DMS", "DOC", "RF", "XA", "OP", "OPM", "OPT", "OPV"),
    )
)
_SCREENS = frozenset(
    (
        *("SCREEN", "SCREENSHOT", "SCREENSAVE", "SAVE", "SAVED", "CAPTURE", "SNAPSHOT", "PASTED"),
        *("REPORT", "DOSEREPORT", "PROTOCOL", "SHEET", "TEXT", "GRAPH", "CHART", "LABEL"),
    )
)
_WORDS = re.compile(r"[^A-Z0-9]+")
_CAPTURED = (
    *("DateOfSecondaryCapture", "TimeOfSecondaryCapture", "SecondaryCaptureDeviceID"),
    *("SecondaryCaptureDeviceManufacturer", "SecondaryCaptureDeviceManufacturerModelName"),
    "SecondaryCaptureDeviceSoftwareVersions",
)
_PLACES = frozenset({0x00200032, 0x3002000C})
"""Image Position (Patient), at any depth, and RT Image Plane."""


def doubt(image: Dataset) -> str:
    """Why the pixels may show names; nothing where there are none, or nothing speaks for it.

    Burned In Annotation NO is believed.
    """
    said = str(image.get("BurnedInAnnotation", "") or "").strip()
    if "PixelData" not in image or said == "NO":
        return ""
    if said == "YES":
        return "Burned In Annotation is YES"
    sign = next(_signs(image), "")
    return f"{sign}, and Burned In Annotation is {said or 'absent'}" if sign else ""


def _signs(image: Dataset) -> Iterator[str]:
    sop_class = str(image.get("SOPClassUID", "") or "")
    modality = str(image.get("Modality", "") or "")
    if not sop_class.startswith(_IMAGES):
        yield f"its class ({sop_class or 'none'}) is not known as one of images"
    elif sop_class.removeprefix(_IMAGES).partition(".")[0] in _SHOWING:
        yield "images of its class often show text"
    if modality in _MODALITIES:
        yield f"images of modality {modality} often show text"
    if _is_captured(image, sop_class):
        yield "it was captured or converted"
    if not _is_grey(image, sop_class):
        yield "it is in colour"
    kind = _values(image, "ImageType")
    # A secondary PROT is the page of a CT's protocol, a primary one a series like any other.
    screens = _SCREENS | ({"PROT"} if "SECONDARY" in kind[1:2] else set())
    if screens.intersection(word for value in kind[2:] for word in _WORDS.split(value)):
        yield f"Image Type says {'/'.join(kind)}"
    if "SECONDARY" in kind[1:2] and not _has_place(image):
        yield "Image Type says SECONDARY, and it lies nowhere in the patient"


def _is_captured(image: Dataset, sop_class: str) -> bool:
    """RT images have a Conversion Type of their own (PS3.3 C.8.8.2): computed ones are usual.

    An imager has a digital interface, a workstation computes slices and projections, and some write
    so into what lies in the patient: no screen does.
    """
    conversion = "".join(_values(image, "ConversionType"))
    usual = {""}
    if sop_class == _RT_IMAGE:
        usual |= {"DI", "WSD", "SYN"}
    if _has_place(image):
        return conversion not in usual | {"DI", "WSD"}
    return conversion not in usual or any(image.get(keyword) for keyword in _CAPTURED)


def _is_grey(image: Dataset, sop_class: str) -> bool:
    photometric = "".join(_values(image, "PhotometricInterpretation"))
    if photometric == "PALETTE COLOR":
        return sop_class in _PALETTES
    return photometric in {"MONOCHROME1", "MONOCHROME2"}


def _has_place(image: Dataset) -> bool:
    """Reformats, doses and projections say where they lie; a screen lies nowhere."""
    return any(each.tag in _PLACES and each.value for each in image.iterall())


def _values(image: Dataset, keyword: str) -> list[str]:
    value = image.get(keyword) or ""
    values = [value] if isinstance(value, str) else list(value)
    return [str(each).strip().upper() for each in values]
