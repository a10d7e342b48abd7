"""Queries and retrievals over HTTP; each is audited before it is asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson
from pydicom.dataset import Dataset
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from dicom.dimse import Peer, SubOperations
from dicom.node import Node
from dicom.options import PeerOptions
from dicom.scu.asking import Asking
from dicom.scu.failure import PeerFailed
from dicom.scu.identifier import UNICODE, Level, keyed, plain, query, with_returned
from gateway import ConfigError, DeviceUnavailable, ProtocolViolation, StoreError, Subject
from gateway.room import Access, PageKit, Permission, RoomContext, about, access, principal

_PEER = "/api/v1/dicom/peers/{name}"
_MATCHES, _MOST = 500, 10_000
_STEPS = {
    "PatientName": "",
    "PatientID": "",
    "AccessionNumber": "",
    "StudyInstanceUID": "",
    "RequestedProcedureDescription": "",
}
_STEP = {
    "Modality": "",
    "ScheduledStationAETitle": "",
    "ScheduledProcedureStepStartDate": "",
    "ScheduledProcedureStepStartTime": "",
    "ScheduledProcedureStepDescription": "",
    "ScheduledProcedureStepID": "",
}


class AskingApi:
    """The routes of what is asked of peers."""

    def __init__(
        self,
        node: Node,
        asking: Asking,
        context: RoomContext,
        peers: Mapping[str, PeerOptions],
    ) -> None:
        self._node, self._asking, self._context = node, asking, context
        self._peers = peers

    def routes(self, _kit: PageKit) -> Iterable[BaseRoute]:
        return (
            Route(_PEER, self.address, methods=["GET"]),
            Route(f"{_PEER}/find", self.find, methods=["POST"]),
            Route(f"{_PEER}/worklist", self.worklist, methods=["POST"]),
            Route(f"{_PEER}/move", self.move, methods=["POST"]),
            Route(f"{_PEER}/get", self.get, methods=["POST"]),
        )

    @access(Access.OWNER)
    async def address(self, request: Request) -> Response:
        """How a peer is called, for a command that sends files to it itself."""
        name = self._peer(request)
        peer, options = self._found(name), self._peers[name]
        await self._context.audit.record("dicom.call", principal(request), objects={"peer": name})
        tls = options.tls
        said = {
            "title": peer.title,
            "host": peer.host,
            "port": peer.port,
            "calling": peer.calling,
            "server_name": peer.server_name,
            "tls": None if tls is None else [_path(tls.certificate), _path(tls.key), _path(tls.ca)],
        }
        return Response(orjson.dumps(said), media_type="application/json")

    @access(Permission.READ_IMAGES)
    async def find(self, request: Request) -> Response:
        """C-FIND: `level`, `keys` by keyword, `charset` of the keys, `limit` of matches."""
        said = await _body(request)
        level = _level(said)
        identifier = with_returned(_query(level, said), level)
        await self._audit(request, "dicom.find", identifier, level)
        matches = self._asking.find(self._peer(request), identifier)
        return await self._answer(matches, said)

    @access(Permission.READ_SCHEDULE)
    async def worklist(self, request: Request) -> Response:
        """C-FIND in a worklist: `keys` and `step`, keys of the scheduled step."""
        said = await _body(request)
        try:
            identifier = keyed({**_STEPS, **_keys(said, "keys")}, _charset(said))
            step = keyed({**_STEP, **_keys(said, "step")}, _charset(said))
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        identifier.ScheduledProcedureStepSequence = [step]
        await self._audit(request, "dicom.worklist", identifier, "")
        return await self._answer(self._asking.worklist(self._peer(request), identifier), said)

    @access(Permission.SEND_IMAGES)
    async def move(self, request: Request) -> Response:
        """C-MOVE of what `level` and `keys` name, to the AE title `to` or ours; progress as SSE."""
        said = await _body(request)
        level = _level(said)
        identifier = _query(level, said)
        to = said.get("to", "")
        if not isinstance(to, str):
            raise HTTPException(422, "to is an AE title")
        peer = self._peer(request)
        await self._audit(request, "dicom.move", identifier, level, to=to)
        return _stream(self._asking.move(peer, identifier, to))

    @access(Permission.SEND_IMAGES)
    async def get(self, request: Request) -> Response:
        """C-GET of what `level` and `keys` name, into our store; progress as SSE."""
        said = await _body(request)
        level = _level(said)
        identifier = _query(level, said)
        peer = self._peer(request)
        await self._audit(request, "dicom.get", identifier, level)
        return _stream(self._asking.get(peer, identifier))

    def _peer(self, request: Request) -> str:
        name = str(request.path_params["name"])
        self._found(name)
        return name

    def _found(self, name: str) -> Peer:
        try:
            return self._node.peer(name)
        except ConfigError as error:
            raise HTTPException(404, str(error)) from None

    async def _audit(
        self, request: Request, action: str, identifier: Dataset, level: str, to: str = ""
    ) -> None:
        """Before anything is asked: what can't be audited is not done."""
        peer = str(request.path_params["name"])
        study = str(identifier.get("StudyInstanceUID", "") or "")
        patient = str(identifier.get("PatientID", "") or "")
        subject = Subject(patient=patient) if patient else None
        things = {"peer": peer, "study": study, "to": to}
        about(request, subject=subject, peer=peer, study=study, to=to)
        await self._context.audit.record(
            action,
            principal(request),
            subject=subject,
            objects={kind: thing for kind, thing in things.items() if thing},
            detail=level,
        )

    async def _answer(
        self, matches: AsyncGenerator[Dataset, None], said: Mapping[str, Any]
    ) -> Response:
        limit = said.get("limit", _MATCHES)
        if not isinstance(limit, int) or not 0 < limit <= _MOST:
            raise HTTPException(422, f"limit is a number up to {_MOST}")
        items: list[dict[str, Any]] = []
        more = False
        try:
            async with aclosing(matches) as found:
                async for match in found:
                    if len(items) == limit:
                        more = True
                        break
                    items.append(plain(match))
        except (DeviceUnavailable, PeerFailed, ProtocolViolation) as error:
            raise HTTPException(502, str(error)) from None
        return Response(orjson.dumps({"items": items, "more": more}), media_type="application/json")


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file.absolute())


