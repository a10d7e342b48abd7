"""The audit of a running gateway: entries that arrive together are committed together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.audit.anchors import Anchor, Anchors
from gateway.audit.chain import Chain, Row
from gateway.audit.entry import AuditEntry, entry_of, row_of
from gateway.audit.tables import Filter, Tables
from gateway.errors import StoreError
from gateway.model import Clock, Instant, Subject
from gateway.room import Outcome, Principal
from gateway.seal import Column, Keyring, Progress

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_GROUP = 2000


class AuditTrail:
    """A `gateway.room.Auditor`. Every method may raise StoreError.

    `lost` counts the entries that were cut off the end of the file before this start.
    """

    name = "audit"
    purposes = ("audit.body",)

    def __init__(
        self,
        path: Path,
        tables: Tables,
        anchors: Anchors,
        clock: Clock,
        *,
        key: bytes,
        ring: Keyring,
    ) -> None:
        self._path, self._tables, self._anchors = path, tables, anchors
        self._clock, self._chain = clock, Chain(key)
        self._column = Column(ring, "audit", "body")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self._seq, self._mac = tables.last()
        head = anchors.head()
        self.lost = head.seq - self._seq if head is not None and head.seq > self._seq else 0
        self._seq += self.lost
        self._waiting: list[tuple[AuditEntry, asyncio.Future[int]]] = []
        self._committing: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, anchors: Path, clock: Clock, *, key: bytes, ring: Keyring
    ) -> AsyncIterator[AuditTrail]:
        """Open or create the file; leaving commits what is queued and notes an anchor.

        Others may read the file meanwhile.
        Where the end of the chain is gone, `lost` entries are left out of the numbering for ever.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            tables = Tables(path)
            heads = Anchors(anchors, key)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{path}: the audit can't be opened: {error}") from error
        trail = cls(path, tables, heads, clock, key=key, ring=ring)
        try:
            trail._say_lost()
            with ring.used_by(trail):
                yield trail
        finally:
            if trail._committing is not None:
                await trail._committing
            trail._thread.shutdown()
            trail._note_end()
            tables.close()
            heads.close()

    @property
    def last_seq(self) -> int:
        """The last entry on disk."""
        return self._seq

    async def record(
        self,
        action: str,
        who: Principal,
        *,
        outcome: Outcome = Outcome.SUCCESS,
        subject: Subject | None = None,
        objects: Mapping[str, str] | None = None,
        detail: str = "",
        address: str = "",
    ) -> None:
        """Add an entry; when it returns, it is on disk, chained and anchored."""
        entry = AuditEntry(
            at=self._clock.now(),
            who=who.id,
            name=who.name,
            action=action,
            outcome=outcome,
            address=address,
            subject=subject,
            objects=tuple((objects or {}).items()),
            detail=detail,
        )
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all(), name="audit-commit")
        await asyncio.shield(future)

    async def find(
        self, wanted: Filter, *, before: int | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        """Entries with a seq below `before`, newest first."""
        return await self._run(lambda: self._opened(self._tables.find(wanted, before, limit)))

    async def unsent(self, limit: int) -> list[AuditEntry]:
        """What a collector does not have yet, in order."""
        return await self._run(lambda: self._opened(self._tables.after(self._tables.sent(), limit)))

    def patient(self, issuer: str, identifier: str) -> tuple[bytes, ...]:
        """What the entries of a patient are found by, for a `Filter`."""
        return self._column.hashes(issuer, identifier)

    async def mark_sent(self, seq: int) -> None:
        """A collector has everything up to `seq`."""
        await self._run(lambda: self._tables.mark_sent(seq))

    async def grown(self) -> None:
        """Wait for the next entry."""
        await self._grown.wait()

    @property
    def anchor_file(self) -> Path:
        """The anchors, a line each; to be copied to where this machine can't change it."""
        return self._anchors.log_path

    async def keys(self) -> set[int]:
        """The keys that seal entries (`gateway.seal.KeyUser`)."""
        return await self._run(self._tables.keys)

    async def reseal(self, progress: Progress) -> None:
        """An entry stays as it was chained; its key is needed for as long as it is kept."""
        progress(1, 1)

    def head(self) -> Anchor:
        """Where the chain ends now."""
        return Anchor(self._seq, self._clock.now(), self._mac)

    async def anchor(self) -> Anchor:
        """Note the end of the chain as a line of the anchor file."""
        head = self.head()
        await self._run(lambda: self._anchors.note(head))
        return head

    def _opened(self, rows: Sequence[Row]) -> list[AuditEntry]:
        return [entry_of(row, self._column) for row in rows]

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
                await self._commit(group)
        finally:
            self._committing = None

    async def _commit(self, group: list[tuple[AuditEntry, asyncio.Future[int]]]) -> None:
        now = self._clock.now()
        try:
            self._seq, self._mac = await self._run(
                lambda: self._write([entry for entry, _ in group], self._seq, self._mac, now)
            )
        except StoreError as error:
            log.warning("The audit can't be written, what needs it is refused: %s", error)
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for _, future in group:
            if not future.done():
                future.set_result(self._seq)
        self._grown.set()
        self._grown = asyncio.Event()

    def _write(
        self, entries: list[AuditEntry], seq: int, before: bytes, now: Instant
    ) -> tuple[int, bytes]:
        rows = []
        for number, entry in enumerate(entries, seq + 1):
            row = row_of(number, entry, self._column)
            before = self._chain.mac(before, row)
            rows.append(row._replace(mac=before))
        self._tables.add(rows)
        self._anchors.move(Anchor(rows[-1].seq, now, before))
        return rows[-1].seq, before

    def _say_lost(self) -> None:
        if self.lost:
            log.error(
                "%s ends %d entries before the one that %s names: its end was cut off. Keep both"
                " files and find out who did it; `isogate audit verify` tells more.",
                self._path,
                self.lost,
                self._anchors.head_path,
            )

    def _note_end(self) -> None:
        try:
            if self._seq:
                self._anchors.note(self.head())
        except OSError as error:
            log.warning("The anchor of the audit could not be noted: %s", error)

    async def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{self._path}: {error}") from error
