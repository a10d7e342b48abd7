"""Analyzers for acceptance tests: strangers who log what became of each message they sent.

A message carries its mark (`device-number`) as its sample, so that a result shows where it came
from; its number is also the order in which its device sent it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulators.astm import Fault, Kind, PtyPlace, TcpClientPlace
from simulators.astm.frames import ENQ, EOT, frames
from simulators.astm.places import Line
from simulators.astm.sender import Outcome, Timers
from simulators.astm.sender import Sender as FrameSender
from simulators.hl7 import Sent, hl7_analyzer
from tests.peers import LOOPBACK, free_port

_TESTS = (
    ("GLU", "mmol/L", "14749-6"),
    ("UREA", "mmol/L", "22664-7"),
    ("CREA", "umol/L", "14682-9"),
    ("ALT", "U/L", "1742-6"),
)
ASTM_CODES = tuple(loinc for _, _, loinc in _TESTS)
HL7_CODES = ("6690-2", "751-8", "789-8", "777-3")

_BAUD = 115_200
_EPOCH = datetime(2026, 11, 23, 8)  # noqa: DTZ001 - an analyzer's own clock names no zone
_TIMERS = Timers(answer=1.5, after_nak=0.1)
_ASIDE = 0.05
_THINKS = 0.02
"""Seconds before each frame, so that a kill meets most analyzers inside a transfer."""
_FORGOTTEN = 3
"""Each third message is not sent again once a frame of it was acknowledged."""
_UNPLUGGED = 7
"""Of so many messages one is broken off in the middle of a frame."""
_REPEATED = 5
"""Each fifth message is sent once more although it was delivered; the first HL7 device repeats all.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One transfer of an ASTM message as its sender saw it. `sent`: the last ACK, and EOT out."""

    mark: str
    acked: int
    frames: int
    sent: bool
    naks: int

    @property
    def accepted(self) -> bool:
        """Every frame was acknowledged, the last one too."""
        return self.acked == self.frames

    @property
    def broken(self) -> bool:
        """The host has a part of it, and cannot have its last frame."""
        return not self.sent and 0 < self.acked < self.frames - 1


@dataclass(slots=True)
class Log:
    """What one device was told: by ASTM its attempts, by HL7 the answers, in order."""

    attempts: list[Attempt] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[str]:
        """Marks of what the device need not send again."""
        accepted = [each.mark for each in self.attempts if each.accepted]
        agreed = [mark for mark, code in self.answers if code == "AA"]
        return list(dict.fromkeys(accepted + agreed))

    @property
    def refusals(self) -> int:
        refused = sum(1 for _, code in self.answers if code != "AA")
        return refused + sum(each.naks for each in self.attempts)


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many analyzers of each sort, and where they meet the gateway.

    `interval` is seconds from one message of an analyzer to its next.
    """

    tcp: int
    pty: int
    mllp: int
    interval: float = 0.03
    astm_port: int = field(default_factory=free_port)
    hl7_port: int = field(default_factory=free_port)

    @property
    def astm(self) -> list[str]:
        return [*_names("astm", self.tcp), *self.lines]

    @property
    def lines(self) -> list[str]:
        return _names("line", self.pty)

    @property
    def hl7(self) -> list[str]:
        return _names("mllp", self.mllp)

    def site(self, paths: dict[str, str]) -> dict[str, Any]:
        """Two ports that many analyzers call, and a serial line for each of `paths`."""
        listen = {"type": "tcp-listen", "host": LOOPBACK}
        links: dict[str, Any] = {
            "astm": {"driver": "astm", "transport": {**listen, "port": self.astm_port}},
            "mllp": {"driver": "hl7", "transport": {**listen, "port": self.hl7_port}},
        }
        for name, path in paths.items():
            serial = {"type": "serial", "port": path, "baud": _BAUD}
            links[name] = {"driver": "astm", "transport": serial, "gap": 0.5, "silence": 3}
        chemistry = {"profile": "chemistry-analyzer-astm"}
        hematology = {"profile": "hematology-analyzer-hl7"}
        devices = {
            **{
                name: {**chemistry, "link": "astm", "sender": name}
                for name in _names("astm", self.tcp)
            },
            **{name: {**chemistry, "link": name} for name in paths},
            **{
                name: {**hematology, "link": "mllp", "sender": f"TRIAL|{name}"} for name in self.hl7
            },
        }
        return {"links": links, "devices": devices}


