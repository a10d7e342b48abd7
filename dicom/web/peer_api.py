"""The DICOMweb servers over our own API: search them, send a study there, fetch one from there."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Path
from pydantic import AfterValidator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dicom.seen import SeenStudies
from dicom.upper.negotiate import is_uid
from dicom.web.client import RefusedByPeer
from dicom.web.peers import Moved, WebPeers
from gateway import ConfigError, DeviceUnavailable, ProtocolViolation, Subject
from gateway.room import Auditor, Permission, about, access, principal
from gateway.room.document import Body, Document
from gateway.room.route import PREFIX, answer, route

_T = TypeVar("_T")
_PATH = f"{PREFIX}/dicom/web"
_LEVELS = ("studies", "series", "instances")
_Level = Annotated[str, Path(json_schema_extra={"enum": list(_LEVELS)})]


def _uid(text: str) -> str:
    if not is_uid(text):
        raise ValueError("write study and its UID")
    return text


class WhichStudy(Body):
    """A Study Instance UID."""

    study: Annotated[str, AfterValidator(_uid)]


class WebPeer(Document):
    name: str
    url: str


class WebPeerList(Document):
    items: list[WebPeer]


class MovedObjects(Document):
    """UIDs of objects that are there now, and why others are not."""

    done: list[str]
    failed: dict[str, str]


class WebPeersApi:
    """What people and programs do with the servers; each act is in the audit."""

    def __init__(self, peers: WebPeers, seen: SeenStudies, audit: Auditor) -> None:
        self._peers, self._seen, self._audit = peers, seen, audit

    def routes(self) -> Iterable[BaseRoute]:
        one, post, refusals = f"{_PATH}/{{name}}", "POST", (404, 502)
        return [
            route(_PATH, self.listed, WebPeerList),
            route(f"{one}/{{level}}", self.search, list[dict[str, Any]], refusals=refusals),
            route(f"{one}/send", self.send, MovedObjects, method=post, refusals=refusals),
            route(f"{one}/fetch", self.fetch, MovedObjects, method=post, refusals=refusals),
        ]

    @access(Permission.READ_SITE)
    async def listed(self) -> Response:
        """Names and addresses; no secrets."""
        peers = self._peers.peers.values()
        return answer(WebPeerList(items=[WebPeer(name=each.name, url=each.url) for each in peers]))

    @access(Permission.READ_IMAGES)
    async def search(self, request: Request, name: str, level: _Level) -> Response:
        """What fits the query (as QIDO-RS has it), as the server gives it."""
        if level not in _LEVELS:
            raise HTTPException(404, "search for studies, series or instances")
        about(request, server=name)
        found = await _tried(self._peers.search(name, level, "", dict(request.query_params)))
        return Response(orjson.dumps(found), media_type="application/json")

    @access(Permission.SEND_IMAGES)
    async def send(self, request: Request, name: str, body: WhichStudy) -> Response:
        """Store a study of ours there."""
        uid = body.study
        objects = await self._seen.objects(principal(request), await self._seen.index.of_study(uid))
        if not objects:
            raise HTTPException(404, "no stored object has this UID")
        first = objects[0].attributes
        subject = first.patient
        about(request, subject=subject, study=uid, server=name)
        await self._note("images.send", request, uid, name, subject)
        return answer(_moved(await _tried(self._peers.send(name, objects))))

    @access(Permission.STORE_IMAGES)
    async def fetch(self, request: Request, name: str, body: WhichStudy) -> Response:
        """Take a study from there; what is answered as done is stored here."""
        await self._note("images.fetch", request, body.study, name, None)
        return answer(_moved(await _tried(self._peers.fetch(name, f"/studies/{body.study}"))))

    async def _note(
        self, action: str, request: Request, study: str, server: str, subject: Subject | None
    ) -> None:
        objects = {"study": study, "server": server}
        await self._audit.record(action, principal(request), subject=subject, objects=objects)


async def _tried(asked: Awaitable[_T]) -> _T:
    """The answer, or why there is none: 404 unknown server, 502 what it said or did not say."""
    try:
        return await asked
    except ConfigError as error:
        raise HTTPException(404, str(error)) from None
    except (DeviceUnavailable, RefusedByPeer, ProtocolViolation) as error:
        raise HTTPException(502, str(error)) from None


def _moved(moved: Moved) -> MovedObjects:
    return MovedObjects(done=moved.done, failed=moved.failed)
