"""Work items and subscriptions, folded from their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, ClassVar

import apsw
import orjson

from dicom.content import Content
from dicom.services.workitems import WorkItem
from dicom.ups.events import (
    FORGET,
    SUBSCRIBE,
    SUSPEND,
    UNSUBSCRIBE,
    Receiver,
    is_of_item,
    verb_of,
)
from dicom.ups.matching import asked_states, matches
from dicom.ups.schema import SCHEMA
from dicom.ups.terms import FILTERED, GLOBAL, SOP_CLASS, SOP_INSTANCE, STATE
from dicom.ups.terms import PUSH as WORK_ITEM
from gateway import DeviceEvent, Instant

_COLUMNS = "uid, content, version, changed, lock, owner, keeper"
_ITEM = f"SELECT {_COLUMNS} FROM item WHERE uid = ?"  # noqa: S608 - our own words
_PAGE = f"SELECT {_COLUMNS} FROM item WHERE uid > ? ORDER BY uid LIMIT ?"  # noqa: S608
_PAGE_OF_STATE = (
    f"SELECT {_COLUMNS} FROM item WHERE uid > ? AND state IN ({{marks}})"  # noqa: S608
    " ORDER BY uid LIMIT ?"
)
_SET_ITEM = "INSERT OR REPLACE INTO item VALUES(?,?,?,?,?,?,?,?)"
_SUBSCRIBE = "INSERT OR REPLACE INTO subscription VALUES(?,?,?,?)"
_SUBSCRIBE_NEW = "INSERT OR IGNORE INTO subscription VALUES(?,?,?,?)"
_STAND = "INSERT OR REPLACE INTO standing VALUES(?,?,?,?)"
_RECEIVERS = "SELECT title, called FROM subscription WHERE uid = ? ORDER BY title"
_ALL_RECEIVERS = (
    "SELECT title, max(called) FROM"
    " (SELECT title, called FROM subscription UNION SELECT title, called FROM standing)"
    " GROUP BY title ORDER BY title"
)
_DUE = (
    "SELECT uid FROM item WHERE state IN ('COMPLETED', 'CANCELED') AND changed < ?"
    " AND NOT EXISTS (SELECT 1 FROM subscription AS s WHERE s.uid = item.uid AND s.lock)"
    " ORDER BY changed LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A global subscription: to all items, or to those that match `keys`."""

    receiver: Receiver
    lock: bool
    keys: Content | None


