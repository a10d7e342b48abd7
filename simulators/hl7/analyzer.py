"""A device on MLLP that sends by itself, waits for each answer, and misbehaves on command."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from simulators.hl7.hematology import HematologyAnalyzer
from simulators.hl7.wire import END, START, Answer, read_answer, wrapped

FAULTS = frozenset(
    {
        *("split", "glued", "missing_end", "junk", "silent", "half_open", "duplicate", "restart"),
        *("charset", "clock_skew", "cut"),
    }
)
_ONCE = frozenset({"restart", "cut"})
_MUTE = frozenset({"silent", "half_open"})
_RETRY = 0.3
_PATIENCE = 10.0

Role = Literal["client", "server"]


class Composer(Protocol):
    """Composes the messages of one device."""

    def message(self, clock: datetime) -> str: ...

    def restart(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, and what was answered when. `code` is MSA-1; empty if nobody answered."""

    message: bytes
    code: str
    control_id: str
    at: float


class Analyzer:
    """A running device. Faults stay until cleared, but for `restart` and `cut`.

    `split`: a few bytes at a time. `glued`: two messages in one segment. `missing_end`: the first
    copy of each message lacks FS CR. `junk`: noise before each message. `silent`: sends nothing.
    `half_open`: the line stays open and nothing more crosses it. `duplicate`: each message twice.
    `restart`: control ids begin at 1. `charset`: text in GB 18030, or UTF-8 where that is its own.
    `clock_skew` (`seconds`): its clock is off. `cut`: the connection breaks.
    """

    def __init__(
        self,
        composer: Composer,
        *,
        charset: str,
        interval: float | Callable[[], float],
        zone: ZoneInfo,
        log: Callable[[Sent], None] | None,
    ) -> None:
        self.port = 0
        self.acknowledged = 0
        self.faults: dict[str, Mapping[str, Any]] = {}
        self._composer = composer
        self._charset = charset
        self._interval = interval if callable(interval) else lambda: interval
        self._zone = zone
        self._log = log
        self._waiting: bytes | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._dice = random.Random(7)
        self._turn = asyncio.Lock()
        self._able = asyncio.Event()
        self._able.set()

    def fault(self, kind: str, **details: Any) -> None:
        """Misbehave from now on; ValueError for what it does not know."""
        if kind not in FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted(FAULTS))}")
        if kind == "restart":
            self._composer.restart()
        elif kind == "cut" and self._writer is not None:
            self._writer.transport.abort()
        elif kind not in _ONCE:
            self.faults[kind] = details
        if kind in _MUTE:
            self._able.clear()

    def clear(self) -> None:
        """Behave again."""
        self.faults.clear()
        self._able.set()

    async def work(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send on one connection until it ends; what was not answered is sent again first."""
        async with self._turn:
            self._writer = writer
            try:
                while True:
                    await self._send_next(reader, writer)
                    await asyncio.sleep(self._interval())
            except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                return
            finally:
                self._writer = None
                writer.transport.abort()

    async def _send_next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._able.wait()
        if self._waiting is None:
            self._waiting = self._compose()
        answers = await self._put(writer, self._waiting)
        async with asyncio.timeout(_PATIENCE):
            for message in answers:
                self._note(message, await read_answer(reader))
        self._waiting = None

    async def _put(self, writer: asyncio.StreamWriter, message: bytes) -> list[bytes]:
        """Write a message as the faults have it; the messages that are to be answered."""
        sent = [message]
        if "glued" in self.faults:
            sent.append(self._compose())
        if "duplicate" in self.faults:
            sent = [each for each in sent for _ in range(2)]
        data = b"".join(map(wrapped, sent))
        if "missing_end" in self.faults:
            data = START + message + data
        if "junk" in self.faults:
            data = self._noise() + data
        await self._write(writer, data)
        return sent

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if "split" not in self.faults:
            writer.write(data)
            await writer.drain()
            return
        while data:
            size = self._dice.randint(1, 64)
            writer.write(data[:size])
            await writer.drain()
            await asyncio.sleep(0)
            data = data[size:]

    def _noise(self) -> bytes:
        noise = self._dice.randbytes(self._dice.randint(1, 40))
        return noise.replace(START, b"?").replace(END, b"?")

    def _compose(self) -> bytes:
        skew = float(self.faults.get("clock_skew", {}).get("seconds", 0.0))
        clock = datetime.now(self._zone) + timedelta(seconds=skew)
        charset = self._wrong_charset() if "charset" in self.faults else self._charset
        return self._composer.message(clock).encode(charset)

    def _wrong_charset(self) -> str:
        return "utf-8" if self._charset == "gb18030" else "gb18030"

    def _note(self, message: bytes, answer: Answer) -> None:
        if answer.code in {"AA", "CA"}:
            self.acknowledged += 1
        if self._log is not None:
            self._log(Sent(message, answer.code, answer.control_id, time.time()))


@asynccontextmanager
async def hl7_analyzer(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    role: Role = "server",
    composer: Composer | None = None,
    charset: str = "utf-8",
    interval: float | Callable[[], float] = 5.0,
    zone: str = "Asia/Shanghai",
    log: Callable[[Sent], None] | None = None,
) -> AsyncIterator[Analyzer]:
    """A device that listens on a port (`server`) or calls one (`client`), sending by itself.

    Without a `composer` it is a hematology analyzer. `log` is called for each answer. `interval`
    is seconds between an answer and the next message, or says how many it is to be.
    """
    analyzer = Analyzer(
        composer or HematologyAnalyzer(),
        charset=charset,
        interval=interval,
        zone=ZoneInfo(zone),
        log=log,
    )
    start = _listening if role == "server" else _calling
    async with start(analyzer, host, port):
        yield analyzer


@asynccontextmanager
async def _listening(analyzer: Analyzer, host: str, port: int) -> AsyncIterator[None]:
    calls: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(analyzer.work(reader, writer))
        calls.add(task)
        task.add_done_callback(calls.discard)

    server = await asyncio.start_server(accept, host, port)
    analyzer.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in tuple(calls):
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


@asynccontextmanager
async def _calling(analyzer: Analyzer, host: str, port: int) -> AsyncIterator[None]:
    analyzer.port = port
    task = asyncio.create_task(_call(analyzer, host, port), name="simulated analyzer")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _call(analyzer: Analyzer, host: str, port: int) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_RETRY)
            continue
        await analyzer.work(reader, writer)
        await asyncio.sleep(_RETRY)
