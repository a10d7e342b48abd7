"""An analyzer: it measures, and reports each sample until the host has it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from simulators.astm.faults import Fault, Kind
from simulators.astm.frames import frames
from simulators.astm.message import chemistry_message, sample
from simulators.astm.places import Line
from simulators.astm.sender import Outcome, Sender, Timers


class _Place(Protocol):
    def line(self) -> AbstractAsyncContextManager[Line]: ...


@dataclass
class Log:
    """What the host acknowledged: the samples that are delivered, and every acknowledged text."""

    delivered: list[str] = field(default_factory=list)
    acked: list[bytes] = field(default_factory=list)
    naks: int = 0


class Analyzer:
    """Sends messages in order over the lines of its place; a lost line is opened again."""

    def __init__(
        self,
        place: _Place,
        *,
        name: str = "chem-1",
        charset: str = "utf-8",
        frame_size: int | None = 240,
        timers: Timers | None = None,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self.name = name
        self.log = Log()
        self._place = place
        self._charset = charset
        self._size = frame_size
        self._timers = timers or Timers()
        self._clock = clock
        self._fault: Fault | None = None
        self._waiting: asyncio.Queue[tuple[str, Sequence[str], asyncio.Future[Outcome]]] = (
            asyncio.Queue(maxsize=1000)
        )

    def fault(self, fault: Fault) -> None:
        """From now on, until cleared or its `times` are over."""
        self._fault = fault

    def clear(self) -> None:
        self._fault = None

    def now(self) -> datetime:
        """Its own clock, which may be wrong."""
        skewed = self._fault is not None and self._fault.kind is Kind.SKEW
        ahead = self._fault.seconds if self._fault and skewed else 0.0
        return self._clock() + timedelta(seconds=ahead)

    async def send(self, records: Sequence[str], mark: str = "") -> Outcome:
        """Deliver a message, trying again until it is; `mark` is what the log calls it."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        await self._waiting.put((mark, records, done))
        return await done

    async def run(self) -> None:
        """Work until cancelled."""
        pending: tuple[str, Sequence[str], asyncio.Future[Outcome]] | None = None
        while True:
            try:
                async with self._place.line() as line:
                    sender = Sender(line, self._timers)
                    while True:
                        pending = pending or await self._waiting.get()
                        again = await self._attempt(sender, *pending)
                        if not again:
                            pending = None
            except ConnectionError:
                await asyncio.sleep(0.05)

    async def measure(self, interval: float, seed: str = "0") -> None:
        """Report a new sample every `interval` seconds until cancelled."""
        dice = random.Random(seed)
        index = 0
        while True:
            subject = sample(index, dice)
            records = chemistry_message(subject, self.now(), dice, self.name)
            await self.send(records, subject.number)
            index += 1
            await asyncio.sleep(interval)

    async def _attempt(
        self, sender: Sender, mark: str, records: Sequence[str], done: asyncio.Future[Outcome]
    ) -> bool:
        """Send once; whether it must be sent again."""
        fault = self._spend()
        charset = fault.charset if fault and fault.kind is Kind.CHARSET else self._charset
        outcome = Outcome()
        try:
            await sender.send(list(frames(records, charset, self._size)), fault, outcome)
        finally:
            self.log.acked += outcome.acked
            self.log.naks += outcome.naks
        if not outcome.done:
            return True
        if fault and fault.kind is Kind.DUPLICATE:
            raise ConnectionResetError("to send it once more")
        self.log.delivered.append(mark)
        if not done.done():
            done.set_result(outcome)
        return False

    def _spend(self) -> Fault | None:
        fault = self._fault
        if fault is not None and fault.times is not None:
            left = fault.times - 1
            self._fault = Fault(fault.kind, fault.seconds, left, fault.charset) if left else None
        return fault


@asynccontextmanager
async def astm_analyzer(
    place: _Place,
    *,
    name: str = "chem-1",
    charset: str = "utf-8",
    frame_size: int | None = 240,
    timers: Timers | None = None,
    interval: float | None = None,
    clock: Callable[[], datetime] = datetime.now,
) -> AsyncIterator[Analyzer]:
    """An analyzer at work within the block. With `interval` it measures by itself."""
    analyzer = Analyzer(
        place, name=name, charset=charset, frame_size=frame_size, timers=timers, clock=clock
    )
    async with asyncio.TaskGroup() as tasks:
        jobs = [tasks.create_task(analyzer.run(), name=f"{name} line")]
        if interval is not None:
            jobs.append(tasks.create_task(analyzer.measure(interval), name=f"{name} measures"))
        try:
            yield analyzer
        finally:
            for job in jobs:
                job.cancel()
