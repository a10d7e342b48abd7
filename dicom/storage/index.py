"""What can be asked of the stored objects."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from dicom.storage.object import StoredObject, is_object, read_payload
from dicom.storage.removal import removal_in
from dicom.storage.search import Found, Search, statements
from dicom.storage.sight import Sight
from dicom.storage.tables import Tables
from gateway import DeviceEvent, Instant, Kind, StoreError
from gateway.projection import Projection
from gateway.room import Emit, Keyring

_PATIENCE = 10.0
_MOMENT = 0.05
"""Seconds in which objects of a series are gathered, so that folding them costs them little."""

_OBJECT = "SELECT body, received, seq FROM instance"
_VERSIONS = """
SELECT body, received, seq FROM instance WHERE uid = ?1
UNION ALL
SELECT body, received, seq FROM conflict WHERE uid = ?1 AND kind = 'content'
ORDER BY seq
"""
_OF_OBJECT = "SELECT body, received, seq, kind, words FROM conflict WHERE uid = ? ORDER BY seq"
_OF_STUDY = """
SELECT conflict.body, conflict.received, conflict.seq, kind, words
FROM conflict JOIN instance ON instance.uid = conflict.uid
WHERE instance.study = ? ORDER BY conflict.seq LIMIT ?
"""
_CONFLICT = "SELECT body, received, seq, kind, words FROM conflict ORDER BY seq DESC LIMIT ?"
_ALL = """
SELECT body, received, seq FROM instance WHERE seq > ?1
UNION ALL
SELECT body, received, seq FROM conflict WHERE seq > ?1 AND kind = 'content'
ORDER BY seq LIMIT ?2
"""
_DIGESTS = """
SELECT digest FROM instance WHERE digest IN ({marks})
UNION SELECT digest FROM conflict WHERE digest IN ({marks})
UNION SELECT sent FROM instance WHERE sent <> '' AND sent IN ({marks})
UNION SELECT sent FROM conflict WHERE sent <> '' AND sent IN ({marks})
"""
_COERCED = """
SELECT body, received, seq FROM instance WHERE uid = ?1 AND sent = ?2
UNION ALL
SELECT body, received, seq FROM conflict WHERE uid = ?1 AND sent = ?2 AND kind = 'content'
"""
_HERE = """
SELECT EXISTS(SELECT 1 FROM instance WHERE uid = ?1 AND digest = ?2)
  OR EXISTS(SELECT 1 FROM conflict WHERE uid = ?1 AND digest = ?2 AND kind = 'content')
"""
_HOLDS = "SELECT study, who, at, why FROM held"
_REMOVED = """
SELECT study, patient, issuer, rule, instances, bytes, at FROM removed ORDER BY seq DESC LIMIT ?
"""
_LEAVING = """
SELECT removal, study, digest FROM leaving JOIN removed ON removed.seq = removal ORDER BY removal
"""
_HELD = "SELECT sop_class, syntax, instances FROM holding"
_SEEN = "SELECT uid FROM study WHERE uid IN ({marks}) AND {clause}"
_AT_ONCE = 400
_STUDIES = """
SELECT study.uid, patient.id, patient.issuer, patient.name, study.date, study.description,
  study.accession, study.received,
  (SELECT group_concat(DISTINCT modality) FROM series WHERE series.study = study.uid),
  (SELECT count(*) FROM instance WHERE instance.study = study.uid)
