"""The DICOMweb servers over our own API: search them, send a study there, fetch one from there."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.seen import SeenStudies
from dicom.upper.negotiate import is_uid
from dicom.web.client import RefusedByPeer
from dicom.web.peers import Moved, WebPeers
from gateway import ConfigError, DeviceUnavailable, ProtocolViolation, Subject
from gateway.room import Auditor, Permission, about, access, principal

_T = TypeVar("_T")
_PREFIX = "/api/v1/dicom/web"
_LEVELS = frozenset(("studies", "series", "instances"))


class WebPeersApi:
    """What people and programs do with the servers; each act is in the audit."""

    def __init__(self, peers: WebPeers, seen: SeenStudies, audit: Auditor) -> None:
        self._peers, self._seen, self._audit = peers, seen, audit

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route(_PREFIX, self.listed, methods=["GET"]),
            Route(f"{_PREFIX}/{{name}}/{{level}}", self.search, methods=["GET"]),
            Route(f"{_PREFIX}/{{name}}/send", self.send, methods=["POST"]),
            Route(f"{_PREFIX}/{{name}}/fetch", self.fetch, methods=["POST"]),
        ]

    @access(Permission.READ_SITE)
    async def listed(self, _request: Request) -> Response:
        """Names and addresses; no secrets."""
        peers = self._peers.peers.values()
        return _json({"items": [{"name": each.name, "url": each.url} for each in peers]})

    @access(Permission.READ_IMAGES)
    async def search(self, request: Request) -> Response:
        """`studies`, `series` or `instances` that fit the query, as the server gives them."""
        level = request.path_params["level"]
        if level not in _LEVELS:
            raise HTTPException(404, "search for studies, series or instances")
        name, query = request.path_params["name"], dict(request.query_params)
        about(request, server=name)
        return _json(await _tried(self._peers.search(name, level, "", query)))

    @access(Permission.SEND_IMAGES)
    async def send(self, request: Request) -> Response:
        """Store a `study` of ours there."""
        name, uid = request.path_params["name"], await _study(request)
        objects = await self._seen.objects(principal(request), await self._seen.index.of_study(uid))
        if not objects:
            raise HTTPException(404, "no stored object has this UID")
        first = objects[0].attributes
        subject = first.patient
        about(request, subject=subject, study=uid, server=name)
        await self._note("images.send", request, uid, name, subject)
        return _json(_moved(await _tried(self._peers.send(name, objects))))

    @access(Permission.STORE_IMAGES)
    async def fetch(self, request: Request) -> Response:
        """Take a `study` from there; what is answered as done is stored here."""
        name, uid = request.path_params["name"], await _study(request)
        await self._note("images.fetch", request, uid, name, None)
        return _json(_moved(await _tried(self._peers.fetch(name, f"/studies/{uid}"))))

    async def _note(
        self, action: str, request: Request, study: str, server: str, subject: Subject | None
    ) -> None:
        objects = {"study": study, "server": server}
        await self._audit.record(action, principal(request), subject=subject, objects=objects)


async def _study(request: Request) -> str:
    content = await request.body()
    try:
        said = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError as error:
        raise HTTPException(422, f"the body is no JSON: {error}") from None
    uid = said.get("study") if isinstance(said, dict) else None
    if not isinstance(uid, str) or not is_uid(uid):
        raise HTTPException(422, "write study and its UID")
    return uid


async def _tried(asked: Awaitable[_T]) -> _T:
    """The answer, or why there is none: 404 unknown server, 502 what it said or did not say."""
    try:
        return await asked
    except ConfigError as error:
        raise HTTPException(404, str(error)) from None
    except (DeviceUnavailable, RefusedByPeer, ProtocolViolation) as error:
        raise HTTPException(502, str(error)) from None


def _moved(moved: Moved) -> dict[str, Any]:
    return {"done": moved.done, "failed": moved.failed}


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
