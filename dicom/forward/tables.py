"""The queues, folded from objects, from what senders noted, and from what people did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

import apsw
import orjson

from dicom.forward import facts, statements
from dicom.forward.entry import Counts, Entry, State
from dicom.forward.rules import RuleSet, read_rules
from dicom.forward.schema import SCHEMA
from dicom.storage.object import DICOM_SYSTEM, Blob, is_object, object_of
from gateway import DeviceEvent, Instant, Kind
from gateway.room import ACTION_SYSTEM

_CONFLICT = "another object was sent under this UID: compare both, then retry or drop it"


_Take: TypeAlias = Callable[[DeviceEvent, Mapping[str, Any]], None]


class Tables:
    """Used by one thread at a time. An object's rules are those that counted when it came."""

    format: ClassVar[int] = 6
    schema: ClassVar[str] = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._rules = self._read_rules()
        self._touched: set[str] = set()
        self._place: int = next(connection.execute(statements.LAST_PLACE))[0]
        outcomes: dict[str, _Take] = {
            facts.RULES: self._start,
            facts.BEGAN: self._began,
            facts.SENT: self._sent,
            facts.FAILED: self._failed,
            facts.REFUSED: self._refused,
            facts.HELD: self._held,
            facts.ASKED: self._asked,
            facts.ARCHIVED: self._archived,
            facts.LAPSED: self._lapsed,
        }
        acts: dict[str, _Take] = {
            facts.SEND: self._send,
            facts.RETRY: self._retry,
            facts.DROP: self._drop,
        }
        self._known = {
            (Kind.SYSTEM, DICOM_SYSTEM): outcomes,
            (Kind.ACTION, ACTION_SYSTEM): acts,
        }

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Nothing follows: what is owed stands here alone, and a replay owes nothing new."""
        for event in events:
            code = event.code
            if is_object(event):
                self._object(event)
                continue
            known = self._known.get((event.kind, code.system), {})
            if take := known.get(code.code):
                payload = event.payload or {}
                take(event, payload)
                self._touched.add(payload.get("destination", ""))
        return ()

    # Questions.

    def waiting(self, destination: str, limit: int) -> list[Entry]:
        """What is to be sent, in order."""
        return self.entries(destination, State.WAITING, limit)

    def entries(self, destination: str, state: State, limit: int) -> list[Entry]:
        """Of one state, in order; DONE: the newest first."""
        order = "place DESC" if state is State.DONE else "place"
        where = f" WHERE destination = ? AND state = ? ORDER BY {order} LIMIT ?"
        return self._entries(where, destination, state.value, limit)

    def of_object(self, uid: str) -> list[Entry]:
        """All entries of a SOP instance."""
        return self._entries(" WHERE uid = ? ORDER BY place", uid)

    def of_study(self, uid: str) -> list[Entry]:
        """All entries of a study."""
        return self._entries(" WHERE study = ? ORDER BY place", uid)

    def of_transaction(self, transaction: str) -> list[Entry]:
        """What a storage commitment was asked for, and is not answered yet."""
        where = " WHERE trans = ? AND trans <> '' AND state = 'committing' ORDER BY place"
        return self._entries(where, transaction)

    def knows(self, transaction: str) -> bool:
        """Whether a storage commitment was asked for, answered or not."""
        return bool(self._entries(" WHERE trans = ? AND trans <> '' LIMIT 1", transaction))

    def uncommitted(self, destination: str, limit: int) -> list[Entry]:
        """What was sent and no commitment was asked for yet."""
        where = (
            " WHERE destination = ? AND state = 'committing' AND trans = '' ORDER BY place LIMIT ?"
        )
        return self._entries(where, destination, limit)

    def overdue(self, destination: str, before: Instant) -> list[Entry]:
        """Whose commitment was asked for before a moment, and no report came."""
        where = (
            " WHERE destination = ? AND state = 'committing' AND trans <> '' AND changed < ?"
            " ORDER BY place"
        )
        return self._entries(where, destination, before)

    def of_seqs(self, destination: str, seqs: Sequence[int]) -> list[Entry]:
        """These entries, those that are there."""
        found = (self._entries(statements.OF, destination, seq) for seq in seqs)
        return [entry for entries in found for entry in entries]

    def with_dead(self) -> list[str]:
        """Destinations that have dead letters."""
        sql = "SELECT DISTINCT destination FROM entry WHERE state = 'dead' ORDER BY destination"
        return [str(row[0]) for row in self._connection.execute(sql)]

    def touched(self) -> frozenset[str]:
        """Destinations of which something was folded since this was asked last."""
        found, self._touched = frozenset(self._touched), set()
        return found

    def counts(self) -> dict[str, Counts]:
        """By destination."""
        found: dict[str, dict[str, Any]] = {}
        for destination, count in self._connection.execute("SELECT * FROM done"):
            found.setdefault(destination, {})["done"] = count
        for destination, state, count, size, oldest in self._connection.execute(statements.COUNTS):
            facts_of = found.setdefault(destination, {})
            facts_of[state] = count
            if state == State.WAITING:
                facts_of |= {"bytes": size, "oldest": Instant(oldest)}
        return {destination: Counts(**each) for destination, each in found.items()}

    # Objects and rules.

    def _object(self, event: DeviceEvent) -> None:
        stored = object_of(event)
        for errand in self._rules.errands(stored, event.source.device):
            self._add(
                errand.destination,
                facts.wanted(stored),
                event.received_at,
                errand.rule,
                errand.coerce,
            )

    def _add(
        self,
        destination: str,
        wanted: Mapping[str, Any],
        at: Instant,
        rule: str,
        coerce: Mapping[str, str],
    ) -> None:
        self._touched.add(destination)
        content = wanted.get("content", wanted["digest"])
        other = self._one(statements.OTHER, wanted["uid"], destination, content)
        row = (
            destination,
            wanted["seq"],
            self._next_place(),
            *(wanted[key] for key in ("uid", "sop_class", "syntax", "study", "modality")),
            wanted["digest"],
            wanted["size"],
            rule,
            orjson.dumps(dict(coerce)).decode(),
            at,
            State.DEAD if other else State.WAITING,
            0,
            0,
            _CONFLICT if other else "",
            "",
            "",
            at,
            0,
            content,
        )
        self._connection.execute(statements.ADD, row)

    def _start(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        """What was under way when the gateway stopped may have arrived."""
        del event
        for destination, seqs in list(
            self._connection.execute("SELECT destination, seqs FROM lane")
        ):
            if under_way := orjson.loads(seqs):
                self._connection.execute(
                    statements.DOUBT,
                    (destination, under_way[0]),
                )
        self._connection.execute("DELETE FROM lane; DELETE FROM rules")
        self._connection.execute("INSERT INTO rules VALUES(?)", (orjson.dumps(payload).decode(),))
        self._rules = read_rules(payload)

    def _next_place(self) -> int:
        """The end of every queue."""
        self._place += 1
        return self._place

    def _read_rules(self) -> RuleSet:
        row = next(self._connection.execute("SELECT payload FROM rules"), None)
        return read_rules(orjson.loads(row[0])) if row is not None else RuleSet()

    # What senders noted.

    def _began(self, _event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        seqs = orjson.dumps(payload["objects"]).decode()
        row = (payload["destination"], payload["lane"], seqs)
        self._connection.execute("INSERT OR REPLACE INTO lane VALUES(?,?,?)", row)

    def _sent(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        state = State.COMMITTING if payload["commit"] else State.DONE
        altered = any(payload.get(each) for each in facts.ALTERED)
        self._settle(event, payload, state, sent_as=payload["sent_as"], altered=altered)
        if state is State.DONE:
            self._connection.execute(statements.DONE, (payload["destination"],))

    def _failed(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        self._over(payload, ends=True)
        self._connection.execute(
            statements.FAIL,
            (
                event.value.text if event.value else "",
                bool(payload["doubt"]),
                event.received_at,
                payload["destination"],
                payload["object"],
            ),
        )

    def _refused(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        self._settle(event, payload, State.DEAD, error=event.value.text if event.value else "")

    def _settle(
        self,
        event: DeviceEvent,
        payload: Mapping[str, Any],
        state: State,
        *,
        error: str = "",
        sent_as: str = "",
        altered: bool = False,
    ) -> None:
        self._over(payload, ends=bool(payload.get("ends")))
        self._connection.execute(
            statements.SETTLE,
            (
                state.value,
                error,
                sent_as,
                event.received_at,
                payload["destination"],
                payload["object"],
                bool(payload.get("doubt")),
                altered,
            ),
        )

    def _held(self, _event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        self._over(payload, ends=True)

    def _over(self, payload: Mapping[str, Any], *, ends: bool = False) -> None:
        """One less is under way on its lane; none, if its line ended."""
        key = (payload["destination"], payload["lane"])
        row = next(
            self._connection.execute(
                "SELECT seqs FROM lane WHERE destination = ? AND lane = ?", key
            ),
            None,
        )
        if row is None:
            return
        left = [] if ends else [seq for seq in orjson.loads(row[0]) if seq != payload["object"]]
        self._connection.execute(
            "UPDATE lane SET seqs = ? WHERE destination = ? AND lane = ?",
            (orjson.dumps(left).decode(), *key),
        )

    def _asked(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        for seq in payload["objects"]:
            self._connection.execute(
                statements.ASK,
                (payload["transaction"], event.received_at, payload["destination"], seq),
            )

    def _archived(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        self._connection.execute(
            statements.ARCHIVE,
            (event.received_at, payload["destination"], payload["object"]),
        )
        if self._connection.changes():
            self._connection.execute(statements.DONE, (payload["destination"],))

    def _lapsed(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        state = State.DEAD if payload["dead"] else State.COMMITTING
        self._connection.execute(
            statements.LAPSE,
            (
                state.value,
                event.value.text if event.value else "",
                event.received_at,
                payload["destination"],
                payload["object"],
            ),
        )

    # What people did.

    def _send(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        destination = payload["destination"]
        for wanted in payload["objects"]:
            if not self._again(event, destination, wanted["seq"]):
                self._add(destination, wanted, event.received_at, "", {})

    def _retry(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        for seq in payload["objects"]:
            self._again(event, payload["destination"], seq)

    def _drop(self, event: DeviceEvent, payload: Mapping[str, Any]) -> None:
        for seq in payload["objects"]:
            self._connection.execute(
                statements.ABANDON,
                (event.received_at, payload["destination"], seq),
            )

    def _again(self, event: DeviceEvent, destination: str, seq: int) -> bool:
        """To the end of the queue, whatever became of it; False if there is no such entry."""
        self._connection.execute(
            statements.AGAIN,
            (self._next_place(), event.received_at, destination, seq),
        )
        return bool(self._entries(statements.OF, destination, seq))

    def _entries(self, where: str, *binds: Any) -> list[Entry]:
        return list(self._read(where, binds))

    def _read(self, where: str, binds: Sequence[Any]) -> Iterator[Entry]:
        for row in self._connection.execute(statements.ENTRIES + where, binds):
            yield _entry(*row)

    def _one(self, sql: str, *binds: Any) -> Any:
        row = next(self._connection.execute(sql, binds), None)
        return row[0] if row is not None else None


def _entry(*row: Any) -> Entry:
    destination, seq, place, uid, sop_class, syntax, study, modality, digest, size, *rest = row
    rule, coerce, queued, state, attempts, doubt, error, sent_as, transaction, changed, altered = (
        rest
    )
    return Entry(
        destination,
        seq,
        place,
        uid,
        sop_class,
        syntax,
        study,
        modality,
        Blob(digest, size),
        rule,
        orjson.loads(coerce),
        Instant(queued),
        Instant(changed),
        State(state),
        attempts,
        bool(doubt),
        error,
        sent_as,
        transaction,
        bool(altered),
    )
