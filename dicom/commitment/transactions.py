"""The transactions: which are known, which wait for an answer, and the reports that are owed."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import apsw
import orjson

from dicom.commitment.claim import INSTANCE, PUSH
from dicom.commitment.events import ANSWERED, REQUESTED, Asked, answer_of, asked_of
from dicom.reports import Report, Reporter
from gateway import Clock, DeviceEvent, Kind
from gateway.projection import Projection
from gateway.room import ACTION_SYSTEM, Emit, Keyring

log = logging.getLogger(__name__)

_TOO_OLD = 24 * 3600 * 1_000_000

_SCHEMA = """
CREATE TABLE known(
  uid TEXT PRIMARY KEY, calling TEXT NOT NULL, digest TEXT NOT NULL, seq INTEGER NOT NULL,
  asked BLOB, answer BLOB
) WITHOUT ROWID;
CREATE INDEX unanswered ON known(seq) WHERE answer IS NULL;
"""
_NEXT = "SELECT asked FROM known WHERE answer IS NULL ORDER BY seq LIMIT 1"
_ANSWER = "UPDATE known SET answer = ?, asked = NULL WHERE uid = ? AND answer IS NULL"


@dataclass(frozen=True, slots=True)
class Known:
    """A transaction UID in use: whose, for which objects, and what was answered, if it was."""

    calling: str
    digest: str
    answer: Any


class Tables:
    """Used by one thread at a time."""

    format: ClassVar[int] = 1
    schema: ClassVar[str] = _SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take events in; the answers among them follow, to be reported."""
        following = []
        for event in events:
            if event.code.system != ACTION_SYSTEM:
                continue
            if event.code.code == REQUESTED:
                self._request(event)
            elif event.code.code == ANSWERED:
                self._answer(event)
                following.append(event)
        return following

    def known(self, uid: str) -> Known | None:
        sql = "SELECT calling, digest, answer FROM known WHERE uid = ?"
        row = next(iter(self._connection.execute(sql, (uid,))), None)
        if row is None:
            return None
        calling, digest, answer = row
        return Known(calling, digest, None if answer is None else orjson.loads(answer))

    def next(self) -> Asked | None:
        """The request that waits longest for its answer."""
        row = next(iter(self._connection.execute(_NEXT)), None)
        return None if row is None else asked_of(orjson.loads(row[0]))

    def _request(self, event: DeviceEvent) -> None:
        said: Any = event.payload
        row = (said["transaction"], said["calling"], said["digest"], event.seq, orjson.dumps(said))
        self._connection.execute("INSERT OR IGNORE INTO known VALUES(?,?,?,?,?,NULL)", row)

    def _answer(self, event: DeviceEvent) -> None:
        """What was asked need not be kept any longer."""
        said: Any = event.payload
        if said["settles"]:
            self._connection.execute(_ANSWER, (orjson.dumps(said), said["transaction"]))


class Transactions(Projection[Tables]):
    """Requests and their answers. Reports are owed, durably, before the tables commit."""

    reporter: Reporter
    clock: Clock

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, ring: Keyring, reporter: Reporter, clock: Clock
    ) -> AsyncIterator[Transactions]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, {Kind.ACTION}) as transactions:
            transactions.reporter, transactions.clock = reporter, clock
            yield transactions

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold; what follows goes to the outbox, nothing into the event store."""
        del emit
        await super().apply(events, self._owe)

    async def _owe(self, events: Sequence[DeviceEvent]) -> None:
        now = self.clock.now()
        fresh = [event for event in events if now - event.received_at <= _TOO_OLD]
        if len(fresh) < len(events):
            old = len(events) - len(fresh)
            log.warning("%d storage commitments are older than a day: not reported again.", old)
        owed = []
        for event in fresh:
            said: Any = event.payload
            if said["peer"] not in self.reporter.lines:
                log.warning("%s asked for commitment and is no peer any more.", said["calling"])
            else:
                owed.append((said["peer"], f"commitment:{event.id.hex()}", _report(said)))
        await self.reporter.owe(owed)


def _report(said: Any) -> Report:
    answer = answer_of(said)
    return Report(said["called"], (PUSH,), PUSH, INSTANCE, int(answer.outcome), answer.content())
