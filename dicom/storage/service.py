"""Storage: C-STORE, streamed to disk, committed, then answered (PS3.4 Annex B)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

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
from dicom.storage.attributes import LAST, WANTED, Attributes, attributes_of
from dicom.storage.blobs import Blobs, Draft
from dicom.storage.classes import (
    is_standard,
    storage_classes,
    transfer_syntaxes,
    without_study,
)
from dicom.storage.header import Header, Incomplete, read_header
from dicom.storage.object import Origin, StoredObject, event_of
from dicom.storage.part10 import head
from dicom.storage.refusals import Refusals
from dicom.storage.space import Space
from dicom.upper.negotiate import is_uid
from gateway import Clock, DeviceEvent, ProtocolViolation, Receipt, StoreError
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

_LONGEST_HEADER = 4 * 1_048_576
_FIRST_LOOK = 16_384
_COMMENT = 64


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The object is not taken: the status for the peer, and why."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


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

    `device_of` names the sender in events.
    """

    site: str
    clock: Clock
    ports: RoomPorts
    blobs: Blobs
    space: Space
    device_of: Callable[[Origin], str] = lambda _origin: "dicom"
    refusals: Refusals = field(default_factory=Refusals)

    def service(self, private: Private, undeclared: str = "") -> Service:
        """The service of one AE title."""
        syntaxes = transfer_syntaxes()
        offers = (Offer(uid, syntaxes, peer_serves=True) for uid in storage_classes())

        def otherwise(sop_class: str) -> Offer | None:
            return Offer(sop_class, syntaxes) if private.takes(sop_class) else None

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
        sender = str(request.association.parties)
        self.refusals.note(sender, request.command.sop_instance, status, words)
        return Response(status, comment=words[:_COMMENT])

    async def _store(self, request: Request, undeclared: str) -> None:
        """Everything up to the commit; what it is cancelled in, is not stored or not told."""
        command, context = request.command, request.context
        self._check_request(request)
        parties = request.association.parties
        origin = Origin(parties.calling, parties.called, parties.address, context.transfer_syntax)
        start = head(
            command.sop_class,
            command.sop_instance,
            origin.transfer_syntax,
            sender=origin.calling,
            receiver=origin.called,
        )
        draft = self.blobs.draft(start, origin.transfer_syntax)
        try:
            stored = await self._receive(request, draft, origin, undeclared)
        finally:
            await draft.discard()
        await self._publish(stored)

    def _check_request(self, request: Request) -> None:
        command = request.command
        if not command.has_dataset:
            raise Refused(Status.CANNOT_UNDERSTAND, "no dataset")
        if command.sop_class != request.context.abstract_syntax:
            words = f"{command.sop_class} in a context of {request.context.abstract_syntax}"
            raise Refused(Status.SOP_CLASS_NOT_SUPPORTED, words)
        if not is_uid(command.sop_instance):
            raise Refused(Status.INVALID_SOP_INSTANCE, "the SOP Instance UID is no UID")
        self._check_space(0)

    def _check_space(self, size: int) -> None:
        shortage = self.space.shortage(size)
        if shortage:
            raise Refused(Status.OUT_OF_RESOURCES, shortage)

    async def _receive(
        self, request: Request, draft: Draft, origin: Origin, undeclared: str
    ) -> StoredObject:
        dataset = request.dataset
        beginning = _Beginning(origin.transfer_syntax, self.blobs)
        while True:
            parts = await dataset.take(BATCH)
            await beginning.feed(parts)
            if dataset.is_drained:
                break
            self._check_space(dataset.received)
            await draft.write(parts)
        header = await beginning.header()
        if dataset.received < header.at_least:
            words = f"cut off: {dataset.received} bytes of {header.at_least}"
            raise Refused(Status.CANNOT_UNDERSTAND, words)
        attributes = _decode(header, undeclared)
        _check(attributes, request)
        blob = await draft.finish(parts)
        return StoredObject(attributes, blob, origin, self.clock.now())

    async def _publish(self, stored: StoredObject) -> None:
        event = event_of(stored, self.site, self.device_of(stored.origin))
        receipt = await self._commit(event)
        if receipt.seqs:
            self.space.took(stored.blob.size)
        for problem in stored.attributes.problems:
            log.warning(
                "dicom: object %s of %s: %s",
                stored.attributes.sop_instance,
                stored.origin.calling,
                problem,
            )

    async def _commit(self, event: DeviceEvent) -> Receipt:
        return await self.ports.publish((event,))


class _Beginning:
    """The leading elements, looked for as bytes come, in no more than a few megabytes."""

    def __init__(self, transfer_syntax: str, blobs: Blobs) -> None:
        self._syntax = transfer_syntax
        self._blobs = blobs
        self._parts: list[bytes] = []
        self._size = 0
        self._next_look = _FIRST_LOOK
        self._found: Header | None = None

    async def feed(self, parts: list[bytes]) -> None:
        """Refused if what comes is no dataset, or what is wanted does not come soon enough."""
        if self._found is not None:
            return
        for part in parts:
            self._parts.append(part)
            self._size += len(part)
            if self._size >= self._next_look:
                self._next_look = 2 * self._size
                if await self._look(whole=False) is not None:
                    return
        if self._size > _LONGEST_HEADER:
            raise Refused(
                Status.CANNOT_UNDERSTAND, f"no identity in the first {_LONGEST_HEADER} bytes"
            )

    async def header(self) -> Header:
        """What was found, now that everything came."""
        found = self._found or await self._look(whole=True)
        if found is None:
            raise Refused(Status.CANNOT_UNDERSTAND, "cut off within its leading elements")
        return found

    async def _look(self, *, whole: bool) -> Header | None:
        """Usually the identity stands in the first bytes; what takes longer holds nobody up."""
        try:
            self._found = self._read(b"".join(self._parts)[:_FIRST_LOOK], whole=False)
            if self._found is None:
                prefix = b"".join(self._parts)
                self._found = await self._blobs.run(lambda: self._read(prefix, whole=whole))
        except ProtocolViolation as error:
            raise Refused(Status.CANNOT_UNDERSTAND, str(error)) from None
        if self._found is not None:
            self._parts.clear()
        return self._found

    def _read(self, prefix: bytes, *, whole: bool) -> Header | None:
        try:
            return read_header(prefix, self._syntax, WANTED, LAST, whole=whole)
        except Incomplete:
            return None


def _decode(header: Header, undeclared: str) -> Attributes:
    try:
        return attributes_of(header, undeclared)
    except ProtocolViolation as error:
        raise Refused(Status.DATASET_DOES_NOT_MATCH, str(error)) from None


def _check(attributes: Attributes, request: Request) -> None:
    """The dataset is what the command says, and belongs to a series (PS3.4 B.2.3)."""
    command = request.command
    if (attributes.sop_class, attributes.sop_instance) != (command.sop_class, command.sop_instance):
        words = f"not what the command says: {attributes.sop_instance or 'no UID'}"
        raise Refused(Status.DATASET_DOES_NOT_MATCH, words)
    has_series = bool(attributes.study and attributes.series)
    if not has_series and attributes.sop_class not in without_study():
        raise Refused(Status.DATASET_DOES_NOT_MATCH, "no Study or Series Instance UID")
