"""C-MOVE and C-GET (PS3.4 C.4.2, C.4.3): objects from a PACS, to anybody or to us."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset

from dicom.dimse import (
    UNCOMPRESSED,
    Association,
    Command,
    Limits,
    Operation,
    Status,
    SubOperations,
    Wanted,
    is_pending,
)
from dicom.scu.failure import PeerFailed
from dicom.scu.identifier import encode
from dicom.storage.classes import storage_classes

MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"

_SELDOM = tuple(
    f"1.2.840.10008.5.1.4.{branch}."
    for branch in (
        *("1.1.9", "1.1.68", "1.1.77", "1.1.78", "1.1.79", "1.1.80", "1.1.81", "1.1.82"),
        *("1.1.200", "1.1.201", "1.1.501", "1.1.601", "38", "39", "43", "44", "45"),
    )
)
_STANDING = 3
_UNLISTED = ("", "", "", "", "")
_COMPRESSED = (
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first order
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.5",  # RLE Lossless
)
"""Those that archives hold; all that there are would make a request that DCMTK can't take."""
_MOST = 127
_PATIENCE = 600.0
_SOME_FAILED = 0xB000


def patient(limits: Limits) -> Limits:
    """For C-MOVE: a PACS that says nothing until all is moved is waited for."""
    return replace(limits, answer=max(limits.answer, _PATIENCE))


def moving() -> list[Wanted]:
    """The context to associate with for C-MOVE."""
    return [Wanted(MOVE)]


def getting(classes: Sequence[str] = ()) -> list[Wanted]:
    """The contexts to associate with for C-GET: the objects come on the same association.

    An association has 128 contexts; without `classes` those of ophthalmology, microscopy,
    waveforms and security are left out. What has no context, or is compressed where the peer
    agreed to uncompressed and does not convert, the peer counts as failed: C-MOVE takes all.
    """
    chosen = classes or _usual()
    syntaxes = (*UNCOMPRESSED, *_COMPRESSED)
    stored = [Wanted(each, syntaxes, serve=True) for each in chosen[:_MOST]]
    return [Wanted(GET), *stored]


async def move(
    association: Association, identifier: Dataset, destination: str
) -> AsyncGenerator[SubOperations, None]:
    """Have the peer send objects to an AE title that it knows; counts as they grow, then the last.

    PeerFailed if it will not. Objects that it could not send are counted, and no error.
    """
    command = Command(Operation.C_MOVE, sop_class=MOVE, move_destination=destination)
    async with aclosing(_counts(association, command, identifier)) as counts:
        async for each in counts:
            yield each


async def get(association: Association, identifier: Dataset) -> AsyncGenerator[SubOperations, None]:
    """Take objects on this association, by the storage service it was opened with; as `move`."""
    command = Command(Operation.C_GET, sop_class=GET)
    async with aclosing(_counts(association, command, identifier)) as counts:
        async for each in counts:
            yield each


async def _counts(
    association: Association, command: Command, identifier: Dataset
) -> AsyncGenerator[SubOperations, None]:
    context = association.context_for(command.sop_class)
    asked = encode(identifier, context.transfer_syntax)
    async with aclosing(association.exchange(command, asked, context=context)) as responses:
        async for response in responses:
            status = response.status
            if not (is_pending(status) or status in (Status.SUCCESS, _SOME_FAILED)):
                what = command.operation.name.replace("_", "-")
                raise PeerFailed(what, association.parties, status, response.comment)
            yield response.sub_operations


def _usual() -> list[str]:
    return [
        uid
        for uid in storage_classes()
        if not uid.startswith(_SELDOM)
        and UID_dictionary.get(uid, _UNLISTED)[_STANDING] != "Retired"
    ]
