"""One connection: what is heard is journalled, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Iterator

from drivers.astm.analyzers import Analyzers
from drivers.astm.codec import (
    ACK,
    NAK,
    Accept,
    Ack,
    Action,
    Begin,
    Ignore,
    Incomplete,
    Nak,
    Receiver,
    TransferComplete,
)
from drivers.astm.grouping import FrameJournal
from drivers.astm.journal import END, ENQUIRY, MOST_FRAMES
from drivers.astm.settle import give_up, sender_of, settle
from drivers.astm.transfer import Transfer
from gateway import Connection, Ports, StoreError, WireRecord

log = logging.getLogger(__name__)

_ACK, _NAK = bytes([ACK]), bytes([NAK])
_MOST_BYTES = 8 << 20
_SESSION = 1_000
"""Records after which the next transfer begins another session, so that none grows for ever."""


class Conversation:
    """Receives transfers on one connection until it ends.

    What arrives is answered in the same turn of the loop, action by action. One that must wait,
    for the disk or until a transfer is settled, makes this line wait alone: its further bytes stay
    with the connection.
    """

    def __init__(
        self,
        ports: Ports,
        journal: FrameJournal,
        connection: Connection,
        analyzers: Analyzers,
        receiver: Receiver,
    ) -> None:
        self._ports = ports
        self._journal = journal
        self._connection = connection
        self._analyzers = analyzers
        self._receiver = receiver
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self._over: asyncio.Future[None] = loop.create_future()
        self._tasks: asyncio.TaskGroup
        self._actions: Iterator[Action] = iter(())
        self._waits = False
        self._record: WireRecord | None = None
        self._refusal: StoreError | None = None
        self._session = ""
        self._recorded = 0
        self._device = ""
        self._enquiry: WireRecord | None = None
        self._frames: list[WireRecord] = []
        self._size = 0
        self._ignored = 0
        self._naks = 0

    async def run(self) -> None:
        """Serve until the connection is lost, which is raised.

        StoreError: a transfer that was acknowledged could not be settled. A frame or an enquiry
        that could not be stored is only answered with NAK.
        """
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._connection.attend(self._arrived)
                await self._over
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        finally:
            self._sum_up()

    def tick(self) -> None:
        """Act on silence, if it has lasted long enough; to be called about once a second."""
        if not self._waits:
            self._actions = self._silence(self._clock())
            self._go_on()

    def _silence(self, now: float) -> Iterator[Action]:
        while action := self._receiver.tick(now):
            yield action

    def _arrived(self) -> None:
        if not self._waits:
            self._go_on()

    def _go_on(self) -> None:
        """Answer what there is, up to what must wait. Called by others: `run` raises its errors."""
        if self._over.done():
            return
        self._waits = True
        try:
            self._waits = self._answer_all()
        except ConnectionError as error:
            self._hang_up(error)
        except Exception as error:  # noqa: BLE001 - a task must end with it, not who called
            self._over.set_exception(error)

    def _answer_all(self) -> bool:
        """Whether the last action must wait."""
        if self._record is not None:
            self._acknowledge(self._record)
        while True:
            for action in self._actions:
                if self._answer(action):
                    return True
            data = self._connection.take()
            if not data:
                return False
            self._actions = self._receiver.feed(data, self._clock())

    def _answer(self, action: Action) -> bool:
        match action:
            case Accept(data):
                return self._accept(data)
            case Begin():
                return self._begin()
            case TransferComplete():
                self._work(self._complete())
                return True
            case Incomplete(reason):
                self._work(self._give_up(reason))
                return True
            case Ack():
                self._connection.send(_ACK)
            case Nak(reason):
                self._refuse(reason)
            case Ignore(count):
                self._ignored += count
        return False

    def _begin(self) -> bool:
        if not self._session or self._recorded >= _SESSION:
            self._session = f"{self._connection.name} {secrets.token_hex(4)}"
            self._recorded = 0
        self._enquiry, self._frames, self._size = None, [], 0
        self._device = self._analyzers.only
        return self._store(ENQUIRY)

    def _accept(self, data: bytes) -> bool:
        if len(self._frames) >= MOST_FRAMES or self._size + len(data) > _MOST_BYTES:
            self._withhold("the transfer is longer than the gateway keeps")
            return False
        if not (self._frames or self._device):
            self._device = sender_of(data, self._analyzers)
        return self._store(data)

    def _store(self, data: bytes) -> bool:
        """Journal what was heard; whether there is something to wait for."""
        try:
            self._record = self._new_record(data)
        except StoreError as error:
            self._withhold(str(error))
            return False
        self._journal.put(self._record, self._stored)
        return True

    def _stored(self, refusal: BaseException | None) -> None:
        if refusal is None or isinstance(refusal, StoreError):
            self._refusal = refusal
            self._go_on()
        elif not self._over.done():
            self._over.set_exception(refusal)

    def _acknowledge(self, record: WireRecord) -> None:
        """Answer for a record that is on disk, or that could not be stored."""
        self._record = None
        if self._refusal is not None:
            self._withhold(str(self._refusal))
            return
        if self._enquiry is None:
            self._enquiry = record
        else:
            self._frames.append(record)
            self._size += len(record.data)
        self._connection.send(_ACK)

    def _withhold(self, reason: str) -> None:
        self._receiver.withhold()
        self._refuse(reason)

    def _refuse(self, reason: str) -> None:
        if not self._naks:
            log.info("%s is answered NAK: %s", self._connection.name, reason)
        self._naks += 1
        self._connection.send(_NAK)

    def _hang_up(self, error: ConnectionError) -> None:
        gone = self._receiver.hang_up()
        self._work(self._leave(gone, error))

    def _work(self, work: Coroutine[None, None, None]) -> None:
        """Do what takes a while, in a task of its own; it goes on with the line by itself."""
        self._tasks.create_task(work, name="astm-settle")

    async def _complete(self) -> None:
        end = self._new_record(END)
        await settle(self._ports, self._transfer(), self._analyzers, end)
        self._go_on()

    async def _give_up(self, reason: str) -> None:
        await give_up(self._ports, self._transfer(), self._analyzers, reason)
        self._go_on()

    async def _leave(self, gone: Incomplete | None, error: ConnectionError) -> None:
        if gone is not None:
            await give_up(self._ports, self._transfer(), self._analyzers, gone.reason)
        self._over.set_exception(error)

    def _new_record(self, data: bytes) -> WireRecord:
        self._recorded += 1
        return self._ports.record(data, device=self._device, session=self._session)

    def _transfer(self) -> Transfer:
        if self._enquiry is None:
            raise RuntimeError("the receiver is in a transfer that never began")
        return Transfer(self._enquiry, tuple(self._frames))

    def _sum_up(self) -> None:
        if self._naks or self._ignored:
            log.info(
                "%s was answered NAK %d times; %d stray bytes were ignored.",
                self._connection.name,
                self._naks,
                self._ignored,
            )
