"""Storage: C-STORE, streamed to disk, committed, then answered (PS3.4 Annex B)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from dicom.dimse import (
    Offer,
    Operation,
    Request,
    Response,
    Responses,
    Service,
    Status,
)
from dicom.dimse.dataset import BATCH
from dicom.storage.blobs import Blobs, Draft
from dicom.storage.classes import is_standard, storage_classes, transfer_syntaxes
from dicom.storage.judge import Arrival, Beginning, InMemory, Judge, Refused
from dicom.storage.object import Change, Coerced, Origin, StoredObject, event_of
from dicom.storage.part10 import head
from dicom.storage.refusals import Refusals
from dicom.storage.space import Space
from dicom.upper.negotiate import is_uid
from gateway import Clock, DeviceEvent, Receipt, StoreError
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

_COMMENT = 64


class Coercion(Protocol):
    """Changes objects by rules of the site; `dicom.coercion.coercion.Coercion` is one."""

    def change(self, sent: StoredObject, peer: str) -> Change | None:
        """What is changed in an object of this sender; None for nothing."""
        ...

    async def known(self, sent: StoredObject, change: Change) -> StoredObject | None:
        """The object that was made of the same one with the same values, if it is here."""
        ...

    async def made(self, sent: StoredObject, change: Change) -> bytes:
        """The dataset with its values changed. ValueError says why it can't be."""
        ...


