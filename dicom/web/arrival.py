"""A part of a multipart body as an object on its way in: its head read, its dataset to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dicom.dimse import Status
from dicom.elements import decode
from dicom.storage.classes import storage_classes
from dicom.storage.judge import Arrival, Incoming, Refused
from dicom.storage.object import Origin
from dicom.storage.part10 import START, head_length
from dicom.storage.service import Private
from dicom.upper.negotiate import EXPLICIT, is_uid
from dicom.web.media import DICOM, media_type
from gateway import ProtocolViolation

_LONGEST_HEAD = 65_536
_LONGEST_TITLE = 16
_HEAD_START = 132
_CLASS, _INSTANCE, _SYNTAX = 0x00020002, 0x00020003, 0x00020010


@dataclass(frozen=True, slots=True)
class Taking:
    """The rules by which objects are taken: those of one of our titles, `called`.

    `undeclared` is the character set of datasets that declare none.
    """

    called: str
    private: Private
    undeclared: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, as events name it, and from where."""

    name: str
    address: str


class Filed(Incoming, Protocol):
    """A Part 10 file on its way in: its head comes first, then the dataset."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def give_back(self, data: bytes) -> None:
        """Bytes that were taken and belong to what is read next."""
        ...


async def arrival_of(part: Filed, taking: Taking, sender: Sender, study: str = "") -> Arrival:
    """Reads a part's head; Refused if it is none, or names what is not taken here."""
    kind = media_type(part.headers.get("content-type", DICOM))
    if kind.name != DICOM:
        raise Refused(Status.CANNOT_UNDERSTAND, f"a part of type {kind.name[:40]}")
    sop_class, uid, syntax = await _named(part)
    if not is_uid(syntax):
        raise Refused(Status.CANNOT_UNDERSTAND, "the file names no transfer syntax")
    if sop_class not in storage_classes() and not taking.private.takes(sop_class):
        raise Refused(Status.SOP_CLASS_NOT_SUPPORTED, f"{sop_class[:64]} is not taken")
    source = Origin(sender.name[:_LONGEST_TITLE], taking.called, sender.address, syntax)
    return Arrival(sop_class, uid, source, part, study)


async def _named(part: Filed) -> tuple[str, str, str]:
    """SOP class, SOP instance and transfer syntax by the file meta information (PS3.10 7.1)."""
    try:
        meta = decode(await _head(part), EXPLICIT)
    except ProtocolViolation as error:
        raise Refused(Status.CANNOT_UNDERSTAND, str(error)) from None
    sop_class, uid, syntax = (
        meta[tag].value.decode("ascii", "replace").strip(" \0") if tag in meta else ""
        for tag in (_CLASS, _INSTANCE, _SYNTAX)
    )
    return sop_class, uid, syntax


async def _head(part: Filed) -> bytes:
    """The bytes of group 0002; what follows them is given back. ProtocolViolation."""
    data = b"".join(await part.take(START))
    length = head_length(data[:START])
    if length > _LONGEST_HEAD:
        raise ProtocolViolation(f"a head of {length} bytes")
    if len(data) < length:
        data += b"".join(await part.take(length - len(data)))
    if len(data) < length:
        raise ProtocolViolation("cut off within its head")
    part.give_back(data[length:])
    return data[_HEAD_START:length]
