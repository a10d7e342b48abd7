"""QIDO-RS: searching studies, series and instances (PS3.18 10.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.query.find import Store, subject_of
from dicom.query.keys import AVAILABILITY, INSTANCE_UID, SERIES_UID, STUDY_UID, Level
from dicom.query.search import Row
from dicom.query.search import Search as Candidates
from dicom.seen import SeenStudies
from dicom.storage.sight import Sight
from dicom.web.media import JSON, PLAIN_JSON, accepted, takes
from dicom.web.model import Dataset, dataset
from dicom.web.question import Unclear, Wanted, wanted
from gateway.room import Permission, about, access, principal

MOST = 1000
"""Results given at once; a client asks for the following ones by `offset`."""
_CHARSET, _RETRIEVE = 0x00080005, 0x00081190
_PATH = {"study": STUDY_UID, "series": SERIES_UID}


class Searches:
    """The six searches. `base` is the path of the service."""

    def __init__(self, base: str, store: Store, seen: SeenStudies) -> None:
        self._base, self._store, self._seen = base, store, seen

    def routes(self) -> Iterable[BaseRoute]:
        study, base = f"{self._base}/studies/{{study}}", self._base
        return [
            Route(f"{base}/studies", self.studies, methods=["GET"]),
            Route(f"{base}/series", self.series, methods=["GET"]),
            Route(f"{base}/instances", self.instances, methods=["GET"]),
            Route(f"{study}/series", self.series, methods=["GET"]),
            Route(f"{study}/instances", self.instances, methods=["GET"]),
            Route(f"{study}/series/{{series}}/instances", self.instances, methods=["GET"]),
        ]

    @access(Permission.READ_IMAGES)
    async def studies(self, request: Request) -> Response:
        return await self._answer(request, Level.STUDY)

    @access(Permission.READ_IMAGES)
    async def series(self, request: Request) -> Response:
        return await self._answer(request, Level.SERIES)

    @access(Permission.READ_IMAGES)
    async def instances(self, request: Request) -> Response:
        return await self._answer(request, Level.IMAGE)

    async def _answer(self, request: Request, level: Level) -> Response:
        """200 with a JSON array, 204 if nothing fits, 400 if the search is unclear."""
        if not takes(accepted(request.headers.get("accept", "")), JSON, PLAIN_JSON):
            raise HTTPException(406, f"searches are answered as {JSON}")
        path = {_PATH[name]: uid for name, uid in request.path_params.items()}
        try:
            asked = wanted(level, path, request.query_params.multi_items(), MOST)
        except Unclear as error:
            raise HTTPException(400, str(error)) from None
        about(request, subject=subject_of(asked.question), study=asked.question.single(STUDY_UID))
        rows, more = await self._rows(asked, self._seen.sight(principal(request)))
        warnings = list(asked.warnings)
        if more:
            warnings.append("There are additional results that can be requested")
        headers = _warned(request, warnings)
        if not rows:
            return Response(status_code=204, headers=headers)
        found = [self._described(request, asked, row) for row in rows]
        return Response(orjson.dumps(found), media_type=JSON, headers=headers)

    async def _rows(self, asked: Wanted, sight: Sight | None) -> tuple[list[Row], bool]:
        """The rows wanted, in the order of their UIDs, and whether there are more."""
        index, search = await self._store.current(), Candidates(asked.question, sight=sight)
        rows: list[Row] = []
        after: str | int | None = search.start
        while after is not None and len(rows) <= asked.offset + asked.limit:
            place = after
            page = await index.ask(lambda tables, at=place: search.page(tables, at))  # type: ignore[misc]
            rows += page.rows
            after = page.next
        end = asked.offset + asked.limit
        return rows[asked.offset : end], len(rows) > end

    def _described(self, request: Request, asked: Wanted, row: Row) -> Dataset:
        values = {each.tag: row[each.tag] for each in asked.question.keys}
        values[_CHARSET] = "ISO_IR 192"
        values[AVAILABILITY] = "ONLINE"
        values[_RETRIEVE] = self._place(request, asked.question.level, values)
        return dataset(values)

    def _place(self, request: Request, level: Level, values: Mapping[int, str]) -> str:
        place = f"{origin(request)}{self._base}/studies/{values[STUDY_UID]}"
        if level >= Level.SERIES and SERIES_UID in values:
            place += f"/series/{values[SERIES_UID]}"
        if level is Level.IMAGE:
            place += f"/instances/{values[INSTANCE_UID]}"
        return place


def origin(request: Request) -> str:
    """Scheme and host by which the client called."""
    return f"{request.url.scheme}://{request.url.netloc}"


def _warned(request: Request, warnings: Iterable[str]) -> dict[str, str]:
    said = [f'299 {request.url.netloc or "-"} "{_plain(each)}"' for each in warnings]
    return {"warning": ", ".join(said)} if said else {}


def _plain(text: str) -> str:
    kept = (
        each if each.isascii() and each.isprintable() and each not in '"\\' else "?"
        for each in text
    )
    return "".join(kept)
