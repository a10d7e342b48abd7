"""The laboratory's subscriber, and its answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.errors import StoreError
from gateway.lab.result import Counts, Result, ResultFilter, SampleResult
from gateway.lab.tables import Tables
from gateway.model import DeviceEvent, Instant, Kind, RawId
from gateway.room import Emit

_T = TypeVar("_T")
_LAG = 10_000


class LabDesk:
    """Results by sample, a moment behind the event store. Every method may raise StoreError.

    Of a device, sample and test the result that came last on the wire is current; the others are
    its versions.
    Results without a sample and runs of a control are never merged.
    """

    name = "lab"

    def __init__(self, path: Path, tables: Tables, thread: ThreadPoolExecutor) -> None:
        self._path, self._tables, self._thread = path, tables, thread
        self._cursor = tables.cursor()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[LabDesk]:
        """Open or create the tables; leaving waits for what is being written."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ThreadPoolExecutor(1, thread_name_prefix="lab") as thread:
            try:
                tables = Tables(path)
            except (apsw.Error, OSError) as error:
                raise StoreError(
                    f"{path} can't be opened ({error}): remove it, and it is built anew"
                ) from error
            try:
                yield cls(path, tables, thread)
            finally:
                await asyncio.get_running_loop().run_in_executor(thread, tables.close)

    def cursor(self) -> int:
        return self._cursor

    async def apply(self, events: Sequence[DeviceEvent], _emit: Emit) -> None:
        """Fold results. What holds none is noted now and then: it costs nothing to read again."""
        upto = events[-1].seq
        results = [each for each in events if each.kind is Kind.RESULT and each.seq > self._cursor]
        if results or upto - self._cursor >= _LAG:
            await self._ask(lambda tables: tables.fold(results, upto))
            self._cursor = upto

    async def results(
        self, wanted: ResultFilter, *, before: int | None = None, limit: int = 100
    ) -> list[Result]:
        """Current results with a seq below `before`, newest first."""
        return await self._ask(lambda tables: tables.results(wanted, before, limit))

    async def sample(self, owner: str, specimen: str) -> list[SampleResult]:
        """All tests of a sample that a device has measured, else that an issuer has named."""
        of_device = await self._ask(lambda tables: tables.sample(specimen, device=owner))
        return of_device or await self._ask(lambda tables: tables.sample(specimen, issuer=owner))

    async def of_record(self, raw_id: RawId) -> list[Result]:
        """Results that were taken from a wire record, replaced ones too."""
        return await self._ask(lambda tables: tables.of_record(raw_id))

    async def counts(self, since: Instant) -> Counts:
        """Of what was received from `since` on."""
        return await self._ask(lambda tables: tables.counts(since))

    async def _ask(self, question: Callable[[Tables], _T]) -> _T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, question, self._tables)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{self._path}: {error}") from error