class Tables:
    """Used by one thread at a time."""

    format: ClassVar[int] = 1
    schema: ClassVar[str] = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take events in; those that make somebody hear of something follow."""
        following = []
        for event in events:
            verb, said = verb_of(event), event.payload or {}
            if is_of_item(verb):
                self._item(event)
            elif verb == SUBSCRIBE:
                self._subscribe(**said)
            elif verb in (UNSUBSCRIBE, SUSPEND):
                self._end(verb, said["uid"], said["title"])
            elif verb == FORGET:
                self._forget(said["uids"])
            if verb and said.get("tell"):
                following.append(event)
        return following

    def item(self, uid: str) -> WorkItem | None:
        row = next(self._rows(_ITEM, uid), None)
        return None if row is None else _work_item(row)

    def page(
        self, after: str, keys: Content, zone: tzinfo, size: int
    ) -> tuple[list[WorkItem], str]:
        """Of the next `size` items by UID those that match; the last UID read, '' at the end."""
        states = asked_states(keys, STATE)
        sql = _PAGE_OF_STATE.format(marks=",".join("?" * len(states))) if states else _PAGE
        read = [_work_item(row) for row in self._rows(sql, after, *states, size)]
        found = [item for item in read if matches(keys, described(item), zone)]
        return found, read[-1].uid if len(read) == size else ""

    def receivers(self, uid: str) -> list[Receiver]:
        """Who is subscribed to an item."""
        return [Receiver(*row) for row in self._rows(_RECEIVERS, uid)]

    def all_receivers(self) -> list[Receiver]:
        """Who is subscribed to anything."""
        return [Receiver(*row) for row in self._rows(_ALL_RECEIVERS)]

    def standing(self) -> list[Standing]:
        """The global subscriptions."""
        sql = "SELECT title, called, lock, keys FROM standing ORDER BY title"
        return [
            Standing(
                Receiver(title, called), bool(lock), None if keys is None else orjson.loads(keys)
            )
            for title, called, lock, keys in self._rows(sql)
        ]

    def subscribed(self, title: str) -> set[str]:
        """The items that somebody is subscribed to."""
        sql = "SELECT uid FROM subscription WHERE title = ?"
        return {uid for (uid,) in self._rows(sql, title)}

    def count(self) -> int:
        return int(next(self._rows("SELECT count(*) FROM item"))[0])

    def counts(self) -> dict[str, int]:
        """How many items there are, by state."""
        return dict(self._rows("SELECT state, count(*) FROM item GROUP BY state"))

    def due(self, before: Instant, limit: int) -> list[str]:
        """Final items that nobody holds and that have not changed since: they may be forgotten."""
        return [uid for (uid,) in self._rows(_DUE, before, limit)]

    def _item(self, event: DeviceEvent) -> None:
        said: Any = event.payload
        known = self.item(said["uid"])
        content = said["content"] if known is None else known.content | said["content"]
        row = (
            said["uid"],
            said["state"],
            said["version"],
            event.received_at,
            said["lock"],
            said["owner"],
            said.get("keeper", "") if known is None else known.keeper,
            orjson.dumps(content),
        )
        self._connection.execute(_SET_ITEM, row)
        for title, called, lock in said.get("subscribed", ()):
            self._connection.execute(_SUBSCRIBE, (said["uid"], title, called, lock))

    def _subscribe(
        self,
        uid: str,
        title: str,
        called: str,
        *,
        lock: bool,
        keys: Content | None = None,
        uids: Sequence[str] = (),
        tell: object = None,
    ) -> None:
        """To one item, or to all: those that it is subscribed to stay as they are."""
        del tell
        if uid not in (GLOBAL, FILTERED):
            self._connection.execute(_SUBSCRIBE, (uid, title, called, lock))
            return
        encoded = None if keys is None else orjson.dumps(keys)
        self._connection.execute(_STAND, (title, called, lock, encoded))
        self._connection.executemany(_SUBSCRIBE_NEW, [(each, title, called, lock) for each in uids])

    def _end(self, verb: str, uid: str, title: str) -> None:
        if uid in (GLOBAL, FILTERED):
            self._connection.execute("DELETE FROM standing WHERE title = ?", (title,))
            if verb == UNSUBSCRIBE:
                self._connection.execute("DELETE FROM subscription WHERE title = ?", (title,))
            return
        sql = "DELETE FROM subscription WHERE uid = ? AND title = ?"
        self._connection.execute(sql, (uid, title))

    def _forget(self, uids: Sequence[str]) -> None:
        for table in ("item", "subscription"):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE uid = ?",  # noqa: S608 - our own words
                [(uid,) for uid in uids],
            )

    def _rows(self, sql: str, *binds: Any) -> Iterator[tuple[Any, ...]]:
        return iter(self._connection.execute(sql, binds))


def described(item: WorkItem) -> Content:
    """What can be asked of an item: its content, its class and its instance."""
    return item.content | {
        SOP_CLASS: {"vr": "UI", "Value": [WORK_ITEM]},
        SOP_INSTANCE: {"vr": "UI", "Value": [item.uid]},
    }


def _work_item(row: tuple[Any, ...]) -> WorkItem:
    uid, content, version, changed, lock, owner, keeper = row
    return WorkItem(uid, orjson.loads(content), version, Instant(changed), lock, owner, keeper)
