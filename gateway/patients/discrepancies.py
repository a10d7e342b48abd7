"""`/discrepancies`: what sources disagree on, and the person who decides."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.patients.desk import PatientDesk, record_id, unknown_question
from gateway.patients.family import key_of
from gateway.patients.masking import name_for
from gateway.patients.pages import may_write
from gateway.patients.question import QuestionKind
from gateway.patients.seen import SeenPatients
from gateway.patients.words import WORDS
from gateway.room import PageKit, Permission, access, principal
from gateway.web import reason_in

_PAIR = 2


class DiscrepancyPages:
    """The work list, and what may be done about an entry: each needs a reason."""

    def __init__(self, kit: PageKit, seen: SeenPatients, desk: PatientDesk) -> None:
        self._kit, self._seen, self._desk = kit, seen, desk
        self._book = seen.book

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/discrepancies", self.all, methods=["GET"]),
            Route("/discrepancies/{id}/accept", self.accept, methods=["POST"]),
            Route("/discrepancies/{id}/link", self.link, methods=["POST"]),
            Route("/discrepancies/{id}/dismiss", self.dismiss, methods=["POST"]),
        ]

    @access(Permission.READ_PATIENTS)
    async def all(self, request: Request) -> Response:
        questions = await self._seen.questions(principal(request))
        keys = [key_of(record) for each in questions for record in each.records]
        people = await self._book.resolve_all(keys)
        language = self._kit.reader(request).language
        named = {key: name_for(patient.names, language) for key, patient in people.items()}
        return self._kit.page(
            request,
            "patients/discrepancies.html",
            questions=questions,
            people=people,
            names={key: name.text for key, name in named.items() if name is not None},
            conflict=QuestionKind.CONFLICT,
            may_write=may_write(principal(request)),
            key_of=key_of,
            words=WORDS,
        )

    @access(Permission.WRITE_PATIENTS)
    async def accept(self, request: Request) -> Response:
        """The fact that a source says otherwise is put in force."""
        reason = reason_in(await self._kit.form(request))
        id_ = await self._known(request)
        question = await self._desk.accept(principal(request), id_, reason)
        path = f"/patients/{record_id(question.records[0])}"
        return self._kit.done(request, path, "The new fact is in force.")

    @access(Permission.WRITE_PATIENTS)
    async def link(self, request: Request) -> Response:
        """The records become one patient; `stands` names the one that stands, else the first."""
        given = await self._kit.form(request)
        found = await self._book.question(await self._known(request))
        if found is None or len(found[0].records) < _PAIR:
            raise unknown_question()
        ids = [record_id(each) for each in found[0].records]
        stands = given.get("stands", "")
        first = stands if stands in ids else ids[0]
        for other in ids:
            if other != first:
                await self._desk.link(principal(request), first, other, reason_in(given))
        return self._kit.done(request, f"/patients/{first}", "The records are linked.")

    @access(Permission.WRITE_PATIENTS)
    async def dismiss(self, request: Request) -> Response:
        reason = reason_in(await self._kit.form(request))
        await self._desk.dismiss(principal(request), await self._known(request), reason)
        return self._kit.done(request, "/discrepancies", "It stays as it is.")

    async def _known(self, request: Request) -> str:
        """The id of the address; Refusal 404 for a question that is not seen."""
        id_ = str(request.path_params["id"])
        found = await self._book.question(id_)
        if found is None or not await self._seen.asked(principal(request), found[0]):
            raise unknown_question()
        return id_
