"""Files sent by hand: C-STORE of Part 10 files, each in its own transfer syntax."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from dicom.dimse import (
    Association,
    Command,
    ContextRefused,
    Limits,
    Operation,
    Peer,
    Wanted,
    associate,
    is_good,
)
from dicom.forward.verdict import judge
from dicom.storage.part10 import START, head_length
from gateway import ProtocolViolation

_READ = 1_048_576
_MOST_CONTEXTS = 120
_SHORT = Struct("<HH2sH")
_LONG_LENGTH = Struct("<I")
_LONG = frozenset((b"OB", b"UN"))
_CLASS, _INSTANCE, _SYNTAX = 0x0002, 0x0003, 0x0010


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """A Part 10 file; its dataset begins at `offset`."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    offset: int

    @classmethod
    def of(cls, path: Path) -> ObjectFile:
        """Read its meta information; ProtocolViolation if it is no DICOM file."""
        with path.open("rb") as file:
            start = file.read(START)
            try:
                offset = head_length(start)
                meta = _meta(file.read(offset - START))
            except ProtocolViolation as error:
                raise ProtocolViolation(f"{path}: {error}") from None
        uids = [meta.get(element, "") for element in (_CLASS, _INSTANCE, _SYNTAX)]
        if not all(uids):
            raise ProtocolViolation(f"{path}: its meta information lacks a UID")
        return cls(path, uids[0], uids[1], uids[2], offset)

    async def parts(self) -> AsyncIterator[bytes]:
        """The dataset."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            while piece := await asyncio.to_thread(file.read, _READ):
                yield piece


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a file; `words` say why it was refused, or the peer's reservation."""

    file: ObjectFile
    taken: bool
    words: str = ""


async def send_files(
    peer: Peer, files: Sequence[ObjectFile], limits: Limits | None = None
) -> AsyncGenerator[Sent, None]:
    """Send files in order, on as few associations as their kinds allow; the outcome of each.

    DeviceUnavailable if the peer can't be reached, AssociationLost if it ends an association.
    """
    for batch in _batches(files):
        pairs = dict.fromkeys((each.sop_class, each.transfer_syntax) for each in batch)
        contexts = [Wanted(sop_class, (syntax,)) for sop_class, syntax in pairs]
        async with associate(peer, contexts, limits=limits) as association:
            for file in batch:
                yield await _send(association, file)


async def _send(association: Association, file: ObjectFile) -> Sent:
    command = Command(Operation.C_STORE, sop_class=file.sop_class, sop_instance=file.sop_instance)
    try:
        context = association.context_for(file.sop_class, file.transfer_syntax)
    except ContextRefused as error:
        return Sent(file, taken=False, words=str(error))
    answer = await association.send(command, file.parts(), context=context)
    words = judge(answer.status, answer.comment, doubt=False).words
    return Sent(file, is_good(answer.status), words)


def _batches(files: Sequence[ObjectFile]) -> list[list[ObjectFile]]:
    """In order; each with kinds enough for one association's contexts."""
    batches: list[list[ObjectFile]] = []
    kinds: set[tuple[str, str]] = set()
    for file in files:
        kind = (file.sop_class, file.transfer_syntax)
        if not batches or (kind not in kinds and len(kinds) == _MOST_CONTEXTS):
            batches.append([])
            kinds = set()
        kinds.add(kind)
        batches[-1].append(file)
    return batches


def _meta(data: bytes) -> dict[int, str]:
    """UIDs of group 2, in Explicit VR Little Endian (PS3.10 7.1)."""
    found: dict[int, str] = {}
    offset = 0
    while offset + _SHORT.size <= len(data):
        _, element, kind, length = _SHORT.unpack_from(data, offset)
        offset += _SHORT.size
        if kind in _LONG:
            if offset + _LONG_LENGTH.size > len(data):
                raise ProtocolViolation("its meta information is cut off")
            (length,) = _LONG_LENGTH.unpack_from(data, offset)
            offset += _LONG_LENGTH.size
        if offset + length > len(data):
            raise ProtocolViolation("its meta information is cut off")
        found[element] = data[offset : offset + length].decode("ascii", "replace").strip(" \0")
        offset += length
    return found