def _names(sort: str, count: int) -> list[str]:
    return [f"{sort}-{number}" for number in range(1, count + 1)]


def number_of(mark: str) -> int:
    """A message's place in its device's order."""
    return int(mark.rsplit("-", 1)[1])


class Load:
    """All analyzers of a fleet, in a thread of their own. `logs` may be read at any time."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.logs = {name: Log() for name in (*fleet.astm, *fleet.hl7)}
        self._lines: dict[str, PtyPlace] = {}

    @contextmanager
    def plugged_in(self) -> Iterator[dict[str, str]]:
        """The serial lines, by name; they outlive every gateway."""
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            for name in self.fleet.lines:
                self._lines[name] = runner.run(stack.enter_async_context(PtyPlace(_BAUD).open()))
            try:
                yield {name: place.path for name, place in self._lines.items()}
            finally:
                runner.run(stack.aclose())

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send within the block; leaving waits until no ASTM analyzer is inside a message.

        An error in the block stops them where they are.
        """
        stop, done, halt = threading.Event(), threading.Event(), threading.Event()

        async def work() -> None:
            async with asyncio.TaskGroup() as tasks:
                analyzers = tasks.create_task(self._work(stop), name="analyzers")
                analyzers.add_done_callback(lambda _: done.set())
                await asyncio.to_thread(halt.wait)
                analyzers.cancel()

        thread = threading.Thread(target=lambda: asyncio.run(work()), name="analyzers")
        thread.start()
        try:
            yield
            stop.set()
            in_time = done.wait(60)
        finally:
            stop.set()
            halt.set()
            thread.join()
        if not in_time:
            raise TimeoutError("an analyzer never came to the end of its message")

    async def _work(self, stop: threading.Event) -> None:
        async with AsyncExitStack() as stack:
            for name in self.fleet.hl7:
                await stack.enter_async_context(self._calling(name))
            async with asyncio.TaskGroup() as tasks:
                for name in self.fleet.astm:
                    place = self._lines.get(name) or TcpClientPlace(LOOPBACK, self.fleet.astm_port)
                    reporter = _Reporter(name, place, self.logs[name], stop, self.fleet.interval)
                    tasks.create_task(reporter.run(), name=name)
                await asyncio.to_thread(stop.wait)

    @asynccontextmanager
    async def _calling(self, name: str) -> AsyncIterator[None]:
        answers = self.logs[name].answers

        def note(sent: Sent) -> None:
            answers.append((_mark_of(sent.message), sent.code))

        async with hl7_analyzer(
            LOOPBACK,
            self.fleet.hl7_port,
            role="client",
            composer=_Hematology(name),
            interval=self.fleet.interval,
            log=note,
        ) as analyzer:
            if name == self.fleet.hl7[0]:
                analyzer.fault("duplicate")
            yield


