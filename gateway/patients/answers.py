"""What is asked of the tables of patients."""

from __future__ import annotations

from collections.abc import Collection

import apsw

from gateway.patients.family import Family, judge
from gateway.patients.heard import Heard, stored
from gateway.patients.person import read_patient
from gateway.patients.question import Dismissal, Question, read_question
from gateway.patients.terms import record_key, wanted
from gateway.room.people import Patient, PatientKey


class Answers:
    """Reads the tables; only what is committed is seen."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def patient(self, key: bytes) -> Patient | None:
        """The person that a record is part of now; None if nobody ever stated it."""
        return self._of("SELECT root FROM record WHERE key = ?", key)

    def resolve(self, value: str, issuer: str) -> Patient | None:
        """By a record's own number, else by a number that exactly one person has."""
        key = record_key(value, issuer)
        return self.patient(key) or self._of(
            "SELECT DISTINCT root FROM claim JOIN record ON record.key = claim.record"
            " WHERE number = ? LIMIT 2",
            key,
        )

    def resolve_all(self, keys: Collection[PatientKey]) -> dict[PatientKey, Patient]:
        found = {key: self.resolve(*key) for key in keys}
        return {key: patient for key, patient in found.items() if patient is not None}

    def find(self, text: str, limit: int) -> list[Patient]:
        """Whoever fits every word, those who were heard of last first."""
        groups = wanted(text)
        where = " AND ".join(
            f"key IN (SELECT person FROM term WHERE term IN ({_marks(group)}))"  # noqa: S608
            for group in groups
        )
        sql = (
            f"SELECT key, body FROM person {'WHERE ' + where if where else ''}"  # noqa: S608
            " ORDER BY changed DESC, key LIMIT ?"
        )
        binds = [term for group in groups for term in sorted(group)]
        return [
            read_patient(key, body, self._disputed(key))
            for key, body in self._connection.execute(sql, (*binds, limit))
        ]

    def history(self, key: bytes) -> list[Heard]:
        """Every entry about a person or about whoever had to do with them, newest first."""
        rows = self._connection.execute(
            "SELECT seq, at, raw, body FROM heard WHERE family ="
            " (SELECT family FROM member WHERE key = ?)",
            (key,),
        )
        entries = (stored(*row) for row in rows)
        return sorted(entries, key=lambda each: each.order, reverse=True)

    def family(self, key: bytes) -> Family:
        """All that has to do with a record, as its entries leave it."""
        return judge(self.history(key))

    def questions(self, limit: int, *, about: bytes | None = None) -> list[Question]:
        """Open questions, newest first; `about` a person."""
        where, binds = "", [limit]
        if about is not None:
            where = (
                "AND id IN (SELECT question FROM about JOIN record ON record.key = about.record"
                " WHERE root = ?)"
            )
            binds.insert(0, about)  # type: ignore[arg-type]
        sql = (
            "SELECT body FROM question WHERE id NOT IN (SELECT id FROM dismissed)"  # noqa: S608
            f" {where} ORDER BY since DESC, id LIMIT ?"
        )
        return [read_question(body) for (body,) in self._connection.execute(sql, binds)]

    def question(self, id_: bytes) -> tuple[Question, Dismissal | None] | None:
        """A question that stands, and how it was answered if somebody left it as it is."""
        rows = self._connection.execute("SELECT body FROM question WHERE id = ?", (id_,))
        body = next(rows, None)
        if body is None:
            return None
        answers = self._connection.execute(
            "SELECT seq, at, actor, reason FROM dismissed WHERE id = ?", (id_,)
        )
        answer = next(answers, None)
        return read_question(body[0]), Dismissal(*answer) if answer else None

    def counts(self) -> tuple[int, int]:
        """How many people there are, and how many questions are open."""
        sql = (
            "SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM question"
            " WHERE id NOT IN (SELECT id FROM dismissed))"
        )
        people, open_ = next(self._connection.execute(sql))
        return people, open_

    def _of(self, sql: str, key: bytes) -> Patient | None:
        """The person whose key a statement finds; None if it finds none or several."""
        roots = list(self._connection.execute(sql, (key,)))
        if len(roots) != 1:
            return None
        (root,) = roots[0]
        body = next(
            self._connection.execute("SELECT body FROM person WHERE key = ?", (root,)), None
        )
        return read_patient(root, body[0], self._disputed(root)) if body else None

    def _disputed(self, root: bytes) -> frozenset[str]:
        rows = self._connection.execute(
            "SELECT DISTINCT field FROM about JOIN record ON record.key = about.record"
            " WHERE root = ? AND question NOT IN (SELECT id FROM dismissed)",
            (root,),
        )
        return frozenset(field for (field,) in rows)


def _marks(group: Collection[bytes]) -> str:
    return ",".join("?" * len(group)) or "NULL"
