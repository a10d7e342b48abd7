"""What people do to patients: each is an event with who did it and why, folded like any other."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.model import Identifier, Instant, PatientStatement, PatientVerb, Subject
from gateway.patients.book import PatientBook
from gateway.patients.facts import BIRTH_DATE, NAME, SEX
from gateway.patients.family import key_of
from gateway.patients.heard import ACCEPT, DISMISS, LINK, REGISTER, SEPARATE, Heard, act_payload
from gateway.patients.question import Question, QuestionKind
from gateway.patients.terms import record_key
from gateway.room import Auditor, Patient, Principal, RoomPorts
from gateway.web import Refusal


class PatientDesk:
    """Carries out what a person decides. When a call returns, the book shows it.

    Refusal (gateway.web) where there is nothing to decide on; StoreError where it can't be kept.
    """

    def __init__(self, ports: RoomPorts, audit: Auditor, book: PatientBook) -> None:
        self._ports, self._audit, self._book = ports, audit, book

    async def register(self, who: Principal, said: PatientStatement, reason: str) -> str:
        """Enter a patient by hand; the id. Refusal if the number is somebody's already."""
        own = said.identifiers[0]
        if await self._book.resolve(own.value, own.issuer) is not None:
            raise Refusal(
                409,
                "This number is known",
                "A patient with this number of {issuer} is known already.",
                "Look the patient up; facts that differ are for the system that sent them.",
                issuer=own.issuer,
            )
        await self._act(who, REGISTER, said, reason)
        return record_key(own.value, own.issuer).hex()

    async def accept(self, who: Principal, id_: str, reason: str) -> Question:
        """Put in force what a source says otherwise; the question that this answers."""
        question = await self._open(id_)
        if question.kind is not QuestionKind.CONFLICT:
            raise Refusal(
                409,
                "Nothing to accept",
                "This question is not about one fact that could be put in force.",
                "Link or separate the records, or leave things as they are.",
            )
        entries = await self._book.history(record_id(question.records[0]))
        found = next((each for each in entries if each.seq == question.seq), None)
        if found is None:
            raise unknown_question()
        said = PatientStatement(
            identifiers=(question.records[0],),
            names=tuple(
                each for each in found.said.names if question.slot == f"{NAME}/{each.script}"
            ),
            birth_date=found.said.birth_date if question.field == BIRTH_DATE else "",
            sex=found.said.sex if question.field == SEX else None,
            sex_sent=found.said.sex_sent if question.field == SEX else "",
        )
        await self._act(who, ACCEPT, said, reason, _newest(entries))
        return question

    async def dismiss(self, who: Principal, id_: str, reason: str) -> Question:
        """Leave things as they are: the same disagreement is not asked about again."""
        question = await self._open(id_)
        subject = _subject(question.records[0])
        seq = await self._ports.act(
            who, DISMISS, text=reason, subject=subject, payload={"question": question.id.hex()}
        )
        await self._audit.record(DISMISS, who, subject=subject, detail=reason)
        await self._book.reached(seq)
        return question

    async def link(self, who: Principal, one: str, other: str, reason: str) -> Patient:
        """Say that the people with these two ids are one; the first one's record stands."""
        stands, joins = await self._known(one), await self._known(other)
        if stands.id == joins.id:
            raise Refusal(
                409,
                "Already one patient",
                "Both numbers lead to the same patient.",
                "Nothing needs to be done.",
            )
        said = PatientStatement(identifiers=(stands.own,), others=(joins.own,))
        after = max(await self._last(one), await self._last(other))
        await self._act(who, LINK, said, reason, after)
        return stands

    async def separate(self, who: Principal, record: Identifier, reason: str) -> None:
        """Take a record out of the patient that it was merged into or linked to."""
        id_ = record_id(record)
        family = await self._book.family(id_)
        if key_of(record) not in family.ties:
            raise Refusal(
                409,
                "Nothing to separate",
                "This record is not part of another one.",
                "Open the patient again: somebody may have separated it already.",
            )
        stands = family.records[family.root(key_of(record))].own
        said = PatientStatement(PatientVerb.UNLINKED, identifiers=(record,), others=(stands,))
        await self._act(who, SEPARATE, said, reason, await self._last(id_))

    async def _act(
        self,
        who: Principal,
        code: str,
        said: PatientStatement,
        reason: str,
        after: Instant | None = None,
    ) -> None:
        subject = _subject(said.identifiers[0])
        payload = act_payload(said, after)
        seq = await self._ports.act(who, code, text=reason, subject=subject, payload=payload)
        await self._audit.record(code, who, subject=subject, detail=reason)
        await self._book.reached(seq)

    async def _open(self, id_: str) -> Question:
        found = await self._book.question(id_)
        if found is None:
            raise unknown_question()
        question, answer = found
        if answer is not None:
            raise Refusal(
                409,
                "Already answered",
                "Somebody answered this question: {reason}",
                "Open the list of discrepancies again.",
                reason=answer.reason,
            )
        return question

    async def _known(self, id_: str) -> Patient:
        found = await self._book.patient(id_)
        if found is None:
            raise unknown_patient()
        return found

    async def _last(self, id_: str) -> Instant:
        """The time of the newest entry about a patient: a decision comes after it."""
        return _newest(await self._book.history(id_))


def _newest(entries: Iterable[Heard]) -> Instant:
    return max((each.at for each in entries), default=Instant(0))


def record_id(identifier: Identifier) -> str:
    """The id of the record that an identifier names."""
    return record_key(identifier.value, identifier.issuer).hex()


def unknown_patient() -> Refusal:
    return Refusal(
        404,
        "Unknown patient",
        "Nobody is known by this id.",
        "Look the patient up by number, name or birth date.",
    )


def unknown_question() -> Refusal:
    return Refusal(
        404,
        "Unknown discrepancy",
        "This disagreement no longer stands.",
        "Open the list of discrepancies again: a source may have taken it back.",
    )


def _subject(identifier: Identifier) -> Subject:
    return Subject(identifier.value, identifier.issuer)
