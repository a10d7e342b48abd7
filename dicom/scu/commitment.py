"""Storage commitment as SCU (PS3.4 Annex J): asking for it, and hearing what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydicom.dataset import Dataset

from dicom.dimse import (
    UNCOMPRESSED,
    Association,
    Command,
    Offer,
    Operation,
    Request,
    Response,
    Responses,
    Service,
    Status,
    Wanted,
    is_good,
)
from dicom.scu.failure import PeerFailed
from dicom.scu.identifier import decode, encode
from gateway import ProtocolViolation, StoreError

PUSH = "1.2.840.10008.1.20.1"
_INSTANCE = "1.2.840.10008.1.20.1.1"
_REQUEST, _COMPLETE, _FAILURES = 1, 1, 2
_LONGEST = 4_194_304
_REASONS = {
    0x0110: "it failed to process it",
    0x0112: "it has no such object",
    0x0119: "it has it under another SOP class",
    0x0122: "it does not support the SOP class",
    0x0131: "it knows the transaction already",
    0x0213: "it is out of resources",
}
"""Failure Reason (PS3.3 C.14.1.1)."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What a peer said of a transaction: instances it keeps, and why it does not keep others."""

    transaction: str
    kept: frozenset[str]
    failed: Mapping[str, str]


Heard: TypeAlias = Callable[[Reported], Awaitable[bool]]
"""Takes a report in, durably; False if nobody asked for it. StoreError: it is to come again."""


def wanted() -> Wanted:
    """The context to associate with."""
    return Wanted(PUSH)


def new_transaction() -> str:
    """A UID that was never used."""
    return f"2.25.{uuid.uuid4().int}"


async def request(
    association: Association, transaction: str, instances: Iterable[tuple[str, str]]
) -> None:
    """N-ACTION: ask to commit to (SOP class, SOP instance) each.

    The report comes later, on this association or on one that the peer opens. PeerFailed if the
    peer does not take the request.
    """
    made = Dataset()
    made.TransactionUID = transaction
    made.ReferencedSOPSequence = [_reference(*each) for each in instances]
    context = association.context_for(PUSH)
    command = Command(
        Operation.N_ACTION, sop_class=PUSH, sop_instance=_INSTANCE, action_type=_REQUEST
    )
    answer = await association.send(command, encode(made, context.transfer_syntax), context=context)
    if not is_good(answer.status):
        what = "request of storage commitment"
        raise PeerFailed(what, association.parties, answer.status, answer.comment)


async def _nobody(_report: Reported) -> bool:
    return False


class Reports:
    """Answers N-EVENT-REPORTs of storage commitment, on associations of either side.

    `heard` takes them in; whoever asks for commitments sets it.
    """

    def __init__(self) -> None:
        self.heard: Heard = _nobody

    def service(self) -> Service:
        """For our titles, and for the associations that we ask on.

        The peer opens an association as SCP of the class (PS3.4 J.3.3, PS3.7 D.3.3.4).
        """
        offer = Offer(PUSH, UNCOMPRESSED, peer_serves=True)
        operations = frozenset((Operation.N_EVENT_REPORT,))
        return Service("commitment reports", (offer,), operations, self._handle)

    async def _handle(self, asked: Request) -> Responses:
        yield await _report(asked, self.heard)


async def _report(asked: Request, heard: Heard) -> Response:
    if asked.command.event_type not in (_COMPLETE, _FAILURES):
        return Response(Status.NO_SUCH_EVENT_TYPE, comment=f"event {asked.command.event_type}")
    data = await asked.dataset.read(_LONGEST)
    try:
        report = reported(decode(data, asked.context.transfer_syntax))
        known = await heard(report)
    except ProtocolViolation as error:
        return Response(Status.INVALID_ARGUMENT, comment=str(error)[:64])
    except StoreError as error:
        return Response(Status.PROCESSING_FAILURE, comment=str(error)[:64])
    if not known:
        return Response(Status.INVALID_ARGUMENT, comment="nobody asked for this transaction")
    return Response()


def reported(made: Dataset) -> Reported:
    """Read a report; ProtocolViolation if it names no transaction."""
    transaction = str(made.get("TransactionUID", "") or "")
    if not transaction:
        raise ProtocolViolation("the report names no transaction")
    kept = frozenset(
        str(each.get("ReferencedSOPInstanceUID", ""))
        for each in made.get("ReferencedSOPSequence") or ()
    )
    failed = {
        str(each.get("ReferencedSOPInstanceUID", "")): _reason(each.get("FailureReason"))
        for each in made.get("FailedSOPSequence") or ()
    }
    return Reported(transaction, kept - failed.keys(), failed)


def _reason(code: object) -> str:
    if not isinstance(code, int):
        return "it gives no reason"
    return f"{_REASONS.get(code, 'it does not keep it')} ({code:04X}H)"


def _reference(sop_class: str, sop_instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
    return item
