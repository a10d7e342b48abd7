"""Reads what came, and says what it read as events; compares each record with its plan."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeAlias

from dicom.services import Blob
from gateway import DeviceEvent, Instant, StoreError
from gateway.room import RoomContext
from tps_bridge.book import Book, Comparison, PlanCard, RecordCard, card_of, record_card_of
from tps_bridge.book.card import as_json, from_json, written
from tps_bridge.book.events import (
    COMPARED,
    DOSES,
    PLAN,
    RECORD,
    SUMMED,
    UNREAD,
    VOLUMES,
    read_event,
)
from tps_bridge.compare import Difference, Severity, Tolerances
from tps_bridge.plan import DOSE, PLAN_CLASSES, STRUCTURES, DoseGrid, StructureSet
from tps_bridge.reader import Reader, whole
from tps_bridge.record import SUMMARY, Summary
from tps_bridge.rt import Malformed

_log = logging.getLogger(__name__)
_Card: TypeAlias = PlanCard | RecordCard | StructureSet | DoseGrid | Summary
_AT_ONCE = 16
_PAUSE = 5.0
"""Seconds before what the disk refused, or a node that is not open, is tried again."""


class Intake:
    """One job. What it says has ids that follow from the objects: said twice, it is kept once."""

    def __init__(
        self, context: RoomContext, book: Book, reader: Reader, tolerances: Tolerances
    ) -> None:
        self._site, self._clock, self._ports = context.site.id, context.clock, context.ports
        self._book, self._reader, self._tolerances = book, reader, tolerances
        self._put_off: set[str] = set()

    async def run(self) -> None:
        """Read and compare until cancelled."""
        await self._book.reached(self._ports.last_seq)
        while True:
            try:
                if not await self.step():
                    await self._rest()
            except StoreError as error:
                _log.warning("tps: what was read can't be kept: %s", error)
                await asyncio.sleep(_PAUSE)

    async def step(self) -> bool:
        """Do some of what there is to do; whether anything was done.

        A file that can't be read is put off; StoreError if an event can't be kept. Either is
        tried again later.
        """
        done = False
        limit = _AT_ONCE + len(self._put_off)
        for row in await self._book.waiting(limit):
            done |= await self._tried(row[0], self._read(row))
        for record, plan, digest in await self._book.uncompared(limit):
            done |= await self._tried(record, self._compare(record, plan, digest))
        return done

    def again(self) -> None:
        """What was put off may be tried."""
        self._put_off.clear()

    async def _rest(self) -> None:
        """Wait for news, and not for long if something was put off."""
        try:
            async with asyncio.timeout(_PAUSE if self._put_off else None):
                await self._book.news()
        except TimeoutError:
            self.again()

    async def _tried(self, uid: str, reading: Coroutine[Any, Any, DeviceEvent]) -> bool:
        if uid in self._put_off:
            reading.close()
            return False
        try:
            event = await reading
        except (StoreError, LookupError) as error:
            _log.warning("tps: object %s can't be read now: %s", uid, error)
            self._put_off.add(uid)
            return False
        receipt = await self._ports.publish((event,))
        await self._book.reached(max(receipt.seqs, default=self._ports.last_seq))
        if not receipt.seqs:
            self._put_off.add(uid)  # said before, and the book has not taken it: don't hurry
        return bool(receipt.seqs)

    async def _read(self, row: Sequence[Any]) -> DeviceEvent:
        uid, digest, size, syntax, sop_class, received = row
        blob = Blob(digest, size)
        facts: dict[str, Any] = {"site": self._site, "uid": uid, "blob": digest}
        facts["at"] = Instant(received)
        try:
            if sop_class in PLAN_CLASSES:
                plan = await self._reader.plan_in(blob, syntax)
                return _told(PLAN, lambda: card_of(plan), **facts)
            if sop_class == STRUCTURES:
                outline = await self._reader.structures_in(blob, syntax)
                return _told(VOLUMES, lambda: outline, **facts)
            if sop_class == DOSE:
                dose = await self._reader.dose_in(blob, syntax)
                return _told(DOSES, lambda: dose, **facts)
            if sop_class == SUMMARY:
                summary = await self._reader.summary_in(blob, syntax)
                return _told(SUMMED, lambda: summary, **facts)
            record = await self._reader.record_in(blob, syntax)
            return _told(RECORD, lambda: record_card_of(record), **facts)
        except Malformed as error:
            return read_event(UNREAD, {"what": str(error)}, **facts)

    async def _compare(self, record: str, plan: str, digest: str) -> DeviceEvent:
        try:
            delivered = await self._reader.record(record)
            planned = await self._reader.plan(plan)
            found = await self._reader.delivered(planned, delivered, self._tolerances)
            counted = _counted(record, digest, found)
        except Malformed as error:
            counted = Comparison(record, digest, Severity.ALARM, 0, 0, 0, str(error))
        return read_event(
            COMPARED,
            written(counted),
            site=self._site,
            uid=record,
            blob=digest,
            at=self._clock.now(),
        )


def _told(code: str, make: Callable[[], _Card], **facts: Any) -> DeviceEvent:
    """The event of a card; Malformed where it can't be kept."""
    with whole():
        card = make()
        if not _lasts(card):
            raise Malformed("a number of it is too great to be kept")
        return read_event(code, written(card), identity=card.identity, **facts)


def _lasts(card: _Card) -> bool:
    """Whether it is the same when it is read again: JSON has no infinite numbers."""
    try:
        return from_json(type(card), as_json(card)) == card
    except ValueError:
        return False


def _counted(record: str, digest: str, found: Sequence[Difference]) -> Comparison:
    count = Counter(each.severity for each in found)
    return Comparison(
        record,
        digest,
        max(count, default=0),
        count[Severity.NOTE],
        count[Severity.WARN],
        count[Severity.ALARM],
        untold=count[Severity.UNTOLD],
    )
