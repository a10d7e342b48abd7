"""What can be stored: SOP classes and transfer syntaxes of the standard."""

from __future__ import annotations

from functools import cache

from pydicom._uid_dict import UID_dictionary

_NAME, _KIND = 0, 1
_STANDARD = "1.2.840.10008."
_NOT_OBJECTS = ("Commitment", "Media Storage Directory")
_NO_STUDY = (
    "Hanging Protocol",
    "Color Palette",
    "Implant Template",
    "Implant Assembly",
    "Defined Procedure Protocol",
    "Protocol Approval",
    "Inventory",
)
_NEWER = (
    "1.2.840.10008.5.1.4.1.1.66.7",
    "1.2.840.10008.5.1.4.1.1.66.8",
    "1.2.840.10008.5.1.4.1.1.9.100.1",
    "1.2.840.10008.5.1.4.1.1.9.100.2",
)
"""Label and height map segmentation, waveform presentation states: pydicom 3.0 lacks them."""
_NEWER_SYNTAXES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}
"""Those that pydicom 3.0 lacks (until pynetdicom is imported beside it)."""
_NO_STORAGE = ("1.2.840.10008.1.2.6.", "1.2.840.10008.1.2.7.", "1.2.840.10008.1.20")
"""Transfer syntaxes for mail, live video and Papyrus files."""


@cache
def storage_classes() -> tuple[str, ...]:
    """Every storage SOP class of PS3.6, retired ones too: old devices live long."""
    found = (
        uid
        for uid, entry in UID_dictionary.items()
        if entry[_KIND] == "SOP Class"
        and "Storage" in entry[_NAME]
        and not any(word in entry[_NAME] for word in _NOT_OBJECTS)
    )
    return tuple(dict.fromkeys((*found, *_NEWER)))


@cache
def transfer_syntaxes() -> tuple[str, ...]:
    """Every transfer syntax of a stored object: each is kept as it comes."""
    found = (
        uid
        for uid, entry in UID_dictionary.items()
        if entry[_KIND] == "Transfer Syntax"
        and uid not in _NEWER_SYNTAXES
        and not uid.startswith(_NO_STORAGE)
    )
    return (*found, *_NEWER_SYNTAXES)


@cache
def without_study() -> frozenset[str]:
    """Classes whose objects belong to no patient and no study (PS3.4 Annex GG)."""
    return frozenset(
        uid
        for uid in storage_classes()
        if any(word in UID_dictionary.get(uid, ("",))[_NAME] for word in _NO_STUDY)
    )


def name_of(uid: str) -> str:
    """What the standard calls a SOP class or a transfer syntax; else the UID itself."""
    entry = UID_dictionary.get(uid)
    return entry[_NAME] if entry else _NEWER_SYNTAXES.get(uid, uid)


def is_standard(uid: str) -> bool:
    """Whether the standard itself gave out this UID."""
    return uid.startswith(_STANDARD)
