"""Queries and retrievals over HTTP; each is audited before it is asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from dicom.dimse import Peer, SubOperations
from dicom.node import Node
from dicom.options import PeerOptions
from dicom.scu.asking import Asking
from dicom.scu.document import (
    Matches,
    PeerAddress,
    Progress,
    Retrieval,
    Search,
    Transfer,
    WorklistSearch,
)
from dicom.scu.failure import PeerFailed
from dicom.scu.identifier import keyed, plain, query, with_returned
from gateway import ConfigError, DeviceUnavailable, ProtocolViolation, StoreError, Subject
from gateway.room import Access, PageKit, Permission, RoomContext, about, access, principal
from gateway.room.route import EVENTS, PREFIX, answer, route

_PEER = f"{PREFIX}/dicom/peers/{{name}}"
_ANY, _ANY_STEP = Search(), WorklistSearch()
_ALL_THERE, _ALL_HERE = Transfer(), Retrieval()
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
        post, unknown = "POST", (404,)
        asked = (404, 502)
        return (
            route(_PEER, self.address, PeerAddress, refusals=unknown),
            route(f"{_PEER}/find", self.find, Matches, method=post, refusals=asked),
            route(f"{_PEER}/worklist", self.worklist, Matches, method=post, refusals=asked),
            route(
                f"{_PEER}/move",
                self.move,
                Progress,
                method=post,
                media_type=EVENTS,
                refusals=unknown,
            ),
            route(
                f"{_PEER}/get",
                self.get,
                Progress,
                method=post,
                media_type=EVENTS,
                refusals=unknown,
            ),
        )

    @access(Access.OWNER)
    async def address(self, request: Request, name: str) -> Response:
        """How a peer is called, for a command that sends files to it itself."""
        peer, options = self._found(name), self._peers[name]
        await self._context.audit.record("dicom.call", principal(request), objects={"peer": name})
        tls = options.tls
        files = None if tls is None else [_path(tls.certificate), _path(tls.key), _path(tls.ca)]
        return answer(
            PeerAddress(
                title=peer.title,
                host=peer.host,
                port=peer.port,
                calling=peer.calling,
                server_name=peer.server_name,
                tls=files,
            )
        )

    @access(Permission.READ_IMAGES)
    async def find(self, request: Request, name: str, body: Search = _ANY) -> Response:
        """C-FIND."""
        identifier = with_returned(_query(body), body.level)
        await self._audit(request, "dicom.find", identifier, body.level)
        return await self._answer(self._asking.find(self._known(name), identifier), body.limit)

    @access(Permission.READ_SCHEDULE)
    async def worklist(
        self, request: Request, name: str, body: WorklistSearch = _ANY_STEP
    ) -> Response:
        """C-FIND in a worklist."""
        try:
            identifier = keyed({**_STEPS, **body.keys}, body.charset)
            step = keyed({**_STEP, **body.step}, body.charset)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        identifier.ScheduledProcedureStepSequence = [step]
        await self._audit(request, "dicom.worklist", identifier, "")
        matches = self._asking.worklist(self._known(name), identifier)
        return await self._answer(matches, body.limit)

    @access(Permission.SEND_IMAGES)
    async def move(self, request: Request, name: str, body: Transfer = _ALL_THERE) -> Response:
        """C-MOVE; progress as server-sent events."""
        identifier = _query(body)
        peer = self._known(name)
        await self._audit(request, "dicom.move", identifier, body.level, to=body.to)
        return _stream(self._asking.move(peer, identifier, body.to))

    @access(Permission.SEND_IMAGES)
    async def get(self, request: Request, name: str, body: Retrieval = _ALL_HERE) -> Response:
        """C-GET into our store; progress as server-sent events."""
        identifier = _query(body)
        peer = self._known(name)
        await self._audit(request, "dicom.get", identifier, body.level)
        return _stream(self._asking.get(peer, identifier))

    def _known(self, name: str) -> str:
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

    async def _answer(self, matches: AsyncGenerator[Dataset, None], limit: int) -> Response:
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
        return answer(Matches(items=items, more=more))


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file.absolute())


def _stream(counts: AsyncGenerator[SubOperations, None]) -> Response:
    return StreamingResponse(_events(counts), media_type=EVENTS)


async def _events(counts: AsyncGenerator[SubOperations, None]) -> AsyncIterator[bytes]:
    """`progress` while it goes on, then `done` or `failed`."""
    last = SubOperations()
    try:
        async with aclosing(counts) as told:
            async for each in told:
                last = each
                yield _event("progress", _progress(each))
    except (DeviceUnavailable, PeerFailed, ProtocolViolation, StoreError) as error:
        yield _event("failed", _progress(last, str(error)))
    else:
        yield _event("done", _progress(last))


def _event(name: str, progress: Progress) -> bytes:
    return f"event: {name}\ndata: {progress.model_dump_json(exclude_none=True)}\n\n".encode()


def _progress(each: SubOperations, reason: str | None = None) -> Progress:
    return Progress(
        remaining=each.remaining or 0,
        completed=each.completed or 0,
        failed=each.failed or 0,
        warning=each.warning or 0,
        reason=reason,
    )


def _query(body: Retrieval) -> Dataset:
    try:
        return query(body.level, body.keys, body.charset)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
