"""Studies: found, listed, and what is in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.pages.finding import find
from dicom.pages.names import CLASHES, kind, size
from dicom.pages.rows import OBJECTS, STUDIES, SeriesRow, StudyRow
from dicom.seen import SeenStudies
from dicom.storage.search import Level, Search
from gateway import Subject
from gateway.room import Asked, Field, Form, PageKit, Permission, about, access, principal

_FOUND = 100
_MOST_CSV = 10_000
_MOST_SERIES = 1000
SEARCH = Form((Field("q", "Number, order or name"),))


class StudyPages:
    """The way down: studies, a study, a series."""

    def __init__(
        self, kit: PageKit, seen: SeenStudies, destinations: Sequence[str], profiles: Sequence[str]
    ) -> None:
        self._kit, self._seen, self._index = kit, seen, seen.index
        self._destinations, self._profiles = destinations, profiles

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/studies", self.listed, methods=["GET"]),
            Route("/studies", self.found, methods=["POST"]),
            Route("/studies/{study}", self.study, methods=["GET"]),
            Route("/studies/{study}/series/{series}", self.series, methods=["GET"]),
        ]

    @access(Permission.READ_IMAGES)
    async def listed(self, request: Request) -> Response:
        """What came last first, or what the address asks for."""
        asked = STUDIES.asked(request)
        wrong = not all(_is_day(asked.value(name)) for name in ("from", "to"))
        rows, total = await self._rows(request, asked)
        if asked.csv:
            return self._kit.csv(request, STUDIES.name, STUDIES.head, STUDIES.cells(rows))
        sheet = STUDIES.page_of(asked, rows, total)
        return self._kit.page(
            request, "dicom/studies.html", sheet=sheet, form=SEARCH, asked="", wrong_day=wrong
        )

    @access(Permission.READ_IMAGES)
    async def found(self, request: Request) -> Response:
        """By POST: a patient's name must not stand in an address."""
        form = SEARCH.filled(await self._kit.form(request))
        language = self._kit.reader(request).language
        rows = await find(
            self._index, form["q"], language, _FOUND, self._seen.sight(principal(request))
        )
        sheet = STUDIES.page_of(Asked(), rows, len(rows))
        return self._kit.page(
            request, "dicom/studies.html", sheet=sheet, form=form, asked=form["q"], most=_FOUND
        )

    @access(Permission.READ_IMAGES)
    async def study(self, request: Request) -> Response:
        row = await self._study(request)
        where = {"StudyInstanceUID": row.uid}
        found = await self._index.search(Search(Level.SERIES, where, _MOST_SERIES))
        return self._kit.page(
            request,
            "dicom/study.html",
            study=row,
            series=[SeriesRow.of(each) for each in found.rows],
            conflicts=await self._index.conflicts_in(row.uid),
            clashes=CLASHES,
            destinations=self._destinations,
            profiles=self._profiles,
            hold=await self._index.hold(row.uid),
            may_send=principal(request).may(Permission.SEND_IMAGES),
            kind=kind,
        )

    @access(Permission.READ_IMAGES)
    async def series(self, request: Request) -> Response:
        row = await self._study(request)
        uid = request.path_params["series"]
        where = {"StudyInstanceUID": row.uid, "SeriesInstanceUID": uid}
        found = await self._index.search(Search(Level.SERIES, where, 1))
        if not found.rows:
            raise HTTPException(404, "no such series in this study")
        return self._kit.table(
            request,
            "dicom/series.html",
            OBJECTS,
            await self._index.of_series(uid),
            study=row,
            series=SeriesRow.of(found.rows[0]),
            kind=kind,
            size=size,
        )

    async def _study(self, request: Request) -> StudyRow:
        """The study of the address; said to the audit."""
        where = {"StudyInstanceUID": request.path_params["study"]}
        sight = self._seen.sight(principal(request))
        found = await self._index.search(Search(Level.STUDY, where, 1, sight=sight))
        if not found.rows:
            raise HTTPException(404, "no such study")
        row = StudyRow.of(found.rows[0], self._kit.reader(request).language)
        about(request, subject=Subject(patient=row.patient, issuer=row.issuer), study=row.uid)
        return row

    async def _rows(self, request: Request, asked: Asked) -> tuple[Sequence[StudyRow], int]:
        limit = _MOST_CSV if asked.csv else STUDIES.size
        search = Search(
            Level.STUDY,
            _conditions(asked),
            limit,
            0 if asked.csv else (asked.page - 1) * STUDIES.size,
            f"{'-' if asked.descending else ''}{asked.sort}" if asked.sort else "",
            self._seen.sight(principal(request)),
        )
        language = self._kit.reader(request).language
        found = await self._index.search(search)
        return [StudyRow.of(each, language) for each in found.rows], found.total


def _conditions(asked: Asked) -> Mapping[str, str]:
    """What of the filters can be asked; a day that is none is left out, and the page says so."""
    first, last = (_compact(asked.value(name)) for name in ("from", "to"))
    days = f"{first}-{last}" if first or last else ""
    return {"ModalitiesInStudy": asked.value("modality"), "StudyDate": days}


def _compact(text: str) -> str:
    return text.replace("-", "") if text and _is_day(text) else ""


def _is_day(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False
