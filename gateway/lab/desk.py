"""The laboratory's subscriber, and its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.lab.result import Counts, Result, ResultFilter, SampleResult
from gateway.lab.tables import Tables
from gateway.model import Instant, Kind, RawId
from gateway.projection import Projection
from gateway.seal import Keyring


class LabDesk(Projection[Tables]):
    """Results by sample, a moment behind the event store. Every method may raise StoreError.

    Of a device, sample and test the result that came last on the wire is current; the others are
    its versions. One that is sent once more is the same, and no further version. Results without
    a sample and different runs of a control are never merged.
    """

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring) -> AsyncIterator[LabDesk]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, {Kind.RESULT}) as desk:
            yield desk

    async def results(
        self, wanted: ResultFilter, *, before: int | None = None, limit: int = 100
    ) -> list[Result]:
        """Current results with a seq below `before`, newest first, as `ResultFilter` says."""
        return await self.ask(lambda tables: tables.results(wanted, before, limit))

    async def sample(self, owner: str, specimen: str) -> list[SampleResult]:
        """All tests of a sample that a device has measured, else that an issuer has named."""
        of_device = await self.ask(lambda tables: tables.sample(specimen, device=owner))
        return of_device or await self.ask(lambda tables: tables.sample(specimen, issuer=owner))

    async def result(self, seq: int) -> Result | None:
        """The result of an event, replaced ones too."""
        return await self.ask(lambda tables: tables.result(seq))

    async def of_record(self, raw_id: RawId) -> list[Result]:
        """Results that were taken from a wire record, replaced ones too."""
        return await self.ask(lambda tables: tables.of_record(raw_id))

    async def counts(self, since: Instant) -> Counts:
        """Of what was received from `since` on."""
        return await self.ask(lambda tables: tables.counts(since))