async def _never(_stored: StoredObject, _newest: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Private:
    """Which SOP classes that the standard does not know are taken: all, some, or none."""

    all: bool = False
    classes: Collection[str] = ()

    def takes(self, sop_class: str) -> bool:
        if is_standard(sop_class) or not is_uid(sop_class):
            return False
        return self.all or sop_class in self.classes


@dataclass(slots=True)
class Storage:
    """Takes objects. `undeclared` is the character set of datasets that declare none.

    `device_of` names the sender in events; `removed_after` tells the seq of the latest removal
    where an object that came before is here no more, else 0, as of the seq of the newest event;
    `coercion` changes what comes.
    """

    site: str
    clock: Clock
    ports: RoomPorts
    blobs: Blobs
    space: Space
    device_of: Callable[[Origin], str] = lambda _origin: "dicom"
    removed_after: Callable[[StoredObject, int], Awaitable[int]] = _never
    coercion: Coercion | None = None
    refusals: Refusals = field(default_factory=Refusals)

    def service(self, private: Private, undeclared: str = "") -> Service:
        """The service of one AE title."""
        syntaxes = transfer_syntaxes()
        offers = (Offer(uid, syntaxes, peer_serves=True) for uid in storage_classes())

        def otherwise(sop_class: str) -> Offer | None:
            return (
                Offer(sop_class, syntaxes, peer_serves=True) if private.takes(sop_class) else None
            )

        async def handle(request: Request) -> Responses:
            yield await self._answer(request, undeclared)

        return Service("storage", tuple(offers), frozenset((Operation.C_STORE,)), handle, otherwise)

    async def _answer(self, request: Request, undeclared: str) -> Response:
        try:
            await self._store(request, undeclared)
        except Refused as refusal:
            return self._refuse(request, refusal.status, refusal.words)
        except StoreError as error:
            return self._refuse(request, Status.OUT_OF_RESOURCES, str(error))
        return Response()

    def _refuse(self, request: Request, status: int, words: str) -> Response:
        sender = str(request.association.asker)
        self.refusals.note(sender, request.command.sop_instance, status, words)
        return Response(status, comment=words[:_COMMENT])

    async def _store(self, request: Request, undeclared: str) -> None:
        command, context = request.command, request.context
        self._check_request(request)
        parties = request.association.asker
        origin = Origin(parties.calling, parties.called, parties.address, context.transfer_syntax)
        arrival = Arrival(command.sop_class, command.sop_instance, origin, request.dataset)
        await self.take(arrival, undeclared)

    async def take(self, arrival: Arrival, undeclared: str = "") -> StoredObject:
        """Everything up to the commit; what it is cancelled in, is not stored or not told.

        Refused or StoreError: nothing of it is kept.
        """
        if not is_uid(arrival.sop_instance):
            raise Refused(Status.INVALID_SOP_INSTANCE, "the SOP Instance UID is no UID")
        self._check_space(0)
        draft = self._draft(arrival)
        try:
            parts, judge = await self._receive(arrival, draft, undeclared)
            async with self.blobs.naming.through():
                stored = await self._name(arrival, draft, parts, judge)
                if not arrival.ours:
                    stored = await self._coerce(stored, undeclared)
                await self._publish(stored)
        finally:
            await draft.discard()
        return stored

    def _draft(self, arrival: Arrival) -> Draft:
        origin = arrival.origin
        start = head(
            arrival.sop_class,
            arrival.sop_instance,
            origin.transfer_syntax,
            sender=origin.calling,
            receiver=origin.called,
        )
        return self.blobs.draft(start, origin.transfer_syntax)

    async def _coerce(self, sent: StoredObject, undeclared: str) -> StoredObject:
        """The object with the values of a rule, beside it as it was sent. Refused if it can't be.

        The same object sent again is the one that was made before.
        """
        coercion = self.coercion
        if coercion is None:
            return sent
        change = coercion.change(sent, self.device_of(sent.origin))
        if change is None:
            return sent
        known = await coercion.known(sent, change)
        if known is not None:
            return known
        try:
            data = await coercion.made(sent, change)
        except ValueError as error:
            words = f"rule {change.rule}: {error}"
            raise Refused(Status.CANNOT_UNDERSTAND, words) from error
        attributes = sent.attributes
        changed = Arrival(
            attributes.sop_class, attributes.sop_instance, sent.origin, InMemory(data)
        )
        draft = self._draft(changed)
        try:
            parts, judge = await self._receive(changed, draft, undeclared)
            made = await self._name(changed, draft, parts, judge)
            for keyword, value in change.after.items():
                if made.attributes.text(keyword) != value.strip():
                    words = f"rule {change.rule}: {keyword} can't be written in its character set"
                    raise Refused(Status.CANNOT_UNDERSTAND, words)
        finally:
            await draft.discard()
        return replace(made, received_at=sent.received_at, coerced=Coerced(change, sent.blob))

    def _check_request(self, request: Request) -> None:
        command = request.command
        if not command.has_dataset:
            raise Refused(Status.CANNOT_UNDERSTAND, "no dataset")
        if command.sop_class != request.context.abstract_syntax:
            words = f"{command.sop_class} in a context of {request.context.abstract_syntax}"
            raise Refused(Status.SOP_CLASS_NOT_SUPPORTED, words)

    def _check_space(self, size: int) -> None:
        shortage = self.space.shortage(size)
        if shortage:
            raise Refused(Status.OUT_OF_RESOURCES, shortage)

    async def _receive(
        self, arrival: Arrival, draft: Draft, undeclared: str
    ) -> tuple[Sequence[bytes], Judge]:
        """Write all but the last bytes; those, and who judges the whole."""
        dataset, origin = arrival.dataset, arrival.origin
        beginning = Beginning(origin.transfer_syntax, self.blobs)
        while True:
            parts = await dataset.take(BATCH)
            if dataset.is_drained:
                break
            await beginning.feed(parts)
            self._check_space(dataset.received)
            await draft.write(parts)
        judge = Judge(arrival, beginning, undeclared)
        beginning.add(parts)
        return parts, judge

    async def _name(
        self, arrival: Arrival, draft: Draft, parts: Sequence[bytes], judge: Judge
    ) -> StoredObject:
        blob = await draft.finish_if(parts, judge.at_once)
        if blob is None:
            await judge.at_length()
            blob = await draft.finish(())
        return StoredObject(judge.attributes, blob, arrival.origin, self.clock.now())

    async def _publish(self, stored: StoredObject) -> None:
        device = self.device_of(stored.origin)
        receipt = await self._commit(event_of(stored, self.site, device))
        if not receipt.seqs and (removal := await self.removed_after(stored, self.ports.last_seq)):
            receipt = await self._commit(event_of(stored, self.site, device, after=removal))
        if receipt.seqs:
            self.space.took(sum(each.size for each in stored.blobs))
        for problem in stored.attributes.problems:
            log.warning(
                "dicom: object %s of %s: %s",
                stored.attributes.sop_instance,
                stored.origin.calling,
                problem,
            )

    async def _commit(self, event: DeviceEvent) -> Receipt:
        return await self.ports.publish((event,))
