"""Results by sample in a file of their own: delete it, and it is rebuilt from the event store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import apsw

from gateway.lab.critical import WITHOUT_ALARM, listed, withdrawn_of
from gateway.lab.flag import FlagLevel, level_of
from gateway.lab.listing import Listing, are_of_one, listing_event
from gateway.lab.result import (
    Counts,
    Result,
    ResultFilter,
    SampleResult,
    has_versions,
    specimen_of,
)
from gateway.lab.row import Row, body_of, result_of
from gateway.lab.same import is_sent_again, likeness, own_time, sameness
from gateway.lab.schema import SCHEMA
from gateway.lab.tie import Heard, Tied, tie, tie_runs
from gateway.model import DeviceEvent, Instant, RawId, Status

_COLUMNS = """
seq, id, device, system, code, status, received, raw, version, current, body,
(SELECT json_group_array(json_array(o.seq, hex(o.id), o.version, o.raw, o.received))
 FROM result o WHERE o.repeats = result.seq),
(SELECT json_array(o.seq, hex(o.id), o.version, o.raw, o.received)
 FROM result o WHERE o.seq = result.repeats),
(SELECT json_array(o.seq, hex(o.id), o.version, o.raw, o.received)
 FROM result o WHERE o.seq = result.supersedes),
(SELECT json_array(o.seq, hex(o.id), o.version, o.raw, o.received)
 FROM result o WHERE o.supersedes = result.seq)
"""
_INSERT = "INSERT INTO result VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1,1,NULL,NULL,?)"
_HEARD = (
    "SELECT seq, ifnull(raw, 0), received, status, observed, same, alike, again, level FROM result"
)
_OF_TEST = f"""
{_HEARD} WHERE specimen = ? AND specimen <> '' AND device = ? AND system = ? AND code = ?
AND status <> 'qc'
"""
_OF_RUN = f"{_HEARD} WHERE same = ? AND same IS NOT NULL AND status = 'qc'"
_LISTED = """
SELECT seq FROM result
WHERE specimen = ? AND specimen <> '' AND device = ? AND system = ? AND code = ? AND listed
"""
_TIE = """
UPDATE result SET version = ?, current = ?, repeats = ?, supersedes = ?, listed = ? WHERE seq = ?
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE status <> 'qc'),
  count(DISTINCT iif(status <> 'qc' AND specimen <> '', device || char(31) || specimen, NULL)),
  (SELECT count(*) FROM result WHERE listed AND received >= ?1),
  count(*) FILTER (WHERE status = 'qc')
