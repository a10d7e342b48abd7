"""`/schedule/import`: what a file would do, row by row, and then doing it."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import Entered, Field, Form, PageKit, Permission, access, principal, texts
from gateway.schedule.importer import Effect, Importer, Report
from gateway.schedule.sheet import CHARSETS, MOST_BYTES
from gateway.web import Refusal

FAULTS = texts(
    "These bytes are no text in this character set.",
    "This is no CSV file.",
    "The file is empty.",
    "The file is too large.",
    "The file has too many rows.",
    "No such column is known.",
    "This column is given twice.",
    "This column is missing.",
    "This is needed.",
    "This is no date and time.",
    "Nobody says who gave this number out.",
    "No such status is known.",
    "From 1 to 480 minutes.",
    "This number stands in several rows.",
)

_FORM = Form(
    (
        Field(
            "book",
            "Kept by",
            required=True,
            hint="A name for where these appointments come from: their numbers are unique in it.",
            longest=80,
        ),
        Field("issuer", "Patients' numbers are given out by", longest=64),
        Field(
            "charset",
            "Character set",
            Entered.CHOICE,
            options=tuple((each, each.upper()) for each in CHARSETS),
            hint="Found out from the file unless you choose one.",
        ),
    )
)


class ImportPage:
    def __init__(self, kit: PageKit, importer: Importer) -> None:
        self._kit, self._importer = kit, importer

    def routes(self) -> Iterable[BaseRoute]:
        path = "/schedule/import"
        return [
            Route(path, self.page, methods=["GET"]),
            Route(path, self.tried, methods=["POST"]),
            Route(f"{path}/done", self.done, methods=["POST"]),
        ]

    @access(Permission.WRITE_SCHEDULE)
    async def page(self, request: Request) -> Response:
        return self._shown(request, _FORM, None, b"")

    @access(Permission.WRITE_SCHEDULE)
    async def tried(self, request: Request) -> Response:
        """The dry run: nothing is changed."""
        async with request.form(max_files=1, max_fields=20) as fields:
            file = fields.get("file")
            data = await file.read(MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
            given = {key: value for key, value in fields.items() if isinstance(value, str)}
        form = _FORM.filled(given)
        if not form.ok:
            return self._shown(request, form, None, b"", status=422)
        report = await self._importer.tried(data, form["book"], form["issuer"], form["charset"])
        return self._shown(request, form, report, data)

    @access(Permission.WRITE_SCHEDULE)
    async def done(self, request: Request) -> Response:
        """The same file again, which the page has kept, and now for good."""
        given = await self._kit.form(request)
        form = _FORM.filled(given)
        try:
            data = b64decode(given.get("data", ""), validate=True)
        except binascii.Error:
            data = b""
        if not form.ok or not data:
            raise Refusal(
                422,
                "No file",
                "There is no file to import.",
                "Choose the file again and look at what it would do first.",
            )
        who = principal(request)
        report = await self._importer.done(who, data, form["book"], form["issuer"], form["charset"])
        return self._kit.done(
            request,
            "/schedule/import",
            "%(new)s new, %(changed)s changed, %(same)s as before, %(faulty)s not taken.",
            new=report.count(Effect.NEW),
            changed=report.count(Effect.CHANGED),
            same=report.count(Effect.SAME),
            faulty=report.count(Effect.FAULTY),
        )

    def _shown(
        self, request: Request, form: Form, report: Report | None, data: bytes, status: int = 200
    ) -> Response:
        return self._kit.page(
            request,
            "schedule/import.html",
            status=status,
            form=form,
            report=report,
            data=b64encode(data).decode(),
            counts={each.value: report.count(each) for each in Effect} if report else {},
        )