def _stream(counts: AsyncGenerator[SubOperations, None]) -> Response:
    return StreamingResponse(_events(counts), media_type="text/event-stream")


async def _events(counts: AsyncGenerator[SubOperations, None]) -> AsyncIterator[bytes]:
    """`progress` while it goes on, then `done` or `failed`."""
    last = SubOperations()
    try:
        async with aclosing(counts) as told:
            async for each in told:
                last = each
                yield _event("progress", _numbers(each))
    except (DeviceUnavailable, PeerFailed, ProtocolViolation, StoreError) as error:
        yield _event("failed", {**_numbers(last), "reason": str(error)})
    else:
        yield _event("done", _numbers(last))


def _event(name: str, value: Mapping[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(value) + b"\n\n"


def _numbers(each: SubOperations) -> dict[str, int]:
    return {
        "remaining": each.remaining or 0,
        "completed": each.completed or 0,
        "failed": each.failed or 0,
        "warning": each.warning or 0,
    }


async def _body(request: Request) -> Mapping[str, Any]:
    try:
        said = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError as error:
        raise HTTPException(422, f"the body is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise HTTPException(422, "the body is a JSON object")
    return said


def _level(said: Mapping[str, Any]) -> Level:
    level = said.get("level", Level.STUDY)
    if level not in set(Level):
        raise HTTPException(422, f"level is one of {', '.join(Level)}")
    return Level(level)


def _query(level: Level, said: Mapping[str, Any]) -> Dataset:
    try:
        return query(level, _keys(said, "keys"), _charset(said))
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


def _keys(said: Mapping[str, Any], name: str) -> Mapping[str, str]:
    keys = said.get(name, {})
    if not isinstance(keys, dict) or not all(isinstance(each, str) for each in keys.values()):
        raise HTTPException(422, f"{name} is an object of texts by keyword")
    return keys


def _charset(said: Mapping[str, Any]) -> str:
    charset = said.get("charset", UNICODE)
    if not isinstance(charset, str):
        raise HTTPException(422, "charset is a defined term such as GB18030")
    return charset
