"""Studies of the index as the rules look at them, the oldest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import orjson

from dicom.forward.entry import Entry, State
from dicom.retention.rules import Aged
from dicom.storage.index import Index
from dicom.storage.tables import Tables
from gateway import Instant

_AT_ONCE = 200
_OWED = frozenset({State.WAITING, State.COMMITTING, State.DEAD})
_STUDIES = """
WITH page AS (SELECT uid, patient, date, received FROM study WHERE {which})
SELECT page.uid, patient.id, patient.issuer, patient.name, page.date, page.received,
  max(instance.since), json_group_array(instance.seq),
  sum(instance.size + CASE WHEN instance.sent = '' THEN 0
    ELSE json_extract(CAST(instance.body AS TEXT), '$.coerced.size') END),
  (SELECT json_group_array(DISTINCT modality) FROM series WHERE series.study = page.uid),
  (SELECT json_group_array(title) FROM sender WHERE sender.study = page.uid),
  EXISTS(SELECT 1 FROM held WHERE held.study = page.uid),
  EXISTS(SELECT 1 FROM conflict JOIN instance AS one ON one.uid = conflict.uid
    WHERE one.study = page.uid)
  OR EXISTS(SELECT 1 FROM series JOIN instance AS other ON other.series = series.uid
    WHERE series.study = page.uid AND other.study <> page.uid),
  max(instance.sop_class GLOB '1.2.840.10008.5.1.4.1.1.481.*'
    OR instance.sop_class GLOB '1.2.840.10008.5.1.4.34.*')
FROM page JOIN patient ON patient.key = page.patient JOIN instance ON instance.study = page.uid
GROUP BY page.uid ORDER BY page.received, page.uid
"""
_AGED = _STUDIES.format(
    which="received <= ?1 AND (received, uid) > (?2, ?3) ORDER BY received, uid LIMIT ?4"
)
_ONE = _STUDIES.format(which="uid = ?1")


class Queues(Protocol):
    """Where objects go; `dicom.forward.forwarding.Forwarding` is one."""

    async def of_study(self, uid: str) -> Sequence[Entry]: ...


async def aged(index: Index, until: Instant) -> AsyncIterator[Aged]:
    """Studies whose first object came no later than `until`; of queues nothing is known yet."""
    after: tuple[int, str] = (0, "")
    while True:
        rows = await index.ask(partial(_page, _AGED, (until, *after, _AT_ONCE)))
        for row in rows:
            yield _aged(row)
        if len(rows) < _AT_ONCE:
            return
        after = (rows[-1][5], rows[-1][0])


async def as_it_is(index: Index, uid: str) -> Aged | None:
    """A study as it is now, without what is known of queues; None where it is gone."""
    rows = await index.ask(partial(_page, _ONE, (uid,)))
    return _aged(rows[0]) if rows else None


async def with_queues(study: Aged, queues: Queues) -> Aged:
    """A study with what it is owed to, and who has all of it, as it is here."""
    done: defaultdict[str, set[int]] = defaultdict(set)
    entries = await queues.of_study(study.uid)
    for each in entries:
        if each.state is State.DONE and not each.altered:
            done[each.destination].add(each.seq)
    return replace(
        study,
        owed=any(each.state in _OWED for each in entries),
        sent_to=frozenset(name for name, seqs in done.items() if study.seqs <= seqs),
    )


def _page(sql: str, binds: Sequence[Any], tables: Tables) -> list[tuple[Any, ...]]:
    return list(tables.rows(sql, binds))


def _aged(row: Sequence[Any]) -> Aged:
    uid, patient, issuer, name, date, first, last, seqs, size, modalities, senders, *flags = row
    held, contradicted, radiotherapy = flags
    return Aged(
        uid,
        patient,
        issuer,
        name,
        date,
        Instant(first),
        Instant(last),
        frozenset(orjson.loads(seqs)),
        size,
        frozenset(orjson.loads(modalities)),
        frozenset(orjson.loads(senders)),
        held=bool(held),
        contradicted=bool(contradicted),
        radiotherapy=bool(radiotherapy),
    )
