"""What is asked of the tables of the schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apsw
import orjson

from gateway.model import Instant, order_statement
from gateway.room import Gate, Order
from gateway.schedule.noted import Noted, stored


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment as the tables keep it, with the gates that are set."""

    id: bytes
    body: bytes
    entries: int
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event that says nothing of an appointment although it should."""

    seq: int
    at: Instant
    raw: int | None
    source: str
    why: str


class Answers:
    """Reads the tables; only what is committed is seen."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def owner(self, key: bytes) -> bytes:
        """The id of what a key names now: itself, unless it became one with another."""
        owner, _ = self.claim(key)
        return owner

    def claim(self, key: bytes) -> tuple[bytes, bool]:
        """What a key names (of several the first), and whether it names several."""
        rows = self._connection.execute("SELECT owner, shared FROM number WHERE key = ?", (key,))
        owner, shared = next(rows, (key, 0))
        return bytes(owner), bool(shared)

    def between(self, first: Instant, last: Instant, days: Sequence[str]) -> list[Row]:
        """What begins in `[first, last)`, and what has a day of `days` and no time."""
        timed = self._rows("start >= ? AND start < ? ORDER BY start, id", (first, last))
        marks = ",".join("?" * len(days)) or "NULL"
        untimed = self._rows(f"start IS NULL AND day IN ({marks}) ORDER BY day, id", tuple(days))
        return [*untimed, *timed]

    def appointment(self, key: bytes) -> Row | None:
        return next(iter(self._rows("id = ?", (self.owner(key),))), None)

    def of_patients(self, keys: Sequence[bytes], since: Instant | None) -> list[Row]:
        """Of these patients; those without a time come last."""
        marks = ",".join("?" * len(keys)) or "NULL"
        later = "" if since is None else "AND (start >= ? OR start IS NULL)"
        where = f"patient IN ({marks}) {later} ORDER BY start IS NULL, start, id"
        return self._rows(where, (*keys, *(() if since is None else (since,))))

    def open_from(self, since: Instant, day: str, limit: int) -> list[Row]:
        """What still stands, from a moment on, and asks nothing: for the work list."""
        where = (
            "(start >= ? OR (start IS NULL AND (day >= ? OR day = '')))"
            " ORDER BY start IS NULL DESC, start, id LIMIT ?"
        )
        return self._rows(f"open AND NOT question AND {where}", (since, day, limit))

    def questions(self, limit: int) -> list[Row]:
        """What asks whose it is or which one is meant, whether it still stands or not."""
        return self._rows("question ORDER BY start IS NULL DESC, start, id LIMIT ?", (limit,))

    def history(self, key: bytes) -> list[Noted]:
        """Every entry about an appointment, newest first."""
        rows = self._connection.execute(
            "SELECT seq, at, raw, body FROM noted WHERE appointment = ?", (self.owner(key),)
        )
        entries = (stored(*row) for row in rows)
        return sorted(entries, key=lambda each: each.order, reverse=True)

    def orders(self, keys: Sequence[bytes]) -> list[Order]:
        """A patient's orders, newest first."""
        marks = ",".join("?" * len(keys)) or "NULL"
        return list(self._orders(f"patient IN ({marks}) ORDER BY at DESC, id", tuple(keys)))

    def order_of(self, keys: Sequence[bytes]) -> Order | None:
        """The one order that these keys name; None for none, and for several."""
        claims = [self.claim(key) for key in keys]
        owners = sorted({owner for owner, shared in claims if not shared})
        marks = ",".join("?" * len(owners)) or "NULL"
        found = list(self._orders(f"id IN ({marks})", tuple(owners)))
        return found[0] if len(found) == 1 else None

    def newest_orders(self, limit: int) -> list[Order]:
        """Orders that still stand, newest first."""
        return list(self._orders("open ORDER BY at DESC, id LIMIT ?", (limit,)))

    def unreadable(self, limit: int) -> list[Unreadable]:
        rows = self._connection.execute(
            "SELECT seq, at, raw, source, why FROM unreadable ORDER BY seq DESC LIMIT ?", (limit,)
        )
        return [Unreadable(*row) for row in rows]

    def _rows(self, where: str, binds: tuple[Any, ...]) -> list[Row]:
        sql = f"SELECT id, body, entries FROM appointment WHERE {where}"  # noqa: S608
        found = list(self._connection.execute(sql, binds))
        return [Row(id_, body, entries, tuple(self._gates(id_))) for id_, body, entries in found]

    def _gates(self, id_: bytes) -> Iterator[Gate]:
        rows = self._connection.execute(
            "SELECT room, name, reason, at FROM gate WHERE appointment = ? AND reason IS NOT NULL"
            " ORDER BY at, room, name",
            (id_,),
        )
        for room, name, reason, at in rows:
            yield Gate(room, name, orjson.loads(reason), Instant(at))

    def _orders(self, where: str, binds: tuple[Any, ...]) -> Iterator[Order]:
        sql = f"SELECT id, body, at, source, raw FROM orders WHERE {where}"  # noqa: S608
        for id_, body, at, source, raw in self._connection.execute(sql, binds):
            yield Order(id_.hex(), order_statement(orjson.loads(body)), Instant(at), source, raw)
