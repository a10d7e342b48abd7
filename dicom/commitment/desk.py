"""Takes requests in durably, checks what they name, and answers."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dicom.commitment.claim import Answer, Claim, Reason, Reference
from dicom.commitment.events import Asked, answer_of, answered, requested
from dicom.commitment.options import CommitmentOptions
from dicom.commitment.transactions import Transactions
from dicom.reports import Reporter
from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from gateway import DeviceEvent, StoreError
from gateway.room import RoomContext

log = logging.getLogger(__name__)

_PAUSE = 5.0


@dataclass(slots=True)
class Desk:
    """One for all titles: a request is an event before it is confirmed, so is its answer."""

    context: RoomContext
    options: CommitmentOptions
    transactions: Transactions
    reporter: Reporter
    index: Index
    blobs: Blobs
    seen: int
    """The seq up to which the tables must be folded before the next decision."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, asked: Asked) -> None:
        """Keep a request; when it returns, it is on disk. StoreError if it is not.

        The same request again is one request, and is reported on again. Another one under its
        transaction UID is answered with a failure for each of its objects (0131).
        """
        await self._to_its_end(self._take(asked))

    async def run(self) -> None:
        """Answer requests, the oldest first, until cancelled."""
        while True:
            self._wake.clear()
            try:
                if not await self.answer_next():
                    await self._wake.wait()
            except StoreError as error:
                log.warning("A storage commitment can't be answered now: %s", error)
                await asyncio.sleep(_PAUSE)

    async def answer_next(self) -> bool:
        """Check and answer one request; False if none waits."""
        await self.transactions.reached(self.seen)
        asked = await self.transactions.ask(lambda tables: tables.next())
        if asked is None:
            return False
        answer = await self.check(asked.claim)
        await self._publish(answered(self.context.site.id, asked, answer, self.context.clock.now()))
        return True

    async def check(self, claim: Claim) -> Answer:
        """What we commit to. Everything that was acknowledged before is looked at."""
        await self.index.reached(self.context.ports.last_seq)
        committed: list[Reference] = []
        failed: list[tuple[Reference, Reason]] = []
        for each in claim.references:
            reason = await self._fault(each)
            if reason is None:
                committed.append(each)
            else:
                failed.append((each, reason))
        return Answer(claim.transaction, committed, failed)

    async def close(self) -> None:
        """Wait for what is being written."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def _fault(self, reference: Reference) -> Reason | None:
        """Why we can't commit to an object. It was durable when its sender saw Success."""
        found = await self.index.versions(reference.uid)
        if not found:
            return Reason.NO_SUCH_OBJECT
        if len(found) > 1:
            log.warning("No commitment to %s: several objects have that UID", reference.uid)
            return Reason.PROCESSING_FAILURE
        (stored,) = found
        if stored.attributes.sop_class != reference.sop_class:
            return Reason.OTHER_CLASS
        words = await self.blobs.verify(stored.blob, stored.origin.transfer_syntax)
        if words:
            log.error("No commitment to %s: %s", reference.uid, words)
            return Reason.PROCESSING_FAILURE
        return None

    async def _take(self, asked: Asked) -> None:
        claim, now = asked.claim, self.context.clock.now()
        site = self.context.site.id
        async with self._turn:
            await self.transactions.reached(self.seen)
            known = await self.transactions.ask(lambda tables: tables.known(claim.transaction))
            if known is None:
                await self._publish(requested(site, asked, now))
            elif (known.calling, known.digest) != (asked.calling, claim.digest):
                reason = Reason.DUPLICATE_TRANSACTION
                refusal = Answer(
                    claim.transaction, [], [(each, reason) for each in claim.references]
                )
                await self._publish(answered(site, asked, refusal, now, os.urandom(16)))
            elif known.answer is not None:
                again = answer_of(known.answer)
                await self._publish(answered(site, asked, again, now, os.urandom(16)))
        self._wake.set()

    async def _publish(self, event: DeviceEvent) -> None:
        receipt = await self.context.ports.publish((event,))
        self.seen = max((self.seen, *receipt.seqs))

    async def _to_its_end(self, work: Coroutine[None, None, None]) -> None:
        """Do it whole, whether or not the association that asked is there meanwhile."""
        task = asyncio.create_task(work, name="dicom-commitment")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)


@asynccontextmanager
async def opened(
    context: RoomContext,
    options: CommitmentOptions,
    reporter: Reporter,
    index: Index,
    blobs: Blobs,
) -> AsyncIterator[Desk]:
    """The desk with its tables; leaving waits for what is being written."""
    path = context.data / "store" / "commitments.sqlite"
    async with Transactions.open(path, context.ring, reporter, context.clock) as transactions:
        seen = context.ports.last_seq
        desk = Desk(context, options, transactions, reporter, index, blobs, seen)
        try:
            yield desk
        finally:
            await desk.close()
