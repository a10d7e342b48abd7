"""`/patients` and `/discrepancies`: who has which number now, and what sources disagree on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import Field
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.sheet import Sheet, report_item, row_item
from gateway.model import Identifier, PatientStatement
from gateway.patients import Heard, PatientBook, Question
from gateway.patients.importer import Outcome, PatientImporter
from gateway.patients.seen import SeenPatients
from gateway.room import Patient, Permission, access, principal
from gateway.room.document import Body
from gateway.room.route import PREFIX, Limit, route
from gateway.web import GatewayView, Refusal, json_response, rfc3339

PatientId = Annotated[str, Path(description="of any record; it leads to who that is now")]


class Wanted(Body):
    """Words that must all fit: a whole number, the beginning of a name, a birth date."""

    text: str = Field(max_length=200)
    limit: int = Field(default=100, ge=1, le=1000)


class Number(Body):
    """An identifier and who gave it out."""

    identifier: str = Field(min_length=1, max_length=200)
    issuer: str = Field(min_length=1, max_length=200)


class Patients:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        one, post = f"{PREFIX}/patients/{{id}}", "POST"
        return [
            route(f"{PREFIX}/patients", self.recent, document.Patients),
            route(f"{PREFIX}/patients/find", self.find, document.Patients, method=post),
            route(
                f"{PREFIX}/patients/resolve",
                self.resolve,
                document.Patient,
                method=post,
                refusals=(404,),
            ),
            route(f"{PREFIX}/patients/import", self.take_in, dict[str, Any], method=post),
            route(one, self.patient, document.Patient, refusals=(404,)),
            route(f"{one}/history", self.history, document.PatientHistory, refusals=(404,)),
            route(f"{PREFIX}/discrepancies", self.discrepancies, document.Discrepancies),
        ]

    @access(Permission.READ_PATIENTS)
    async def recent(self, request: Request, limit: Limit = 100) -> Response:
        """Those who were heard of last."""
        found = await self._seen.find(principal(request), "", limit)
        return json_response({"items": [patient_item(each) for each in found]})

    @access(Permission.READ_PATIENTS)
    async def find(self, request: Request, body: Wanted) -> Response:
        """Patients by number, name or birth date; a name stands in no address."""
        found = await self._seen.find(principal(request), body.text, body.limit)
        return json_response({"items": [patient_item(each) for each in found]})

    @access(Permission.READ_PATIENTS)
    async def resolve(self, request: Request, body: Number) -> Response:
        """Who has a number now, after every merge; nobody where two people claim it."""
        found = await self._seen.resolve(principal(request), body.identifier, body.issuer)
        if found is None:
            raise nobody()
        return json_response(patient_item(found))

    @access(Permission.READ_PATIENTS)
    async def patient(self, request: Request, id: PatientId) -> Response:  # noqa: A002 - a path parameter
        """What is in force of a patient."""
        return json_response(patient_item(await self._known(request, id)))

    @access(Permission.READ_PATIENTS)
    async def history(self, request: Request, id: PatientId) -> Response:  # noqa: A002 - a path parameter
        """Everything that was said and decided, newest first."""
        patient = await self._known(request, id)
        entries = await self._book.history(patient.id)
        return json_response({"items": [_entry_item(each) for each in entries]})

    @access(Permission.READ_PATIENTS)
    async def discrepancies(self, request: Request, limit: Limit = 100) -> Response:
        """What waits for a person, newest first."""
        questions = await self._seen.questions(principal(request), limit)
        return json_response({"items": [_question_item(each) for each in questions]})

    @access(Permission.WRITE_PATIENTS)
    async def take_in(self, request: Request, body: Sheet) -> Response:
        """What a file would do, row by row; without `dry_run`, it is done."""
        importer = self._view.subscriber(PatientImporter)
        given = (body.csv, body.issuer, body.charset)
        report = (
            await importer.tried(*given)
            if body.dry_run
            else await importer.done(principal(request), *given)
        )
        rows = [row_item(each, _number_of(each)) for each in report.outcomes]
        return json_response(report_item(report, rows))

    @property
    def _book(self) -> PatientBook:
        return self._view.subscriber(PatientBook)

    @property
    def _seen(self) -> SeenPatients:
        return self._view.subscriber(SeenPatients)

    async def _known(self, request: Request, id_: str) -> Patient:
        found = await self._seen.patient(principal(request), id_)
        if found is None:
            raise nobody()
        return found


def _number_of(outcome: Outcome) -> str | None:
    own = outcome.said.own if outcome.said else None
    return own.value if own else None


def nobody() -> Refusal:
    return Refusal(
        404,
        "Nobody has this number",
        "No patient, or more than one, is known by what was asked for.",
        "See the discrepancies, or look the patient up by name or birth date.",
    )


def patient_item(patient: Patient) -> dict[str, Any]:
    """A patient as JSON: the statement that would say the same, and what is in doubt."""
    said = PatientStatement(
        identifiers=patient.identifiers,
        names=patient.names,
        birth_date=patient.birth_date,
        sex=patient.sex,
        sex_sent=patient.sex_sent,
        visit=patient.visit,
    ).payload()
    return {
        "id": patient.id,
        "identifiers": said["identifiers"],
        "names": said.get("names", []),
        "birth_date": patient.birth_date or None,
        "sex": patient.sex,
        "sex_sent": patient.sex_sent,
        "deceased": patient.deceased,
        "visit": said.get("visit"),
        "disputed": sorted(patient.disputed),
    }


def _entry_item(entry: Heard) -> dict[str, Any]:
    return {
        "at": rfc3339(entry.at),
        "seq": entry.seq,
        "event": entry.event,
        "raw_id": entry.raw,
        "way": entry.way,
        "code": entry.code,
        "source": entry.source,
        "actor": entry.actor or None,
        "reason": entry.reason or None,
        "said": entry.said.payload(),
    }


def _question_item(question: Question) -> dict[str, Any]:
    return {
        "id": question.id.hex(),
        "kind": question.kind,
        "since": rfc3339(question.since),
        "field": question.field,
        "in_force": question.in_force,
        "said": question.said,
        "source": question.source,
        "raw_id": question.raw,
        "records": [_identifier(each) for each in question.records],
    }


def _identifier(identifier: Identifier) -> Mapping[str, str]:
    return {"value": identifier.value, "issuer": identifier.issuer, "type": identifier.type}
