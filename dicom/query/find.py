"""C-FIND: the matches of a query, page by page (PS3.4 C.4.1)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from dicom.asker import Trail
from dicom.dimse import Request, Response, Responses, Status
from dicom.elements import Elements, WrongVr, decode, encode
from dicom.query.answer import answer_of
from dicom.query.keys import PATIENT_ID, STUDY_UID
from dicom.query.options import AnswerOptions
from dicom.query.question import Agreed, Model, NotAnswered, Question, question_of
from dicom.query.search import Row, Search
from dicom.storage.index import Index
from gateway import ProtocolViolation, StoreError, Subject
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

LONGEST_IDENTIFIER = 1_048_576
TOO_MANY = Status.OUT_OF_RESOURCES
"""After as many answers as the title gives: there are more (PS3.4 table C.4-1, A700)."""
_COMMENT = 64
_PATIENCE = 10.0
"""Seconds in which the index has to catch up with what was acknowledged."""


@dataclass(frozen=True, slots=True)
class Store:
    """What is searched: the index, and how far it should be."""

    index: Index
    ports: RoomPorts
    trail: Trail

    async def current(self) -> Index:
        """The index, with everything in it that was acknowledged; StoreError if it lags."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.index.reached(self.ports.last_seq)
        except TimeoutError:
            raise StoreError(f"the index of objects is more than {_PATIENCE:g} s behind") from None
        return self.index


@dataclass(frozen=True, slots=True)
class Finder:
    """Answers the queries of one title."""

    store: Store
    options: AnswerOptions

    async def find(self, request: Request, model: Model) -> Responses:
        """Pending ones for the matches, then the final one."""
        try:
            question = await read_question(request, model)
            await self._note(request, question)
            status = Status.PENDING_WARNING if question.unsupported else Status.PENDING
            count = 0
            async with aclosing(self._rows(question)) as rows:
                async for row in rows:
                    if request.cancelled:
                        break
                    self._check(count)
                    count += 1
                    yield Response(status, dataset=self._encoded(request, question, row))
            yield Response(Status.CANCEL if request.cancelled else Status.SUCCESS)
        except NotAnswered as reason:
            yield refused(reason)
        except StoreError as error:
            yield unable(error)

    def _check(self, count: int) -> None:
        if count == self.options.most:
            raise NotAnswered(TOO_MANY, f"more than {count} matches: narrow the query")

    async def _rows(self, question: Question) -> AsyncGenerator[Row, None]:
        index, search = await self.store.current(), Search(question)
        after: str | int | None = search.start
        while after is not None:
            place = after
            page = await index.ask(lambda tables, at=place: search.page(tables, at))  # type: ignore[misc]
            for row in page.rows:
                yield row
            after = page.next

    def _encoded(self, request: Request, question: Question, row: Row) -> bytes:
        parties = request.association.parties
        preferred = self.options.preferred(parties.calling, question.charset)
        elements = answer_of(question, row, parties.called, *preferred)
        return encode(elements, request.context.transfer_syntax)

    async def _note(self, request: Request, question: Question) -> None:
        """Before the first answer: what can't be audited is not told."""
        await self.store.trail.note(
            "dicom.find",
            request.association.parties,
            question.words,
            subject=subject_of(question),
            objects={"level": question.level.name, "study": question.single(STUDY_UID)},
        )


def subject_of(question: Question) -> Subject | None:
    """The patient that is asked about, if it is one."""
    patient = question.single(PATIENT_ID)
    issuer = question.single(0x00100021)
    return Subject(patient=patient, issuer=issuer) if patient else None


async def read_question(request: Request, model: Model) -> Question:
    """The identifier of a request; NotAnswered if it is none."""
    elements = identifier(await read_identifier(request), request.context.transfer_syntax)
    return question_of(elements, model, agreed_of(request.context.extended))


async def read_identifier(request: Request) -> bytes:
    """Its bytes; NotAnswered if there are more than an identifier has."""
    try:
        return await request.dataset.read(LONGEST_IDENTIFIER)
    except ProtocolViolation as error:
        raise NotAnswered(Status.CANNOT_UNDERSTAND, str(error)) from None


def identifier(data: bytes, transfer_syntax: str) -> Elements:
    """Its elements; NotAnswered if it is none, or if a key isn't of the VR that PS3.6 gives it."""
    try:
        return decode(data, transfer_syntax, strict=True)
    except WrongVr as error:
        raise NotAnswered(Status.DATASET_DOES_NOT_MATCH, str(error), error.tag) from None
    except ProtocolViolation as error:
        raise NotAnswered(Status.CANNOT_UNDERSTAND, str(error)) from None


def agreed_of(extended: bytes) -> Agreed:
    """What extended negotiation gave (PS3.4 C.5.1.1)."""
    return Agreed(extended[:1] == b"\1", extended[1:2] == b"\1")


def extended_find(asked: bytes) -> bytes:
    """Relational queries and combined date and time, if they are asked for; nothing else."""
    return bytes(each == 1 and place < 2 for place, each in enumerate(asked))  # noqa: PLR2004


def refused(reason: NotAnswered) -> Response:
    """The final response that says why."""
    return Response(reason.status, comment=reason.words[:_COMMENT], offending=reason.offending)


def unable(error: StoreError) -> Response:
    """The final response where the store fails us; what it says of our disk stays here."""
    log.warning("dicom: a question is not answered: %s", error)
    return Response(Status.OUT_OF_RESOURCES, comment="the store can't be used now: ask again later")
