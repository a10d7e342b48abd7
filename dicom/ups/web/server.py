"""UPS-RS (PS3.18 11): thin routes over the engine.

Reports go to subscribers that are peers by N-EVENT-REPORT, to others by their event channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from dicom.content import Content, encode, text
from dicom.dimse.status import Status
from dicom.services.workitems import Actor, WorkItem
from dicom.upper.negotiate import is_uid
from dicom.ups.engine import new_uid
from dicom.ups.events import Receiver, subject_of
from dicom.ups.machine import Verdict
from dicom.ups.part import UpsPart
from dicom.ups.requirements import named
from dicom.ups.subscriptions import Wish
from dicom.ups.tables import described
from dicom.ups.terms import FILTERED, STATE, TRANSACTION, Action, UpsStatus
from dicom.ups.web.channel import EventChannel, listens_as
from dicom.ups.web.posted import NotADataset, posted
from dicom.ups.web.question import wanted
from dicom.web.media import JSON, PLAIN_JSON, accepted, media_type, takes
from dicom.web.question import Unclear
from gateway.room import Auditor, Outcome, Permission, about, access, principal

MOST = 1000
_BODY = 1_048_576

_CODES: Mapping[int, int] = {
    Status.DUPLICATE_SOP_INSTANCE: 409,
    Status.MISSING_ATTRIBUTE: 400,
    Status.MISSING_ATTRIBUTE_VALUE: 400,
    Status.INVALID_VALUE: 400,
    Status.INVALID_ARGUMENT: 400,
    Status.NOT_AUTHORIZED: 403,
    Status.PROCESSING_FAILURE: 503,
    Status.RESOURCE_LIMITATION: 503,
    UpsStatus.NOT_SCHEDULED: 400,
    UpsStatus.UNKNOWN_ITEM: 404,
    UpsStatus.UNKNOWN_RECEIVER: 404,
    UpsStatus.WRONG_ACTION: 400,
}
"""What HTTP says for a status; any other failure is a conflict with how the item stands."""


@dataclass(frozen=True, slots=True)
class UpsServer:
    """The routes under `base`. Items are subscribed to in the name of `title`, one of ours."""

    base: str
    title: str
    part: UpsPart
    audit: Auditor

    def routes(self) -> Iterable[BaseRoute]:
        items = f"{self.base}/workitems"
        one, subscriber = f"{items}/{{uid}}", f"{items}/{{uid}}/subscribers/{{title}}"
        return (
            Route(items, self.search, methods=["GET"]),
            Route(items, self.create, methods=["POST"]),
            Route(one, self.retrieve, methods=["GET"]),
            Route(one, self.update, methods=["POST"]),
            Route(f"{one}/state", self.change_state, methods=["PUT"]),
            Route(f"{one}/cancelrequest", self.request_cancel, methods=["POST"]),
            Route(subscriber, self.subscribe, methods=["POST"]),
            Route(subscriber, self.unsubscribe, methods=["DELETE"]),
            Route(f"{subscriber}/suspend", self.suspend, methods=["POST"]),
            WebSocketRoute(f"{self.base}/subscribers/{{title}}", EventChannel(self.part).open),
        )

    @access(Permission.READ_SCHEDULE)
    async def search(self, request: Request) -> Response:
        """200 with an array, 204 if nothing fits, 400 if the search is unclear."""
        _check_accept(request)
        try:
            asked = wanted(request.query_params.multi_items(), MOST)
        except Unclear as error:
            raise HTTPException(400, str(error)) from None
        about(request, subject=subject_of(asked.keys), keys=" ".join(map(named, asked.keys)))
        end = asked.offset + asked.limit
        shown = partial(self.part.seen.sees, principal(request))
        found = await self.part.engine.matching(asked.keys, end + 1, shown)
        headers = _warning("There are additional results that can be requested")
        more = headers if len(found) > end else {}
        items = found[asked.offset : end]
        if not items:
            return Response(status_code=204, headers=more)
        return _json([described(each) for each in items], more)

    @access(Permission.READ_SCHEDULE)
    async def retrieve(self, request: Request) -> Response:
        """The item with all its attributes; never what locks it."""
        _check_accept(request)
        item = await self._item(request)
        about(request, subject=subject_of(item.content), workitem=item.uid)
        return _json([described(item)])

    @access(Permission.WRITE_SCHEDULE, body=_BODY)
    async def create(self, request: Request) -> Response:
        """201 with its place; `?{uid}` names it, else it gets a UID."""
        uid = request.url.query or new_uid()
        if not is_uid(uid):
            raise HTTPException(400, f"{uid[:70]!r} is no UID")
        content = await _content(request)
        verdict = await self.part.engine.created(uid, content, _actor(request))
        await self._done(request, "create", uid, verdict)
        headers = {"content-location": f"{self.base}/workitems/{uid}", **_warned(verdict)}
        return Response(status_code=201, headers=headers)

    @access(Permission.WRITE_SCHEDULE, body=_BODY)
    async def update(self, request: Request) -> Response:
        """Set attributes; `?{uid}` or `?transaction-uid={uid}` is the lock of a claimed item."""
        query = request.query_params
        bare = request.url.query if is_uid(request.url.query) else ""
        transaction = query.get("transaction-uid") or query.get("transaction") or bare
        await self._known(request)
        content = await _content(request)
        lock = transaction or text(content, TRANSACTION)
        uid = request.path_params["uid"]
        verdict = await self.part.engine.attributes_set(uid, content, lock, _actor(request))
        await self._done(request, "set", uid, verdict)
        return Response(headers=_warned(verdict))

    @access(Permission.WRITE_SCHEDULE, body=_BODY)
    async def change_state(self, request: Request) -> Response:
        """Claim, complete or cancel."""
        await self._known(request)
        content, uid = await _content(request), request.path_params["uid"]
        wanted_state, transaction = text(content, STATE), text(content, TRANSACTION)
        if not transaction:
            raise HTTPException(400, "The Transaction UID is missing.")
        actor = _actor(request)
        verdict = await self.part.engine.state_changed(uid, wanted_state, transaction, actor)
        await self._done(request, "state", uid, verdict)
        return Response(headers=_warned(verdict))

    @access(Permission.WRITE_SCHEDULE, body=_BODY)
    async def request_cancel(self, request: Request) -> Response:
        """202: the request is taken, which does not mean that the item is canceled."""
        await self._known(request)
        content, uid = await _content(request), request.path_params["uid"]
        verdict = await self.part.engine.cancel_requested(uid, content, _actor(request))
        await self._done(request, "request-cancel", uid, verdict)
        return Response(status_code=202, headers=_warned(verdict))

    @access(Permission.WRITE_SCHEDULE)
    async def subscribe(self, request: Request) -> Response:
        """201 with the address of the subscriber's channel.

        A peer of devices.yaml hears by N-EVENT-REPORT as well.
        """
        lock = request.query_params.get("deletionlock", "false").lower()
        if lock not in ("true", "false"):
            raise HTTPException(400, "deletionlock is true or false")
        keys = None
        if request.path_params["uid"] == FILTERED:
            keys = _filter(request.query_params.get("filter", ""))
        await self._subscription(request, Action.SUBSCRIBE, lock=lock == "true", keys=keys)
        return Response(status_code=201, headers={"content-location": self._channel(request)})

    @access(Permission.WRITE_SCHEDULE)
    async def unsubscribe(self, request: Request) -> Response:
        await self._subscription(request, Action.UNSUBSCRIBE)
        return Response()

    @access(Permission.WRITE_SCHEDULE)
    async def suspend(self, request: Request) -> Response:
        """Be told of no new items; of those that are there it still hears."""
        await self._subscription(request, Action.SUSPEND_GLOBAL)
        return Response()

    async def _subscription(
        self, request: Request, action: Action, *, lock: bool = False, keys: Content | None = None
    ) -> None:
        await self._known(request)
        uid, title = request.path_params["uid"], request.path_params["title"]
        wish = Wish(uid, self._receiver(request, title), lock, keys)
        verdict = await self.part.subscriptions.act(action, wish, _actor(request))
        await self._done(request, action.name.lower().replace("_", "-"), uid, verdict, ae=title)

    def _receiver(self, request: Request, title: str) -> Receiver:
        """A peer is called by us; the program whose token bears the title's name listens."""
        is_peer = self.part.engine.reporter.line_of(title) is not None
        listens = not is_peer and listens_as(principal(request), title)
        return Receiver(title, "" if listens else self.title)

    def _channel(self, request: Request) -> str:
        """Where the subscriber of the address listens."""
        scheme = "wss" if request.url.scheme == "https" else "ws"
        title = quote(request.path_params["title"])
        return f"{scheme}://{request.url.netloc}{self.base}/subscribers/{title}"

    async def _item(self, request: Request) -> WorkItem:
        uid = request.path_params["uid"]
        item = await self.part.engine.item(uid)
        if item is None or not self.part.seen.sees(principal(request), item):
            raise _no_item(uid)
        return item

    async def _known(self, request: Request) -> None:
        """404 for an item of others' departments, as if there were none."""
        uid = request.path_params["uid"]
        item = await self.part.engine.item(uid)
        if item is not None and not self.part.seen.sees(principal(request), item):
            raise _no_item(uid)

    async def _done(
        self, request: Request, verb: str, uid: str, verdict: Verdict, **objects: str
    ) -> None:
        """Audit it; HTTPException if it was refused."""
        refused = not _is_good(verdict.status)
        about(request, workitem=uid)
        await self.audit.record(
            f"dicom.workitem.{verb}",
            principal(request),
            outcome=Outcome.REFUSED if refused else Outcome.SUCCESS,
            objects={"workitem": uid, **objects},
            detail=verdict.words,
        )
        if refused:
            words = f"{verdict.words or 'it can not be done'} ({verdict.status:04X})"
            raise HTTPException(_CODES.get(verdict.status, 409), words)


