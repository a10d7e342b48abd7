"""What happens to segments after their month: closed, and telemetry dropped by age."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from gateway.model import Instant, Retention
from gateway.seal import Keyring, Progress
from gateway.store.catalog import Catalog, SegmentFile, month_of
from gateway.store.closing import rewrite_segment
from gateway.store.segment_key import key_id_of
from gateway.store.writer import Writer

InWriter = Callable[[Callable[[Writer], Any]], Awaitable[Any]]
"""Does something in the writer thread between two commits."""


class Upkeep:
    """Closes and drops segments while the store is in use. One thing at a time, under `lock`."""

    def __init__(self, catalog: Catalog, ring: Keyring | None, in_writer: InWriter) -> None:
        self._catalog, self._ring, self._in_writer = catalog, ring, in_writer
        self.lock = asyncio.Lock()

    async def close(self, now: Instant, *, current: bool) -> list[SegmentFile]:
        """Close the segments of past months, or all; writing goes on in further ones."""
        async with self.lock:
            due = [
                file
                for file in self._catalog.files
                if not file.closed and (current or file.month < month_of(now))
            ]
            return [await self._rewrite(file) for file in due]

    async def keys(self) -> set[int]:
        """The ids of the keys that seal segments."""
        async with self.lock:
            files = self._catalog.files
            found = await asyncio.to_thread(lambda: {key_id_of(file) for file in files})
        return {number for number in found if number is not None}

    async def reseal(self, progress: Progress) -> None:
        """Rewrite every segment that is not under the ring's active key, the newest first."""
        async with self.lock:
            files = list(reversed(self._catalog.files))
            for done, file in enumerate(files):
                progress(done, len(files))
                if await asyncio.to_thread(self._is_under_an_old_key, file):
                    await self._rewrite(file)
            progress(len(files), len(files))

    def _is_under_an_old_key(self, file: SegmentFile) -> bool:
        return self._ring is not None and key_id_of(file) not in (None, self._ring.active.id)

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

    async def _rewrite(self, file: SegmentFile) -> SegmentFile:
        if not file.closed:
            await self._in_writer(lambda writer: _freeze(writer, file))
        closed = await asyncio.to_thread(rewrite_segment, file, self._ring)
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
