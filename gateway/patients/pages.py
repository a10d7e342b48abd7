"""`/patients`: who is this, what do we know of them, and who said so?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import Identifier
from gateway.patients.desk import PatientDesk, record_id, unknown_patient
from gateway.patients.family import Family, key_of
from gateway.patients.forms import LINK, REGISTER, SEARCH, statement
from gateway.patients.heard import Heard
from gateway.patients.masking import name_for
from gateway.patients.question import QuestionKind
from gateway.patients.seen import SeenPatients
from gateway.patients.words import WORDS
from gateway.room import (
    Agenda,
    Appointment,
    Neighbours,
    PageKit,
    Patient,
    Permission,
    Principal,
    access,
    principal,
)
from gateway.web import reason_in

_RECENT = 50
_FOUND = 100
_HISTORY = 200
_PAST = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A record of a patient, and the entry that made it a part of them."""

    own: Identifier
    by: Heard | None = None
    by_person: bool = False


class PatientPages:
    """Looking a patient up, and what is known of one."""

    def __init__(
        self, kit: PageKit, seen: SeenPatients, desk: PatientDesk, neighbours: Neighbours
    ) -> None:
        self._kit, self._seen, self._desk = kit, seen, desk
        self._book = seen.book
        self._neighbours = neighbours

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/patients", self.recent, methods=["GET"]),
            Route("/patients", self.find, methods=["POST"]),
            Route("/patients/new", self.new, methods=["GET"]),
            Route("/patients/new", self.register, methods=["POST"]),
            Route("/patients/{id}", self.patient, methods=["GET"]),
            Route("/patients/{id}/link", self.link, methods=["POST"]),
            Route("/patients/{id}/separate", self.separate, methods=["POST"]),
        ]

    @access(Permission.READ_PATIENTS)
    async def recent(self, request: Request) -> Response:
        """Those who were heard of last."""
        return await self._list(request, await self._seen.find(principal(request), "", _RECENT), "")

    @access(Permission.READ_PATIENTS)
    async def find(self, request: Request) -> Response:
        """By POST: a name must not stand in an address."""
        text = SEARCH.filled(await self._kit.form(request))["q"]
        found = await self._seen.find(principal(request), text, _FOUND)
        if text and len(found) == 1:
            return await self._page(request, found[0])
        return await self._list(request, found, text)

    @access(Permission.WRITE_PATIENTS)
    async def new(self, request: Request) -> Response:
        return self._kit.page(request, "patients/register.html", form=REGISTER)

    @access(Permission.WRITE_PATIENTS)
    async def register(self, request: Request) -> Response:
        said, form = statement(REGISTER.filled(await self._kit.form(request)))
        if said is None:
            return self._kit.page(request, "patients/register.html", status=422, form=form)
        id_ = await self._desk.register(principal(request), said, form["reason"])
        return self._kit.done(request, f"/patients/{id_}", "The patient is registered.")

    @access(Permission.READ_PATIENTS)
    async def patient(self, request: Request) -> Response:
        return await self._page(request, await self._known(request))

    @access(Permission.WRITE_PATIENTS)
    async def link(self, request: Request) -> Response:
        """The other one is named by a number, as it stands on a paper or card."""
        given = await self._kit.form(request)
        form = LINK.filled(given)
        who = principal(request)
        id_ = (await self._known(request)).id
        other = await self._seen.resolve(who, form["value"], form["issuer"])
        if other is None:
            raise unknown_patient()
        stands = await self._desk.link(who, id_, other.id, reason_in(given))
        return self._kit.done(request, f"/patients/{stands.id}", "The two records are linked.")

    @access(Permission.WRITE_PATIENTS)
    async def separate(self, request: Request) -> Response:
        given = await self._kit.form(request)
        await self._known(request)
        record = Identifier(given.get("value", ""), given.get("issuer", ""))
        await self._desk.separate(principal(request), record, reason_in(given))
        path = f"/patients/{record_id(record)}"
        return self._kit.done(request, path, "The record stands for itself again.")

    async def _list(self, request: Request, found: Sequence[Patient], text: str) -> Response:
        people, open_ = await self._counts(principal(request), found)
        return self._kit.page(
            request,
            "patients/patients.html",
            rows=[(patient, self._named(request, patient)) for patient in found],
            form=SEARCH.of({"q": text}),
            asked=text,
            people=people,
            discrepancies=open_,
            may_write=may_write(principal(request)),
            words=WORDS,
        )

    async def _known(self, request: Request) -> Patient:
        """The patient of the address; Refusal 404 for one who is not seen."""
        found = await self._seen.patient(principal(request), request.path_params["id"])
        if found is None:
            raise unknown_patient()
        return found

    async def _counts(self, who: Principal, found: Sequence[Patient]) -> tuple[int, int]:
        """How many patients are known and questions open; of the limited, those they see."""
        if not who.departments:
            return await self._book.counts()
        return len(found), len(await self._seen.questions(who))

    async def _page(self, request: Request, patient: Patient) -> Response:
        book, now = self._book, self._kit.reader(request).now
        history = await book.history(patient.id)
        appointments = await self._appointments(principal(request), patient)
        return self._kit.page(
            request,
            "patients/patient.html",
            patient=patient,
            name=self._named(request, patient),
            parts=_parts(await book.family(patient.id), patient),
            questions=await book.questions(about=patient.id),
            upcoming=[each for each in appointments if not _is_over(each, now)],
            past=[each for each in appointments if _is_over(each, now)][-_PAST:][::-1],
            history=history[:_HISTORY],
            more=len(history) > _HISTORY,
            link=LINK,
            may_write=may_write(principal(request)),
            may_book=principal(request).may(Permission.WRITE_SCHEDULE)
            and self._agenda() is not None,
            conflict=QuestionKind.CONFLICT,
            key_of=key_of,
            words=WORDS,
        )

    async def _appointments(self, who: Principal, patient: Patient) -> Sequence[Appointment]:
        """A patient's appointments as far as they are seen, where a schedule is kept."""
        agenda = self._agenda()
        if agenda is None:
            return ()
        booked = await agenda.of_patient([key_of(each) for each in patient.identifiers])
        return [each for each in booked if agenda.sees(who, each)]

    def _agenda(self) -> Agenda | None:
        try:
            return self._neighbours(Agenda)
        except LookupError:
            return None

    def _named(self, request: Request, patient: Patient) -> str:
        name = name_for(patient.names, self._kit.reader(request).language)
        return name.text if name else ""


def may_write(who: Principal) -> bool:
    return who.may(Permission.WRITE_PATIENTS)


def _is_over(appointment: Appointment, now: int) -> bool:
    return not appointment.status.is_open or (appointment.end is not None and appointment.end < now)


def _parts(family: Family, patient: Patient) -> list[Part]:
    """The records of a patient, the one that stands first."""
    own = key_of(patient.own)
    parts = [
        Part(family.records[key].own, tie.by, tie.by_person)
        for key, tie in family.ties.items()
        if family.root(key) == own
    ]
    return [Part(patient.own), *parts]