FROM result WHERE current AND received >= ?1
"""
_MOST_OF_A_SAMPLE = 2000


class Tables:
    """Results by sample, on the connection of their projection."""

    format: ClassVar = 4
    schema: ClassVar = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take in results in order of seq; the changes of the list of critical values follow."""
        return [following for event in events for following in self._take(event)]

    def results(self, wanted: ResultFilter, before: int | None, limit: int) -> list[Result]:
        """Current results with a seq below `before`, newest first; critical ones: see `listed`."""
        where, binds = [_scope(wanted)], []
        for condition, bind in _conditions(wanted, before):
            where.append(condition)
            binds.append(bind)
        sql = f"WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?"
        return list(self._select(sql, (*binds, limit)))

    def sample(self, specimen: str, *, device: str = "", issuer: str = "") -> list[SampleResult]:
        """Tests of a sample of one device, or of one issuer on all devices, as they first came."""
        owner, name = ("device", device) if device else ("issuer", issuer)
        sql = (
            f"WHERE specimen = ? AND specimen <> '' AND {owner} = ? AND repeats IS NULL"
            " ORDER BY seq DESC LIMIT ?"
        )
        rows = self._select(sql, (specimen, name, _MOST_OF_A_SAMPLE))
        return _by_test(rows)

    def result(self, seq: int) -> Result | None:
        """The result of an event."""
        return next(self._select("WHERE seq = ?", (seq,)), None)

    def of_record(self, raw_id: RawId) -> list[Result]:
        """Results whose bytes lie in a wire record, in their order; repetitions as well."""
        return list(self._select("WHERE raw = ? ORDER BY seq", (raw_id,)))

    def counts(self, since: Instant) -> Counts:
        """Of what was received from `since` on."""
        row = next(self._connection.execute(_COUNTS, (since,)))
        return Counts(*row)

    def _take(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        code, same, level = event.code, sameness(event), level_of(event.flags)
        calls = level is FlagLevel.CRITICAL and event.status not in WITHOUT_ALARM
        row = (
            event.seq,
            event.id,
            event.source.device,
            code.system,
            code.code,
            specimen_of(event),
            event.subject.issuer if event.subject else "",
            event.status,
            level,
            event.received_at,
            event.raw_id,
            own_time(event),
            same or None,
            likeness(event),
            is_sent_again(event),
            calls,
            body_of(event),
        )
        test = (specimen_of(event), event.source.device, code.system, code.code)
        before = self._listed(test) if has_versions(event) else None
        self._connection.execute(_INSERT, row)
        after, withdrawn = event.seq if calls else None, set[int]()
        if has_versions(event):
            heard = self._heard(_OF_TEST, test)
            tied = tie(heard)
            after = listed(heard, tied)
            self._place(tied, after)
            if event.status is Status.ENTERED_IN_ERROR:
                gone = withdrawn_of({each.seq: each for each in heard}, tied)
                withdrawn = {each.seq for each in heard if each.critical and each.seq in gone}
        elif same:
            self._place(tie_runs(self._heard(_OF_RUN, (same,))))
        yield from self._changed(event, before, after, withdrawn)

    def _listed(self, test: Sequence[Any]) -> int | None:
        """The version of a test that stands in the list of critical values."""
        return next((seq for (seq,) in self._connection.execute(_LISTED, test)), None)

    def _changed(
        self, cause: DeviceEvent, before: int | None, after: int | None, withdrawn: set[int]
    ) -> Iterator[DeviceEvent]:
        """What the list lost and won by an event, and all that it withdrew."""
        for seq in sorted(withdrawn):
            if (gone := self.result(seq)) is not None:
                yield listing_event(cause, gone.event, Listing.WITHDRAWN)
        if before == after:
            return
        old = self.result(before) if before is not None and before not in withdrawn else None
        new = self.result(after) if after is not None else None
        if old is not None and new is None:
            yield listing_event(cause, old.event, Listing.WITHDRAWN)
        elif old is not None and new is not None and are_of_one(old.event, new.event):
            yield listing_event(cause, old.event, Listing.REPLACED)
        if new is not None:
            yield listing_event(cause, new.event, Listing.LISTED)

    def _heard(self, sql: str, binds: Sequence[Any]) -> list[Heard]:
        return [
            Heard(
                seq,
                raw,
                received,
                Status(status),
                at,
                same or b"",
                alike,
                bool(again),
                level == FlagLevel.CRITICAL,
            )
            for seq, raw, received, status, at, same, alike, again, level in (
                self._connection.execute(sql, binds)
            )
        ]

    def _place(self, tied: Sequence[Tied], critical: int | None = None) -> None:
        """Write how the events of a test belong together; one alone stands as it was inserted.

        All of them each time: a message that is interpreted again comes long after its bytes.
        """
        if len(tied) > 1:
            places = [
                (t.version, t.current, t.repeats, t.supersedes, t.seq == critical, t.seq)
                for t in tied
            ]
            self._connection.executemany(_TIE, places)

    def _select(self, rest: str, binds: Sequence[Any]) -> Iterator[Result]:
        sql = f"SELECT {_COLUMNS} FROM result {rest}"  # noqa: S608 - fixed clauses
        return (result_of(Row(*row)) for row in self._connection.execute(sql, binds))


def _scope(wanted: ResultFilter) -> str:
    return "listed" if wanted.level is FlagLevel.CRITICAL else "current"


def _conditions(wanted: ResultFilter, before: int | None) -> Iterator[tuple[str, Any]]:
    """Each condition and its value; the literals let SQLite use its partial indexes."""
    if before is not None:
        yield "seq < ?", before
    if wanted.device:
        yield "device = ?", wanted.device
    if wanted.specimen:
        yield "specimen <> '' AND specimen = ?", wanted.specimen
    if wanted.status is not None:
        usual = "" if wanted.status is Status.FINAL else "status <> 'final' AND "
        yield f"{usual}status = ?", wanted.status
    if wanted.level:
        yield "level >= ?", wanted.level


def _by_test(rows: Iterable[Result]) -> list[SampleResult]:
    """The versions of each test together, tests in the order in which they first came."""
    tests: dict[tuple[str, ...], list[Result]] = {}
    for result in sorted(rows, key=lambda each: each.event.seq):
        event = result.event
        run = "" if has_versions(event) else str(event.seq)
        key = (event.source.device, event.code.system, event.code.code, run)
        tests.setdefault(key, []).append(result)
    ranked = (
        sorted(each, key=lambda one: (not one.current, -one.version)) for each in tests.values()
    )
    return [SampleResult(current, tuple(earlier)) for current, *earlier in ranked]
