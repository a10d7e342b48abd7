"""One connection: what is heard is journalled, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
import secrets

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
    """Receives transfers on one connection until it ends."""

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
        self._clock = asyncio.get_running_loop().time
        self._turn = asyncio.Lock()
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
        read, feed, clock, turn = (
            self._connection.read,
            self._receiver.feed,
            self._clock,
            self._turn,
        )
        try:
            while True:
                data = await read()
                async with turn:
                    for action in feed(data, clock()):
                        await self._answer(action)
        except ConnectionError:
            await self._hang_up()
            raise
        finally:
            self._sum_up()

    async def tick(self) -> None:
        """Act on silence, if it has lasted long enough; to be called about once a second."""
        if self._turn.locked():
            return
        async with self._turn:
            while action := self._receiver.tick(self._clock()):
                await self._answer(action)

    async def _hang_up(self) -> None:
        async with self._turn:
            gone = self._receiver.hang_up()
            if gone is not None:
                await self._answer(gone)

    async def _answer(self, action: Action) -> None:
        match action:
            case Accept(data):
                await self._accept(data)
            case Begin():
                await self._begin()
            case Ack():
                await self._connection.write(_ACK)
            case Nak(reason):
                await self._refuse(reason)
            case Ignore(count):
                self._ignored += count
            case TransferComplete():
                await self._complete()
            case Incomplete(reason):
                await give_up(self._ports, self._transfer(), self._analyzers, reason)

    async def _begin(self) -> None:
        if not self._session or self._recorded >= _SESSION:
            self._session = f"{self._connection.name} {secrets.token_hex(4)}"
            self._recorded = 0
        self._frames, self._size = [], 0
        self._device = self._analyzers.only
        self._enquiry = self._record(ENQUIRY)
        await self._store(self._enquiry)

    async def _accept(self, data: bytes) -> None:
        size = self._size + len(data)
        if len(self._frames) >= MOST_FRAMES or size > _MOST_BYTES:
            self._receiver.withhold()
            await self._refuse("the transfer is longer than the gateway keeps")
            return
        if not (self._frames or self._device):
            self._device = sender_of(data, self._analyzers)
        record = self._record(data)
        if await self._store(record):
            self._size = size
            self._frames.append(record)

    async def _store(self, record: WireRecord) -> bool:
        """Journal, then acknowledge; whether it was."""
        try:
            await self._journal.put(record)
        except StoreError as error:
            self._receiver.withhold()
            await self._refuse(str(error))
            return False
        await self._connection.write(_ACK)
        return True

    async def _refuse(self, reason: str) -> None:
        if not self._naks:
            log.info("%s is answered NAK: %s", self._connection.name, reason)
        self._naks += 1
        await self._connection.write(_NAK)

    async def _complete(self) -> None:
        end = self._record(END)
        await settle(self._ports, self._transfer(), self._analyzers, end)

    def _record(self, data: bytes) -> WireRecord:
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
