"""One exchange after the other on one connection, and the guard that keeps late replies out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from drivers.modbus.codec import Framing, Refused, read_reply
from drivers.modbus.planner import Block
from gateway import Connection, DeviceUnavailable, Direction, Exchange, ProtocolViolation, sentence

_BABBLE = 8192
"""Bytes in one exchange beyond which a peer is no longer listened to."""

_PATIENCE = 10
"""How many times `quiet` a line may take to fall silent."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: how long a reply may take, and how long the line stays quiet after a failure."""

    timeout: float
    quiet: float


class Line:
    """Asks units for blocks, one at a time. `exchanges` collects what crossed.

    Over a framing whose replies do not name their request (RTU), a late reply would pass for the
    answer to the next one. After a failure the line is therefore left quiet and drained, and
    `owing` remembers that the unit may still send a reply of that size: it must be proved in step
    before its data count again.
    """

    def __init__(self, connection: Connection, framing: Framing, timing: Timing) -> None:
        self._connection = connection
        self._framing = framing
        self._timing = timing
        self.exchanges: list[Exchange] = []
        self.owing: dict[int, int] = {}

    @property
    def last(self) -> int:
        """Place of the last message in `exchanges`."""
        return len(self.exchanges) - 1

    async def ask(self, unit: int, block: Block) -> bytes | Refused:
        """The data bytes of `block`, or the unit's refusal.

        DeviceUnavailable: no reply in time. ProtocolViolation: bytes that are no reply.
        """
        received = bytearray()
        await self._send(unit, block)
        try:
            async with asyncio.timeout(self._timing.timeout):
                answer = await self._answer(unit, block, received)
        except TimeoutError:
            answer = None
        self._note(received)
        if answer is None:
            raise await self._failure(unit, block, received)
        return answer

    async def prove(self, unit: int, probe: Block | None) -> None:
        """See that an owing unit is in step again: `probe`'s reply can't be an older one's.

        Without a probe the quiet line has to do. A refusal proves nothing, since none differs from
        another; it clears the debt for the next poll.
        """
        answer = await self.ask(unit, probe) if probe else b""
        del self.owing[unit]
        if isinstance(answer, Refused):
            await self._hush()
            why = sentence("answers with exception {code} after a time-out", code=answer.code)
            raise self.unavailable(unit, why)

    def unavailable(self, unit: int, why: str) -> DeviceUnavailable:
        """The error that says so of a unit, with its place."""
        return DeviceUnavailable(self._of(unit, why))

    def _of(self, unit: int, why: str) -> str:
        place = self._connection.name
        return sentence("unit {unit} on {place}: {why}", unit=unit, place=place, why=why)

    def _note(self, received: bytes | bytearray) -> None:
        if received:
            self.exchanges.append((Direction.IN, bytes(received)))

    async def _send(self, unit: int, block: Block) -> None:
        if not self._framing.traced:
            self._note(await self._connection.drain(0))
            self._framing.reset()
        frame = self._framing.wrap(unit, block.request)
        self.exchanges.append((Direction.OUT, frame))
        await self._connection.write(frame)

    async def _answer(self, unit: int, block: Block, received: bytearray) -> bytes | Refused | None:
        """The reply to `block`; None once the peer's bytes can't be understood."""
        framing = self._framing
        while len(received) < _BABBLE and not framing.lost:
            data = await self._connection.read()
            received += data
            for frame in framing.feed(data):
                if frame.unit == unit and frame.transaction == framing.transaction:
                    answer = read_reply(frame.pdu, block.function, block.size)
                    if answer is not None:
                        return answer
        return None

    async def _failure(
        self, unit: int, block: Block, received: bytearray
    ) -> DeviceUnavailable | ProtocolViolation:
        """Make the line fit for the next request; the error that says what happened."""
        nonsense = self._framing.lost or self._framing.unread or len(received) >= _BABBLE
        if not self._framing.traced:
            self.owing[unit] = block.size
        if nonsense or not self._framing.traced:
            received += await self._hush()
            self._framing.reset()
        asked = f"{block.table} {block.at + block.offset} to {block.end + block.offset - 1}"
        if nonsense:
            why = sentence(
                "sent {count} bytes that are no answer to {asked}: check framing, baud rate, parity"
                " and cabling",
                count=len(received),
                asked=asked,
            )
            return ProtocolViolation(self._of(unit, why), bytes(received))
        seconds = f"{self._timing.timeout:g}"
        if received:
            why = sentence(
                "did not answer {asked} within {seconds} s; {count} bytes answered something else",
                asked=asked,
                seconds=seconds,
                count=len(received),
            )
        else:
            why = sentence(
                "did not answer {asked} within {seconds} s", asked=asked, seconds=seconds
            )
        return self.unavailable(unit, why)

    async def _hush(self) -> bytes:
        """Leave the line quiet, for a bounded time; what came is thrown away."""
        quiet = self._timing.quiet
        try:
            async with asyncio.timeout(_PATIENCE * quiet):
                return await self._connection.drain(quiet)
        except TimeoutError:
            return b""
