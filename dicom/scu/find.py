"""C-FIND (PS3.4 C.4.1, K.4.1): what a PACS has, what a worklist holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from pydicom.dataset import Dataset

from dicom.dimse import Association, Command, Operation, Status, Wanted, is_pending
from dicom.scu.failure import PeerFailed
from dicom.scu.identifier import decode, encode

PATIENT_ROOT = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
WORKLIST = "1.2.840.10008.5.1.4.31"


def wanted(sop_class: str = STUDY_ROOT) -> Wanted:
    """The context to associate with."""
    return Wanted(sop_class)


async def find(
    association: Association, identifier: Dataset, sop_class: str = STUDY_ROOT
) -> AsyncGenerator[Dataset, None]:
    """Each match as it comes; leaving early cancels the query.

    PeerFailed if the peer ends it with a failure, AssociationLost if it does not end it.
    """
    context = association.context_for(sop_class)
    command = Command(Operation.C_FIND, sop_class=sop_class)
    asked = encode(identifier, context.transfer_syntax)
    async with aclosing(association.exchange(command, asked, context=context)) as responses:
        async for response in responses:
            if is_pending(response.status):
                if response.dataset is not None:
                    yield decode(response.dataset, context.transfer_syntax)
            elif response.status != Status.SUCCESS:
                raise PeerFailed("C-FIND", association.parties, response.status, response.comment)
