"""The sender's side of LIS1-A, with its timers and its faults."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulators.astm.faults import Fault, Kind
from simulators.astm.frames import ACK, ENQ, EOT, Frame
from simulators.astm.places import Line

_TRIES = 6
_NOISE = b"\x00\xff\x06?"


@dataclass
class Outcome:
    """What became of one message: the texts whose frames were acknowledged, and whether all were.

    `done` means that the last frame was acknowledged and EOT sent: for the analyzer the message
    is delivered.
    """

    acked: list[bytes] = field(default_factory=list)
    naks: int = 0
    done: bool = False


@dataclass(frozen=True)
class Timers:
    """Seconds of LIS1-A 6.5.2; a test makes them short."""

    answer: float = 15.0
    after_nak: float = 10.0


class Sender:
    """Sends messages over one line. ConnectionError when the line ends."""

    def __init__(self, line: Line, timers: Timers) -> None:
        self._line = line
        self._timers = timers

    async def send(self, frames: Sequence[Frame], fault: Fault | None, outcome: Outcome) -> None:
        """Try to deliver one message; what was acknowledged is noted as it happens."""
        if await self._begin(fault, outcome):
            await self._transfer(frames, fault, outcome)

    async def _transfer(
        self, frames: Sequence[Frame], fault: Fault | None, outcome: Outcome
    ) -> None:
        number = 0
        for index, frame in enumerate(frames):
            middle = index == len(frames) // 2
            number += 1
            if fault and fault.kind is Kind.ENQ and middle:
                outcome.acked.clear()
                await self.send(frames, None, outcome)
                return
            if fault and middle:
                number = await self._misbehave(fault, frames, index, number)
            if not await self._deliver(frame, number, fault if middle else None, outcome):
                await self._line.write(EOT)
                return
            outcome.acked.append(frame.text)
        if fault is None or fault.kind is not Kind.GLUED:
            await self._line.write(EOT)
        else:
            await self._line.write(EOT + ENQ)
            await self._answer()
            await self._line.write(EOT)
        outcome.done = True

    async def _begin(self, fault: Fault | None, outcome: Outcome) -> bool:
        before = _NOISE if fault and fault.kind is Kind.NOISE else b""
        for _ in range(_TRIES):
            await self._line.write(before + ENQ)
            answer = await self._answer()
            if answer == ACK:
                return True
            if answer:
                outcome.naks += 1
                await asyncio.sleep(self._timers.after_nak)
        return False

    async def _misbehave(
        self, fault: Fault, frames: Sequence[Frame], index: int, number: int
    ) -> int:
        """What goes wrong before the middle frame; the number that this one gets."""
        wire = frames[index].wire(number)
        match fault.kind:
            case Kind.REPEATED:
                await self._line.write(frames[index - 1].wire(number - 1))
                await self._answer()
            case Kind.SKIPPED_NUMBER:
                return number + 1
            case Kind.SILENCE:
                await self._line.write(wire[: len(wire) // 2])
                await asyncio.sleep(fault.seconds)
                await self._answer()
            case Kind.HALF_OPEN:
                await asyncio.sleep(fault.seconds)
            case Kind.UNPLUG:
                await self._line.write(wire[: len(wire) // 2])
                raise ConnectionResetError("unplugged")
            case _:
                pass
        return number

    async def _deliver(
        self, frame: Frame, number: int, fault: Fault | None, outcome: Outcome
    ) -> bool:
        for attempt in range(_TRIES):
            await self._write_frame(frame, number, fault, attempt)
            answer = await self._answer()
            if answer == ACK:
                return True
            if not answer:
                return False
            outcome.naks += 1
        return False

    async def _write_frame(
        self, frame: Frame, number: int, fault: Fault | None, attempt: int
    ) -> None:
        kind = fault.kind if fault else None
        wire = frame.wire(number)
        if kind is Kind.BAD_CHECKSUM and attempt == 0:
            wire = frame.wire(number, spoil=1)
        elif kind is Kind.WRONG_NUMBER and attempt == 0:
            wire = frame.wire(number + 3)
        elif kind is Kind.NOISE:
            wire = _NOISE + wire
        if kind is not Kind.SPLIT:
            await self._line.write(wire)
            return
        for at in range(len(wire)):
            await self._line.write(wire[at : at + 1])
            await asyncio.sleep(0)

    async def _answer(self) -> bytes:
        """One byte of answer; nothing if the host is silent for too long."""
        try:
            async with asyncio.timeout(self._timers.answer):
                answer = await self._line.read()
        except TimeoutError:
            return b""
        if not answer:
            raise ConnectionResetError("the line ended")
        return answer[-1:]