class _Reporter:
    """Reports messages one after the other, over whatever line there is."""

    def __init__(
        self,
        name: str,
        place: PtyPlace | TcpClientPlace,
        log: Log,
        stop: threading.Event,
        interval: float,
    ) -> None:
        self._name = name
        self._place = place
        self._log = log
        self._stop = stop
        self._interval = interval
        self._number = 0
        self._owed = 0

    async def run(self) -> None:
        """Work until it is stopped and its last message is delivered or given up."""
        while self._owed or not self._stop.is_set():
            with suppress(ConnectionError):
                async with self._place.line() as line:
                    await self._report(FrameSender(_Attentive(line), _TIMERS))

    async def _report(self, sender: FrameSender) -> None:
        while self._owed or not self._stop.is_set():
            fault = None
            if not self._owed:
                self._number += 1
                self._owed = 2 if self._number % _REPEATED == 0 else 1
                if self._number % _UNPLUGGED == 0:
                    fault = Fault(Kind.UNPLUG)
            await self._attempt(sender, fault)
            await asyncio.sleep(self._interval)

    async def _attempt(self, sender: FrameSender, fault: Fault | None) -> None:
        mark = f"{self._name}-{self._number:06}"
        parts = list(frames(_chemistry(self._name, mark), "utf-8"))
        outcome = Outcome()
        try:
            await sender.send(parts, fault, outcome)
        finally:
            acked = len(outcome.acked)
            attempt = Attempt(mark, acked, len(parts), outcome.done, outcome.naks)
            self._log.attempts.append(attempt)
            forgotten = acked > 0 and self._number % _FORGOTTEN == 0
            self._owed = 0 if forgotten else self._owed - outcome.done


class _Attentive:
    """A line on which an answer that comes too late is not taken for the next one's.

    A pty keeps what nobody reads, so a gateway that starts may find several ENQ at once.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._asked = 0

    async def write(self, data: bytes) -> None:
        if data == ENQ:
            await self._rest()
            self._asked += 1
        elif data != EOT:
            await asyncio.sleep(_THINKS)
        await self._line.write(data)

    async def read(self) -> bytes:
        answer = await self._line.read()
        if self._asked > 1:
            answer += await self._rest()
        self._asked = 0
        return answer

    async def _rest(self) -> bytes:
        heard = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ASIDE):
                while more := await self._line.read():
                    heard += more
        return heard


def _chemistry(name: str, mark: str) -> Sequence[str]:
    """A message in eight frames; each but the last carries the mark."""
    at = (_EPOCH + timedelta(seconds=number_of(mark))).strftime("%Y%m%d%H%M%S")
    results = [
        f"R|{number}|^^^{code}|{number_of(mark)}.{number}|{unit}|0-1|N||F||op1||{at}|{mark}"
        for number, (code, unit, _) in enumerate(_TESTS, 1)
    ]
    return [
        f"H|\\^&|{mark}||{name}|||||host||P|LIS2-A2|{at}",
        f"P|1|{mark}|||王伟|||U",
        f"O|1|{mark}||^^^ALL|R||||||N||||Serum||||||||||F",
        *results,
        "L|1|N",
    ]


@dataclass(slots=True)
class _Hematology:
    """Composes messages of four counts (HL7 2.3.1)."""

    name: str
    number: int = 0

    def message(self, clock: datetime) -> str:
        self.number += 1
        mark = f"{self.name}-{self.number:06}"
        at = f"{clock:%Y%m%d%H%M%S}"
        units = ("10*9/L", "10*9/L", "10*12/L", "10*9/L")
        results = [
            f"OBX|{at_}|NM|{code}^{code}^LN||{self.number}.{at_}|{unit}|0-1|N|||F"
            for at_, (code, unit) in enumerate(zip(HL7_CODES, units, strict=True), 1)
        ]
        lines = [
            f"MSH|^~\\&|TRIAL|{self.name}|||{at}||ORU^R01|{self.number}|P|2.3.1||||||UNICODE",
            f"PID|1||{mark}^^^^MR||王伟",
            f"OBR|1||{mark}|00001^Automated Count^99MRC|||{at}",
            *results,
        ]
        return "\r".join(lines) + "\r"

    def restart(self) -> None:
        """It keeps its count."""


def _mark_of(message: bytes) -> str:
    """OBR-3."""
    return message.split(b"\rOBR|")[1].split(b"|")[2].decode()
