"""What happens to segments after their month: closed, and telemetry dropped by age."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from gateway.model import Instant, Retention
from gateway.store.catalog import Catalog, SegmentFile, month_of
from gateway.store.closing import close_segment
from gateway.store.writer import Writer

InWriter = Callable[[Callable[[Writer], Any]], Awaitable[Any]]
"""Does something in the writer thread between two commits."""


class Upkeep:
    """Closes and drops segments while the store is in use. One thing at a time, under `lock`."""

    def __init__(self, catalog: Catalog, in_writer: InWriter) -> None:
        self._catalog, self._in_writer = catalog, in_writer
        self.lock = asyncio.Lock()

    async def close(self, now: Instant, *, current: bool) -> list[SegmentFile]:
        """Close the segments of past months, or all; writing goes on in further ones."""
        async with self.lock:
            due = [
                file
                for file in self._catalog.files
                if not file.closed and (current or file.month < month_of(now))
            ]
            return [await self._close(file) for file in due]

    async def drop_telemetry(self, before: Instant) -> list[SegmentFile]:
        """Drop whole telemetry segments of the months before an instant's."""
        async with self.lock:
            old = [
                file
                for file in self._catalog.of(Retention.TELEMETRY)
                if file.month < month_of(before)
            ]
            for file in old:
                await self._in_writer(partial(_let_go, file=file))
                await asyncio.to_thread(file.remove)
            return old

    async def _close(self, file: SegmentFile) -> SegmentFile:
        await self._in_writer(lambda writer: _freeze(writer, file))
        closed = await asyncio.to_thread(close_segment, file)
        await self._in_writer(lambda writer: _exchange(writer, file, closed))
        await asyncio.to_thread(file.remove)
        return closed


def _freeze(writer: Writer, file: SegmentFile) -> None:
    writer.catalog.freeze(file)
    writer.retire(file.retention)


def _exchange(writer: Writer, file: SegmentFile, closed: SegmentFile) -> None:
    writer.catalog.add(closed)
    _let_go(writer, file=file)


def _let_go(writer: Writer, *, file: SegmentFile) -> None:
    writer.catalog.freeze(file)
    writer.retire(file.retention)
    writer.catalog.discard(file)
    writer.forget(file)
