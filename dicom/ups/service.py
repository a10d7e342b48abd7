"""UPS Push, Pull, Watch, Event and Query as SCP: requests to the engine, verdicts to responses.

Any operation is answered in the context of any of the five classes: peers differ in which they use
(PS3.4 CC.3.1.1).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from dicom.asker import Trail
from dicom.content import Content, declared, decode, encode, text
from dicom.dimse import Offer, Operation, Request, Response, Responses, Service, Status
from dicom.elements import CHARSET, vr_of
from dicom.services.workitems import Actor
from dicom.upper.negotiate import EXPLICIT, is_uid
from dicom.ups.engine import Engine
from dicom.ups.events import Receiver, subject_of
from dicom.ups.machine import Verdict
from dicom.ups.matching import answer_of, chosen, malformed
from dicom.ups.requirements import BY_KEY, named
from dicom.ups.subscriptions import Subscriptions, Wish
from dicom.ups.tables import described
from dicom.ups.terms import (
    CLASSES,
    DELETION_LOCK,
    FILTERED,
    RECEIVER,
    STATE,
    TRANSACTION,
    Action,
    UpsStatus,
)
from gateway import ProtocolViolation, StoreError

_LARGEST = 1_048_576
_LONG = 16_384
_OPERATIONS = frozenset(
    (
        Operation.C_FIND,
        Operation.N_CREATE,
        Operation.N_GET,
        Operation.N_SET,
        Operation.N_ACTION,
    )
)
_SUBSCRIBING = frozenset((Action.SUBSCRIBE, Action.UNSUBSCRIBE, Action.SUSPEND_GLOBAL))


@dataclass(frozen=True, slots=True)
class Ups:
    """The service, for every title that has it."""

    engine: Engine
    subscriptions: Subscriptions
    trail: Trail

    def service(self) -> Service:
        return Service("ups", tuple(Offer(uid) for uid in CLASSES), _OPERATIONS, self._handle)

    async def _handle(self, request: Request) -> Responses:
        try:
            data = await request.dataset.read(_LARGEST)
            content = await _decoded(data, request.context.transfer_syntax)
        except ProtocolViolation as error:
            yield _refused(request, str(error))
            return
        if request.command.operation is Operation.C_FIND:
            charset = declared(data, request.context.transfer_syntax)
            async for response in self._find(request, content, charset):
                yield response
            return
        try:
            response = await self._answer(request, content)
        except StoreError as error:
            response = Response(Status.RESOURCE_LIMITATION, comment=str(error))
        yield response

    async def _answer(self, request: Request, content: Content) -> Response:
        command = request.command
        if command.sop_class not in CLASSES:
            words = f"{command.sop_class} is no class of work items"
            return Response(Status.NO_SUCH_SOP_CLASS, comment=words)
        actor = _actor(request)
        match command.operation:
            case Operation.N_CREATE:
                return await self._create(command.sop_instance, content, actor)
            case Operation.N_GET:
                return await self._get(request)
            case Operation.N_SET:
                transaction = text(content, TRANSACTION)
                return _response(
                    await self.engine.attributes_set(
                        command.sop_instance, content, transaction, actor
                    )
                )
            case _:
                return await self._act(request, content, actor)

    async def _create(self, uid: str, content: Content, actor: Actor) -> Response:
        if not is_uid(uid):
            return Response(Status.INVALID_SOP_INSTANCE, comment="no Affected SOP Instance UID")
        return _response(await self.engine.created(uid, content, actor))

    async def _get(self, request: Request) -> Response:
        """What was asked for, or all; a warning if some of it is nothing that items have."""
        item = await self.engine.item(request.command.sop_instance)
        if item is None:
            return Response(UpsStatus.UNKNOWN_ITEM, comment="no such work item")
        parties = request.association.parties
        told, subject = {"workitem": item.uid}, subject_of(item.content)
        await self.trail.note("dicom.workitem", parties, "", objects=told, subject=subject)
        wanted = [f"{number:08X}" for number in request.command.attributes]
        given: Content = dict(item.content)
        missing: list[str] = []
        if wanted:
            known = [key for key in wanted if key in given or _is_returned(key)]
            missing = [key for key in wanted if key not in known and key != f"{CHARSET:08X}"]
            given = chosen({key: {"vr": vr_of(int(key, 16))} for key in known}, given)
        data = encode(given, request.context.transfer_syntax)
        if missing:
            return Response(Status.OPTIONAL_UNSUPPORTED, data, comment=" ".join(missing))
        return Response(dataset=data)

    async def _act(self, request: Request, content: Content, actor: Actor) -> Response:
        uid, number = request.command.sop_instance, request.command.action_type
        try:
            action = Action(number or 0)
        except ValueError:
            return Response(Status.NO_SUCH_ACTION, comment=f"no action {number}")
        if action in _SUBSCRIBING:
            return await self._subscribe(action, uid, content, actor)
        if action is Action.REQUEST_CANCEL:
            return _response(await self.engine.cancel_requested(uid, content, actor))
        wanted, transaction = text(content, STATE), text(content, TRANSACTION)
        return _response(await self.engine.state_changed(uid, wanted, transaction, actor))

    async def _subscribe(
        self, action: Action, uid: str, content: Content, actor: Actor
    ) -> Response:
        title, lock = text(content, RECEIVER), text(content, DELETION_LOCK)
        if not title:
            return Response(Status.INVALID_ARGUMENT, comment="no Receiving AE")
        if fault := malformed(content) if uid == FILTERED else "":
            return Response(Status.INVALID_ARGUMENT, comment=fault)
        if action is Action.SUBSCRIBE and lock not in ("TRUE", "FALSE"):
            return Response(Status.INVALID_ARGUMENT, comment="Deletion Lock is TRUE or FALSE")
        keys = None
        if uid == FILTERED:
            keys = {
                key: each
                for key, each in content.items()
                if key not in (RECEIVER, DELETION_LOCK, TRANSACTION)
            }
        wish = Wish(uid, Receiver(title, actor.called), lock == "TRUE", keys)
        return _response(await self.subscriptions.act(action, wish, actor))

    async def _find(self, request: Request, keys: Content, charset: str) -> Responses:
        syntax = request.context.transfer_syntax
        if fault := malformed(keys):
            yield Response(Status.DATASET_DOES_NOT_MATCH, comment=fault)
            return
        parties, asked = request.association.parties, " ".join(map(named, keys))
        subject = subject_of(keys)
        try:
            await self.trail.note("dicom.workitems", parties, asked, subject=subject)
            async for page in self.engine.pages(keys):
                for item in page:
                    if request.cancelled:
                        yield Response(Status.CANCEL)
                        return
                    answer = encode(answer_of(keys, described(item)), syntax, charset)
                    yield Response(Status.PENDING, answer)
        except StoreError as error:
            yield Response(Status.OUT_OF_RESOURCES, comment=str(error))
            return
        yield Response()


async def _decoded(data: bytes, syntax: str) -> Content:
    """A long one in a thread: nobody else waits for it."""
    if len(data) > _LONG:
        return await asyncio.to_thread(_judged, data, syntax)
    return _judged(data, syntax)


def _judged(data: bytes, syntax: str) -> Content:
    """ProtocolViolation also for a wrong VR, and for what could not be told in Explicit VR."""
    content = decode(data, syntax, strict=True)
    try:
        encode(content, EXPLICIT)
    except ValueError as error:
        raise ProtocolViolation(f"a value that can't be passed on: {error}") from None
    return content


def _actor(request: Request) -> Actor:
    parties = request.association.parties
    return Actor(parties.calling, parties.address, parties.called)


def _response(verdict: Verdict) -> Response:
    return Response(verdict.status, comment=verdict.words)


def _refused(request: Request, words: str) -> Response:
    """What can't be read: a bad identifier, or bad attributes."""
    is_find = request.command.operation is Operation.C_FIND
    return Response(
        Status.DATASET_DOES_NOT_MATCH if is_find else Status.INVALID_VALUE, comment=words
    )


def _is_returned(key: str) -> bool:
    """Whether the table lets N-GET return it, if only empty: never what locks an item."""
    rule = BY_KEY.get(key)
    return rule is not None and rule.get in ("1", "2")
