"""Performed procedure steps, folded from their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import apsw
import orjson

from dicom.mpps.events import CREATED, is_step, read_links
from dicom.mpps.link import How
from dicom.mpps.said import STATUS, State, bounded, text
from gateway import DeviceEvent

SCHEMA = """
CREATE TABLE step(
  uid TEXT PRIMARY KEY, state TEXT NOT NULL, device TEXT NOT NULL,
  began INTEGER NOT NULL, changed INTEGER NOT NULL, changes INTEGER NOT NULL,
  flagged INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX step_by_change ON step(changed);
CREATE INDEX step_flagged ON step(began) WHERE flagged;
CREATE TABLE linked(
  appointment TEXT, step TEXT, PRIMARY KEY(appointment, step)
) WITHOUT ROWID;
"""
_NEW = "INSERT OR IGNORE INTO step VALUES(?,?,?,?,?,0,?,?)"
_CHANGE = "UPDATE step SET state = ?, changed = ?, changes = ?, body = ? WHERE uid = ?"


class Tables:
    """Used by one thread at a time. `body` is [attributes, links, problems, calling, address]."""

    format: ClassVar[int] = 1
    schema: ClassVar[str] = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Steps that began and that changed; nothing follows from it."""
        for event in events:
            if is_step(event):
                self._create(event) if event.code.code == CREATED else self._change(event)
        return ()

    def rows(self, sql: str, binds: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Of a query; for `PerformedSteps`, within one question."""
        return iter(self._connection.execute(sql, binds))

    def _create(self, event: DeviceEvent) -> None:
        said = dict(event.payload or {})
        uid, links = said["step"], read_links(said)
        at, flagged = event.received_at, any(each.how is not How.LINKED for each in links)
        whole = [said["attributes"], said["links"], said["problems"]]
        body = orjson.dumps([*whole, said["calling"], said["address"]])
        row = (uid, State.IN_PROGRESS, event.source.device, at, at, flagged, body)
        self._connection.execute(_NEW, row)
        pairs = [(each.appointment, uid) for each in links if each.appointment]
        self._connection.executemany("INSERT OR IGNORE INTO linked VALUES(?,?)", pairs)

    def _change(self, event: DeviceEvent) -> None:
        said = dict(event.payload or {})
        known = next(self.rows("SELECT state, body FROM step WHERE uid = ?", (said["step"],)), None)
        if known is None:
            return
        state, body = known
        attributes, links, problems, calling, address = orjson.loads(body)
        attributes |= said["attributes"]
        problems = bounded([*problems, *said["problems"]])
        body = orjson.dumps([attributes, links, problems, calling, address])
        now = text(said["attributes"], STATUS) or state
        row = (now, event.received_at, said["number"], body, said["step"])
        self._connection.execute(_CHANGE, row)
