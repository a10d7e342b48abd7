"""The ports: everything a driver may do to the rest of the gateway."""

from __future__ import annotations

from asyncio import Future
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.model import (
    Clock,
    Direction,
    Publication,
    Quarantined,
    QuarantineReason,
    RawId,
    Receipt,
    WireRecord,
)
from gateway.transport import Connection, TcpListen


class Ports(Protocol):
    """Given to a driver for one link. Every awaited call returns after the commit, or raises.

    Calls of `journal`, `publish` and `quarantine` commit in the order in which they were made.
    StoreError means that nothing was committed: the driver withholds its acknowledgement.
    """

    @property
    def clock(self) -> Clock: ...

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Open this link's transport, tapped. DeviceUnavailable if it can't be opened."""
        ...

    async def serve(
        self, handle: Callable[[Connection], Awaitable[None]], on: TcpListen | None = None
    ) -> None:
        """Run `handle` for every connection of this link's transport.

        A transport that the gateway opens gives one; its end ends this call. A listening one
        gives many at a time, until cancelled, and an error in one closes only that one. `on` is
        the port of a driver that brings its own; what crosses it is tapped by the driver alone.
        """
        ...

    def connected(self, session: str = "") -> None:
        """Say that the link works: resets the back-off, ends the outage in the log."""
        ...

    def tap(self, direction: Direction, data: bytes) -> None:
        """Show bytes to whoever watches the line; for drivers that bring their own connection."""
        ...

    def record(
        self,
        data: bytes,
        *,
        direction: Direction = Direction.IN,
        device: str = "",
        session: str = "",
    ) -> WireRecord:
        """Give bytes their id and receive time. Nothing is on disk yet."""
        ...

    async def journal(self, *records: WireRecord) -> None:
        """Put records on disk; when it returns, what they hold may be acknowledged."""
        ...

    def journal_soon(self, *records: WireRecord) -> Future[Receipt]:
        """As `journal`, handed over at once; the future is done when they are on disk.

        For a source that sends nothing more before it is answered: nobody is made to wait when
        the store is behind. StoreError, at once or of the future.
        """
        ...

    async def publish(self, publication: Publication, *wire: WireRecord) -> Receipt:
        """Normalize and store readings with the `wire` records they came from, atomically.

        Records journalled earlier are named by `publication.raw_ids` alone.
        """
        ...

    async def publish_all(
        self,
        publications: Sequence[Publication],
        quarantined: Sequence[Quarantined],
        *wire: WireRecord,
    ) -> Receipt:
        """Store publications of one device, entries and `wire` records, all in one transaction.

        For a source whose cursor stands in a record and must commit with what it is past.
        """
        ...

    def every(self, seconds: float) -> AsyncIterator[None]:
        """Turns at a fixed rate by the wire clock, the first at once; for drivers that ask.

        A turn that could not be taken in time is left out, never made up in a burst.
        """
        ...

    async def quarantine(self, entry: Quarantined, *wire: WireRecord) -> None:
        """Keep what cannot be interpreted, with the `wire` records it came from, atomically."""
        ...

    def quarantined(
        self, wire: WireRecord, reason: QuarantineReason, subject: str, detail: str
    ) -> Quarantined:
        """An entry about `wire`, for `quarantine`."""
        ...

    async def availability(
        self, device: str, *, online: bool, reason: str = "", raw_id: RawId | None = None
    ) -> None:
        """Say that a device came or went. Repeating what is known costs nothing.

        `raw_id` names the journalled message that says so, if one does.
        """
        ...

    async def recent(self, session: str, limit: int) -> tuple[WireRecord, ...]:
        """This link's last incoming records, newest first, to recognize repeats.

        Those of one `session`; of all sessions if it is empty.
        """
        ...
