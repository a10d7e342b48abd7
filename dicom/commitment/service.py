"""Storage Commitment Push Model as SCP: the N-ACTION (PS3.4 J.3.2)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from dicom.commitment.claim import INSTANCE, PUSH, REQUEST, BadClaim, claim_of
from dicom.commitment.desk import Desk
from dicom.commitment.events import Asked
from dicom.content import decode
from dicom.dimse import Offer, Operation, Request, Response, Responses, Service, Status
from gateway import ProtocolViolation, StoreError

_LONGEST = 16_777_216
_ELEMENTS = 200_000


@dataclass(frozen=True, slots=True)
class Commitment:
    """The service, for every title that has it."""

    desk: Desk

    def service(self) -> Service:
        # A peer that is SCP as well may report to us in the same context.
        offer = Offer(PUSH, peer_serves=True)
        return Service("commitment", (offer,), frozenset((Operation.N_ACTION,)), self._handle)

    async def _handle(self, request: Request) -> Responses:
        try:
            response = await self._answer(request)
        except BadClaim as error:
            response = Response(error.status, comment=str(error))
        except StoreError as error:
            response = Response(Status.RESOURCE_LIMITATION, comment=str(error))
        yield response

    async def _answer(self, request: Request) -> Response:
        command, parties = request.command, request.association.parties
        if command.sop_class != PUSH:
            return Response(Status.NO_SUCH_SOP_CLASS, comment="not Storage Commitment Push Model")
        if command.sop_instance != INSTANCE:
            return Response(Status.NO_SUCH_SOP_INSTANCE, comment="not its well-known instance")
        if command.action_type != REQUEST:
            return Response(Status.NO_SUCH_ACTION, comment=f"no action {command.action_type}")
        peer = self.desk.reporter.line_of(parties.calling, parties.address)
        if peer is None:
            words = f"{parties.calling} is no peer in devices.yaml: no way to report"
            return Response(Status.NOT_AUTHORIZED, comment=words)
        data = await request.dataset.read(_LONGEST)
        syntax = request.context.transfer_syntax
        try:
            content = await asyncio.to_thread(decode, data, syntax, _ELEMENTS)
        except ProtocolViolation as error:
            return Response(Status.INVALID_ARGUMENT, comment=str(error))
        claim = claim_of(content, self.desk.options.references)
        await self.desk.take(Asked(claim, parties.calling, parties.called, peer))
        return Response()
