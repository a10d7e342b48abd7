"""Patients in a file of their own: delete it, and it is rebuilt from the event store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import apsw
import orjson

from gateway.keys import content_digest
from gateway.model import DeviceEvent, Identifier, IdentifierType, Instant, Kind
from gateway.patients.answers import Answers
from gateway.patients.facts import IDENTITY, facts_of
from gateway.patients.family import Person, judge, key_of
from gateway.patients.heard import DISMISS, Heard, Way, heard, stored
from gateway.patients.person import body_of, patient_of, read_patient
from gateway.patients.question import Question, QuestionKind
from gateway.patients.record import OF_ONE_VISIT
from gateway.patients.schema import SCHEMA
from gateway.patients.terms import record_key, terms

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
_MOST_NAMED = 20


class Tables:
    """Patients, on the connection of their projection; `read` answers what is asked of them."""

    format: ClassVar = 3
    schema: ClassVar = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.read = Answers(connection)

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take in what was said of patients; nothing follows from it."""
        touched: set[bytes] = set()
        for event in events:
            if event.kind is Kind.ACTION and event.code.code == DISMISS:
                self._dismiss(event)
                continue
            try:
                entry = heard(event)
            except _MALFORMED as error:
                self._unreadable(event, str(error))
                continue
            if entry is not None and self._keep(entry):
                touched.add(record_key(*key_of(entry.own)))
        for family in {self._family(key) for key in touched}:
            self._judge(family)
        return ()

    def _keep(self, entry: Heard) -> bool:
        """Put an entry to its family; whether it is new. A mention is kept once."""
        family = self._united([entry.own, *entry.said.others])
        same = _same(entry) if entry.way is Way.MENTIONED else None
        if same is not None and not self._is_earliest(entry, same):
            return False
        self._connection.execute(
            "INSERT INTO heard VALUES(?,?,?,?,?,?)",
            (entry.seq, family, entry.at, entry.raw, same, entry.body()),
        )
        return True

    def _is_earliest(self, entry: Heard, same: bytes) -> bool:
        """Whether nobody mentioned this before; what came first and happened later gives way."""
        known = next(
            self._connection.execute(
                "SELECT seq, at, raw, body FROM heard WHERE same = ?", (same,)
            ),
            None,
        )
        if known is None:
            return True
        if stored(*known).order <= entry.order:
            return False
        self._connection.execute("DELETE FROM heard WHERE same = ?", (same,))
        return True

    def _united(self, identifiers: Iterable[Identifier]) -> int:
        """The one family of these records, which they may have become by this."""
        keys = [record_key(*key_of(each)) for each in identifiers]
        known = sorted({family for key in keys if (family := self._family(key))})
        family = known[0] if known else self._next_family()
        for other in known[1:]:
            for table in ("member", "heard", "question"):
                self._connection.execute(
                    f"UPDATE {table} SET family = ? WHERE family = ?",  # noqa: S608
                    (family, other),
                )
        self._connection.executemany(
            "INSERT OR IGNORE INTO member VALUES(?,?)", [(key, family) for key in keys]
        )
        return family

    def _family(self, key: bytes) -> int:
        rows = self._connection.execute("SELECT family FROM member WHERE key = ?", (key,))
        return int(next(rows, (0,))[0])

    def _next_family(self) -> int:
        return int(next(self._connection.execute("SELECT ifnull(max(family),0)+1 FROM member"))[0])

    def _judge(self, family: int) -> None:
        """Work out a family anew and write what came of it."""
        rows = self._connection.execute(
            "SELECT seq, at, raw, body FROM heard WHERE family = ?", (family,)
        )
        found = judge(stored(*row) for row in rows)
        members = [record_key(*key) for key in found.records]
        numbers = {
            number
            for member in members
            for (number,) in self._connection.execute(
                "SELECT number FROM claim WHERE record = ?", (member,)
            )
        }
        self._forget(members)
        for person in found.people():
            numbers |= self._write(person)
        self._connection.execute(
            "DELETE FROM about WHERE question IN (SELECT id FROM question WHERE family = ?)",
            (family,),
        )
        self._connection.execute("DELETE FROM question WHERE family = ?", (family,))
        for question in found.questions():
            self._ask(question, family=family)
        for number in numbers:
            self._share(number)

    def _forget(self, members: Sequence[bytes]) -> None:
        for sql in (
            "DELETE FROM term WHERE person = ?",
            "DELETE FROM claim WHERE record = ?",
            "DELETE FROM record WHERE key = ?",
            "DELETE FROM person WHERE key = ?",
        ):
            self._connection.executemany(sql, [(member,) for member in members])

    def _write(self, person: Person) -> set[bytes]:
        """A person with all that finds them; the numbers that they claim."""
        patient, root = patient_of(person), record_key(*key_of(person.root.own))
        changed = max((each.last.at for each in person.records if each.last), default=0)
        self._connection.execute(
            "INSERT INTO person VALUES(?,?,?)", (root, changed, body_of(patient))
        )
        self._connection.executemany(
            "INSERT INTO term VALUES(?,?)",
            [
                (term, root)
                for term in terms(patient.identifiers, patient.names, patient.birth_date)
            ],
        )
        numbers: set[bytes] = set()
        for record in person.records:
            key = record_key(*key_of(record.own))
            self._connection.execute("INSERT INTO record VALUES(?,?)", (key, root))
            for identifier, entry in record.identifiers.values():
                if identifier.type not in OF_ONE_VISIT:
                    number = record_key(*key_of(identifier))
                    numbers.add(number)
                    body = _claim(identifier, entry)
                    self._connection.execute("INSERT INTO claim VALUES(?,?,?)", (number, key, body))
        return numbers

    def _ask(
        self, question: Question, *, family: int | None = None, number: bytes | None = None
    ) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO question VALUES(?,?,?,?,?)",
            (question.id, family, number, question.since, question.body()),
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO about VALUES(?,?,?)",
            [
                (question.id, record_key(*key_of(record)), question.field or IDENTITY)
                for record in question.records
            ],
        )

    def _share(self, number: bytes) -> None:
        """Ask about a number that more than one person has, or stop asking."""
        self._connection.execute(
            "DELETE FROM about WHERE question IN (SELECT id FROM question WHERE number = ?)",
            (number,),
        )
        self._connection.execute("DELETE FROM question WHERE number = ?", (number,))
        rows = self._connection.execute(
            "SELECT root, claim.body, person.body FROM claim"
            " JOIN record ON record.key = claim.record JOIN person ON person.key = record.root"
            " WHERE number = ?",
            (number,),
        )
        claims: dict[bytes, tuple[int, int, str, list[str]]] = {}
        owners: dict[bytes, Identifier] = {}
        for root, claim, person in rows:
            at, seq, source, said = orjson.loads(claim)
            claims[root] = min(claims.get(root, (at, seq, source, said)), (at, seq, source, said))
            owners[root] = read_patient(root, person).own
        if len(owners) > 1:
            self._ask(_shared(list(claims.values()), list(owners.values())), number=number)

    def _dismiss(self, event: DeviceEvent) -> None:
        id_ = bytes.fromhex(str((event.payload or {}).get("question", "")))
        reason = event.value.text if event.value else ""
        self._connection.execute(
            "INSERT OR REPLACE INTO dismissed VALUES(?,?,?,?,?)",
            (id_, event.seq, event.received_at, event.actor, reason),
        )

    def _unreadable(self, event: DeviceEvent, why: str) -> None:
        nobody = Identifier(event.id.hex(), event.source.device, IdentifierType.OTHER)
        question = Question(
            QuestionKind.UNREADABLE,
            (nobody,),
            event.received_at,
            event.seq,
            event.source.device,
            said=why,
            raw=event.raw_id,
        )
        self._ask(question)


def _same(entry: Heard) -> bytes:
    """Equal for mentions that say the same of a record."""
    facts = sorted(f"{fact.slot}={fact.exact}" for fact in facts_of(entry.said))
    return content_digest(
        b"mention",
        entry.source.encode(),
        record_key(*key_of(entry.own)),
        *(fact.encode() for fact in facts),
    )


def _claim(identifier: Identifier, entry: Heard) -> bytes:
    said = [identifier.value, identifier.issuer, identifier.type]
    return orjson.dumps([entry.at, entry.seq, entry.source, said])


def _shared(
    claims: Sequence[tuple[int, int, str, list[str]]], owners: Sequence[Identifier]
) -> Question:
    """The question that begins when the second person was said to have the number."""
    at, seq, source, (value, issuer, sort) = sorted(claims)[1]
    named = sorted(owners, key=lambda each: (each.issuer, each.value))[:_MOST_NAMED]
    return Question(
        QuestionKind.SHARED,
        tuple(named),
        Instant(at),
        seq,
        source,
        IDENTITY,
        slot=f"{issuer}\x1f{value}",
        in_force=sort,
        said=value,
    )
