"""What a peer's answer to C-STORE means for the queue (PS3.4 B.2.3, PS3.7 C.5). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dicom.dimse.status import Status

_FAMILY = 0xF000
_REFUSED, _CLASS_MISMATCH, _NOT_UNDERSTOOD, _WARNING = 0xA700, 0xA900, 0xC000, 0xB000
_PASSING = frozenset({Status.PROCESSING_FAILURE, Status.RESOURCE_LIMITATION, Status.CANCEL})
_WORDS = {
    Status.DUPLICATE_SOP_INSTANCE: "it has another object with this UID",
    Status.NOT_AUTHORIZED: "it does not let us store here",
    Status.SOP_CLASS_NOT_SUPPORTED: "it does not take this SOP class",
    Status.PROCESSING_FAILURE: "it failed to process the object",
    Status.RESOURCE_LIMITATION: "it is out of resources",
    0xB000: "it changed elements of the object",
    0xB006: "it left elements of the object out",
    0xB007: "it stored the object although it does not fit its SOP class",
}


class Fate(StrEnum):
    """STORED: the peer has it. AGAIN: it may take it later. NEVER: not as it is."""

    STORED = "stored"
    AGAIN = "again"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an object, and the peer's words or ours for its status."""

    fate: Fate
    words: str = ""


def judge(status: int, comment: str, *, doubt: bool) -> Verdict:
    """The verdict on a status; `doubt` says that the object may have been sent before.

    A duplicate is then our own. What the standard does not name may pass: it is tried again as
    often as a destination allows.
    """
    if status == Status.SUCCESS:
        return Verdict(Fate.STORED)
    if status == Status.DUPLICATE_SOP_INSTANCE and doubt:
        return Verdict(Fate.STORED, "it had the object already")
    words = _words(status, comment)
    if status & _FAMILY == _WARNING or status in (
        Status.ATTRIBUTE_LIST_ERROR,
        Status.ATTRIBUTE_OUT_OF_RANGE,
    ):
        return Verdict(Fate.STORED, words)
    return Verdict(Fate.AGAIN if _passes(status) else Fate.NEVER, words)


def _passes(status: int) -> bool:
    if status & 0xFF00 == _REFUSED or status in _PASSING:
        return True
    if status & 0xFF00 == _CLASS_MISMATCH or status & _FAMILY == _NOT_UNDERSTOOD:
        return False
    return not 0x0100 <= status < 0x0300  # noqa: PLR2004 - general failures of PS3.7 C.5


def _words(status: int, comment: str) -> str:
    said = _WORDS.get(status, "")
    if not said and status & 0xFF00 == _REFUSED:
        said = "it is out of resources"
    elif not said and status & 0xFF00 == _CLASS_MISMATCH:
        said = "it says that the object does not fit its SOP class"
    elif not said and status & _FAMILY == _NOT_UNDERSTOOD:
        said = "it does not understand the object"
    told = ": ".join(part for part in (said, comment) if part)
    return f"{told} ({status:04X}H)" if told else f"status {status:04X}H"
