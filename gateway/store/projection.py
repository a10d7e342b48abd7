"""Keeping `latest` and the roll-ups level with the segments."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.errors import StoreError
from gateway.model import DeviceEvent, Instant
from gateway.store.latest import Latest
from gateway.store.query import EventQuery, RollupRow
from gateway.store.reader import ReaderPool
from gateway.store.rollup import Rollup
from gateway.store.views import Views, Width

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
_PAGE = 5000


class Projection:
    """Latest values in memory, roll-ups in the views file a few seconds behind.

    `cursor` is the last seq folded in memory. What is not written yet is folded again from the
    segments after a crash.
    """

    def __init__(self, path: Path, last_seq: int) -> None:
        self.latest = Latest()
        self.cursor = 0
        self._written = 0
        self._rollup = Rollup()
        self._views = _open(path, last_seq)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-views")
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def fold(self, stored: Sequence[tuple[int, DeviceEvent]], arrival: int) -> None:
        """Take in events that are on disk, with their seqs."""
        self.latest.put(stored, arrival)
        self._rollup.fold([event for _, event in stored])

    async def catch_up(self, readers: ReaderPool, upto: int) -> None:
        """Load what the file holds, and fold what was committed after it."""
        points = await self._in_thread(self._views.latest)
        wanted = sorted(set(points.values()))
        found = await readers.run(lambda reader: [reader.event(seq) for seq in wanted])
        self.latest.put([(event.seq, event) for event in found if event is not None], 0)
        self.cursor = self._written = await self._in_thread(self._views.cursor)
        while page := await self._page(readers, upto):
            self.fold([(event.seq, event) for event in page], 0)
            self.cursor = page[-1].seq
            await self.flush()
        self.cursor = upto

    def start(self, seconds: float) -> None:
        """Begin to write every so often, in real time."""
        self._task = asyncio.create_task(self._keep_writing(seconds), name="store-views")

    async def close(self) -> None:
        """Write what is left, if the disk takes it, and close the file."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(StoreError):
            await self.flush()
        await self._in_thread(self._views.close)
        self._thread.shutdown()

    async def flush(self) -> None:
        """Write all that is folded; StoreError: the disk refused, and it is kept for later."""
        await asyncio.shield(self._flush())

    async def rollup(
        self, device: str, code: str, start: Instant, end: Instant, width: Width
    ) -> list[RollupRow]:
        """As `Views.rollup`, up to the last commit."""
        await self.flush()
        return await self._in_thread(lambda: self._views.rollup(device, code, start, end, width))

    async def summary(self, start: Instant, end: Instant, width: Width) -> list[RollupRow]:
        """As `Views.summary`, up to the last commit."""
        await self.flush()
        return await self._in_thread(lambda: self._views.summary(start, end, width))

    async def forget_before(self, instant: Instant) -> None:
        """As `Views.forget_before`."""
        await self._in_thread(lambda: self._views.forget_before(instant))

    async def _flush(self) -> None:
        async with self._turn:
            cursor = self.cursor
            if cursor == self._written:
                return
            rollup, self._rollup = self._rollup, Rollup()
            points = self.latest.stored_after(self._written)
            sums = rollup.sums.items()
            try:
                await self._in_thread(lambda: self._views.write(cursor, sums, points))
            except apsw.Error as error:
                rollup.merge(self._rollup.sums.items())
                self._rollup = rollup
                raise StoreError(f"the roll-ups can't be brought up to date: {error}") from error
            self._written = cursor

    async def _keep_writing(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            with suppress(StoreError):
                await self.flush()

    async def _page(self, readers: ReaderPool, upto: int) -> list[DeviceEvent]:
        query = EventQuery(self.cursor, upto, _PAGE)
        return await readers.run(lambda reader: reader.events(query))

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _open(path: Path, last_seq: int) -> Views:
    """Open the file; one that is ahead of the segments belongs to others, and is made anew."""
    views = Views(path)
    if views.cursor() <= last_seq:
        return views
    views.close()
    _LOG.warning("%s is ahead of the segments: it is rebuilt from them", path)
    for side in ("", "-wal", "-shm"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    return Views(path)
