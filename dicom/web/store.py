"""STOW-RS: storing objects, streamed to disk, committed, then answered (PS3.18 10.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.dimse import Status
from dicom.storage.judge import Arrival, Refused
from dicom.storage.object import StoredObject
from dicom.storage.service import Storage
from dicom.web.arrival import Sender, Taking, arrival_of
from dicom.web.media import DICOM, JSON, PLAIN_JSON, RELATED, accepted, media_type, takes
from dicom.web.model import Dataset, dataset, sequence
from dicom.web.multipart import Body, NotMultipart, Part
from dicom.web.search import origin
from gateway import StoreError
from gateway.room import Auditor, Outcome, Permission, access, principal

LARGEST_BODY = 64 * 10**9
_MOST_PARTS = 10_000
_REF_CLASS, _REF_INSTANCE, _RETRIEVE, _REASON = 0x00081150, 0x00081155, 0x00081190, 0x00081197
_FAILED, _REFERENCED = "00081198", "00081199"


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that was not stored: what is known of it, the reason's code, and words."""

    sop_class: str
    sop_instance: str
    status: int
    words: str


@dataclass(slots=True)
class Outcomes:
    """What became of the parts of one request, in their order."""

    stored: list[StoredObject] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    @property
    def status(self) -> int:
        """PS3.18 10.5.3.1: 200 all, 202 some, 409 none; 503 if none for want of room or a disk."""
        if not self.failed:
            return 200
        if self.stored:
            return 202
        full = all(each.status == Status.OUT_OF_RESOURCES for each in self.failed)
        return 503 if full else 409


@dataclass(frozen=True, slots=True)
class Stores:
    """Taking objects; `base` is the path of the service."""

    base: str
    storage: Storage
    audit: Auditor
    taking: Taking

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route(f"{self.base}/studies", self.store, methods=["POST"]),
            Route(f"{self.base}/studies/{{study}}", self.store, methods=["POST"]),
        ]

    @access(Permission.STORE_IMAGES, body=LARGEST_BODY, streamed=True)
    async def store(self, request: Request) -> Response:
        """What stands in the answer as stored is on disk and committed."""
        body = _body_of(request)
        if not takes(accepted(request.headers.get("accept", "")), JSON, PLAIN_JSON):
            raise HTTPException(406, f"what became of the objects is said as {JSON}")
        outcomes = Outcomes()
        broken = ""
        try:
            await self._take(request, body, outcomes)
        except NotMultipart as error:
            broken = str(error)
        await self._note(request, outcomes, broken)
        if broken and not outcomes.stored:
            raise HTTPException(400, broken)
        if not outcomes.stored and not outcomes.failed:
            raise HTTPException(400, "no object in the request")
        if broken:
            outcomes.failed.append(Failure("", "", Status.CANNOT_UNDERSTAND, broken))
        said = self._said(request, outcomes)
        return Response(orjson.dumps(said), status_code=outcomes.status, media_type=JSON)

    async def _take(self, request: Request, body: Body, outcomes: Outcomes) -> None:
        """NotMultipart where the body goes wrong; what was stored before stays."""
        async with aclosing(body.parts()) as parts:
            async for part in parts:
                await self._part(request, part, outcomes)
                if len(outcomes.stored) + len(outcomes.failed) > _MOST_PARTS:
                    raise NotMultipart(f"more than {_MOST_PARTS} parts")

    async def _part(self, request: Request, part: Part, outcomes: Outcomes) -> None:
        told = Failure("", "", Status.CANNOT_UNDERSTAND, "")
        try:
            arrival = await self._arrival(request, part)
            told = Failure(arrival.sop_class, arrival.sop_instance, told.status, "")
            outcomes.stored.append(await self.storage.take(arrival, self.taking.undeclared))
        except Refused as error:
            self._fail(request, outcomes, told, error.status, error.words)
        except StoreError as error:
            self._fail(request, outcomes, told, Status.OUT_OF_RESOURCES, str(error))

    def _fail(
        self, request: Request, outcomes: Outcomes, told: Failure, status: int, words: str
    ) -> None:
        who = principal(request).id
        self.storage.refusals.note(who, told.sop_instance, status, words)
        outcomes.failed.append(Failure(told.sop_class, told.sop_instance, status, words))

    async def _arrival(self, request: Request, part: Part) -> Arrival:
        client, study = request.client, request.path_params.get("study", "")
        address = client.host if client is not None else ""
        return await arrival_of(part, self.taking, Sender(principal(request).id, address), study)

    async def _note(self, request: Request, outcomes: Outcomes, broken: str) -> None:
        """StoreError withholds the answer; what is stored stays, and is found again."""
        found = [each.attributes.study for each in outcomes.stored]
        detail = f"{len(outcomes.stored)} objects stored, {len(outcomes.failed)} refused"
        await self.audit.record(
            "images.store",
            principal(request),
            outcome=Outcome.SUCCESS if outcomes.stored else Outcome.REFUSED,
            objects={"study": found[0]} if len(set(found)) == 1 else {},
            detail=f"{detail}; {broken}" if broken else detail,
        )

    def _said(self, request: Request, outcomes: Outcomes) -> Dataset:
        start = origin(request) + self.base
        said: Dataset = {}
        studies = {each.attributes.study for each in outcomes.stored}
        if len(studies) == 1:
            said |= dataset({_RETRIEVE: f"{start}/studies/{studies.pop()}"})
        if outcomes.failed:
            said[_FAILED] = sequence(*(_failed(each) for each in outcomes.failed))
        if outcomes.stored:
            said[_REFERENCED] = sequence(*(_stored(each, start) for each in outcomes.stored))
        return said


def _body_of(request: Request) -> Body:
    kind = media_type(request.headers.get("content-type", ""))
    boundary = kind.parameters.get("boundary", "")
    inner = media_type(kind.parameters.get("type", "")).name
    if kind.name != RELATED or not boundary or inner != DICOM:
        raise HTTPException(415, f'send multipart/related; type="{DICOM}"; boundary=…')
    return Body(_chunks(request), boundary)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk


def _failed(failure: Failure) -> Dataset:
    names = {_REF_CLASS: failure.sop_class, _REF_INSTANCE: failure.sop_instance}
    known = {tag: uid for tag, uid in names.items() if uid}
    return dataset({**known, _REASON: str(int(failure.status))})


def _stored(stored: StoredObject, start: str) -> Dataset:
    attributes = stored.attributes
    place = f"/studies/{attributes.study}/series/{attributes.series}/instances/{stored.uid}"
    return dataset(
        {_REF_CLASS: attributes.sop_class, _REF_INSTANCE: stored.uid, _RETRIEVE: start + place}
    )
