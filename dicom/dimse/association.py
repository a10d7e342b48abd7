"""An association: the peer's requests for our services, our requests for its answers."""

from __future__ import annotations

import asyncio
from asyncio import get_running_loop
from collections import deque
from collections.abc import AsyncIterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from dicom.dimse.assembler import Assembler, Begun
from dicom.dimse.command import Command, Operation, encode
from dicom.dimse.dataset import Dataset
from dicom.dimse.errors import AssociationLost, ContextRefused
from dicom.dimse.service import (
    NO_SERVICES,
    Request,
    Response,
    Responses,
    Service,
    Services,
    numbered,
    received,
    respond,
)
from dicom.dimse.status import Status, is_pending
from dicom.upper.limits import Limits
from dicom.upper.negotiate import Context, Contexts
from dicom.upper.pdata import fragments, split
from dicom.upper.pdu import AbortReason
from dicom.upper.wire import Hold, Opening, Wire
from gateway import ProtocolViolation

Payload: TypeAlias = bytes | AsyncIterable[bytes]
"""An encoded dataset, whole or in parts; a part is sent when the next one is there."""

_MOST_WAITING = 32
_LAST_ID = 0xFFFF


@dataclass(frozen=True, slots=True)
class Parties:
    """Who talks to whom: AE titles of both sides, and the other side's address."""

    calling: str
    called: str
    address: str
    port: int = 0

    def __str__(self) -> str:
        return f"{self.calling} → {self.called} ({self.address})"


