"""The audit of a running gateway: entries that arrive together are committed together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.audit.anchors import Anchor, Anchors
from gateway.audit.chain import Chain, Row
from gateway.audit.elsewhere import add_missing, kept_in
from gateway.audit.entry import AuditEntry, entry_of, row_of
from gateway.audit.key import PUT_BACK
from gateway.audit.tables import Filter, Tables
from gateway.errors import ConfigError, StoreError
from gateway.model import Clock, Instant, Subject
from gateway.room import Outcome, Principal
from gateway.seal import Column, Keyring, Progress
from gateway.sqlite import make_private

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_GROUP = 2000
_PATIENCE = 10.0
"""Seconds that a start waits for a disk elsewhere."""


class AuditTrail:
    """A `gateway.room.Auditor`. Every method may raise StoreError.

    What spoke at the start against the audit being whole: `lost` entries were cut off its end,
    its head is gone though it has entries (`headless`), its last entry was changed (`changed`).
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
        copied: Iterable[Anchor] = (),
    ) -> None:
        """ConfigError: the key is not that of the chain."""
        self._path, self._tables, self._anchors = path, tables, anchors
        self._clock, self._chain = clock, Chain(key)
        self._column = Column(ring, "audit", "body")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self._end = tables.last()
        """Seq and HMAC of the last entry on disk; what is written follows it."""
        self._is_sure = True
        head, seq = anchors.head(), self._end[0]
        ends = [anchors.logged, *(each.seq for each in copied), *((head.seq,) if head else ())]
        self._given = max(seq, *ends)
        self.lost = self._given - seq
        self.headless = seq > 0 and head is None
        fitting = [self._chain.fits(before, row) for before, row in tables.edges()]
        if self.headless and not any(fitting):
            raise ConfigError(f"the audit's key is not that of {path}: {PUT_BACK}")
        self.changed = bool(fitting) and not fitting[-1]
        self.unanchored = ""
        """Why the end of the chain could not be noted outside its file; empty if it is."""
        self._waiting: list[tuple[AuditEntry, asyncio.Future[int]]] = []
        self._committing: asyncio.Task[None] | None = None
        self._grown = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        anchors: Path,
        clock: Clock,
        *,
        key: bytes,
        ring: Keyring,
        copy: Path | None = None,
    ) -> AsyncIterator[AuditTrail]:
        """Open or create the file; leaving commits what is queued and notes an anchor.

        Others may read the file meanwhile. `copy` is where its anchors are kept elsewhere. Where
        the end of the chain is gone, `lost` entries are left out of the numbering for ever.
        ConfigError: the key is not that of the chain.
        """
        make_private(path.parent)
        copied = [] if copy is None else await _copied(copy)
        async with AsyncExitStack() as stack:
            try:
                tables = Tables(path)
                stack.callback(tables.close)
                heads = Anchors(anchors, key)
                stack.callback(heads.close)
                trail = cls(path, tables, heads, clock, key=key, ring=ring, copied=copied)
            except (apsw.Error, OSError) as error:
                raise StoreError(f"{path}: the audit can't be opened: {error}") from error
            stack.push_async_callback(trail._close)
            trail._say_doubts()
            with ring.used_by(trail):
                yield trail

    @property
    def last_seq(self) -> int:
        """The last entry on disk."""
        return self._end[0]

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
        """Add an entry; when it returns, it is on disk and chained, and the head follows it.

        A head that can't be written withholds nothing: `unanchored` says why, and the next entry
        and `anchor` try again.
        """
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

    async def copy_to(self, copy: Path) -> Anchor | None:
        """Add to a file elsewhere the anchors that it lacks; one that speaks against the chain.

        Then nothing is added. StoreError as well where the file can't be read or written.
        """
        try:
            return await asyncio.to_thread(add_missing, self._path, self._anchors.log_path, copy)
        except (apsw.Error, OSError, ValueError) as error:
            raise StoreError(f"the anchors in {copy}: {error}") from error

    async def keys(self) -> set[int]:
        """The keys that seal entries (`gateway.seal.KeyUser`)."""
        return await self._run(self._tables.keys)

    async def reseal(self, progress: Progress) -> None:
        """An entry stays as it was chained; its key is needed for as long as it is kept."""
        progress(1, 1)

    def head(self) -> Anchor:
        """Where the chain ends now."""
        seq, mac = self._end
        return Anchor(seq, self._clock.now(), mac)

    async def anchor(self) -> Anchor:
        """Note the end of the chain as a line of the anchor file."""
        head = self.head()
        await self._run(lambda: self._put(head, noted=True))
        if self.unanchored:
            raise StoreError(f"{self._anchors.log_path}: {self.unanchored}")
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
            await self._run(lambda: self._write([entry for entry, _ in group], now))
        except StoreError as error:
            log.warning("The audit can't be written, what needs it is refused: %s", error)
            _refuse(group, error)
            return
        except (TypeError, ValueError) as error:
            # A text that UTF-8 has no bytes for: only its own entry is refused.
            if len(group) == 1:
                log.warning("An entry can't be written, what needs it is refused: %s", error)
                _refuse(group, StoreError(f"the audit can't write this down: {error}"))
            for one in group if len(group) > 1 else ():
                await self._commit([one])
            return
        for _, future in group:
            if not future.done():
                future.set_result(self.last_seq)
        self._grown.set()
        self._grown = asyncio.Event()

    def _write(self, entries: list[AuditEntry], now: Instant) -> None:
        """Once the rows are committed the chain goes on from them, whatever their anchor does."""
        if not self._is_sure:
            self._end = max(self._end, self._tables.last(), key=lambda end: end[0])
            self._given = max(self._given, self._end[0])
            self._is_sure = True
        before, rows = self._end[1], []
        for number, entry in enumerate(entries, self._given + 1):
            row = row_of(number, entry, self._column)
            before = self._chain.mac(before, row)
            rows.append(row._replace(mac=before))
        self._is_sure = False
        self._tables.add(rows)
        self._given, self._end, self._is_sure = rows[-1].seq, (rows[-1].seq, before), True
        self._put(Anchor(rows[-1].seq, now, before))

    def _put(self, head: Anchor, *, noted: bool = False) -> None:
        """Write the head outside the file of the chain, where asked for also as a line."""
        if not head.seq:
            return
        try:
            self._anchors.move(head)
            if noted:
                self._anchors.note(head)
        except OSError as error:
            if not self.unanchored:
                log.warning("The end of the audit could not be noted; it is tried again: %s", error)
            self.unanchored = str(error)
        else:
            if self.unanchored:
                log.info("The end of the audit is noted again.")
            self.unanchored = ""

    def _say_doubts(self) -> None:
        said = "%s %s. Keep it and %s, and find out why; `isogate audit verify` tells more."
        if self.lost:
            ends = f"ends {self.lost} entries before the last that its anchors know: it was cut"
            log.error(said, self._path, ends, self._anchors.head_path.parent)
        if self.headless:
            gone = "has entries and no head: that was removed, or an older audit was put back"
            log.error(said, self._path, gone, self._anchors.head_path.parent)
        if self.changed:
            log.error(said, self._path, "has a changed last entry", self._anchors.head_path.parent)

    async def _close(self) -> None:
        if self._committing is not None:
            await self._committing
        self._thread.shutdown()
        self._put(self.head(), noted=True)

    async def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{self._path}: {error}") from error


def _refuse(group: Iterable[tuple[AuditEntry, asyncio.Future[int]]], error: StoreError) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)


async def _copied(copy: Path) -> list[Anchor]:
    """The anchors of a copy; none of one that can't be read, which whoever adds to it will say."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asyncio.to_thread(kept_in, copy)
    except (OSError, ValueError) as error:
        log.warning("The anchors in %s can't be compared with the audit: %s", copy, error)
        return []
