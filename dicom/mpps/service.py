"""N-CREATE and N-SET of performed procedure steps: committed, then answered (PS3.4 F.7.2)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dicom.dimse import Offer, Operation, Request, Response, Responses, Service, Status
from dicom.elements import Elements, WrongVr, decode
from dicom.mpps.events import Came, changed_event, created_event, subject_of
from dicom.mpps.link import How, Link, links_of
from dicom.mpps.said import SCHEDULED, STUDY_UID, Said, Tree, changed, created, items, text
from dicom.mpps.steps import PerformedStep, PerformedSteps
from dicom.query.find import LONGEST_IDENTIFIER
from dicom.query.question import NotAnswered
from dicom.storage.object import Origin
from dicom.upper.negotiate import is_uid
from dicom.worklist.board import Board
from dicom.worklist.options import WorklistOptions
from gateway import Clock, DeviceEvent, ProtocolViolation, Receipt, StoreError
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

STEP = "1.2.840.10008.3.1.2.3.3"
LINK = "dicom"
NO_LONGER = 0xA506
"""Error ID: the step may no longer be updated (PS3.4 F.7.2.2.3)."""
_PATIENCE = 10.0
_COMMENT = 64
_OPERATIONS = frozenset((Operation.N_CREATE, Operation.N_SET))


class _Over(NotAnswered):
    """The step has ended: nothing of it changes any more."""


@dataclass(slots=True)
class StepKeeper:
    """Takes what modalities say of their steps. `device_of` names the sender in events."""

    site: str
    clock: Clock
    ports: RoomPorts
    steps: PerformedSteps
    board: Board
    device_of: Callable[[Origin], str]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def service(self, options: WorklistOptions) -> Service:
        """The service of one title, whose worklist has these days."""

        async def handle(request: Request) -> Responses:
            yield await self._answer(request, options)

        return Service("performed-steps", (Offer(STEP),), _OPERATIONS, handle)

    async def _answer(self, request: Request, options: WorklistOptions) -> Response:
        try:
            data, elements = await self._read(request)
            if request.command.operation is Operation.N_CREATE:
                await self._create(request, data, elements, options)
            else:
                await self._set(request, data, elements)
        except NotAnswered as reason:
            return self._refuse(request, reason)
        except StoreError as error:
            log.warning("dicom: a performed step is not committed: %s", error)
            words = "it could not be committed: send it again"
            return self._refuse(request, NotAnswered(Status.RESOURCE_LIMITATION, words))
        return Response()

    def _refuse(self, request: Request, reason: NotAnswered) -> Response:
        command = request.command
        log.warning(
            "dicom: %s refused to %s: %s %s: %s",
            command.operation.name,
            request.association.parties,
            command.sop_instance,
            f"{reason.status:#06x}",
            reason.words,
        )
        return Response(
            reason.status,
            comment=reason.words[:_COMMENT],
            offending=reason.offending,
            error_id=NO_LONGER if isinstance(reason, _Over) else None,
        )

    async def _read(self, request: Request) -> tuple[bytes, Elements]:
        uid = request.command.sop_instance
        if not is_uid(uid):
            raise NotAnswered(Status.INVALID_SOP_INSTANCE, "the SOP Instance UID is no UID")
        try:
            data = await request.dataset.read(LONGEST_IDENTIFIER)
            return data, decode(data, request.context.transfer_syntax, strict=True)
        except WrongVr as error:
            raise NotAnswered(Status.INVALID_VALUE, str(error), error.tag) from None
        except ProtocolViolation as error:
            raise NotAnswered(Status.PROCESSING_FAILURE, str(error)) from None

    async def _create(
        self, request: Request, data: bytes, elements: Elements, options: WorklistOptions
    ) -> None:
        said = created(elements)
        uid = request.command.sop_instance
        links = await self._links(said.tree, options)

        def event(came: Came) -> DeviceEvent:
            return created_event(uid, said, links, came)

        receipt = await self._commit(request, data, event)
        if not receipt.seqs:
            raise NotAnswered(Status.DUPLICATE_SOP_INSTANCE, f"{uid} exists")
        for link in links:
            if link.how is not How.LINKED:
                words = link.why or "no such step in the schedule"
                log.warning("dicom: performed step %s: %s: %s", uid, link.how, words)

    async def _links(self, tree: Tree, options: WorklistOptions) -> Sequence[Link]:
        """Without a schedule every step that is named is unknown, and taken all the same."""
        studies = {text(item, STUDY_UID) for item in items(tree, SCHEDULED)}
        try:
            steps = await self.board.meant(options, studies)
        except StoreError as error:
            log.warning("dicom: a performed step is linked to nothing: %s", error)
            steps = ()
        return links_of(tree, steps)

    async def _set(self, request: Request, data: bytes, elements: Elements) -> None:
        """Changes of one step come one after the other, whoever sends them."""
        uid = request.command.sop_instance
        async with self._turn:
            known = await self._known(uid)
            if known.state.is_final:
                words = f"the step is {known.state} and may no longer be updated"
                raise _Over(Status.PROCESSING_FAILURE, words)
            said = changed(elements, known.attributes)
            receipt = await self._commit(request, data, _change_of(known, said))
        if not receipt.seqs:
            raise NotAnswered(Status.PROCESSING_FAILURE, "the step changes elsewhere: try again")

    async def _known(self, uid: str) -> PerformedStep:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.steps.reached(self.ports.last_seq)
        except TimeoutError:
            raise StoreError(f"performed steps are more than {_PATIENCE:g} s behind") from None
        known = await self.steps.step(uid)
        if known is None:
            raise NotAnswered(Status.NO_SUCH_SOP_INSTANCE, f"no performed step {uid}")
        return known

    async def _commit(
        self, request: Request, data: bytes, event: Callable[[Came], DeviceEvent]
    ) -> Receipt:
        """The event and the bytes that it came from, in one transaction."""
        parties = request.association.parties
        origin = Origin(
            parties.calling, parties.called, parties.address, request.context.transfer_syntax
        )
        device = self.device_of(origin)
        record = self.ports.record(LINK, data, device=device)
        came = Came(self.site, device, parties, self.clock.now(), record.raw_id)
        return await self.ports.publish((event(came),), record)


def _change_of(known: PerformedStep, said: Said) -> Callable[[Came], DeviceEvent]:
    def event(came: Came) -> DeviceEvent:
        number = known.changes + 1
        return changed_event(known.uid, said, number, subject_of(known.attributes), came)

    return event
