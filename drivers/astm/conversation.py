"""One connection: what is heard is journalled, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence

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
from drivers.astm.journal import END, ENQUIRY, MOST_FRAMES
from drivers.astm.settle import give_up, sender_of, settle
from drivers.astm.transfer import Transfer
from gateway import Connection, DeviceEntry, Ports, StoreError, WireRecord, identify

log = logging.getLogger(__name__)

_ACK, _NAK = bytes([ACK]), bytes([NAK])
_MOST_BYTES = 8 << 20
_SESSION = 1_000
"""Records after which the next transfer begins another session, so that none grows for ever."""


class Conversation:
    """Receives transfers on one connection until it ends."""

    def __init__(
        self, ports: Ports, connection: Connection, devices: Sequence[DeviceEntry], limit: int
    ) -> None:
        self._ports = ports
        self._connection = connection
        self._devices = devices
        self._only = unnamed[0].id if (unnamed := identify(devices, "")) else ""
        self._receiver = Receiver(limit)
        self._clock = asyncio.get_running_loop().time
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
            while True:
                await self._listen()
        except ConnectionError:
            gone = self._receiver.hang_up()
            if gone is not None:
                await self._answer(gone)
            raise
        finally:
            self._sum_up()

    async def _listen(self) -> None:
        data = await self._read()
        for action in self._receiver.feed(data, self._clock()) if data else ():
            await self._answer(action)
        while not data and (due := self._receiver.tick(self._clock())):
            await self._answer(due)

    async def _read(self) -> bytes:
        """What has arrived; nothing when the receiver's deadline passes first."""
        deadline = self._receiver.deadline
        if deadline is None:
            return await self._connection.read()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._connection.read()
        except TimeoutError:
            return b""

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
                await give_up(self._ports, self._transfer(), self._devices, reason)

    async def _begin(self) -> None:
        if not self._session or self._recorded >= _SESSION:
            self._session = f"{self._connection.name} {secrets.token_hex(4)}"
            self._recorded = 0
        self._frames, self._size = [], 0
        self._device = self._only
        self._enquiry = self._record(ENQUIRY)
        await self._store(self._enquiry)

    async def _accept(self, data: bytes) -> None:
        size = self._size + len(data)
        if len(self._frames) >= MOST_FRAMES or size > _MOST_BYTES:
            self._receiver.withhold()
            await self._refuse("the transfer is longer than the gateway keeps")
            return
        if not (self._frames or self._device):
            self._device = sender_of(data, self._devices)
        record = self._record(data)
        if await self._store(record):
            self._size = size
            self._frames.append(record)

    async def _store(self, record: WireRecord) -> bool:
        """Journal, then acknowledge; whether it was."""
        try:
            await self._ports.journal(record)
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
        await settle(self._ports, self._transfer(), self._devices, end)

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