def _no_item(uid: str) -> HTTPException:
    return HTTPException(404, f"no work item {uid[:70]}")


def _is_good(status: int) -> bool:
    return status == Status.SUCCESS or status >> 12 == 0xB  # noqa: PLR2004 - Bxxx are warnings


def _actor(request: Request) -> Actor:
    client = request.client
    return Actor(principal=principal(request).id, address=client.host if client else "")


async def _content(request: Request) -> Content:
    kind = media_type(request.headers.get("content-type", "")).name
    body = await request.body()
    if body and kind not in (JSON, PLAIN_JSON):
        raise HTTPException(415, f"work items are taken as {JSON}")
    try:
        return posted(body, encode)
    except NotADataset as error:
        raise HTTPException(400, str(error)) from None


def _filter(said: str) -> Content:
    """`Keyword=text`, several joined by commas (PS3.18 11.10.1)."""
    pairs = [each.partition("=") for each in said.split(",") if each]
    try:
        return wanted([(name, value) for name, _, value in pairs], MOST).keys
    except Unclear as error:
        raise HTTPException(400, f"filter: {error}") from None


def _check_accept(request: Request) -> None:
    if not takes(accepted(request.headers.get("accept", "")), JSON, PLAIN_JSON):
        raise HTTPException(406, f"work items are given as {JSON}")


def _json(value: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), media_type=JSON, headers=dict(headers or {}))


def _warned(verdict: Verdict) -> dict[str, str]:
    return _warning(verdict.words) if verdict.status != Status.SUCCESS else {}


def _warning(words: str) -> dict[str, str]:
    plain = words.encode("ascii", "replace").decode().replace('"', "'")
    return {"warning": f'299 - "{plain}"'}