class _Answers:
    """Responses to one request of ours, as they come."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Command, Dataset]] = deque()
        self.arrived = asyncio.Event()


class Association:
    """An open association, in either role.

    `serve` answers the peer's requests one at a time; `send` and `exchange` put ours, one at a
    time too, also from within a service (C-GET sub-operations). `asker` is who puts the peer's
    requests to which of our titles: on an association that we opened, the parties turned round.
    """

    def __init__(
        self,
        wire: Wire,
        parties: Parties,
        contexts: Contexts,
        limits: Limits,
        *,
        peer_length: int,
        services: Services = NO_SERVICES,
        waits_for_ever: bool = False,
        asker: Parties | None = None,
    ) -> None:
        self.parties = parties
        self.asker = asker or parties
        self.contexts: Mapping[int, Context] = contexts
        self.limits = limits
        self.reason = ""
        self._wire = wire
        self._services = services
        self._peer_length = peer_length
        self._idle = None if waits_for_ever else limits.idle
        self._assembler = Assembler(limits.command_length)
        self._inlet = Dataset()
        self._requests: deque[Request] = deque()
        self._called: asyncio.Future[None] | None = None
        self._active: Request | None = None
        self._worker: asyncio.Task[None] | None = None
        self._answers: dict[int, _Answers] = {}
        self._sending = asyncio.Lock()
        self._last_id = 0
        self._watch()

    @property
    def is_open(self) -> bool:
        return not self.reason and not self._wire.lost.is_set()

    @property
    def activity(self) -> str:
        """What is being done, for a page: the operation, or ''."""
        return self._active.command.operation.name if self._active is not None else ""

    @property
    def bytes_received(self) -> int:
        return self._wire.received

    @property
    def bytes_sent(self) -> int:
        return self._wire.sent

    # The peer's requests.

    async def serve(self) -> None:
        """Answer requests until the association ends, which cancels the caller's task."""
        self._worker = asyncio.current_task()
        self._wire.free(Hold.OPENING)
        self._watch()
        try:
            while self.is_open:
                await self._handle(await self._next())
        finally:
            self._worker = None

    async def _next(self) -> Request:
        while not self._requests:
            self._called = get_running_loop().create_future()
            await self._called
        request = self._requests.popleft()
        self._active = request
        if self._wire.is_held:
            self._wire.free(Hold.REQUESTS)
            self._watch()
        return request

    async def _handle(self, request: Request) -> None:
        context, operation = request.context, request.command.operation
        service = self._services.find(context.abstract_syntax, operation)
        if operation is not Operation.N_EVENT_REPORT and not context.as_scp:
            await self._refuse(request, Status.SOP_CLASS_NOT_SUPPORTED, "we are not SCP here")
        elif service is None:
            words = f"no {operation.name} here"
            await self._refuse(request, Status.UNRECOGNIZED_OPERATION, words)
        else:
            await self._serve(request, service)
        self._active = None
        self._watch()

    async def _refuse(self, request: Request, status: int, words: str) -> None:
        await request.dataset.skip()
        await self._reply(request, Response(status, comment=words))

    async def _serve(self, request: Request, service: Service) -> None:
        answers = service.handle(request)
        async with aclosing(answers):
            async for response in answers:
                if not is_pending(response.status) and not request.dataset.is_drained:
                    await request.dataset.skip()
                await self._reply(request, response)

    async def _reply(self, request: Request, response: Response) -> None:
        command = encode(respond(request.command, response))
        pending = is_pending(response.status)
        self._write(request.context.id, command, response.dataset, more=pending)
        if self._wire.is_full:
            await self._wire.drain()

    # Our requests.

    def context_for(self, sop_class: str, transfer_syntax: str = "") -> Context:
        """The context to send in; ContextRefused if the peer takes none."""
        for each in self.contexts.values():
            if each.abstract_syntax == sop_class and transfer_syntax in ("", each.transfer_syntax):
                return each
        wanted = f"{sop_class} in {transfer_syntax}" if transfer_syntax else sop_class
        raise ContextRefused(f"{self.parties}: the peer does not take {wanted}")

    async def send(
        self, command: Command, dataset: Payload | None = None, *, context: Context | None = None
    ) -> Response:
        """Send a request and wait for its final response; AssociationLost if none comes."""
        last = Response()
        async with aclosing(self.exchange(command, dataset, context=context)) as responses:
            async for response in responses:
                last = response
        return last

    async def exchange(
        self, command: Command, dataset: Payload | None = None, *, context: Context | None = None
    ) -> Responses:
        """Send a request; every response in order, the final one last.

        Each may take `limits.answer` seconds. Leaving early cancels the operation if it can be
        (PS3.7 9.3.2.3), and waits for its end.
        """
        chosen = context or self.context_for(command.sop_class)
        async with self._sending:
            ready = numbered(command, self._new_id(), has_dataset=dataset is not None)
            answers = self._answers[ready.message_id] = _Answers()
            pending = True
            try:
                await self._transmit(chosen, ready, dataset)
                while pending:
                    response = await self._answer(answers)
                    pending = is_pending(response.status)
                    yield response
            except GeneratorExit:
                if pending:
                    await self._cancel(chosen, ready, answers)
                raise
            except asyncio.CancelledError:
                self.abort("nobody waits for the answer any more")
                raise
            finally:
                del self._answers[ready.message_id]
                self._wire.free(Hold.ANSWERS)
                self._watch()

    async def echo(self) -> None:
        """C-ECHO; DeviceUnavailable if the peer doesn't say success."""
        verification = "1.2.840.10008.1.1"
        response = await self.send(Command(Operation.C_ECHO, sop_class=verification))
        if response.status != Status.SUCCESS:
            raise AssociationLost(f"{self.parties}: C-ECHO answered {response.status:#06x}")

    async def release(self) -> None:
        """End in order; returns when the connection is gone."""
        self._wire.release()
        await self._wire.lost.wait()

    def abort(self, reason: str, *, by_provider: bool = False) -> None:
        """End at once, at any moment."""
        self._wire.abort(reason, AbortReason.NOT_SPECIFIED if by_provider else None)

    async def _transmit(self, context: Context, command: Command, dataset: Payload | None) -> None:
        self._check()
        head = encode(command)
        if dataset is None or isinstance(dataset, bytes):
            self._write(context.id, head, dataset, more=False)
            await self._wire.drain()
            return
        parts = aiter(dataset)
        part = await anext(parts, b"")
        self._write(context.id, head, None, more=True)
        while (following := await anext(parts, None)) is not None:
            self._write_dataset(context.id, part, ends=False)
            await self._wire.drain()
            self._check()
            part = following
        self._write_dataset(context.id, part, ends=True)
        await self._wire.drain()

    async def _answer(self, answers: _Answers) -> Response:
        try:
            async with asyncio.timeout(self.limits.answer):
                while not answers.waiting:
                    self._check()
                    answers.arrived.clear()
                    await answers.arrived.wait()
                command, dataset = answers.waiting.popleft()
                self._wire.free(Hold.ANSWERS)
                content = None
                if command.has_dataset:
                    content = await dataset.read(self.limits.identifier_length)
        except TimeoutError:
            reason = f"no answer within {self.limits.answer:g} s"
            self.abort(reason)
            raise AssociationLost(f"{self.parties}: {reason}") from None
        except ProtocolViolation as error:
            self.abort(str(error))
            raise AssociationLost(f"{self.parties}: {error}") from error
        return received(command, content)

    async def _cancel(self, context: Context, command: Command, answers: _Answers) -> None:
        """The caller left: nobody waits for the rest."""
        if command.operation not in (Operation.C_FIND, Operation.C_GET, Operation.C_MOVE):
            self.abort("nobody waits for the answer any more")
            return
        cancel = Command(Operation.C_CANCEL, command.message_id)
        self._write(context.id, encode(cancel), None, more=False)
        while is_pending((await self._answer(answers)).status):
            pass

    def _new_id(self) -> int:
        self._last_id = self._last_id % _LAST_ID + 1
        return self._last_id

    def _check(self) -> None:
        if not self.is_open:
            raise AssociationLost(f"{self.parties}: {self.reason or 'the association is over'}")

    # Both: bytes out.

    def _write(self, context: int, command: bytes, dataset: bytes | None, *, more: bool) -> None:
        """A command and its dataset, in one write."""
        length = self._peer_length
        parts = [*fragments(context, command, length, command=True)]
        if dataset is not None:
            parts += fragments(context, dataset, length, command=False)
        self._wire.write(*parts, more=more)

    def _write_dataset(self, context: int, part: bytes, *, ends: bool) -> None:
        length = self._peer_length
        self._wire.write(*fragments(context, part, length, command=False, ends=ends))

    # What the wire tells (`dicom.upper.wire.User`).

    def opening(self, pdu: Opening) -> None:
        raise ProtocolViolation(f"{type(pdu).__name__} on an open association")

    def data(self, body: memoryview) -> None:
        for pdv in split(body):
            part = self._assembler.take(pdv)
            if part is None:
                continue
            if isinstance(part, Begun):
                self._begin(part)
            else:
                self._inlet.feed(part.data, last=part.last)
        self._watch()

    def release_asked(self) -> None:
        """The answer goes out at once: the peer waits for nothing any more."""

    def ended(self, reason: str) -> None:
        self.reason = reason or "released"
        for request in (*self._requests, *filter(None, (self._active,))):
            request.dataset.drop()
        self._requests.clear()
        self._inlet = Dataset()
        for answers in self._answers.values():
            answers.arrived.set()
        if self._worker is not None:
            self._worker.cancel()

    def _begin(self, begun: Begun) -> None:
        command = begun.command
        context = self.contexts.get(begun.context)
        if context is None:
            raise ProtocolViolation(f"a message in context {begun.context}, which was not accepted")
        if command.operation is Operation.C_CANCEL:
            self._cancelled(command.message_id)
            return
        if command.is_response:
            self._inlet = self._dataset(whole=not command.has_dataset)
            self._answered(command)
            return
        if not command.has_dataset and self._answer_at_once(context, command):
            return
        self._inlet = self._dataset(whole=not command.has_dataset)
        self._requests.append(Request(self, context, command, self._inlet))
        if self._called is not None and not self._called.done():
            self._called.set_result(None)
        if self._active is not None or len(self._requests) > 1:
            self._wire.hold(Hold.REQUESTS)

    def _answer_at_once(self, context: Context, command: Command) -> bool:
        """Answer without a turn of the loop, if nothing is before it and its service can."""
        if self._active is not None or self._requests or not context.as_scp:
            return False
        service = self._services.find(context.abstract_syntax, command.operation)
        if service is None or service.at_once is None:
            return False
        answer = encode(respond(command, service.at_once(command)))
        self._write(context.id, answer, None, more=False)
        return True

    def _answered(self, command: Command) -> None:
        answers = self._answers.get(command.message_id)
        if answers is None:
            raise ProtocolViolation(f"a response to message {command.message_id}, never sent")
        answers.waiting.append((command, self._inlet))
        answers.arrived.set()
        if len(answers.waiting) >= _MOST_WAITING:
            self._wire.hold(Hold.ANSWERS)

    def _cancelled(self, message_id: int) -> None:
        for request in (self._active, *self._requests):
            if request is not None and request.command.message_id == message_id:
                request.cancelled = True

    def _dataset(self, *, whole: bool) -> Dataset:
        dataset = Dataset(self._hold_dataset, self._free_dataset)
        if whole:
            dataset.feed(memoryview(b""), last=True)
        return dataset

    def _hold_dataset(self) -> None:
        self._wire.hold(Hold.DATASET)

    def _free_dataset(self) -> None:
        self._wire.free(Hold.DATASET)
        self._watch()

    def _watch(self) -> None:
        """Say how long the peer may be silent: while it is our turn, for ever."""
        if self._wire.is_held:
            self._wire.await_nothing()
        elif not self._assembler.between_messages:
            self._wire.await_peer(self.limits.pdu)
        elif self._idle is None or self._active or self._requests or self._answers:
            self._wire.await_nothing()
        else:
            self._wire.await_peer(self._idle)