FROM study JOIN patient ON patient.key = study.patient
ORDER BY study.received DESC LIMIT ?
"""


class Clash(StrEnum):
    """In what an object contradicts one that was there before it. Both are kept.

    CONTENT: the same SOP Instance UID with other bytes; the first one counts. PATIENT: the same
    study with another patient; it is listed under the study's first patient. SERIES: the same
    series in another study.
    """

    CONTENT = "content"
    PATIENT = "patient"
    SERIES = "series"


@dataclass(frozen=True, slots=True)
class Conflict:
    """An object that contradicts an earlier one, for a person to settle."""

    stored: StoredObject
    clash: Clash
    words: str


@dataclass(frozen=True, slots=True)
class Study:
    """A study as a list shows it. `modalities` are those of its series, joined by commas."""

    uid: str
    patient: str
    issuer: str
    name: str
    date: str
    description: str
    accession: str
    received_at: Instant
    modalities: str
    instances: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody wants that no rule removes a study."""

    study: str
    who: str
    at: Instant
    why: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A study that a rule removed; `bytes` are those of its datasets."""

    study: str
    patient: str
    issuer: str
    rule: str
    instances: int
    bytes: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Totals:
    """Objects that count, and bytes of all datasets that are kept."""

    instances: int
    bytes: int


class Index(Projection[Tables]):
    """The stored objects, a moment behind the event store.

    Whoever must see everything that was acknowledged awaits `reached(ports.last_seq)` first.
    Every method may raise StoreError.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._waited = 0
        self._hurry = asyncio.Event()
        self._held: dict[str, Counter[str]] = defaultdict(Counter)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring) -> AsyncIterator[Index]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, {Kind.OBJECT, Kind.ACTION}) as index:
            await index.count_held()
            yield index

    async def count_held(self) -> None:
        """Count anew how many objects of each class came in each transfer syntax."""
        held = await self.ask(lambda tables: list(tables.rows(_HELD)))
        self._held.clear()
        for sop_class, syntax, instances in held:
            self._held[sop_class][syntax] = instances

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold objects, after a moment in which more may come, unless somebody waits for them."""
        if not self._waited:
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_MOMENT):
                    await self._hurry.wait()
        news = [each for each in events if each.seq > self.cursor() and is_object(each)]
        await super().apply(events, emit)
        for each in news:
            said = each.payload or {}
            self._held[said["sop_class"]][said["transfer_syntax"]] += 1
        if any(removal_in(each) is not None for each in events):
            await self.count_held()

    def most_held(self, sop_class: str, syntaxes: Sequence[str]) -> str | None:
        """The one of these transfer syntaxes in which most objects of a class came; None for none.

        What was sent twice counts twice until the next start: it is a preference.
        """
        held = self._held.get(sop_class, Counter())
        best = max(syntaxes, key=lambda each: held[each], default=None)
        return best if best is not None and held[best] else None

    async def reached(self, seq: int) -> None:
        self._waited += 1
        self._hurry.set()
        try:
            await super().reached(seq)
        finally:
            self._waited -= 1

    async def caught_up(self, seq: int) -> None:
        """As `reached`, while a peer waits: StoreError where that takes too long."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.reached(seq)
        except TimeoutError:
            raise StoreError(f"the index of objects is more than {_PATIENCE:g} s behind") from None

    async def instance(self, uid: str) -> StoredObject | None:
        """The object that counts for a SOP Instance UID."""
        found = await self._objects(f"{_OBJECT} WHERE uid = ?", uid)
        return found[0] if found else None

    async def of_series(self, uid: str) -> Sequence[StoredObject]:
        """Objects of a series, as they came."""
        return await self._objects(f"{_OBJECT} WHERE series = ? ORDER BY seq", uid)

    async def of_study(self, uid: str) -> Sequence[StoredObject]:
        """Objects of a study, as they came."""
        return await self._objects(f"{_OBJECT} WHERE study = ? ORDER BY seq", uid)

    async def everything(self, after: int, limit: int) -> Sequence[StoredObject]:
        """All files that are kept, in order of seq, also those that contradict another one."""
        return await self._objects(_ALL, after, limit)

    async def digests(self, wanted: Sequence[str]) -> frozenset[str]:
        """Those of the digests that an object has."""
        found: set[str] = set()
        for start in range(0, len(wanted), _AT_ONCE):
            found |= await self._known(wanted[start : start + _AT_ONCE])
        return frozenset(found)

    async def studies(self, limit: int = 100) -> Sequence[Study]:
        """Those that came last first."""
        return await self.ask(
            lambda tables: [Study(*row) for row in tables.rows(_STUDIES, (limit,))]
        )

    async def search(self, search: Search) -> Found:
        """Rows by attributes; NotSearchable."""
        sql, count, binds, names = statements(search)

        def found(tables: Tables) -> Found:
            rows = [
                dict(zip(names, row, strict=True))
                for row in tables.rows(sql, (*binds, search.limit, search.offset))
            ]
            return Found(rows, int(next(tables.rows(count, binds))[0]))

        return await self.ask(found)

    async def seen(self, uids: Collection[str], sight: Sight) -> frozenset[str]:
        """Those of some studies that a sight leaves."""
        found: set[str] = set()
        wanted, (clause, titles) = list(uids), sight.clause
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            sql = _SEEN.format(marks=",".join("?" * len(some)), clause=clause)
            found |= await self._column(sql, (*some, *titles))
        return frozenset(found)

    async def versions(self, uid: str) -> Sequence[StoredObject]:
        """All objects with a SOP Instance UID; the first one counts."""
        return await self._objects(_VERSIONS, uid)

    async def coerced_from(self, uid: str, digest: str) -> Sequence[StoredObject]:
        """The objects that rules made of the file of this digest when it came."""
        return await self._objects(_COERCED, uid, digest)

    async def removed_after(self, stored: StoredObject, newest: int) -> int:
        """The seq of the latest removal where an object that once came is here no more; else 0.

        `newest` is the seq of the newest event, which is waited for as in `caught_up`.
        """
        await self.caught_up(newest)
        coerced = stored.coerced
        if coerced is not None:
            made = await self.coerced_from(stored.uid, coerced.sent.digest)
            if any(e.coerced and e.coerced.change.after == coerced.change.after for e in made):
                return 0
        binds = (stored.uid, stored.blob.digest)

        def found(tables: Tables) -> int:
            (here,) = next(tables.rows(_HERE, binds))
            return 0 if here else int(next(tables.rows("SELECT max(seq) FROM removed"))[0] or 0)

        return await self.ask(found)

    async def hold(self, study: str) -> Hold | None:
        """Who wants that no rule removes a study, if anybody does."""
        rows = await self.ask(
            lambda tables: list(tables.rows(f"{_HOLDS} WHERE study = ?", (study,)))
        )
        return Hold(*rows[0]) if rows else None

    async def holds(self) -> Sequence[Hold]:
        """Of every study that is held, the latest first."""
        rows = await self.ask(lambda tables: list(tables.rows(f"{_HOLDS} ORDER BY at DESC")))
        return [Hold(*row) for row in rows]

    async def removed(self, limit: int = 100) -> Sequence[Removed]:
        """What rules removed last, the latest first."""
        rows = await self.ask(lambda tables: list(tables.rows(_REMOVED, (limit,))))
        return [Removed(*row) for row in rows]

    async def was_removed(self, seq: int) -> bool:
        """Whether the removal of this event's seq took anything out of the store."""
        rows = await self.ask(
            lambda tables: list(tables.rows("SELECT 1 FROM removed WHERE seq = ?", (seq,)))
        )
        return bool(rows)

    async def leaving(self) -> Mapping[tuple[int, str], Sequence[str]]:
        """The digests of files that still have to go, by the removal's seq and study."""
        found: dict[tuple[int, str], list[str]] = {}
        for seq, study, digest in await self.ask(lambda tables: list(tables.rows(_LEAVING))):
            found.setdefault((seq, study), []).append(digest)
        return found

    async def conflicts(self, limit: int = 100) -> Sequence[Conflict]:
        """Those that came last first."""
        return await self._conflicts(_CONFLICT, limit)

    async def conflicts_of(self, uid: str) -> Sequence[Conflict]:
        """Of an object, as they came."""
        return await self._conflicts(_OF_OBJECT, uid)

    async def conflicts_in(self, study: str, limit: int = 100) -> Sequence[Conflict]:
        """Of the objects of a study, as they came."""
        return await self._conflicts(_OF_STUDY, study, limit)

    async def totals(self) -> Totals:
        """Of the whole store."""
        return await self.ask(
            lambda tables: Totals(*next(tables.rows("SELECT instances, bytes FROM total")))
        )

    async def _known(self, digests: Sequence[str]) -> set[str]:
        sql = _DIGESTS.format(marks=",".join("?" * len(digests)))
        return await self._column(sql, (*digests, *digests, *digests, *digests))

    async def _column(self, sql: str, binds: Sequence[Any]) -> set[str]:
        return await self.ask(lambda tables: {str(row[0]) for row in tables.rows(sql, binds)})

    async def _conflicts(self, sql: str, *binds: Any) -> list[Conflict]:
        return await self.ask(
            lambda tables: [
                Conflict(_stored(body, received, seq), Clash(kind), words)
                for body, received, seq, kind, words in tables.rows(sql, binds)
            ]
        )

    async def _objects(self, sql: str, *binds: Any) -> list[StoredObject]:
        return await self.ask(lambda tables: [_stored(*row) for row in tables.rows(sql, binds)])


def _stored(body: bytes, received: int, seq: int) -> StoredObject:
    return read_payload(orjson.loads(body), Instant(received), seq)
