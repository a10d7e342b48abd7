"""C-FIND on the worklist: every step is matched, its encodings are kept (PS3.4 K.4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from dicom.asker import Trail
from dicom.dimse import Offer, Operation, Request, Response, Responses, Service, Status
from dicom.elements import encode
from dicom.query.find import TOO_MANY, identifier, read_identifier, refused, unable
from dicom.query.options import AnswerOptions
from dicom.query.question import NotAnswered, charset_of
from dicom.worklist.board import Board
from dicom.worklist.options import WorklistOptions
from dicom.worklist.step import Step
from dicom.worklist.tags import Tag
from dicom.worklist.wish import Wish, answer_of, fits, wish_of
from gateway import StoreError, Subject

WORKLIST = "1.2.840.10008.5.1.4.31"
_KEPT_WISHES = 64
_KEPT_ANSWERS = 4


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as it was read: its wish and its character set."""

    wish: Wish
    charset: str


@dataclass(frozen=True, slots=True)
class Worklist:
    """The worklist on one title."""

    board: Board
    trail: Trail
    options: WorklistOptions
    answers: AnswerOptions
    _known: dict[tuple[bytes, str], _Asked] = field(default_factory=dict)

    def service(self) -> Service:
        operations = frozenset((Operation.C_FIND,))
        return Service("worklist", (Offer(WORKLIST),), operations, self._find)

    async def _find(self, request: Request) -> Responses:
        try:
            asked = await self._read(request)
            await self._note(request, asked.wish)
            steps = await self.board.steps(self.options, asked.wish.days)
            calling = request.association.parties.calling
            preferred = self.answers.preferred(calling, asked.charset)
            status = Status.PENDING_WARNING if asked.wish.unsupported else Status.PENDING
            count = 0
            for step in steps:
                if not fits(asked.wish, step.values):
                    continue
                if request.cancelled:
                    break
                self._check(count)
                count += 1
                yield Response(status, dataset=self._encoded(request, asked.wish, step, preferred))
            yield Response(Status.CANCEL if request.cancelled else Status.SUCCESS)
        except NotAnswered as reason:
            yield refused(reason)
        except StoreError as error:
            yield unable(error)

    def _check(self, count: int) -> None:
        if count == self.answers.most:
            raise NotAnswered(TOO_MANY, f"more than {count} matches: narrow the query")

    async def _read(self, request: Request) -> _Asked:
        """The query; a modality asks the same one all day."""
        syntax = request.context.transfer_syntax
        data = await read_identifier(request)
        known = self._known.get((data, syntax))
        if known is not None:
            return known
        elements = identifier(data, syntax)
        asked = _Asked(wish_of(elements), charset_of(elements))
        if len(self._known) >= _KEPT_WISHES:
            self._known.clear()
        self._known[data, syntax] = asked
        return asked

    def _encoded(
        self, request: Request, wish: Wish, step: Step, preferred: tuple[str, ...]
    ) -> bytes:
        syntax = request.context.transfer_syntax
        key = (wish.shape, syntax, preferred)
        found = step.answers.get(key)
        if found is None:
            if len(step.answers) >= _KEPT_ANSWERS:
                step.answers.clear()
            found = encode(answer_of(wish, step.values, *preferred), syntax)
            step.answers[key] = found
        return found

    async def _note(self, request: Request, wish: Wish) -> None:
        """Before the first answer: what can't be audited is not told."""
        patient, issuer = wish.value(Tag.PATIENT_ID), wish.value(Tag.ISSUER)
        await self.trail.note(
            "dicom.worklist",
            request.association.parties,
            wish.words,
            subject=Subject(patient=patient, issuer=issuer) if patient else None,
        )
