"""The head of a file that holds one object (PS3.10 7.1), written by us. Pure."""

from __future__ import annotations

from struct import Struct

from dicom.upper.negotiate import IMPLEMENTATION, VERSION_NAME
from gateway import ProtocolViolation

_PREAMBLE = bytes(128) + b"DICM"
_SHORT = Struct("<HH2sH")
_LONG = Struct("<HH2sHI")
_GROUP_LENGTH = Struct("<HH2sHI")
START = len(_PREAMBLE) + _GROUP_LENGTH.size
"""Bytes from which the length of the head is known."""


def head(
    sop_class: str, sop_instance: str, transfer_syntax: str, *, sender: str, receiver: str
) -> bytes:
    """Preamble and file meta information; the dataset follows as it was sent."""
    body = b"".join(
        (
            _LONG.pack(2, 0x0001, b"OB", 0, 2) + b"\0\1",
            _text(0x0002, b"UI", sop_class, b"\0"),
            _text(0x0003, b"UI", sop_instance, b"\0"),
            _text(0x0010, b"UI", transfer_syntax, b"\0"),
            _text(0x0012, b"UI", IMPLEMENTATION, b"\0"),
            _text(0x0013, b"SH", VERSION_NAME, b" "),
            _text(0x0016, b"AE", sender, b" "),
            _text(0x0018, b"AE", receiver, b" "),
        )
    )
    return _PREAMBLE + _GROUP_LENGTH.pack(2, 0, b"UL", 4, len(body)) + body


def head_length(start: bytes) -> int:
    """Where the dataset begins, from the first START bytes; ProtocolViolation if it is no file."""
    if len(start) < START or not start.startswith(_PREAMBLE[128:], 128):
        raise ProtocolViolation("not a DICOM file")
    group, element, kind, _, length = _GROUP_LENGTH.unpack_from(start, len(_PREAMBLE))
    if (group, element, kind) != (2, 0, b"UL"):
        raise ProtocolViolation("the file has no length of its meta information")
    return START + int(length)


def _text(element: int, kind: bytes, text: str, pad: bytes) -> bytes:
    data = text.encode("ascii", "replace")
    data += pad * (len(data) % 2)
    return _SHORT.pack(2, element, kind, len(data)) + data
