"""The one bridge to what blocks: files are decoded and compared on a thread of its own."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from dicom.services import Blob, Frames, Objects, Stored
from gateway import IsogateError
from gateway.room import Neighbours
from tps_bridge.book import Book
from tps_bridge.compare import (
    Difference,
    Tolerances,
    compare_application,
    compare_delivered,
    compare_plans,
)
from tps_bridge.plan import (
    DoseGrid,
    Plan,
    StructureSet,
    read_dose,
    read_plan,
    read_structures,
)
from tps_bridge.record import BRACHY, Record, Summary, read_record, read_summary
from tps_bridge.rt import Bounds, Item, Malformed, decode, greatest_pixel
from tps_bridge.slices import NotDrawn, Outlines, read_outlines

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_PLANS, _RECORDS, _VOLUMES = 8, 4, 2
_BEAMS = ("TreatmentSessionBeamSequence", "TreatmentSessionIonBeamSequence")


class Reader:
    """Reads objects of the node; the last few stay in memory.

    LookupError while no DICOM node is open, StoreError if a file can't be read, Malformed if it is
    not what it should be. Everything takes turns on one thread.
    """

    def __init__(
        self, neighbours: Neighbours, book: Book, thread: ThreadPoolExecutor, largest: int
    ) -> None:
        self._neighbours, self._book, self._thread = neighbours, book, thread
        self._largest, self._bounds = largest, Bounds(size=4 * largest)
        self._plans: _Kept[Plan] = _Kept(_PLANS)
        self._records: _Kept[Record] = _Kept(_RECORDS)
        self._doses: _Kept[Item] = _Kept(_VOLUMES)
        self._outlines: _Kept[Outlines] = _Kept(_VOLUMES)

    @classmethod
    @contextmanager
    def open(cls, neighbours: Neighbours, book: Book, largest: int) -> Iterator[Reader]:
        """Leaving waits for what is being read."""
        with ThreadPoolExecutor(1, thread_name_prefix="tps-reader") as thread:
            yield cls(neighbours, book, thread, largest)

    async def plan_in(self, blob: Blob, syntax: str) -> Plan:
        """The plan in a file."""
        return await self._read(self._plans, blob, syntax, read_plan)

    async def record_in(self, blob: Blob, syntax: str) -> Record:
        """The record in a file."""
        return await self._read(self._records, blob, syntax, read_record)

    async def structures_in(self, blob: Blob, syntax: str) -> StructureSet:
        """The structure set in a file, in outline."""
        data = await self._bytes(blob)
        return await self._read_by(lambda: read_structures(decode(data, syntax, self._bounds)))

    async def dose_in(self, blob: Blob, syntax: str) -> DoseGrid:
        """The dose grid in a file, in outline."""
        data = await self._bytes(blob)
        return await self._read_by(lambda: _dose(data, syntax, self._bounds))

    async def summary_in(self, blob: Blob, syntax: str) -> Summary:
        """The treatment summary in a file."""
        data = await self._bytes(blob)
        return await self._read_by(lambda: read_summary(decode(data, syntax, self._bounds)))

    async def plan(self, uid: str) -> Plan:
        """A plan by its UID; LookupError if there is none."""
        return await self.plan_in(*await self._file(uid))

    async def record(self, uid: str) -> Record:
        """A record by its UID; LookupError if there is none."""
        return await self.record_in(*await self._file(uid))

    async def dose(self, uid: str) -> Item:
        """What a dose says of itself, without its pixels; LookupError if there is none."""
        return await self._read(self._doses, *await self._file(uid), lambda item: item)

    async def outlines(self, uid: str) -> Outlines:
        """The contours of a structure set; LookupError if there is none."""
        blob, syntax = await self._file(uid)
        return await self._read(self._outlines, blob, syntax, read_outlines, contours=True)

    async def image(self, uid: str) -> Item:
        """What an image says of itself, without its pixels; LookupError if there is none."""
        found = await self._neighbours(Objects).instance(uid)
        if found is None:
            raise LookupError(f"no object {uid} is here")
        data, syntax = await self._bytes(found.blob), found.origin.transfer_syntax
        return await self._read_by(lambda: decode(data, syntax, self._bounds))

    async def stored(self, uid: str, frame: int) -> Stored:
        """A frame of a dose, from 1, as it is stored; Unviewable, LookupError if there is none."""
        blob, _ = await self._file(uid)
        return await self._neighbours(Frames).stored(blob, frame)

    async def delivered(
        self, plan: Plan, record: Record, tolerances: Tolerances
    ) -> tuple[Difference, ...]:
        """Where any beam of a record is not as its plan has it."""
        return await self._read_by(lambda: tuple(_delivered(plan, record, tolerances)))

    async def versions(self, one: Plan, other: Plan) -> tuple[Difference, ...]:
        """Where two plans differ in what they deliver."""
        return await self._read_by(lambda: compare_plans(one.delivers, other.delivers))

    async def run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _read_by(self, work: Callable[[], _T]) -> _T:
        """What pure work makes of an object; Malformed where it fails at it, however it does."""

        def read() -> _T:
            with whole():
                return work()

        return await self.run(read)

    async def _file(self, uid: str) -> tuple[Blob, str]:
        found = await self._book.file(uid)
        if found is None:
            raise LookupError(f"no object {uid} is here that is read")
        return found

    async def _read(
        self,
        kept: _Kept[_T],
        blob: Blob,
        syntax: str,
        meaning: Callable[[Item], _T],
        *,
        contours: bool = False,
    ) -> _T:
        known = kept.get(blob.digest)
        if known is not None:
            return known
        data = await self._bytes(blob)
        value = await self._read_by(
            lambda: meaning(decode(data, syntax, self._bounds, contours=contours))
        )
        kept.put(blob.digest, value)
        return value

    async def _bytes(self, blob: Blob) -> bytes:
        if blob.size > self._largest:
            raise Malformed(f"it has {blob.size} bytes; {self._largest} are read at most")
        return await self._neighbours(Objects).whole(blob, self._largest)


@contextmanager
def whole() -> Iterator[None]:
    """Whatever fails inside, when an object is read, is Malformed: it waits for a person."""
    try:
        yield
    except (IsogateError, NotDrawn):
        raise
    except Exception as error:  # a strange object must not end the job that reads all others
        _log.exception("tps: a reader failed at an object")
        kind = type(error).__name__
        raise Malformed(f"it defeats its reader ({kind}: {error})") from error


class _Kept(Generic[_T]):
    """The values that were asked for last, by the digest of their file."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[str, _T] = OrderedDict()

    def get(self, digest: str) -> _T | None:
        if digest in self._values:
            self._values.move_to_end(digest)
        return self._values.get(digest)

    def put(self, digest: str, value: _T) -> None:
        self._values[digest] = value
        while len(self._values) > self._most:
            self._values.popitem(last=False)


def _dose(data: bytes, syntax: str, bounds: Bounds) -> DoseGrid:
    item = decode(data, syntax, bounds)
    bits, signed = item.integer("BitsAllocated") or 0, item.integer("PixelRepresentation") == 1
    return read_dose(item, greatest_pixel(data, syntax, bits, signed=signed))


def _delivered(plan: Plan, record: Record, tolerances: Tolerances) -> Iterator[Difference]:
    for beam in record.tree.items(*_BEAMS):
        yield from compare_delivered(plan.tree, record.tree, beam, tolerances)
    if record.sop_class == BRACHY:
        for place in range(len(record.beams)):
            yield from compare_application(plan, record, place, tolerances)
